//! Korean where the locale is Korean, else English.

use std::sync::OnceLock;

use rims_client::codes::{Code, Coded};

/// What messages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Korean,
    English,
}

/// The locale's language, as POSIX orders its variables.
fn language() -> Language {
    static LANGUAGE: OnceLock<Language> = OnceLock::new();
    *LANGUAGE.get_or_init(|| {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        of_locale(&["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set).unwrap_or_default())
    })
}

/// The one of two that the user's language asks for.
pub(crate) fn pick<T>(korean: T, english: T) -> T {
    if is_korean() { korean } else { english }
}

pub(crate) fn is_korean() -> bool {
    language() == Language::Korean
}

/// A code's text in the user's language.
pub(crate) fn text<T: Coded>(code: &Code<T>) -> &'static str {
    pick(code.korean(), code.english())
}

fn of_locale(locale: &str) -> Language {
    let name = locale.split(['_', '.', '@']).next().unwrap_or_default();
    if name.eq_ignore_ascii_case("ko") || name.eq_ignore_ascii_case("korean") {
        Language::Korean
    } else {
        Language::English
    }
}

/// One of two texts, both format strings: Korean first.
macro_rules! say {
    ($korean:literal, $english:literal $(,)?) => {
        if $crate::language::is_korean() { format!($korean) } else { format!($english) }
    };
}
pub(crate) use say;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_korean_locales_are_korean() {
        for locale in ["ko", "ko_KR", "ko_KR.UTF-8", "ko.UTF-8", "Korean"] {
            assert_eq!(of_locale(locale), Language::Korean, "{locale}");
        }
        for locale in ["", "C", "en_US.UTF-8", "kok_IN", "POSIX"] {
            assert_eq!(of_locale(locale), Language::English, "{locale}");
        }
    }
}
