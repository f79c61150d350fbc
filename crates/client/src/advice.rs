//! Causes and remedies: what an integrator does about each code.

use rims_protocol::codes::{KnownProcessing, LicenceStatus, ResponseCode};

/// What most often causes something, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// In Korean.
    pub korean: &'static str,
    /// In English.
    pub english: &'static str,
}

const fn advice(korean: &'static str, english: &'static str) -> Advice {
    Advice { korean, english }
}

pub(crate) const SETTING: Advice =
    advice("설정이나 값을 규칙에 맞게 고치십시오.", "Correct the setting or value as its rule says.");
pub(crate) const UNKNOWN_CODE: Advice = advice(
    "규약 1.6의 코드표에 없는 코드입니다. RIMS 운영 기관에 문의하십시오.",
    "Specification 1.6 does not have this code: ask the operator of the RIMS.",
);
pub(crate) const UNREACHABLE: Advice = advice(
    "주소, 방화벽, 프록시를 확인하십시오. 요청은 전송되지 않았으므로 다시 보내도 됩니다.",
    "Check the address, firewall and proxy. The request was not sent, so it may be sent again.",
);
pub(crate) const UNANSWERED: Advice = advice(
    "잠시 뒤에 다시 보내십시오. 다만 대여확정·예약·번호 생성은 처리되었을 수 있으므로 이력을 먼저 확인하거나 Idempotency-Key와 함께 보내십시오.",
    "Send again later; but a confirmation, reservation or number may have been done: look at the history first, or send \
     it with an Idempotency-Key.",
);
pub(crate) const UNUSABLE: Advice = advice(
    "주소가 RIMS API인지 확인하십시오. 맞다면 요청 번호와 함께 운영 기관에 알리십시오.",
    "Check that the address is a RIMS API. If it is, tell its operator the request's id.",
);

/// What to do about an HTTP status that the specification does not name.
pub(crate) const fn for_status(status: u16) -> Advice {
    match status {
        401 => for_response(ResponseCode::ClientAuthenticationFailure),
        404 | 405 => advice(
            "주소가 RIMS API가 아닙니다. 기본 주소와 경로를 확인하십시오.",
            "The address is not a RIMS API: check the base URL and its path.",
        ),
        413 => {
            advice("본문이 1 MiB를 넘습니다. 배치를 나누십시오.", "The body is over 1 MiB: split the batch.")
        }
        429 | 503 => advice(
            "서버가 바쁩니다. Retry-After만큼 기다린 뒤 다시 보내십시오.",
            "The server is busy: wait as long as Retry-After says, then send again.",
        ),
        500..=599 => advice(
            "서버 쪽 오류입니다. 잠시 뒤에 다시 보내고, 계속되면 요청 번호와 함께 운영 기관에 알리십시오.",
            "A fault of the server: send again later; if it stays, tell its operator the request's id.",
        ),
        _ => UNUSABLE,
    }
}

/// What to do about an error of table 5.1.
pub const fn for_response(code: ResponseCode) -> Advice {
    use ResponseCode as R;
    match code {
        R::ServerConnectError => advice(
            "RIMS가 국가 시스템에 연결하지 못했습니다. 기록된 검증은 없습니다. 잠시 뒤에 다시 보내십시오.",
            "The RIMS could not reach the national system; nothing was verified. Send again later.",
        ),
        R::NotFoundApi => advice(
            "경로와 메서드(POST)를 확인하십시오. 대여확정·반복예약·이상여부·번호·비대면 결과는 운영키로만 쓸 수 있습니다: 개발키의 토큰이면 이 오류입니다.",
            "Check the path and the method (POST). Confirmation, reservation, anomaly, numbers and remote results need \
             the operations key: with a development key's token they answer this.",
        ),
        R::RimsDatabaseError => advice(
            "RIMS의 데이터베이스 오류입니다. 기록된 것은 없습니다. 잠시 뒤에 다시 보내십시오.",
            "The database of the RIMS failed; nothing was recorded. Send again later.",
        ),
        R::BizinfoIdInvalid => advice(
            "bizinfo의 사용자ID가 존재하고 사용 가능한지, 그 업체가 호출자에게 위임했는지 확인하십시오. 자기 업체라면 빼도 됩니다.",
            "Check that the user id in bizinfo exists, is usable and has delegated to you. For your own company leave it out.",
        ),
        R::ClientAuthenticationFailure => advice(
            "인증키(Base64로 한 번, 콜론 없이), 계정과 키의 승인 상태, 등록된 IP를 확인하십시오. 토큰은 3시간 뒤 만료됩니다: 새로 발급받으십시오.",
            "Check the auth key (Base64 once, no colon), the approval of account and key, and the registered networks. A token \
             ends after 3 hours: get a new one.",
        ),
        R::TokenGenerationError => {
            advice("잠시 뒤에 토큰을 다시 요청하십시오.", "Ask for a token again a little later.")
        }
        R::InvalidParameter => advice(
            "메시지가 가리키는 항목의 형식을 고치십시오. 날짜가 지났다면 UTC로 계산한 오늘일 수 있습니다: 오늘은 한국 날짜입니다. 숫자로 보낸 문자열도 이 오류입니다.",
            "Correct the member that the message names. A date \"in the past\" is often today in UTC: today is the day in Korea. \
             A number where a string is asked is refused, too.",
        ),
        R::MissingParameter => advice(
            "메시지가 가리키는 항목을 보내십시오. 빈 문자열은 없는 것과 같습니다.",
            "Send the member that the message names. An empty string counts as absent.",
        ),
        R::InvalidEncryptedData => advice(
            "본문은 {\"encryptedData\":\"…\"} 형태의 JSON 객체여야 합니다.",
            "The body must be a JSON object {\"encryptedData\":\"…\"}.",
        ),
        R::DecryptionFailure => advice(
            "토큰을 발급받은 인증키의 Secret Key로 암호화했는지 확인하십시오. 키는 UTF-8 바이트를 32바이트로 자르거나 0으로 채웁니다(16바이트가 아닙니다). AES-256-ECB, PKCS#7, 표준 Base64, 평문은 UTF-8 JSON 객체입니다.",
            "Seal with the Secret Key that belongs to the token's auth key. The key is its UTF-8 bytes cut or zero-padded to 32 \
             (not 16); AES-256-ECB, PKCS#7, standard Base64; the plaintext is one JSON object in UTF-8.",
        ),
        R::InvalidArraySize => advice(
            "f_send_cnt와 requestList의 항목 수를 맞추십시오.",
            "Make f_send_cnt the number of items of requestList.",
        ),
        R::KoroadApiCallFailure => advice(
            "도로교통공단의 응답을 쓸 수 없었습니다. 기록된 검증은 없습니다. 잠시 뒤에 다시 보내십시오.",
            "KOROAD's answer was not usable; nothing was verified. Send again later.",
        ),
        R::VehicleMatchFailure => advice(
            "차량이 업체에 등록되어 있지 않고 1개월의 유예도 끝났습니다. 차량번호와 등록을 확인하십시오.",
            "The vehicle is not registered to the company and its month of grace is over: check the plate and the registration.",
        ),
        R::InvalidRentNo => advice(
            "대여번호(R.., P..)의 형식과 서비스, 그 업체의 번호인지 확인하십시오.",
            "Check the rental number (R.., P..), its sector, and that it is this company's.",
        ),
        R::WorkingVerification => advice(
            "운전자가 아직 마치지 않았습니다. 딥링크를 보냈는지 확인하고 나중에 다시 조회하십시오.",
            "The driver has not finished: make sure the link was sent, and ask again later.",
        ),
        R::InvalidVrfcNo => advice(
            "검증번호(V.., D.., C..)의 형식과 서비스, 그 업체의 번호인지 확인하십시오.",
            "Check the verification number (V.., D.., C..), its sector, and that it is this company's.",
        ),
    }
}

/// What to do about a refusal of table 5.3.
pub const fn for_processing(code: KnownProcessing) -> Advice {
    use KnownProcessing as P;
    match code {
        P::Done => advice("할 일이 없습니다: 처리되었습니다.", "Nothing: it was done."),
        P::NoAuthentication
        | P::WrongAuthentication
        | P::AuthenticationFailed
        | P::TokenExpired
        | P::WrongPath
        | P::NoDecryptionKey
        | P::DecryptionFailed
        | P::EncryptionFailed => advice(
            "RIMS와 도로교통공단 사이의 문제입니다. 운전자의 상태는 알 수 없으니 대여하지 말고, RIMS 운영 기관에 알리십시오.",
            "A fault between the RIMS and KOROAD. The driver's status is unknown: hand nothing over, and tell the operator of the RIMS.",
        ),
        P::NoPayment | P::PaymentError => advice(
            "수수료 결제를 확인하십시오. 운전자의 상태는 알 수 없습니다.",
            "Check the payment of the fee. The driver's status is unknown.",
        ),
        P::VerificationDown | P::PoliceDown | P::SystemDown => advice(
            "국가 시스템 장애입니다. 운전자의 상태는 알 수 없습니다. 나중에 다시 확인하십시오.",
            "The national system is down. The driver's status is unknown: verify again later.",
        ),
    }
}

/// What to do about a licence's status (table 5.2).
pub const fn for_licence(status: LicenceStatus) -> Advice {
    use LicenceStatus as L;
    match status {
        L::Valid => advice("운전할 수 있습니다.", "The driver is eligible."),
        L::NotFound => advice(
            "면허번호를 면허증과 비교하십시오. 지역 이름은 두 자리 코드로 바꿉니다(서울 11).",
            "Compare the number with the card. The name of a region becomes its two digits (서울 is 11).",
        ),
        L::Reissued => advice(
            "재발급 전의 면허증입니다. 새 면허증을 요구하십시오.",
            "This card was replaced: ask for the new one.",
        ),
        L::Lost => advice(
            "분실 신고된 면허증입니다. 대여하지 마십시오.",
            "The card was reported lost: hand nothing over.",
        ),
        L::CancelledByDeath | L::Revoked | L::Suspended => {
            advice("운전할 수 없습니다. 대여하지 마십시오.", "Not allowed to drive: hand nothing over.")
        }
        L::RevokedInPeriod | L::SuspendedInPeriod => advice(
            "대여 기간 안에 취소되거나 정지됩니다. 기간을 줄이거나 대여하지 마십시오.",
            "The licence ends or is suspended within the period: shorten it, or hand nothing over.",
        ),
        L::NameMismatch => advice(
            "이름을 면허증과 비교하십시오: 띄어쓰기, 영문 이름의 순서와 대소문자.",
            "Compare the name with the card: spaces, and the order and case of foreign names.",
        ),
        L::ClassMismatch => advice(
            "면허 종별을 면허증과 비교하십시오(1종보통 12, 2종보통 32). 번호와 종별의 짝이 맞아야 합니다.",
            "Compare the class with the card (1종보통 is 12, 2종보통 is 32); it must belong to this number.",
        ),
        L::BirthDateMismatch | L::SerialMismatch => {
            advice("면허증의 값을 다시 입력하십시오.", "Enter the card's values again.")
        }
        L::PeriodMissing => {
            advice("f_from_date와 f_to_date를 보내십시오.", "Send f_from_date and f_to_date.")
        }
        L::NotEncrypted => advice("RIMS 운영 기관에 알리십시오.", "Tell the operator of the RIMS."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_advice_in_both_languages() {
        let all = ResponseCode::ALL
            .iter()
            .map(|code| for_response(*code))
            .chain(KnownProcessing::ALL.iter().map(|code| for_processing(*code)))
            .chain(LicenceStatus::ALL.iter().map(|code| for_licence(*code)))
            .chain([200, 401, 404, 413, 429, 500, 503].map(for_status));
        for advice in all {
            assert!(advice.korean.contains(['.', '다']) && advice.english.ends_with('.'), "{advice:?}");
        }
    }
}
