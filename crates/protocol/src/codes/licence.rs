use std::fmt;

use serde::{Serialize, Serializer};

use super::code_table;

code_table! {
    /// Table 5.2: what KOROAD says about one licence (면허정보 응답 코드표).
    pub enum LicenceStatus(&'static str) {
        Valid = "00", "정상", "valid";
        NotFound = "01", "면허번호 없음", "no such licence number";
        Reissued = "02", "재발급된 면허", "reissued, this card is no longer the valid one";
        Lost = "03", "분실 된 면허", "reported lost";
        CancelledByDeath = "04", "사망 취소된 면허", "cancelled, holder deceased";
        Revoked = "11", "취소 된 면허", "revoked";
        Suspended = "12", "정지 된 면허", "suspended";
        RevokedInPeriod = "13", "기간 중 취소 면허", "revoked within the period";
        SuspendedInPeriod = "14", "기간 중 정지 면허", "suspended within the period";
        NameMismatch = "21", "정보불일치(이름)", "mismatch: name";
        BirthDateMismatch = "22", "정보불일치(생년월일)", "mismatch: date of birth";
        SerialMismatch = "23", "정보불일치(암호일련번호)", "mismatch: serial code";
        ClassMismatch = "24", "정보불일치(종별)", "mismatch: licence class";
        PeriodMissing = "25", "필수값 누락(대여기간)", "the period is missing";
        NotEncrypted = "31", "암호화 안 된 면허", "the licence was not encrypted";
    }
}

code_table! {
    /// Table 5.4: licence classes (면허 종별 코드표). Codes 14, 16 and 38 carry the right words where the
    /// specification has typing errors (건인차, 2종원자).
    pub enum LicenceClass(&'static str) {
        Class1Large = "11", "1종대형", "class 1 large";
        Class1Regular = "12", "1종보통", "class 1 regular";
        Class1Small = "13", "1종소형", "class 1 small";
        LargeTrailer = "14", "대형견인차", "large trailer";
        Wrecker = "15", "구난차", "wrecker";
        SmallTrailer = "16", "소형견인차", "small trailer";
        Class2Regular = "32", "2종보통", "class 2 regular";
        Class2Small = "33", "2종소형", "class 2 small";
        Class2Moped = "38", "2종원동기장치자전거", "class 2 motorised bicycle";
    }
}

/// The code KOROAD gave for one licence: two digits, of table 5.2 or newer than it.
///
/// A code that this version does not know is carried through unchanged; only `00` is ever eligible.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResultCode([u8; 2]);

impl ResultCode {
    /// Two ASCII digits, else `None`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [tens, ones] if tens.is_ascii_digit() && ones.is_ascii_digit() => Some(Self([*tens, *ones])),
            _ => None,
        }
    }

    /// The two digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether the licence is valid for the whole period asked (`00`).
    pub fn is_eligible(self) -> bool {
        self.0 == *b"00"
    }

    /// The row of table 5.2, if the table has one.
    pub fn status(self) -> Option<LicenceStatus> {
        LicenceStatus::from_code(self.as_str())
    }
}

impl From<LicenceStatus> for ResultCode {
    fn from(status: LicenceStatus) -> Self {
        let [tens, ones, ..] = status.code().as_bytes() else { return Self(*b"01") };
        Self([*tens, *ones])
    }
}

impl fmt::Debug for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ResultCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A row of table 5.5: the two digits that stand for the region printed on a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Region {
    /// The first two digits of the licence number.
    pub code: &'static str,
    /// The name printed on the card.
    pub korean: &'static str,
    /// The same in English.
    pub english: &'static str,
}

const fn region(code: &'static str, korean: &'static str, english: &'static str) -> Region {
    Region { code, korean, english }
}

/// Table 5.5 (지역 코드표). 13 stands twice: 경기 became 경기남부.
pub const REGIONS: &[Region] = &[
    region("11", "서울", "Seoul"),
    region("12", "부산", "Busan"),
    region("13", "경기", "Gyeonggi"),
    region("13", "경기남부", "Gyeonggi Nambu (south)"),
    region("14", "강원", "Gangwon"),
    region("15", "충북", "Chungbuk"),
    region("16", "충남", "Chungnam"),
    region("17", "전북", "Jeonbuk"),
    region("18", "전남", "Jeonnam"),
    region("19", "경북", "Gyeongbuk"),
    region("20", "경남", "Gyeongnam"),
    region("21", "제주", "Jeju"),
    region("22", "대구", "Daegu"),
    region("23", "인천", "Incheon"),
    region("24", "광주", "Gwangju"),
    region("25", "대전", "Daejeon"),
    region("26", "울산", "Ulsan"),
    region("28", "경기북부", "Gyeonggi Bukbu (north)"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_00_is_eligible() {
        for status in LicenceStatus::ALL {
            let code = ResultCode::from(*status);
            assert_eq!(code.status(), Some(*status));
            assert_eq!(code.is_eligible(), *status == LicenceStatus::Valid);
        }
    }

    #[test]
    fn unknown_codes_are_carried_but_never_eligible() {
        let code = ResultCode::parse("77").unwrap();
        assert_eq!((code.as_str(), code.status(), code.is_eligible()), ("77", None, false));
        assert_eq!(format!("{code:?}"), "77");
        for text in ["", "0", "000", "0x", "영"] {
            assert_eq!(ResultCode::parse(text), None, "{text}");
        }
    }

    #[test]
    fn typing_errors_of_the_table_are_corrected() {
        assert_eq!(LicenceClass::from_code("14").unwrap().korean(), "대형견인차");
        assert_eq!(LicenceClass::from_code("16").unwrap().korean(), "소형견인차");
        assert_eq!(LicenceClass::from_code("38").unwrap().korean(), "2종원동기장치자전거");
    }
}
