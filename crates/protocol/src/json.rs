//! A request's JSON as it was sent, in little memory: a batch has thousands of short texts, and none of them is an
//! allocation. Of what the interface's table does not have nothing is kept, so that a short body never becomes much
//! memory ([`crate::messages::RequestTable`]).

use std::fmt;

use compact_str::CompactString;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use crate::messages::{LIST, RequestTable};

/// How many items of a list are kept: one more than a batch may have (§4.2.2.4), so that too many are seen as such.
const MAX_ITEMS: usize = 1_001;

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

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&Members> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }
}

impl Json {
    fn held_bytes(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => 0,
            Self::Text(text) => heap(text),
            Self::List(items) => {
                items.capacity() * size_of::<Self>() + items.iter().map(Self::held_bytes).sum::<usize>()
            }
            Self::Object(members) => members.held_bytes(),
        }
    }
}

fn heap(text: &CompactString) -> usize {
    if text.is_heap_allocated() { text.capacity() } else { 0 }
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

    /// The bytes that it takes beside its own place: what a request holds until it is answered.
    pub fn held_bytes(&self) -> usize {
        let own = self.0.capacity() * size_of::<(CompactString, Json)>();
        own + self.0.iter().map(|(name, value)| heap(name) + value.held_bytes()).sum::<usize>()
    }

    /// Of members with the same name the last counts.
    fn put(&mut self, name: CompactString, value: Json) {
        match self.0.iter_mut().find(|(sent, _)| *sent == name) {
            Some((_, before)) => *before = value,
            None => self.0.push((name, value)),
        }
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

/// Whatever was sent, for tests and tools: of a stranger's text only what an interface's table has is read
/// (`Members::of_table`).
impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OneObject(Kept::All))
    }
}

impl Members {
    /// Reads one JSON object; `None` where it is none, or where there is anything else. Only the table's members are kept,
    /// but all of the text must be JSON.
    pub(crate) fn of_table(text: &str, table: &RequestTable) -> Option<Self> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let members = reader.deserialize_map(OneObject(Kept::Of(table))).ok()?;
        reader.end().ok().map(|()| members)
    }
}

/// Which members of an object are kept.
#[derive(Clone, Copy)]
enum Kept<'t> {
    /// Every one, with whatever it is.
    All,
    /// Those of a request, with a list of items in its one place.
    Of(&'t RequestTable),
    /// Those of an item, with no value that has parts.
    Item(&'t RequestTable),
}

impl Kept<'_> {
    fn names(self) -> Option<&'static [&'static str]> {
        match self {
            Self::All => None,
            Self::Of(table) => Some(table.members),
            Self::Item(table) => Some(table.items),
        }
    }
}

/// The name of a member that is kept, else none.
struct Name<'t>(Kept<'t>);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<CompactString>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<CompactString>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        let is_kept = self.0.names().is_none_or(|names| names.contains(&name));
        Ok(is_kept.then(|| name.into()))
    }
}

/// A value, and which of its parts are kept; without parts, what kind of value it was.
#[derive(Clone, Copy)]
enum Parts<'t> {
    All,
    /// An object in it is an item.
    Items(&'t RequestTable),
    /// It is an item, if it is an object.
    Item(&'t RequestTable),
    None,
}

impl<'t> Parts<'t> {
    fn of(kept: Kept<'t>, name: &str) -> Self {
        match kept {
            Kept::All => Self::All,
            Kept::Of(table) if name == LIST => Self::Items(table),
            Kept::Of(_) | Kept::Item(_) => Self::None,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Parts<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Parts<'_> {
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
        let (of_an_item, most) = match self {
            Self::All => (Self::All, usize::MAX),
            Self::Items(table) => (Self::Item(table), MAX_ITEMS),
            Self::Item(_) | Self::None => (Self::None, 0),
        };
        let mut list = Vec::new();
        while list.len() < most {
            let Some(item) = items.next_element_seed(of_an_item)? else { return Ok(Json::List(list)) };
            list.push(item);
        }
        while items.next_element::<Skipped>()?.is_some() {}
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Json, A::Error> {
        let kept = match self {
            Self::All => Kept::All,
            Self::Item(table) => Kept::Item(table),
            Self::Items(_) | Self::None => {
                Skipped::of_members(members)?;
                return Ok(Json::Object(Members::default()));
            }
        };
        OneObject(kept).visit_map(members).map(Json::Object)
    }
}

struct OneObject<'t>(Kept<'t>);

impl<'de> Visitor<'de> for OneObject<'_> {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut sent: A) -> Result<Members, A::Error> {
        let mut members = Members::default();
        while let Some(name) = sent.next_key_seed(Name(self.0))? {
            let Some(name) = name else {
                sent.next_value::<Skipped>()?;
                continue;
            };
            if members.0.is_empty() {
                // An object without a known member takes no memory.
                members.0.reserve_exact(self.0.names().map_or(0, <[_]>::len));
            }
            let value = sent.next_value_seed(Parts::of(self.0, &name))?;
            members.put(name, value);
        }
        Ok(members)
    }
}

/// A value that is read and not kept: what is not JSON is refused all the same, which serde's `IgnoredAny` does not do for
/// every text and number.
pub(crate) struct Skipped;

impl Skipped {
    pub(crate) fn of_items<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(())
    }

    pub(crate) fn of_members<'de, A: MapAccess<'de>>(mut members: A) -> Result<(), A::Error> {
        while members.next_entry::<Self, Self>()?.is_some() {}
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Skipped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Skipped;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }

            fn visit_unit<E>(self) -> Result<Skipped, E> {
                Ok(Skipped)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Skipped, E> {
                Ok(Skipped)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Skipped, E> {
                Ok(Skipped)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Skipped, E> {
                Ok(Skipped)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Skipped, E> {
                Ok(Skipped)
            }

            fn visit_str<E>(self, _: &str) -> Result<Skipped, E> {
                Ok(Skipped)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Skipped, A::Error> {
                Skipped::of_items(items).map(|()| Skipped)
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Skipped, A::Error> {
                Skipped::of_members(members).map(|()| Skipped)
            }
        }

        deserializer.deserialize_any(Any)
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

    const TABLE: RequestTable = RequestTable { members: &["a", "b", LIST], items: &["c"] };

    fn of_table(text: &str) -> Members {
        Members::of_table(text, &TABLE).unwrap()
    }

    #[test]
    fn what_the_table_does_not_have_is_not_kept() {
        let read = of_table(
            r#"{"x":1,"b":[1],"a":{"a":1},"requestList":[{"c":"1","d":2},3,[4],{"c":{"c":1}}],"a":"2"}"#,
        );
        let expected = r#"{"b":[],"requestList":[{"c":"1"},3,[],{"c":{}}],"a":"2"}"#;
        assert_eq!(read.by_name(), members(expected).by_name());
        assert_eq!(of_table("{}"), Members::default());
    }

    #[test]
    fn what_is_not_kept_must_be_json_too() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for bad in ["1e999", r#""\ud800""#, "tru", "\"\u{1}\"", "[1", &deep] {
            for text in [
                format!(r#"{{"x":{bad}}}"#),
                format!(r#"{{"a":[{bad}]}}"#),
                format!(r#"{{"a":{{"x":{bad}}}}}"#),
                format!(r#"{{"requestList":[{{"x":{bad}}}]}}"#),
            ] {
                assert_eq!(Members::of_table(&text, &TABLE), None, "{text}");
            }
        }
        assert_eq!(Members::of_table("{} {}", &TABLE), None);
    }

    /// A mebibyte of the shortest members and items: without the table's bounds it took fifty times as much.
    #[test]
    fn a_short_text_never_becomes_much_memory() {
        let filled = |part: &str, before: &str, after: &str| {
            let parts = vec![part; (1 << 20) / (part.len() + 1)].join(",");
            of_table(&format!("{before}{parts}{after}")).held_bytes()
        };
        let of_one_item = size_of::<Json>() + size_of::<(CompactString, Json)>();
        let of_items = 2 * MAX_ITEMS * of_one_item;
        for (part, before, after) in [
            (r#""":0"#, "{", "}"),
            (r#""a":0"#, "{", "}"),
            (r#"{"":0}"#, r#"{"a":["#, "]}"),
            (r#"{"":0}"#, r#"{"requestList":["#, "]}"),
            (r#"{"c":0}"#, r#"{"requestList":["#, "]}"),
            ("[]", r#"{"requestList":["#, "]}"),
            (r#""c":[]"#, r#"{"requestList":[{"#, "}]}"),
        ] {
            let held = filled(part, before, after);
            assert!(held <= of_items, "{part}: {held} bytes");
        }
    }

    #[test]
    fn a_list_is_kept_to_one_more_than_a_batch_may_have() {
        let text = format!(r#"{{"requestList":[{}]}}"#, vec![r#"{"c":"1"}"#; 5_000].join(","));
        let read = of_table(&text);
        assert!(matches!(read.get(LIST), Some(Json::List(items)) if items.len() == 1_001));
    }

    #[test]
    fn held_bytes_are_counted() {
        assert_eq!(of_table(r#"{"x":"1"}"#).held_bytes(), 0);
        let short = of_table(r#"{"a":"1"}"#).held_bytes();
        assert_eq!(short, 3 * size_of::<(CompactString, Json)>());
        let long = of_table(&format!(r#"{{"a":"{}"}}"#, "x".repeat(1_000))).held_bytes();
        assert!((short + 1_000..short + 1_100).contains(&long), "{long}");
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
            let read: Members = serde_json::from_str(&format!("{{\"a\":{text}}}")).unwrap();
            prop_assert_eq!(read.get("a").map(value), serde_json::from_str::<Value>(&text).ok());
        }
    }
}
