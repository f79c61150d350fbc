//! Cells that a spreadsheet would calculate: text of others, such as a vehicle's number, must not become a formula in
//! the CSV file of the company that opens it (<https://owasp.org/www-community/attacks/CSV_Injection>).

use std::borrow::Cow;

use rims_protocol::values::is_control_or_format;

/// The cell as text: an apostrophe before what a spreadsheet would take for a formula. A plain number (`-1`, `+3.5`)
/// calculates nothing and stays as it is.
pub(crate) fn neutralised(cell: &str) -> Cow<'_, str> {
    if is_formula(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// What [`neutralised`] made this cell of, if it did.
pub(crate) fn original(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| is_formula(text)).unwrap_or(cell)
}

fn is_formula(cell: &str) -> bool {
    let is_skipped = |character: char| {
        character.is_whitespace() || is_control_or_format(character) || matches!(character, '"' | '“' | '”')
    };
    let begins = |text: &str| text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    cell.starts_with(['\t', '\r', '\n']) || (begins(cell.trim_start_matches(is_skipped)) && !is_number(cell))
}

/// A sign, digits, and a fraction or none.
fn is_number(cell: &str) -> bool {
    let number = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole) && is_digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text_once() {
        for cell in [
            "=cmd|'/c a'!A1",
            "@SUM(1+9)",
            "+1-2",
            "-2+3",
            "-",
            "=1",
            " =1",
            "\"=1",
            " \" =1",
            "\u{3000}=1",
            "\u{feff}=1",
            "\u{200b}@a",
            "\t12",
            "\r=1",
            "\n1",
            "＝1+1",
            "－1",
            "+82-10-1234-5678",
            "-1.5e3",
        ] {
            let text = neutralised(cell);
            assert_eq!(text, format!("'{cell}"), "{cell:?}");
            assert_eq!((neutralised(&text), original(&text)), (text.clone(), cell), "{cell:?}");
        }
    }

    #[test]
    fn everything_else_stays() {
        for cell in
            ["", "67라6767", "-1", "+3.5", "-0.25", "12", "'=1", "'67라", "a=b", "(주)회사", "2026-12-01"]
        {
            assert_eq!(neutralised(cell), cell);
        }
        for cell in ["67라6767", "'67라", "''67라", "=1", "'"] {
            assert_eq!(original(cell), cell, "not one of ours");
        }
    }
}
