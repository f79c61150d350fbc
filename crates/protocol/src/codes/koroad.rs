use std::fmt;

use serde::{Serialize, Serializer};

use super::code_table;

code_table! {
    /// Table 5.3: how KOROAD handled a whole request (요청처리 응답 코드표).
    pub enum KnownProcessing(u16) {
        Done = 0, "처리 완료", "done";
        NoAuthentication = 1, "인증 정보 없음 (인증 토큰 없음)", "no authentication (no token)";
        WrongAuthentication = 2, "잘못된 인증 정보 (인증 토큰 값 오류)", "wrong authentication (token value)";
        AuthenticationFailed = 3, "인증 실패", "authentication failed";
        TokenExpired = 4, "만료된 토큰 정보", "the token has expired";
        WrongPath = 10, "잘못된 경로를 통한 접근 (등록된 IP와 다름)", "access from an address that is not registered";
        NoDecryptionKey = 20, "복호화 키 정보 없음 (사용자 정보 중 복호화에 사용될 비밀 값이 없음)", "no decryption key for this user";
        DecryptionFailed = 21, "메시지 복호화 실패", "the message could not be decrypted";
        EncryptionFailed = 22, "메시지 암호화 실패", "the message could not be encrypted";
        NoPayment = 40, "수수료 결제 정보 없음", "no payment information for the fee";
        PaymentError = 41, "수수료 결제 중 오류", "error while paying the fee";
        VerificationDown = 97, "자동 검증 시스템 작업 장애", "the verification system's work failed";
        PoliceDown = 98, "경찰청 운전 면허 조회 장애", "the police licence register is down";
        SystemDown = 99, "자동 검증 시스템 장애", "the verification system is down";
    }
}

/// `header.f_rtn_cd`: KOROAD's code for a whole request, of table 5.3 or newer than it.
///
/// On the wire it is the decimal number as a string, without a leading zero (`"0"`, never `"00"`).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProcessingCode(u16);

impl ProcessingCode {
    /// The request was done.
    pub const DONE: Self = Self(0);

    /// One to three digits; leading zeroes are accepted, since KOROAD's own samples write `00`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok().map(Self)).flatten()
    }

    /// Whether the request was done, so that a body follows.
    pub fn is_done(self) -> bool {
        self == Self::DONE
    }

    /// The row of table 5.3, if the table has one.
    pub fn known(self) -> Option<KnownProcessing> {
        KnownProcessing::from_code(self.0)
    }
}

impl From<KnownProcessing> for ProcessingCode {
    fn from(known: KnownProcessing) -> Self {
        Self(known.code())
    }
}

impl fmt::Display for ProcessingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for ProcessingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ProcessingCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_written_once() {
        for text in ["0", "00", "000"] {
            let code = ProcessingCode::parse(text).unwrap();
            assert!(code.is_done());
            assert_eq!(serde_json::to_string(&code).unwrap(), r#""0""#);
        }
    }

    #[test]
    fn codes_lose_leading_zeroes_and_unknown_ones_are_carried() {
        let known = ProcessingCode::parse("04").unwrap();
        assert_eq!((known.to_string(), known.known()), ("4".into(), Some(KnownProcessing::TokenExpired)));
        let unknown = ProcessingCode::parse("55").unwrap();
        assert_eq!((format!("{unknown:?}"), unknown.known()), ("55".into(), None));
        for text in ["", "-1", "0000", " 0", "1a"] {
            assert_eq!(ProcessingCode::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_row_has_its_processing_code() {
        for known in KnownProcessing::ALL {
            assert_eq!(ProcessingCode::from(*known).known(), Some(*known));
        }
    }
}
