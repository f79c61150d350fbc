use crate::{Refused, plain};

const YES: [&str; 9] = ["y", "yes", "예", "네", "o", "○", "true", "1", "유"];
const NO: [&str; 9] = ["n", "no", "아니오", "아니요", "x", "×", "false", "0", "무"];

/// Yes or no, as forms have it: `Y`, `예`, `O`, `true`, `1` and their opposites.
pub fn yes_no(text: &str) -> Result<bool, Refused> {
    let text = plain(text).to_lowercase();
    match text.as_str() {
        "" => Err(Refused::Empty),
        text if YES.contains(&text) => Ok(true),
        text if NO.contains(&text) => Ok(false),
        _ => Err(Refused::YesNo),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_and_no() {
        for text in ["Y", " y", "Ｙ", "예", "O", "true", "TRUE"] {
            assert_eq!(yes_no(text), Ok(true), "{text}");
        }
        for text in ["N", "아니오", "x", "0"] {
            assert_eq!(yes_no(text), Ok(false), "{text}");
        }
        assert_eq!((yes_no("?"), yes_no(" ")), (Err(Refused::YesNo), Err(Refused::Empty)));
    }
}
