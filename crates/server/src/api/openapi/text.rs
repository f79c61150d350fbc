//! How texts are put together: Korean first, then English.

/// `한국어 · English`.
pub(super) fn both(korean: &str, english: &str) -> String {
    format!("{korean} · {english}")
}

/// `§4.2.1`.
pub(super) fn section(number: &str) -> String {
    format!("§{number}")
}
