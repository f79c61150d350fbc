//! The wire errors: one variant per row of table 5.1, with the member that is at fault.

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::codes::ResponseCode;

/// An error as §4.7 sends it: `{"respCode": -160, "errorMsg": "…"}`.
///
/// It never carries a value from the request, only the member's name and the rule it broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// -90 (§5.1): the national system could not be reached.
    ServerConnect,
    /// -100 (§5.1, §4.7): no such interface, or not for this key.
    NotFoundApi,
    /// -110 (§5.1): our database cannot be reached or refuses.
    Database,
    /// -130 (§5.1, §4.7): the id in bizinfo is not valid for this caller.
    BizinfoInvalid,
    /// -140 (§5.1): the key or the token is not accepted; one text for every cause.
    ClientAuthentication,
    /// -150 (§5.1): no token could be generated.
    TokenGeneration,
    /// -160 (§5.1): a member's value breaks its rule.
    InvalidParameter {
        /// The member, as the sender wrote the path to it: `requestList[3].f_license_no`.
        field: String,
        /// The rule it broke, in Korean.
        rule: &'static str,
    },
    /// -170 (§5.1): a required member is absent, null or blank.
    MissingParameter {
        /// The member, as the sender would write the path to it.
        field: String,
    },
    /// -180 (§5.1): `encryptedData` is absent or not a string.
    InvalidEncryptedData,
    /// -190 (§5.1): the body could not be decrypted into one JSON object.
    Decryption,
    /// -200 (§5.1): `f_send_cnt` differs from the number of items.
    ArraySize,
    /// -210 (§5.1): KOROAD answered, but not usably.
    KoroadCall,
    /// -220 (§5.1): the vehicle is not the company's and its grace is over.
    VehicleMatch,
    /// -230 (§5.1): the rental number is not valid for this caller.
    InvalidRentNo,
    /// -240 (§5.1): the verification is not finished yet.
    WorkingVerification,
    /// -260 (§5.1): the verification number is not valid for this caller.
    InvalidVrfcNo,
}

impl ApiError {
    /// A -160 for `field`, whose rule is said in Korean.
    pub fn invalid(field: impl Into<String>, rule: &'static str) -> Self {
        Self::InvalidParameter { field: field.into(), rule }
    }

    /// A -170 for `field`.
    pub fn missing(field: impl Into<String>) -> Self {
        Self::MissingParameter { field: field.into() }
    }

    /// The row of table 5.1.
    pub const fn code(&self) -> ResponseCode {
        match self {
            Self::ServerConnect => ResponseCode::ServerConnectError,
            Self::NotFoundApi => ResponseCode::NotFoundApi,
            Self::Database => ResponseCode::RimsDatabaseError,
            Self::BizinfoInvalid => ResponseCode::BizinfoIdInvalid,
            Self::ClientAuthentication => ResponseCode::ClientAuthenticationFailure,
            Self::TokenGeneration => ResponseCode::TokenGenerationError,
            Self::InvalidParameter { .. } => ResponseCode::InvalidParameter,
            Self::MissingParameter { .. } => ResponseCode::MissingParameter,
            Self::InvalidEncryptedData => ResponseCode::InvalidEncryptedData,
            Self::Decryption => ResponseCode::DecryptionFailure,
            Self::ArraySize => ResponseCode::InvalidArraySize,
            Self::KoroadCall => ResponseCode::KoroadApiCallFailure,
            Self::VehicleMatch => ResponseCode::VehicleMatchFailure,
            Self::InvalidRentNo => ResponseCode::InvalidRentNo,
            Self::WorkingVerification => ResponseCode::WorkingVerification,
            Self::InvalidVrfcNo => ResponseCode::InvalidVrfcNo,
        }
    }

    /// `errorMsg`: Korean, and it names the member in question. The texts of -100 and -130 are §4.7's own.
    pub fn message(&self) -> String {
        match self {
            Self::ServerConnect => "연계 서버와 연결할 수 없습니다.".into(),
            Self::NotFoundApi => "API를 찾을 수 없습니다.".into(),
            Self::Database => "운전자격확인시스템 데이터베이스 오류입니다.".into(),
            Self::BizinfoInvalid => "bizinfo에 첨부된 아이디가 유효하지 않습니다.".into(),
            Self::ClientAuthentication => "클라이언트 인증에 실패했습니다.".into(),
            Self::TokenGeneration => "토큰 생성 중 오류가 발생했습니다.".into(),
            Self::InvalidParameter { field, rule } => {
                format!("유효하지 않은 파라미터입니다: {field} ({rule})")
            }
            Self::MissingParameter { field } => format!("파라미터가 누락되었습니다: {field}"),
            Self::InvalidEncryptedData => "encryptedData 필드가 존재하지 않거나 문자열이 아닙니다.".into(),
            Self::Decryption => "encryptedData를 복호화할 수 없습니다.".into(),
            Self::ArraySize => "f_send_cnt와 requestList의 크기가 일치하지 않습니다.".into(),
            Self::KoroadCall => "도로교통공단 API 호출에 실패했습니다.".into(),
            Self::VehicleMatch => "차량 매칭에 실패했습니다: vhcl_reg_no".into(),
            Self::InvalidRentNo => "유효하지 않은 대여번호입니다: rent_no".into(),
            Self::WorkingVerification => "자격 검증 작업이 끝나지 않았습니다.".into(),
            Self::InvalidVrfcNo => "유효하지 않은 검증번호입니다: vrfc_no".into(),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code().code(), self.message())
    }
}

impl std::error::Error for ApiError {}

impl Serialize for ApiError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_struct("ApiError", 2)?;
        body.serialize_field("respCode", &self.code().code())?;
        body.serialize_field("errorMsg", &self.message())?;
        body.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_error() -> Vec<ApiError> {
        vec![
            ApiError::ServerConnect,
            ApiError::NotFoundApi,
            ApiError::Database,
            ApiError::BizinfoInvalid,
            ApiError::ClientAuthentication,
            ApiError::TokenGeneration,
            ApiError::invalid("f_from_date", "오늘 이후의 날짜여야 합니다"),
            ApiError::missing("requestList[3].f_license_no"),
            ApiError::InvalidEncryptedData,
            ApiError::Decryption,
            ApiError::ArraySize,
            ApiError::KoroadCall,
            ApiError::VehicleMatch,
            ApiError::InvalidRentNo,
            ApiError::WorkingVerification,
            ApiError::InvalidVrfcNo,
        ]
    }

    #[test]
    fn every_row_of_table_5_1_has_an_error_in_order() {
        let codes: Vec<ResponseCode> = every_error().iter().map(ApiError::code).collect();
        assert_eq!(codes, ResponseCode::ALL);
    }

    #[test]
    fn wire_shape() {
        insta::assert_json_snapshot!(every_error());
    }

    #[test]
    fn display_is_code_and_message() {
        assert_eq!(ApiError::NotFoundApi.to_string(), "-100 API를 찾을 수 없습니다.");
    }
}
