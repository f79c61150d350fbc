//! Reads a request's members in the order of the specification's table, remembering the first that is missing
//! and the first that is malformed: a missing one answers before a malformed one (docs/spec-decisions.md,
//! Validation), which derived deserialisation cannot keep.

use serde_json::{Map, Value};

use crate::ApiError;
use crate::values::Malformed;

const NOT_A_STRING: Malformed = Malformed("문자열이어야 합니다");
const NOT_AN_ARRAY: Malformed = Malformed("하나 이상의 항목을 가진 배열이어야 합니다");
const NOT_AN_OBJECT: Malformed = Malformed("객체여야 합니다");

/// The first missing and the first malformed member seen so far.
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

    fn missing(&mut self, field: impl FnOnce() -> String) {
        if self.missing.is_none() {
            self.missing = Some(ApiError::missing(field()));
        }
    }

    fn malformed(&mut self, field: impl FnOnce() -> String, rule: Malformed) {
        if self.malformed.is_none() {
            self.malformed = Some(ApiError::invalid(field(), rule.0));
        }
    }
}

/// One object's members: the request itself, or one item of `requestList`.
pub struct Fields<'a, 'f> {
    members: &'a Map<String, Value>,
    item: Option<usize>,
    faults: &'f mut Faults,
}

impl<'a, 'f> Fields<'a, 'f> {
    /// The members of the request itself.
    pub fn of_request(members: &'a Map<String, Value>, faults: &'f mut Faults) -> Self {
        Self { members, item: None, faults }
    }

    /// The members of an item of `requestList`; anything but an object is malformed.
    pub fn of_item(index: usize, item: &'a Value, faults: &'f mut Faults) -> Option<Self> {
        if let Value::Object(members) = item {
            Some(Self { members, item: Some(index), faults })
        } else {
            faults.malformed(|| format!("requestList[{index}]"), NOT_AN_OBJECT);
            None
        }
    }

    /// A required string. `None` means that a fault was noted.
    pub fn required<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, Malformed>) -> Option<T> {
        if self.is_blank(name) {
            let item = self.item;
            self.faults.missing(|| path(item, name));
            return None;
        }
        self.optional(name, parse)
    }

    /// An optional string; absent, null and blank are the same. `None` may also mean that a fault was noted.
    pub fn optional<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, Malformed>) -> Option<T> {
        if self.is_blank(name) {
            return None;
        }
        let parsed = match self.members.get(name) {
            Some(Value::String(text)) => parse(text),
            _ => Err(NOT_A_STRING),
        };
        parsed.map_err(|rule| self.malformed(name, rule)).ok()
    }

    /// A required array with at least one item.
    pub fn required_array(&mut self, name: &str) -> Option<&'a [Value]> {
        match self.members.get(name) {
            None | Some(Value::Null) => {
                let item = self.item;
                self.faults.missing(|| path(item, name));
                None
            }
            Some(Value::Array(items)) if !items.is_empty() => Some(items),
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

    fn is_blank(&self, name: &str) -> bool {
        match self.members.get(name) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.trim().is_empty(),
            Some(_) => false,
        }
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
    use serde_json::json;

    use super::*;

    fn as_sent(text: &str) -> Result<String, Malformed> {
        if text == "\0" { Err(Malformed("제어 문자입니다")) } else { Ok(text.to_owned()) }
    }

    fn refuse(_: &str) -> Result<String, Malformed> {
        Err(Malformed("안 됩니다"))
    }

    fn members(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(members) => members,
            _ => unreachable!("tests pass objects"),
        }
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
}
