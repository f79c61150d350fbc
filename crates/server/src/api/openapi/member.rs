//! A member of a request or an answer, and what its value may be, as a JSON Schema.

use rims_protocol::Sector;
use rims_protocol::values::{RemoteNumber, TEMPORARY_PLATE};
use serde_json::{Value, json};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{Object, ObjectBuilder, Ref, RefOr, Schema, Type};

use super::codes::{self, CodeList};
use super::text::{both, section};

/// A member, described once for all the tables of §4 that have it.
#[derive(Clone, Copy)]
pub(super) struct Member {
    /// 항목 Key.
    pub(super) name: &'static str,
    /// 항목명, and what there is to know of it.
    pub(super) korean: &'static str,
    /// The same in English.
    pub(super) english: &'static str,
    /// The first table that has it.
    pub(super) section: &'static str,
    /// What its value may be.
    pub(super) form: Form,
    /// A value, as JSON writes it without quotes; empty where the form has examples of its own.
    pub(super) example: &'static str,
}

/// What a value may be.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// A text of at most so many characters.
    Text(usize),
    /// The same without control and format characters.
    Identifier(usize),
    /// A plate, but not the one that stands for "not decided yet" (§4.2.3.4).
    DecidedPlate,
    /// A text that this describes from its beginning to its end.
    Like(&'static str),
    /// Any text, an empty one, too.
    Anything,
    /// A code of a table.
    Code(&'static CodeList),
    /// A number of the sector's remote verifications, as it may be sent.
    SentNumber(Sector),
    /// The same as it is answered.
    Number(Sector),
    /// An integer from 1, sent as one or as digits (§4.2.9.5).
    Count {
        /// The largest.
        most: u32,
        /// What its digits look like.
        digits: &'static str,
    },
    /// An integer that is not negative.
    Integer,
    /// A score of 0 to 100.
    Score,
    /// The same, with the levels of a table.
    Levels((&'static str, &'static str)),
}

/// A row of a table of §4: a member, and whether it is always there.
pub(super) struct Row {
    name: &'static str,
    schema: RefOr<Schema>,
    need: Need,
}

/// 필수여부.
#[derive(Clone, Copy)]
enum Need {
    Required,
    Optional,
}

/// Control and format characters (Unicode Cc, Cf, Zl, Zp) of the basic plane, as the inside of a character class: not
/// every language's expressions know the categories by name or what lies beyond.
const CONTROLS: &str = r"\u0000-\u001F\u007F-\u009F\u00AD\u0600-\u0605\u061C\u06DD\u070F\u0890\u0891\u08E2\u180E\u200B-\u200F\u2028-\u202E\u2060-\u2064\u2066-\u206F\uFEFF\uFFF9-\uFFFB";
/// `yyyymmdd`. Which months have 31 days, and what day it is, no pattern tells.
pub(super) const COMPACT_DAY: &str = "[0-9]{4}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])";

impl Member {
    /// The row of a table that requires it, or always answers it.
    pub(super) fn required(self) -> Row {
        let schema = match self.form {
            Form::Code(list) => self.named(list.component),
            Form::Levels((component, _)) => self.named(component),
            form => self.described(form.required()),
        };
        Row { name: self.name, schema, need: Need::Required }
    }

    /// The row of a request's table that can do without it: null and blank are the same as absent.
    pub(super) fn optional(self) -> Row {
        let schema = match self.form {
            Form::Code(list) => list.optional(&self.description()).into(),
            form => self.described(form.optional()),
        };
        Row { name: self.name, schema, need: Need::Optional }
    }

    /// Its schema outside of a table: a query's parameter.
    pub(super) fn schema(self) -> RefOr<Schema> {
        self.required().schema
    }

    fn named(self, component: &str) -> RefOr<Schema> {
        let mut named = Ref::from_schema_name(component);
        named.description = self.description();
        named.into()
    }

    fn described(self, schema: ObjectBuilder) -> RefOr<Schema> {
        let is_text = matches!(self.form.kind(), Type::String);
        let number = || serde_json::from_str(self.example).unwrap_or(Value::Null);
        let example = if is_text { Value::from(self.example) } else { number() };
        schema.description(Some(self.description())).examples([example]).into()
    }

    /// What it is.
    pub(super) fn description(self) -> String {
        format!("{} ({})", both(self.korean, self.english), section(self.section))
    }
}

impl Row {
    /// A member that is made of others.
    pub(super) fn part(name: &'static str, schema: impl Into<RefOr<Schema>>) -> Self {
        Self { name, schema: schema.into(), need: Need::Required }
    }
}

/// An object with the members of a table, in the table's order.
pub(super) fn object(rows: impl IntoIterator<Item = Row>) -> ObjectBuilder {
    let object = ObjectBuilder::new().schema_type(Type::Object);
    rows.into_iter().fold(object, |object, row| {
        let object = object.property(row.name, row.schema);
        match row.need {
            Need::Required => object.required(row.name),
            Need::Optional => object,
        }
    })
}

impl Form {
    fn kind(self) -> Type {
        match self {
            Self::Count { .. } | Self::Integer => Type::Integer,
            Self::Score | Self::Levels(_) => Type::Number,
            _ => Type::String,
        }
    }

    fn required(self) -> ObjectBuilder {
        let value = self.sized(ObjectBuilder::new().schema_type(self.kind()));
        match self {
            Self::Count { most, digits } => value
                .schema_type(SchemaType::from_iter([Type::Integer, Type::String]))
                .minimum(Some(1))
                .maximum(Some(most))
                .pattern(Some(format!("^{digits}$"))),
            Self::Integer => value.minimum(Some(0)),
            Self::Score | Self::Levels(_) => codes::score(),
            Self::Text(_) => value.pattern(Some(r"\S")),
            Self::Identifier(_) | Self::DecidedPlate => {
                value.pattern(Some(format!(r"^[^{CONTROLS}]*[^\s{CONTROLS}][^{CONTROLS}]*$")))
            }
            form => value.pattern(form.pattern().map(|pattern| format!("^{pattern}$"))),
        }
    }

    fn optional(self) -> ObjectBuilder {
        let value = ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null]));
        let pattern = match self {
            Self::Identifier(_) => Some(format!("[^{CONTROLS}]*")),
            form => form.pattern(),
        };
        self.sized(value).pattern(pattern.map(|pattern| format!(r"^({pattern}|\s*)$")))
    }

    /// With its longest length, and what no pattern says.
    fn sized(self, value: ObjectBuilder) -> ObjectBuilder {
        match self {
            Self::Text(most) | Self::Identifier(most) => value.max_length(Some(most)),
            // utoipa has no `not`; what it calls extensions stands beside its own keywords.
            Self::DecidedPlate => Self::PLATE
                .sized(value)
                .extensions(Some(Extensions::from_iter([("not", json!({ "enum": [TEMPORARY_PLATE] }))]))),
            _ => value,
        }
    }

    /// A vehicle's registration number (§4.2.1.4).
    pub(super) const PLATE: Self = Self::Identifier(16);

    /// What describes the whole text, where one pattern does, whether it is required or not.
    fn pattern(self) -> Option<String> {
        match self {
            Self::Like(pattern) => Some(pattern.to_owned()),
            Self::SentNumber(sector) => Some(number(&letters_read_as(sector))),
            Self::Number(sector) => Some(number(&sector.rules().number_letter.to_string())),
            _ => None,
        }
    }
}

fn number(letters: &str) -> String {
    let letter = if letters.len() == 1 { letters.to_owned() } else { format!("[{letters}]") };
    format!("{letter}[0-9]{{2}}-[0-9]{{9}}")
}

/// The sector's own letter, and any other that is read as it (§4.1.3.3).
fn letters_read_as(sector: Sector) -> String {
    let is_read = |letter: &char| {
        RemoteNumber::parse(&format!("{letter}25-000000001")).is_some_and(|number| number.sector() == sector)
    };
    ('A'..='Z').filter(is_read).collect()
}

/// An object that may be null.
pub(super) fn or_null(mut object: Object) -> Object {
    object.schema_type = SchemaType::from_iter([Type::Object, Type::Null]);
    object
}
