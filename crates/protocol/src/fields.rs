//! Reads a request's members in the order of the specification's table, remembering the first that is missing
//! and the first that is malformed: a missing one answers before a malformed one (docs/spec-decisions.md,
//! Validation), which derived deserialisation cannot keep.

use std::ops::RangeInclusive;

use crate::ApiError;
use crate::json::{Json, Members};
use crate::values::Malformed;

const NOT_A_STRING: Malformed = Malformed("문자열이어야 합니다");
const NOT_AN_ARRAY: Malformed = Malformed("하나 이상의 항목을 가진 배열이어야 합니다");
const NOT_AN_OBJECT: Malformed = Malformed("객체여야 합니다");

/// The first missing and the first malformed or otherwise refused member seen so far.
#[derive(Debug, Default)]
pub struct Faults {
    missing: Option<ApiError>,
    malformed: Option<ApiError>,
}

impl Faults {
    /// The fault that answers: the first missing member, else the first malformed one.
    pub fn first(self) -> Option<ApiError> {
        self.missing.or(self.malformed)
    }

    /// What was read, unless a fault was noted.
    pub fn into_result<T>(self, read: Option<T>) -> Result<T, ApiError> {
        match (self.first(), read) {
            (None, Some(read)) => Ok(read),
            (fault, _) => Err(fault.unwrap_or(ApiError::Decryption)),
        }
    }

    fn missing(&mut self, field: impl FnOnce() -> String) {
        if self.missing.is_none() {
            self.missing = Some(ApiError::missing(field()));
        }
    }

    fn malformed(&mut self, field: impl FnOnce() -> String, rule: Malformed) {
        self.refused(|| ApiError::invalid(field(), rule.0));
    }

    fn refused(&mut self, error: impl FnOnce() -> ApiError) {
        if self.malformed.is_none() {
            self.malformed = Some(error());
        }
    }
}

/// One object's members: the request itself, or one item of `requestList`.
pub struct Fields<'a, 'f> {
    members: &'a Members,
    item: Option<usize>,
    faults: &'f mut Faults,
}

impl<'a, 'f> Fields<'a, 'f> {
    /// The members of the request itself.
    pub fn of_request(members: &'a Members, faults: &'f mut Faults) -> Self {
        Self { members, item: None, faults }
    }

    /// The members of an item of `requestList`; anything but an object is malformed.
    pub fn of_item(index: usize, item: &'a Json, faults: &'f mut Faults) -> Option<Self> {
        if let Json::Object(members) = item {
            Some(Self { members, item: Some(index), faults })
        } else {
            faults.malformed(|| format!("requestList[{index}]"), NOT_AN_OBJECT);
            None
        }
    }

    /// A required string. `None` means that a fault was noted.
    pub fn required<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, Malformed>) -> Option<T> {
        match self.sent(name) {
            None => self.missing(name),
            Some(value) => self.parsed(name, value, parse),
        }
    }

    /// A required string with an error of its own for a value that is none: -230 and -260 instead of -160.
    pub fn required_or_refused<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        refusal: ApiError,
    ) -> Option<T> {
        let parsed = self.required(name, |text| Ok(parse(text)))?;
        if parsed.is_none() {
            self.faults.refused(|| refusal);
        }
        parsed
    }

    /// A required integer within `range`, sent as one or as a string of digits (§4.2.8.5, §4.2.9.5).
    pub fn required_integer(
        &mut self,
        name: &str,
        range: RangeInclusive<u32>,
        rule: Malformed,
    ) -> Option<u32> {
        let Some(value) = self.sent(name) else { return self.missing(name) };
        let sent = match value {
            Json::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
            Json::Text(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
            _ => None,
        };
        let number = sent.filter(|number| range.contains(number));
        if number.is_none() {
            self.malformed(name, rule);
        }
        number
    }

    /// An optional string; absent, null and blank are the same. `None` may also mean that a fault was noted.
    pub fn optional<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, Malformed>) -> Option<T> {
        let value = self.sent(name)?;
        self.parsed(name, value, parse)
    }

    /// A required array with at least one item.
    pub fn required_array(&mut self, name: &str) -> Option<&'a [Json]> {
        match self.members.get(name) {
            None | Some(Json::Null) => self.missing(name),
            Some(Json::List(items)) if !items.is_empty() => Some(items),
            Some(_) => {
                self.malformed(name, NOT_AN_ARRAY);
                None
            }
        }
    }

    /// Notes that a member breaks a rule that several members make together.
    pub fn malformed(&mut self, name: &str, rule: Malformed) {
        let item = self.item;
        self.faults.malformed(|| path(item, name), rule);
    }

    fn missing<T>(&mut self, name: &str) -> Option<T> {
        let item = self.item;
        self.faults.missing(|| path(item, name));
        None
    }

    /// A member that is there: neither null nor blank.
    fn sent(&self, name: &str) -> Option<&'a Json> {
        self.members.get(name).filter(|value| match value {
            Json::Null => false,
            Json::Text(text) => !text.trim().is_empty(),
            _ => true,
        })
    }

    fn parsed<T>(
        &mut self,
        name: &str,
        value: &Json,
        parse: impl FnOnce(&str) -> Result<T, Malformed>,
    ) -> Option<T> {
        let parsed = value.as_text().map_or(Err(NOT_A_STRING), parse);
        parsed.map_err(|rule| self.malformed(name, rule)).ok()
    }
}

fn path(item: Option<usize>, name: &str) -> String {
    match item {
        Some(index) => format!("requestList[{index}].{name}"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn as_sent(text: &str) -> Result<String, Malformed> {
        if text == "\0" { Err(Malformed("제어 문자입니다")) } else { Ok(text.to_owned()) }
    }

    fn refuse(_: &str) -> Result<String, Malformed> {
        Err(Malformed("안 됩니다"))
    }

    fn members(value: Value) -> Members {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_missing_member_answers_before_an_earlier_malformed_one() {
        let request = members(json!({ "a": "x", "b": " ", "c": null }));
        let mut faults = Faults::default();
        let mut fields = Fields::of_request(&request, &mut faults);
        assert_eq!(fields.required("a", refuse), None);
        assert_eq!(fields.required("b", as_sent), None);
        assert_eq!(fields.required("c", as_sent), None);
        assert_eq!(faults.first(), Some(ApiError::missing("b")));
    }

    #[test]
    fn the_first_malformed_member_answers_when_none_is_missing() {
        let request = members(json!({ "a": 1, "b": "x" }));
        let mut faults = Faults::default();
        let mut fields = Fields::of_request(&request, &mut faults);
        assert_eq!(fields.required("a", as_sent), None);
        assert_eq!(fields.required("b", refuse), None);
        assert_eq!(faults.first(), Some(ApiError::invalid("a", NOT_A_STRING.0)));
    }

    #[test]
    fn optional_members_may_be_absent_null_or_blank_but_not_of_another_type() {
        let request = members(json!({ "null": null, "blank": "", "text": "x", "flag": true }));
        let mut faults = Faults::default();
        let mut fields = Fields::of_request(&request, &mut faults);
        assert_eq!(fields.optional("absent", as_sent), None);
        assert_eq!(fields.optional("null", as_sent), None);
        assert_eq!(fields.optional("blank", refuse), None);
        assert_eq!(fields.optional("text", as_sent).as_deref(), Some("x"));
        assert_eq!(fields.optional("flag", as_sent), None);
        assert_eq!(faults.first(), Some(ApiError::invalid("flag", NOT_A_STRING.0)));
    }

    #[test]
    fn items_are_named_by_their_index() {
        let request = members(json!({ "requestList": [{ "a": "x" }, 7, {}] }));
        let mut faults = Faults::default();
        let items = Fields::of_request(&request, &mut faults).required_array("requestList").unwrap();
        assert!(Fields::of_item(1, &items[1], &mut faults).is_none());
        let mut third = Fields::of_item(2, &items[2], &mut faults).unwrap();
        assert_eq!(third.required("a", as_sent), None);
        assert_eq!(faults.first(), Some(ApiError::missing("requestList[2].a")));
    }

    #[test]
    fn arrays_must_be_arrays_with_items() {
        for (value, expected) in [
            (json!({}), ApiError::missing("list")),
            (json!({ "list": null }), ApiError::missing("list")),
            (json!({ "list": [] }), ApiError::invalid("list", NOT_AN_ARRAY.0)),
            (json!({ "list": "" }), ApiError::invalid("list", NOT_AN_ARRAY.0)),
            (json!({ "list": {} }), ApiError::invalid("list", NOT_AN_ARRAY.0)),
        ] {
            let request = members(value);
            let mut faults = Faults::default();
            assert_eq!(Fields::of_request(&request, &mut faults).required_array("list"), None);
            assert_eq!(faults.first(), Some(expected));
        }
        assert_eq!(Faults::default().first(), None);
    }

    #[test]
    fn integers_are_numbers_or_digits() {
        const RULE: Malformed = Malformed("1 이상 1000 이하여야 합니다");
        let read = |value: Value| {
            let request = members(json!({ "n": value }));
            let mut faults = Faults::default();
            let number = Fields::of_request(&request, &mut faults).required_integer("n", 1..=1000, RULE);
            faults.into_result(number)
        };
        for value in [json!(10), json!("10"), json!("0010"), json!(10_u64)] {
            assert_eq!(read(value), Ok(10));
        }
        for value in [Value::Null, json!(""), json!(" ")] {
            assert_eq!(read(value), Err(ApiError::missing("n")));
        }
        for value in [
            json!(0),
            json!("0"),
            json!(1001),
            json!("1001"),
            json!(-1),
            json!("-1"),
            json!("+1"),
            json!(1.0),
            json!("1.0"),
            json!(" 1"),
            json!("１"),
            json!(true),
            json!([1]),
            json!(u64::MAX),
            json!("99999999999999999999999"),
        ] {
            assert_eq!(read(value.clone()), Err(ApiError::invalid("n", RULE.0)), "{value}");
        }
    }

    #[test]
    fn a_refusal_of_its_own_answers_in_its_place() {
        let read = |value: Value| {
            let request = members(value);
            let mut faults = Faults::default();
            let mut fields = Fields::of_request(&request, &mut faults);
            let before = fields.optional("before", refuse);
            let number = fields.required_or_refused(
                "rent_no",
                |text| (text == "R").then_some(7),
                ApiError::InvalidRentNo,
            );
            let after = fields.optional("after", refuse);
            assert_eq!((before, after), (None, None));
            faults.into_result(number)
        };
        assert_eq!(read(json!({ "rent_no": "R" })), Ok(7));
        assert_eq!(read(json!({ "rent_no": "X", "after": "x" })), Err(ApiError::InvalidRentNo));
        let earlier = json!({ "rent_no": "X", "before": "x" });
        assert_eq!(read(earlier), Err(ApiError::invalid("before", "안 됩니다")));
        assert_eq!(read(json!({ "rent_no": 7 })), Err(ApiError::invalid("rent_no", NOT_A_STRING.0)));
        assert_eq!(read(json!({ "rent_no": "", "before": "x" })), Err(ApiError::missing("rent_no")));
    }
}
