use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use rims_protocol::codes::{KnownProcessing, ProcessingCode, ResultCode};
use rims_protocol::values::{CompactDate, format_compact};
use serde::de::{self, Deserializer, Visitor};
use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

use super::{DriverCheck, LicenceAnswer, Seal, read_text};
use crate::config::{KoroadConfig, OneItem, SequenceNumber};
use crate::error::{CallError, MALFORMED};

/// The bytes one item takes as JSON, roughly: to reserve at once.
const ITEM_SIZE: usize = 192;

/// Writes requests and reads answers.
pub(super) struct Frames {
    seal: Seal,
    pin_info: String,
    one_item: OneItem,
    sequence_number: SequenceNumber,
}

impl Frames {
    pub(super) fn new(config: &KoroadConfig) -> Self {
        Self {
            seal: Seal::new(config.client_secret.expose(), config.cipher_mode, config.charset),
            pin_info: basic_pair(&config.pin_user, config.pin.expose()),
            one_item: config.one_item,
            sequence_number: config.sequence_number,
        }
    }

    /// The whole request body.
    pub(super) fn request(&self, checks: &[DriverCheck], today: Date) -> Result<String, CallError> {
        let plain = self.plaintext(checks).map_err(|_| MALFORMED)?;
        let mut request = String::with_capacity(160 + plain.len() * 4 / 3 + 32);
        request.push_str(r#"{"header":"#);
        let header = RequestHeader {
            f_send_cnt: checks.len().to_string(),
            f_request_date: format_compact(today),
            f_pin_info: &self.pin_info,
        };
        request.push_str(&serde_json::to_string(&header).map_err(|_| MALFORMED)?);
        request.push_str(r#","body":""#);
        self.seal.seal(plain, &mut request).map_err(|_| MALFORMED)?;
        request.push_str(r#""}"#);
        Ok(request)
    }

    fn plaintext(&self, checks: &[DriverCheck]) -> serde_json::Result<String> {
        let item = |(index, check)| RequestItem {
            check,
            number: match self.sequence_number {
                SequenceNumber::Empty => None,
                SequenceNumber::Item => Some(index + 1),
            },
        };
        let mut text = Vec::with_capacity(checks.len() * ITEM_SIZE);
        let mut json = serde_json::Serializer::new(&mut text);
        match checks {
            [check] if self.one_item == OneItem::Object => item((0, check)).serialize(&mut json)?,
            _ => json.collect_seq(checks.iter().enumerate().map(item))?,
        }
        String::from_utf8(text).map_err(|_| serde::ser::Error::custom("not UTF-8"))
    }

    /// The answers, as many and in the same order as `checks`.
    pub(super) fn answers(
        &self,
        answer: &[u8],
        checks: &[DriverCheck],
    ) -> Result<Vec<LicenceAnswer>, CallError> {
        let text = read_text(answer).ok_or(MALFORMED)?;
        let frame: AnswerFrame<'_> = serde_json::from_str(&text).map_err(|_| MALFORMED)?;
        let code = ProcessingCode::parse(frame.header.f_rtn_cd.as_str()).ok_or(MALFORMED)?;
        if !code.is_done() {
            return Err(refusal(code, frame.header.f_rtn_msg.as_ref()));
        }
        let body = self.seal.open(frame.body.ok_or(MALFORMED)?.as_str()).map_err(|_| MALFORMED)?;
        let body = read_text(&body).ok_or(MALFORMED)?;
        in_order(&items_of(&body)?, checks)
    }
}

/// Base64 of `user:secret`: the value of Basic authentication and of `f_pin_info`.
pub(crate) fn basic_pair(user: &str, secret: &str) -> String {
    STANDARD.encode(format!("{user}:{secret}"))
}

/// KOROAD's refusal in its own words, or in the table's where it sent none.
pub(super) fn refusal(code: ProcessingCode, message: Option<&Text<'_>>) -> CallError {
    let sent = message.map(Text::as_str).filter(|text| !text.trim().is_empty());
    let message = sent.or(code.known().map(KnownProcessing::korean)).unwrap_or_default();
    CallError::Refused { code, message: message.into() }
}

#[derive(Serialize)]
struct RequestHeader<'a> {
    f_send_cnt: String,
    f_request_date: String,
    f_pin_info: &'a str,
}

struct RequestItem<'a> {
    check: &'a DriverCheck,
    /// The item's number in the call, where it is sent.
    number: Option<usize>,
}

impl Serialize for RequestItem<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut item = serializer.serialize_struct("RequestItem", 6)?;
        item.serialize_field("f_license_no", self.check.licence_number.as_str())?;
        item.serialize_field("f_resident_name", self.check.name.as_str())?;
        item.serialize_field("f_licn_con_code", self.check.class.code())?;
        item.serialize_field("f_from_date", &CompactDate::new(self.check.period.from))?;
        item.serialize_field("f_to_date", &CompactDate::new(self.check.period.to))?;
        match self.number {
            Some(number) => item.serialize_field("f_seq_no", &Shown(number))?,
            None => item.serialize_field("f_seq_no", "")?,
        }
        item.end()
    }
}

/// A value as the string of its digits.
struct Shown<T>(T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[derive(Deserialize)]
struct AnswerFrame<'a> {
    #[serde(borrow)]
    header: AnswerHeader<'a>,
    #[serde(borrow, default)]
    body: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct AnswerHeader<'a> {
    #[serde(borrow)]
    f_rtn_cd: Text<'a>,
    #[serde(borrow, default)]
    f_rtn_msg: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct AnswerItem<'a> {
    #[serde(borrow)]
    f_license_no: Text<'a>,
    #[serde(borrow)]
    f_rtn_code: Text<'a>,
    #[serde(borrow, default)]
    f_seq_no: Option<Text<'a>>,
    #[serde(borrow, default)]
    f_temp_yn: Option<Text<'a>>,
}

impl AnswerItem<'_> {
    /// The number of the item it answers, if it says one.
    fn number(&self) -> Option<&str> {
        self.f_seq_no.as_ref().map(Text::as_str).filter(|number| !number.is_empty())
    }

    fn to(&self, check: &DriverCheck) -> Result<LicenceAnswer, CallError> {
        if self.f_license_no.as_str() != check.licence_number.as_str() {
            return Err(MALFORMED);
        }
        let code = ResultCode::parse(self.f_rtn_code.as_str()).ok_or(MALFORMED)?;
        let temporary = self.f_temp_yn.as_ref().is_some_and(|flag| flag.as_str() == "Y");
        Ok(LicenceAnswer { code, temporary })
    }
}

/// An array of items, or a single one alone.
fn items_of(body: &str) -> Result<Vec<AnswerItem<'_>>, CallError> {
    let items = if body.trim_start().starts_with('[') {
        serde_json::from_str(body)
    } else {
        serde_json::from_str(body).map(|item| vec![item])
    };
    items.map_err(|_| MALFORMED)
}

/// Answers in the order of the checks: by the numbers they echo where all do, else by their own order.
/// Each must name the licence that was asked.
fn in_order(items: &[AnswerItem<'_>], checks: &[DriverCheck]) -> Result<Vec<LicenceAnswer>, CallError> {
    if items.len() != checks.len() {
        return Err(MALFORMED);
    }
    if items.iter().all(|item| item.number().is_none()) {
        return items.iter().zip(checks).map(|(item, check)| item.to(check)).collect();
    }
    let mut answers = vec![None; checks.len()];
    for item in items {
        let number: usize = item.number().and_then(|number| number.parse().ok()).ok_or(MALFORMED)?;
        let index = number.checked_sub(1).ok_or(MALFORMED)?;
        let (Some(check), Some(answer)) = (checks.get(index), answers.get_mut(index)) else {
            return Err(MALFORMED);
        };
        if answer.replace(item.to(check)?).is_some() {
            return Err(MALFORMED);
        }
    }
    answers.into_iter().collect::<Option<_>>().ok_or(MALFORMED)
}

/// A string, borrowed where it has no escapes; a whole number counts as its digits.
pub(crate) struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Text)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a whole number")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use rims_protocol::codes::LicenceClass;
    use rims_protocol::values::{LicenceNumber, Period, PersonName};

    use super::*;
    use crate::error::Unusable;

    fn check(number: &str) -> DriverCheck {
        DriverCheck {
            licence_number: LicenceNumber::parse(number).unwrap(),
            name: PersonName::parse("홍\"길동").unwrap(),
            class: LicenceClass::Class1Regular,
            period: Period::new(date(2025, 7, 18), date(2025, 7, 19)).unwrap(),
        }
    }

    fn frames(config: &KoroadConfig) -> Frames {
        Frames::new(config)
    }

    fn answer(frames: &Frames, body: &str) -> Vec<u8> {
        let mut text = String::from(r#"{"header":{"f_rtn_cd":"0","f_rtn_msg":""},"body":""#);
        frames.seal.seal(body.to_owned(), &mut text).unwrap();
        text.push_str(r#""}"#);
        text.into_bytes()
    }

    fn codes(result: Result<Vec<LicenceAnswer>, CallError>) -> Vec<String> {
        result.unwrap().iter().map(|answer| answer.code.as_str().to_owned()).collect()
    }

    #[test]
    fn the_request_has_the_public_frame() {
        let config = KoroadConfig {
            pin_user: "user".into(),
            pin: crate::Secret::new("pin"),
            sequence_number: SequenceNumber::Item,
            ..KoroadConfig::default()
        };
        let frames = frames(&config);
        let request = frames.request(&[check("221212121212")], date(2025, 7, 18)).unwrap();
        let request: serde_json::Value = serde_json::from_str(&request).unwrap();
        let header = r#"{"f_pin_info":"dXNlcjpwaW4=","f_request_date":"20250718","f_send_cnt":"1"}"#;
        assert_eq!(request["header"].to_string(), header);
        let body = frames.seal.open(request["body"].as_str().unwrap()).unwrap();
        assert_eq!(
            EUC_KR_TEXT(&body),
            r#"[{"f_license_no":"221212121212","f_resident_name":"홍\"길동","f_licn_con_code":"12","f_from_date":"20250718","f_to_date":"20250719","f_seq_no":"1"}]"#
        );
    }

    #[expect(non_snake_case, reason = "reads as the conversion it is")]
    fn EUC_KR_TEXT(bytes: &[u8]) -> Cow<'_, str> {
        encoding_rs::EUC_KR.decode(bytes).0
    }

    #[test]
    fn a_single_check_can_be_an_object() {
        let config = KoroadConfig { one_item: OneItem::Object, ..KoroadConfig::default() };
        let text = frames(&config).plaintext(&[check("221212121212")]).unwrap();
        assert!(text.starts_with(r#"{"f_license_no""#) && text.contains(r#""f_seq_no":"""#), "{text}");
        let two = frames(&config).plaintext(&[check("221212121212"), check("221212121213")]).unwrap();
        assert!(two.starts_with("[{"), "{two}");
    }

    #[test]
    fn answers_are_matched_by_number_or_else_by_order() {
        let frames = frames(&KoroadConfig::default());
        let checks = [check("000000000001"), check("000000000002")];
        let numbered = r#"[{"f_seq_no":"2","f_license_no":"000000000002","f_rtn_code":"12"},
            {"f_seq_no":1,"f_license_no":"000000000001","f_rtn_code":"00"}]"#;
        assert_eq!(codes(frames.answers(&answer(&frames, numbered), &checks)), ["00", "12"]);
        let plain = r#"[{"f_seq_no":"","f_license_no":"000000000001","f_rtn_code":"11"},
            {"f_license_no":"000000000002","f_rtn_code":"00","f_temp_yn":"Y"}]"#;
        let answers = frames.answers(&answer(&frames, plain), &checks).unwrap();
        assert_eq!(answers.iter().map(|answer| answer.temporary).collect::<Vec<_>>(), [false, true]);
        let alone = r#"{"f_license_no":"000000000001","f_rtn_code":"31"}"#;
        assert_eq!(codes(frames.answers(&answer(&frames, alone), &checks[..1])), ["31"]);
    }

    #[test]
    fn answers_to_other_questions_are_malformed() {
        let frames = frames(&KoroadConfig::default());
        let checks = [check("000000000001"), check("000000000002")];
        for body in [
            r"[]",
            r#"[{"f_license_no":"000000000001","f_rtn_code":"00"}]"#,
            r#"[{"f_license_no":"000000000002","f_rtn_code":"00"},{"f_license_no":"000000000001","f_rtn_code":"00"}]"#,
            r#"[{"f_seq_no":"1","f_license_no":"000000000001","f_rtn_code":"00"},{"f_seq_no":"1","f_license_no":"000000000001","f_rtn_code":"00"}]"#,
            r#"[{"f_seq_no":"0","f_license_no":"000000000001","f_rtn_code":"00"},{"f_seq_no":"1","f_license_no":"000000000001","f_rtn_code":"00"}]"#,
            r#"[{"f_seq_no":"1","f_license_no":"000000000001","f_rtn_code":"00"},{"f_license_no":"000000000002","f_rtn_code":"00"}]"#,
            r#"[{"f_license_no":"000000000001","f_rtn_code":"0"},{"f_license_no":"000000000002","f_rtn_code":"00"}]"#,
            "not JSON",
        ] {
            let result = frames.answers(&answer(&frames, body), &checks);
            assert_eq!(result, Err(CallError::Unusable(Unusable::Malformed)), "{body}");
        }
    }

    #[test]
    fn refusals_are_passed_on_with_a_message() {
        let frames = frames(&KoroadConfig::default());
        let checks = [check("000000000001")];
        for (frame, code, message) in [
            (r#"{"header":{"f_rtn_cd":"98","f_rtn_msg":"장애"}}"#, "98", "장애"),
            (r#"{"header":{"f_rtn_cd":41},"body":null}"#, "41", "수수료 결제 중 오류"),
            (r#"{"header":{"f_rtn_cd":"77","f_rtn_msg":" "},"body":""}"#, "77", ""),
        ] {
            let expected =
                CallError::Refused { code: ProcessingCode::parse(code).unwrap(), message: message.into() };
            assert_eq!(frames.answers(frame.as_bytes(), &checks), Err(expected));
        }
        let done_without_body = br#"{"header":{"f_rtn_cd":"0"}}"#;
        assert_eq!(frames.answers(done_without_body, &checks), Err(MALFORMED));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let frames = frames(&KoroadConfig::default());
            prop_assert!(frames.answers(&bytes, &[check("000000000001")]).is_err());
        }

        #[test]
        fn no_plaintext_makes_it_panic(body in "[\\[\\]{}\",:0-9a-z_]{0,80}") {
            let frames = frames(&KoroadConfig::default());
            let bytes = answer(&frames, &body);
            prop_assert!(frames.answers(&bytes, &[check("000000000001")]).is_err());
        }
    }
}
