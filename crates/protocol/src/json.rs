//! A request's JSON as it was sent, in little memory: a batch has thousands of short texts, and none of them is an allocation.

use std::fmt;

use compact_str::CompactString;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// Any value. `Debug` shows its kind only: values are personal data.
#[derive(Clone, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(CompactString),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Object(Members),
}

/// An object's members. Of members with the same name the last counts.
#[derive(Clone, Default, PartialEq)]
pub struct Members(Vec<(CompactString, Json)>);

impl Json {
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl Members {
    /// The value of a member.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().rev().find(|(sent, _)| sent == name).map(|(_, value)| value)
    }

    /// The members that count, by their names.
    pub fn by_name(&self) -> Vec<(&str, &Json)> {
        let mut members: Vec<(&str, &Json)> =
            self.0.iter().rev().map(|(name, value)| (name.as_str(), value)).collect();
        // Of equal names the one that was sent last is the first here, and stays.
        members.sort_by_key(|(name, _)| *name);
        members.dedup_by_key(|(name, _)| *name);
        members
    }
}

impl<Name: Into<CompactString>> FromIterator<(Name, Json)> for Members {
    fn from_iter<I: IntoIterator<Item = (Name, Json)>>(members: I) -> Self {
        Self(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Bool(_) => "Bool(…)",
            Self::Number(_) => "Number(…)",
            Self::Text(_) => "Text(…)",
            Self::List(_) => "List(…)",
            Self::Object(_) => "Object(…)",
        })
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Members(…)")
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OneObject)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Json, A::Error> {
        OneObject.visit_map(members).map(Json::Object)
    }
}

struct OneObject;

impl<'de> Visitor<'de> for OneObject {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut sent: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = sent.next_entry()? {
            if members.is_empty() {
                // As many as one driver has. An empty object takes no memory.
                members.reserve_exact(8);
            }
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn members(text: &str) -> Members {
        serde_json::from_str(text).unwrap()
    }

    /// The same in the library's own form.
    fn value(json: &Json) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => (*value).into(),
            Json::Number(number) => Value::Number(number.clone()),
            Json::Text(text) => text.as_str().into(),
            Json::List(items) => items.iter().map(value).collect(),
            Json::Object(members) => {
                members.by_name().into_iter().map(|(name, member)| (name.to_owned(), value(member))).collect()
            }
        }
    }

    #[test]
    fn the_last_of_equal_names_counts() {
        let members = members(r#"{"b":1,"a":"1","a":null,"a":"2"}"#);
        assert_eq!(members.get("a").and_then(Json::as_text), Some("2"));
        assert_eq!(members.get("c"), None);
        let names: Vec<&str> = members.by_name().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(members.by_name()[0].1.as_text(), Some("2"));
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for text in ["", "null", "[]", "[1]", "\"x\"", "1", "true", "{", "{} {}", "{\"a\":}", "\u{feff}{}"] {
            assert!(serde_json::from_str::<Members>(text).is_err(), "{text}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        assert!(serde_json::from_str::<Members>(&deep).is_err(), "no stack is that deep");
    }

    #[test]
    fn debug_shows_no_value() {
        let members = members(r#"{"f_resident_name":"홍길동","a":[1],"b":true,"c":{},"d":null}"#);
        assert_eq!(format!("{members:?}"), "Members(…)");
        let kinds: Vec<String> = members.by_name().iter().map(|(_, value)| format!("{value:?}")).collect();
        assert_eq!(kinds, ["List(…)", "Bool(…)", "Object(…)", "Null", "Text(…)"]);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,40}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 40, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::hash_map("\\PC{0,30}", inner, 0..8)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_what_the_library_reads(sent in any_json()) {
            let text = sent.to_string();
            let read: Json = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(value(&read), serde_json::from_str::<Value>(&text).unwrap());
        }
    }
}
