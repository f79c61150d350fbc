//! What a file is, whatever its name says.

use std::borrow::Cow;
use std::io::{self, Read};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// What a file is by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// Nothing.
    Empty,
    /// A ZIP archive, as an Excel file is one.
    Archive,
    /// A file of Office before 2007, or one with a password.
    Compound,
    /// A page of the web, which sites give out as an Excel file.
    Html,
    /// A spreadsheet of Excel 2003 as XML.
    XmlSpreadsheet,
    /// Any other XML.
    Xml,
    /// A PDF document.
    Pdf,
    /// Encrypted by a document protection (DRM) that companies use.
    Protected,
    /// Text.
    Text,
    /// Something else.
    Binary,
}

/// How much of a file is looked at.
const HEAD: usize = 4 << 10;

/// How the pages of the web begin.
const TAGS: [&str; 9] =
    ["<!doctype", "<html", "<head", "<meta", "<table", "<body", "<style", "<div", "<title"];

/// What the files of document protections begin with or say about themselves.
const PROTECTIONS: [&str; 7] =
    ["drmone", "scdsa", "fasoo", "softcamp", "markany", "document safer", "this document is encrypted"];

impl Content {
    /// By the first bytes of a file, a few thousand at most.
    pub fn of(head: &[u8]) -> Self {
        let head = &head[..head.len().min(HEAD)];
        match head {
            [] => return Self::Empty,
            [b'P', b'K', 3 | 5 | 7, ..] => return Self::Archive,
            [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ..] => return Self::Compound,
            [b'%', b'P', b'D', b'F', ..] => return Self::Pdf,
            _ => {}
        }
        if is_protected(head) {
            return Self::Protected;
        }
        let encoding = by_head(head);
        let (text, _) = encoding
            .map_or((Cow::Borrowed(""), false), |(encoding, _)| encoding.decode_without_bom_handling(head));
        let text = text.to_ascii_lowercase();
        let begin =
            text.trim_start_matches(|character: char| character.is_whitespace() || character == '\u{feff}');
        if TAGS.iter().any(|tag| begin.starts_with(tag)) {
            return Self::Html;
        }
        if begin.starts_with("<?xml") {
            return match () {
                () if text.contains("office:spreadsheet") => Self::XmlSpreadsheet,
                () if text.contains("<html") => Self::Html,
                () => Self::Xml,
            };
        }
        let is_control = |character: &char| {
            *character < ' ' && !matches!(character, '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
        };
        let controls = text.chars().filter(is_control).count();
        if controls * 20 > text.chars().count() { Self::Binary } else { Self::Text }
    }
}

/// A protection's own words among bytes that are no text.
fn is_protected(head: &[u8]) -> bool {
    let first = head[..head.len().min(256)].to_ascii_lowercase();
    let says_so =
        PROTECTIONS.iter().any(|word| first.windows(word.len()).any(|window| window == word.as_bytes()));
    let is_text = match std::str::from_utf8(head) {
        Ok(text) => !text.contains('\0'),
        // Cut off within a character.
        Err(error) => error.error_len().is_none(),
    };
    says_so && !is_text
}

/// The encoding of text that a file's first bytes tell, and whether a mark tells it: UTF-8 where they do not, nothing for
/// UTF-32.
pub(crate) fn by_head(head: &[u8]) -> Option<(&'static Encoding, bool)> {
    match head {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return None,
        [0xef, 0xbb, 0xbf, ..] => return Some((UTF_8, true)),
        [0xff, 0xfe, ..] => return Some((UTF_16LE, true)),
        [0xfe, 0xff, ..] => return Some((UTF_16BE, true)),
        _ => {}
    }
    // Digits and commas have a zero byte in UTF-16, before or behind them.
    let zeroes = |odd: usize| head.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    Some(match (zeroes(0), zeroes(1)) {
        (0, 0) => (UTF_8, false),
        (before, behind) if behind > before => (UTF_16LE, false),
        _ => (UTF_16BE, false),
    })
}

/// The first bytes of a file, as many as are looked at.
pub(crate) fn head(file: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    file.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_what_they_begin_with() {
        for (bytes, content) in [
            (&b""[..], Content::Empty),
            (b"PK\x03\x04....", Content::Archive),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Content::Compound),
            (b"\xef\xbb\xbf\r\n<HTML><table>", Content::Html),
            (b"<!DOCTYPE html>", Content::Html),
            (b"\xff\xfe<\0t\0a\0b\0l\0e\0>\0", Content::Html),
            (
                b"<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
                Content::XmlSpreadsheet,
            ),
            (b"<?xml version=\"1.0\"?><a/>", Content::Xml),
            (b"%PDF-1.7", Content::Pdf),
            (
                b"\x9b DRMONE  This Document is encrypted and protected by Fasoo DRM \0\x01\x02",
                Content::Protected,
            ),
            (b"SCDSA004\x01\x02\0\xff", Content::Protected),
            ("이름,면허번호\n".as_bytes(), Content::Text),
            (b"t\xba8\xd58\xbb,\0", Content::Text),
            (b"\x01\x02\x03\x04\x05\x06abc", Content::Binary),
            ("메모\nFasoo 문서\n".as_bytes(), Content::Text),
        ] {
            assert_eq!(Content::of(bytes), content, "{bytes:?}");
        }
    }
}
