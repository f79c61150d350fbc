//! Why a request body is refused (-180, -190, -160, -170): each mistake that people make is tried.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use jiff::civil::Date;
use rims_client::ApiError;
use rims_client::advice::for_response;
use rims_protocol::Interface;
use rims_protocol::codes::HistoryKind;
use rims_protocol::interface::Family;
use rims_protocol::json::Members;
use rims_protocol::messages::{
    AnomalyRequest, BatchRequest, ConfirmRequest, HistoryRequest, NumberRequest, ResultRequest,
    ScheduleRequest, SingleRequest,
};
use rims_protocol::{SecretKey, Sector};
use rims_server::clock::Clock;
use serde_json::Value;

use super::Finding;
use crate::args;
use crate::language::{pick, say};
use crate::mistakes::{Mistake, find};
use crate::output::Failure;
use crate::secrets;

pub(super) fn explain(sealed: &str, arguments: &args::Why) -> Result<Vec<Finding>, Failure> {
    let secret = secrets::read(arguments.secret_key_file.as_deref(), "RIMS_SECRET_KEY", "--secret-key-file")?;
    let plain = sealed.replace(['\r', '\n'], "");
    if STANDARD.decode(&plain).is_err() {
        return Ok(vec![not_base64(&plain)]);
    }
    let mut findings = key_length(&secret);
    match SecretKey::new(&secret).open(&plain) {
        Ok(plaintext) => findings.extend(opened(&plaintext, arguments)),
        Err(_) => findings.push(not_opened(&plain, &secret)),
    }
    Ok(findings)
}

fn not_base64(text: &str) -> Finding {
    let title = say!("-190: 표준 Base64가 아닙니다", "-190: this is not standard Base64");
    let url_safe = URL_SAFE.decode(text).is_ok() || URL_SAFE_NO_PAD.decode(text).is_ok();
    let remedy = if STANDARD_NO_PAD.decode(text).is_ok() {
        say!(
            "끝의 = 채움이 없습니다. 채움을 포함해 인코딩하십시오",
            "the = padding at its end is missing; encode with padding"
        )
    } else if url_safe {
        say!(
            "URL용 문자(- _)입니다. 표준 문자(+ /)로 인코딩하십시오",
            "it has the URL alphabet (- _); encode with the standard one (+ /)"
        )
    } else if text.contains(char::is_whitespace) {
        say!(
            "빈칸이 있습니다. +가 빈칸으로 바뀌지 않았는지 확인하십시오",
            "it has white space; check that no + became a space"
        )
    } else if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        say!("16진수입니다. Base64로 인코딩하십시오", "it is hexadecimal; encode in Base64")
    } else {
        say!("Base64가 아닌 문자가 있습니다", "it has characters that Base64 does not have")
    };
    Finding::new(title, remedy)
}

/// An unusual key is no error, but often the cause of one.
fn key_length(secret: &str) -> Vec<Finding> {
    let bytes = secret.len();
    if bytes == 32 {
        return Vec::new();
    }
    let title = say!("Secret Key가 {bytes}바이트입니다", "the Secret Key has {bytes} bytes");
    let text = say!(
        "발급된 키는 32바이트입니다. 규약은 모자라면 0으로 채우고 넘치면 자르지만, 잘못 복사한 키일 수 있습니다",
        "issued keys have 32. The specification pads with zeroes or cuts, but the key may have been copied wrongly"
    );
    vec![Finding::new(title, text)]
}

fn not_opened(sealed: &str, secret: &str) -> Finding {
    let title =
        say!("-190: 이 Secret Key로 복호화되지 않습니다", "-190: it does not decrypt under this Secret Key");
    let bytes = STANDARD.decode(sealed).unwrap_or_default();
    let text = match find(&bytes, secret) {
        Some(Mistake::NotWholeBlocks) => say!(
            "암호문이 16바이트의 배수가 아닙니다. 잘렸거나, 암호화하지 않고 Base64만 했습니다",
            "the ciphertext is no multiple of 16 bytes: it was cut, or only encoded and not encrypted"
        ),
        Some(Mistake::Key16) => say!(
            "키를 16바이트(AES-128)로 만들었습니다. 32바이트(AES-256)로 채우거나 자르십시오",
            "the key was made 16 bytes long (AES-128); make it 32 (AES-256)"
        ),
        Some(Mistake::HexKey) => say!(
            "Secret Key를 16진수로 풀어 키로 썼습니다. 문자열의 UTF-8 바이트를 그대로 쓰십시오",
            "the Secret Key was decoded from hexadecimal; use the UTF-8 bytes of the text itself"
        ),
        Some(Mistake::HashedKey) => say!(
            "Secret Key의 SHA-256을 키로 썼습니다. 문자열의 UTF-8 바이트를 그대로 쓰십시오",
            "the SHA-256 of the Secret Key was used; use the UTF-8 bytes of the text itself"
        ),
        Some(Mistake::SpacePadded) => say!(
            "짧은 키를 빈칸으로 채웠습니다. 0 바이트로 채우십시오",
            "the short key was padded with spaces; pad it with zero bytes"
        ),
        Some(Mistake::Cbc) => {
            say!("CBC 모드로 암호화했습니다. ECB 모드를 쓰십시오", "it was encrypted in CBC mode; use ECB")
        }
        Some(Mistake::ZeroPadding) => say!(
            "평문을 0으로 채웠습니다. PKCS#7(PKCS5Padding)로 채우십시오",
            "the plaintext was padded with zeroes; pad with PKCS#7 (PKCS5Padding)"
        ),
        None => say!(
            "다른 키입니다: 토큰을 발급받은 인증키와 같은 쌍(개발/운영)의 Secret Key인지 확인하십시오",
            "it is another key: take the Secret Key of the same pair (development or operations) as the token's auth key"
        ),
    };
    Finding::new(title, text)
}

fn opened(plaintext: &[u8], arguments: &args::Why) -> Vec<Finding> {
    let refused = |text: String| {
        vec![Finding::new(
            say!("-190: 복호화되지만 요청이 아닙니다", "-190: it decrypts, but is no request"),
            text,
        )]
    };
    let Ok(text) = std::str::from_utf8(plaintext) else {
        let (_, _, malformed) = encoding_rs::EUC_KR.decode(plaintext);
        return refused(if malformed {
            say!("UTF-8이 아닙니다", "it is not UTF-8")
        } else {
            say!("EUC-KR(CP949)입니다. UTF-8로 인코딩하십시오", "it is EUC-KR (CP949); encode as UTF-8")
        });
    };
    if let Ok(members) = serde_json::from_str::<Members>(text) {
        return request(&members, arguments);
    }
    match serde_json::from_str(text) {
        Ok(Value::String(_)) => refused(say!(
            "JSON 문자열로 한 번 더 감쌌습니다",
            "the JSON was wrapped in a JSON string once more"
        )),
        Ok(_) => refused(say!("JSON 객체가 아닙니다", "it is JSON, but no object")),
        Err(_) if text.starts_with('\u{feff}') => refused(say!(
            "바이트 순서 표식(BOM)으로 시작합니다. 빼십시오",
            "it begins with a byte order mark; leave that out"
        )),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            refused(say!(
                "JSON이 아닙니다 ({line}행 {column}열)",
                "it is not JSON (line {line}, column {column})"
            ))
        }
    }
}

/// Reads the request as the interface would.
fn request(members: &Members, arguments: &args::Why) -> Vec<Finding> {
    let fine = say!("봉투는 바릅니다", "the envelope is right");
    let Some(interface) = arguments.path.as_deref().and_then(Interface::by_path) else {
        let hint = say!(
            "어느 인터페이스로 보냈는지 --path 로 알려 주면 항목도 확인합니다",
            "say with --path which interface it was sent to, and its members are checked, too"
        );
        return vec![Finding::new(fine, hint)];
    };
    let today = Clock::system().today();
    match read(interface, members, today) {
        Ok(()) => {
            let text = say!(
                "요청도 규약에 맞습니다. 서버의 응답을 `rims why` 로 확인하십시오",
                "so is the request; ask `rims why` about the server's answer"
            );
            vec![Finding::new(fine, text)]
        }
        Err(error) => {
            let advice = for_response(error.code());
            let text = pick(advice.korean, advice.english);
            let mut findings = vec![Finding::new(error.to_string(), text)];
            findings.extend(utc(&error, members, today));
            findings
        }
    }
}

/// Yesterday in Korea, where UTC still has it.
fn utc(error: &ApiError, members: &Members, today: Date) -> Option<Finding> {
    let ApiError::InvalidParameter { field, .. } = error else { return None };
    let sent = members.get(field)?.as_text()?;
    let yesterday = rims_protocol::values::format_compact(today.yesterday().ok()?);
    (sent == yesterday).then(|| {
        Finding::new(
            say!("한국에서는 어제입니다", "that was yesterday in Korea"),
            say!(
                "오늘을 UTC로 계산하지 않았는지 확인하십시오. 한국의 오늘은 {today} 입니다",
                "check that today is not taken from UTC; in Korea it is {today}"
            ),
        )
    })
}

fn read(interface: &Interface, members: &Members, today: Date) -> Result<(), ApiError> {
    match interface.family {
        Family::Token | Family::User => Ok(()),
        Family::Single(sector) => SingleRequest::read(members, sector, today).map(drop),
        Family::Batch(sector) => BatchRequest::read(members, sector, today).map(drop),
        Family::RentalConfirm => ConfirmRequest::read(members, today).map(drop),
        Family::Schedule => ScheduleRequest::read(members, today).map(drop),
        Family::Anomaly => AnomalyRequest::read(members).map(drop),
        Family::Number(sector) => NumberRequest::read(members, sector, today).map(drop),
        Family::Result(sector) => result(members, sector),
        Family::RentalHistory => HistoryRequest::read(members, HistoryKind::Rentals, today).map(drop),
        Family::ScheduleHistory => HistoryRequest::read(members, HistoryKind::Schedules, today).map(drop),
    }
}

fn result(members: &Members, sector: Sector) -> Result<(), ApiError> {
    ResultRequest::read(members, sector).map(drop)
}
