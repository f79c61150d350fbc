use std::io::{self, IsTerminal as _};

use fast_qr::{ECL, QRBuilder};
use rims_client::driver_link;

use crate::args;
use crate::connection::web;
use crate::output::{Failure, print, print_own};

/// The light border, in modules, that scanners find a QR code by.
const BORDER: usize = 4;
/// Black on white, whatever the terminal's own colours are.
const BLACK_ON_WHITE: &str = "\x1b[30;107m";
const OWN_COLOURS: &str = "\x1b[0m";

pub(crate) fn run(arguments: &args::Link) -> Result<(), Failure> {
    let base = web(arguments.base.as_ref(), arguments.profile.as_deref())?;
    let link = driver_link(&base, arguments.number);
    if arguments.qr || io::stdout().is_terminal() {
        print_own(&format!("{link}\n{}", qr_code(link.as_str())?))
    } else {
        print(&format!("{link}\n"))
    }
}

/// Each character is two modules, one above the other.
pub(crate) fn qr_code(text: &str) -> Result<String, Failure> {
    let code = QRBuilder::new(text).ecl(ECL::M).build();
    let code = code.map_err(|_| Failure::Input("the link is too long for a QR code".to_owned()))?;
    let is_dark = |x: usize, y: usize| match (x.checked_sub(BORDER), y.checked_sub(BORDER)) {
        (Some(x), Some(y)) => x < code.size && y < code.size && code[y][x].value(),
        _ => false,
    };
    let side = code.size + 2 * BORDER;
    let mut lines = String::new();
    for y in (0..side).step_by(2) {
        lines.push_str(BLACK_ON_WHITE);
        lines.extend((0..side).map(|x| match (is_dark(x, y), is_dark(x, y + 1)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        }));
        lines.push_str(OWN_COLOURS);
        lines.push('\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a scanner reads from the printed characters, each module four dots wide.
    fn scanned(printed: &str) -> String {
        let lines: Vec<Vec<char>> = printed
            .lines()
            .map(|line| line.replace(BLACK_ON_WHITE, "").replace(OWN_COLOURS, "").chars().collect())
            .collect();
        let (width, height) = (lines[0].len(), lines.len() * 2);
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width * 4, height * 4, |x, y| {
            let upper = y / 4 % 2 == 0;
            match (lines[y / 8][x / 4], upper) {
                ('█', _) | ('▀', true) | ('▄', false) => 0,
                _ => 255,
            }
        });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    #[test]
    fn a_scanner_reads_the_link() {
        let long = format!("https://example.com/{}", "a".repeat(300));
        for text in ["https://rims.kotsa.or.kr/ma/openMobileWeb?mwverf=R25-000000843", long.as_str()] {
            assert_eq!(scanned(&qr_code(text).unwrap()), text);
        }
    }

    #[test]
    fn a_link_that_no_code_can_hold_is_wrong_input() {
        assert!(matches!(qr_code(&"a".repeat(3_000)), Err(Failure::Input(_))));
    }
}
