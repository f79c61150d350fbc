use std::fs::File;
use std::io::Read as _;
use std::process::Stdio;

use nix::pty::openpty;

use crate::harness::{done, rims};

const LINK: &str = "https://rims.kotsa.or.kr/ma/openMobileWeb?mwverf=R25-000000843\n";

#[test]
fn a_pipe_gets_the_link_alone() {
    assert_eq!(done(&["link", "R25-000000843"]), LINK);
    for base in ["http://127.0.0.1:8115", "http://127.0.0.1:8115/"] {
        let link = done(&["link", "V25-000000001", "--base", base]);
        assert_eq!(link, "http://127.0.0.1:8115/ma/openMobileWeb?mwverf=V25-000000001\n");
    }
    // 대리운전's letter is D, although §4.1.3.3 says S.
    assert!(done(&["link", "S25-000000001"]).ends_with("mwverf=D25-000000001\n"));
}

#[test]
fn a_pipe_gets_the_code_on_demand() {
    let printed = done(&["link", "R25-000000843", "--qr"]);
    assert!(is_link_with_code(&printed), "{printed}");
}

#[test]
fn a_terminal_gets_the_code_too() {
    let terminal = openpty(None, None).unwrap();
    let mut command = rims(&["link", "R25-000000843"]);
    let status = command.stdin(Stdio::null()).stdout(terminal.slave).status().unwrap();
    assert!(status.success());
    drop(command);
    let mut printed = Vec::new();
    // A terminal that nobody writes to any more ends with an error.
    _ = File::from(terminal.master).read_to_end(&mut printed);
    let printed = String::from_utf8(printed).unwrap().replace("\r\n", "\n");
    assert!(is_link_with_code(&printed), "{printed}");
}

fn is_link_with_code(printed: &str) -> bool {
    let code = printed.strip_prefix(LINK).unwrap_or_default();
    code.lines().count() > 15 && code.contains('▀') && code.contains('█')
}
