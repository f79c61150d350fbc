use std::fmt;

use serde::{Serialize, Serializer};

use super::code_table;

code_table! {
    /// Table 5.11: the licence-photo check's answers (면허 사진 검증 코드표).
    pub enum PhotoCheck(&'static str) {
        Genuine = "1", "정상", "genuine";
        FeatureFormat = "-1", "면허 사진 특징점 형식 불일치", "the photo's feature data has a wrong format";
        Photo11 = "11", "정보불일치(면허 사진)", "mismatch: licence photo";
        Photo13 = "13", "정보불일치(면허 사진)", "mismatch: licence photo";
        FeatureMissing = "19", "면허 사진 특징점 누락", "the photo's feature data is missing";
        ResidentNumber = "31", "정보불일치(주민등록번호)", "mismatch: resident registration number";
        Name = "32", "정보불일치(이름)", "mismatch: name";
        IssueDate = "33", "정보불일치(발급일자)", "mismatch: date of issue";
        LicenceNumber39 = "39", "정보불일치(면허번호)", "mismatch: licence number";
        LicenceNumber42 = "42", "정보불일치(면허번호)", "mismatch: licence number";
        Format = "88", "정보 형식 불일치", "the data has a wrong format";
        Unreachable = "-500", "신분증 진위여부 서버 통신 실패", "the photo check could not be reached";
    }
}

/// `police_lcns_vrfc_cd`: the code of a licence-photo check, of table 5.11 or newer than it.
///
/// A number of at most three digits, as the table writes it: a sign where it is negative, no leading zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PhotoCode(i16);

impl PhotoCode {
    /// `-999` to `999`, else `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let code = Self(text.parse().ok()?);
        ((-999..=999).contains(&code.0) && code.to_string() == text).then_some(code)
    }

    /// The row of table 5.11, if the table has one.
    pub fn known(self) -> Option<PhotoCheck> {
        PhotoCheck::ALL.iter().copied().find(|row| Self::from(*row) == self)
    }
}

impl From<PhotoCheck> for PhotoCode {
    fn from(check: PhotoCheck) -> Self {
        Self::parse(check.code()).unwrap_or(Self(-500))
    }
}

impl fmt::Display for PhotoCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for PhotoCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for PhotoCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_its_code_as_a_string() {
        for check in PhotoCheck::ALL {
            let code = PhotoCode::from(*check);
            assert_eq!(code.known(), Some(*check));
            assert_eq!(serde_json::to_value(code).unwrap(), check.code());
        }
    }

    #[test]
    fn unknown_codes_are_carried() {
        for text in ["0", "2", "99", "-7", "-999", "999"] {
            let code = PhotoCode::parse(text).unwrap();
            assert_eq!((format!("{code:?}").as_str(), code.known()), (text, None));
        }
        for text in ["", "-", "01", "-0", "+1", "1000", "-1000", "1.0", " 1", "１", "99999"] {
            assert_eq!(PhotoCode::parse(text), None, "{text:?}");
        }
    }
}
