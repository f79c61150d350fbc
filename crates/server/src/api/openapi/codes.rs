//! The code tables as schemas: the enumerations of §5, and the few that stand in a table of §4.

use rims_protocol::codes::{
    ApiTypeGroup, CodeRow, HistoryKind, OneWay, RentalStatus, ResponseCode, VehicleIdentity, tables,
};
use serde_json::Value;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{Object, ObjectBuilder, Type};

use super::text::{both, section};

/// The codes a member may have.
pub(super) struct CodeList {
    /// Its name among the components.
    pub(super) component: &'static str,
    /// The section of its table.
    section: &'static str,
    codes: Codes,
    /// What codes look like that are newer than the table and passed on all the same.
    newer: Option<&'static str>,
    /// The code that an absent member stands for.
    default: Option<&'static str>,
}

enum Codes {
    /// All rows of a table of §5.
    Table,
    /// The rows of a table of §5 with these codes.
    Part(fn(&str) -> bool),
    /// Codes that a table of §4 lists beside its member.
    Listed { korean: &'static str, english: &'static str, rows: fn() -> Vec<CodeRow> },
}

const fn of_table(component: &'static str, section: &'static str) -> CodeList {
    CodeList { component, section, codes: Codes::Table, newer: None, default: None }
}

const fn part(component: &'static str, section: &'static str, has: fn(&str) -> bool) -> CodeList {
    CodeList { codes: Codes::Part(has), ..of_table(component, section) }
}

const fn listed(
    component: &'static str,
    section: &'static str,
    (korean, english): (&'static str, &'static str),
    rows: fn() -> Vec<CodeRow>,
) -> CodeList {
    CodeList { codes: Codes::Listed { korean, english, rows }, ..of_table(component, section) }
}

/// Those that an answer has, or a request must have. An optional one is written out where it stands, with the blank
/// that stands for none.
static COMPONENTS: [&CodeList; 15] = [
    &LICENCE_STATUS,
    &DONE,
    &REFUSAL,
    &LICENCE_CLASS,
    &ACCOUNT_STATUS,
    &APPROVAL,
    &RECURRENCE,
    &PHOTO_CHECK,
    &RENTAL_STATUS,
    &VEHICLE_IDENTITY,
    &REPEAT_STATUS,
    &LICENCE_KIND,
    &REGISTERED,
    &UNREGISTERED,
    &GRANT_TYPE,
];

/// The code tables as named schemas.
pub(super) fn components() -> impl Iterator<Item = (&'static str, Object)> {
    let lists = COMPONENTS.iter().map(|list| (list.component, list.required()));
    let levels = [FACE_SIMILARITY, FACE_LIVENESS].map(|(component, section)| (component, levels(section)));
    lists.chain(levels).chain([(RESPONSE_CODE, response_code())])
}

impl CodeList {
    /// A code.
    fn required(&self) -> Object {
        let (title, rows) = self.table();
        let code = ObjectBuilder::new().schema_type(Type::String);
        let described = code.description(Some(format!("{title}{}", list(&rows))));
        match self.newer {
            None => described.enum_values(Some(codes(&rows))),
            Some(pattern) => described
                .description(Some(format!("{title}{}\n\n{NEWER}", list(&rows))))
                .pattern(Some(pattern))
                .examples(codes(&rows)),
        }
        .build()
    }

    /// A code, or nothing: absent, null or empty.
    pub(super) fn optional(&self, description: &str) -> ObjectBuilder {
        let (title, rows) = self.table();
        let description = match self.codes {
            Codes::Listed { .. } => description.to_owned(),
            _ => format!("{description}\n\n{title}"),
        };
        let nothing = [Value::from(""), Value::Null];
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .description(Some(format!("{description}{}", list(&rows))))
            .enum_values(Some(codes(&rows).into_iter().chain(nothing)))
            .default(self.default.map(Value::from))
    }

    fn table(&self) -> (String, Vec<CodeRow>) {
        let title = |korean, english| format!("{} ({})", both(korean, english), section(self.section));
        if let Codes::Listed { korean, english, rows } = &self.codes {
            return (title(korean, english), rows());
        }
        let Some(mut table) = tables().into_iter().find(|table| table.section == self.section) else {
            return (title("", ""), Vec::new());
        };
        if let Codes::Part(has) = self.codes {
            table.rows.retain(|row| has(&row.code));
        }
        (title(table.korean, table.english), table.rows)
    }

    const fn or_newer(self, pattern: &'static str) -> Self {
        Self { newer: Some(pattern), ..self }
    }

    const fn by_default(self, code: &'static str) -> Self {
        Self { default: Some(code), ..self }
    }
}

pub(super) static LICENCE_STATUS: CodeList = of_table("LicenceStatus", "5.2").or_newer("^[0-9]{2}$");
pub(super) static DONE: CodeList = part("ProcessingDone", "5.3", |code| code == "0");
pub(super) static REFUSAL: CodeList =
    part("ProcessingRefusal", "5.3", |code| code != "0").or_newer("^[1-9][0-9]{0,2}$");
pub(super) static LICENCE_CLASS: CodeList = of_table("LicenceClass", "5.4");
pub(super) static ACCOUNT_STATUS: CodeList = of_table("AccountStatus", "5.6");
pub(super) static APPROVAL: CodeList = of_table("Approval", "5.7");
pub(super) static RECURRENCE: CodeList = of_table("Recurrence", "5.10");
pub(super) static PHOTO_CHECK: CodeList = of_table("PhotoCheck", "5.11").or_newer("^(0|-?[1-9][0-9]{0,2})$");

pub(super) static SINGLE_TYPE: CodeList =
    part("SingleApiType", "5.12", |code| ApiTypeGroup::Single.parse(code).is_some())
        .by_default(ApiTypeGroup::Single.default_type().code());
pub(super) static BATCH_TYPE: CodeList =
    part("BatchApiType", "5.12", |code| ApiTypeGroup::Batch.parse(code).is_some())
        .by_default(ApiTypeGroup::Batch.default_type().code());
pub(super) static NUMBER_TYPE: CodeList =
    part("NumberApiType", "5.12", |code| ApiTypeGroup::Number.parse(code).is_some())
        .by_default(ApiTypeGroup::Number.default_type().code());

pub(super) static RENTAL_SEARCH: CodeList =
    part("RentalSearch", "5.13", |code| HistoryKind::Rentals.parse(code).is_some())
        .by_default(HistoryKind::Rentals.default_search().code());
pub(super) static SCHEDULE_SEARCH: CodeList =
    part("ScheduleSearch", "5.13", |code| HistoryKind::Schedules.parse(code).is_some())
        .by_default(HistoryKind::Schedules.default_search().code());

pub(super) static ONE_WAY: CodeList = listed("OneWay", "4.2.3.4", ("편도 여부", "one way"), OneWay::rows);
pub(super) static RENTAL_STATUS: CodeList =
    listed("RentalStatus", "4.2.8.6.1", ("대여상태코드", "what became of a rental"), RentalStatus::rows);
pub(super) static VEHICLE_IDENTITY: CodeList =
    listed("VehicleIdentity", "4.2.1.6.2", ("차량확인코드", "vehicle's identity"), VehicleIdentity::rows);
pub(super) static REPEAT_STATUS: CodeList =
    listed("RepeatStatus", "4.2.4.6.2", ("예약결과상태", "what became of the reservation"), || {
        vec![
            CodeRow::new("success", "성공", "the driver is eligible now and the reservation is stored"),
            CodeRow::new("failed", "실패", "there is no reservation"),
        ]
    });
pub(super) static LICENCE_KIND: CodeList =
    listed("LicenceKind", "4.2.8.6.1", ("면허종류", "kind of licence"), || {
        vec![CodeRow::new("일반면허", "일반", "regular"), CodeRow::new("임시면허", "임시", "temporary")]
    });
pub(super) static REGISTERED: CodeList = listed("Registered", "4.1.2.5", ("등록", "registered"), || {
    vec![CodeRow::new("registered", "등록", "yes")]
});
pub(super) static UNREGISTERED: CodeList =
    listed("Unregistered", "4.1.2.5", ("미등록", "not registered"), || {
        vec![CodeRow::new("unregistered", "미등록", "no")]
    });
pub(super) static GRANT_TYPE: CodeList =
    listed("GrantType", "4.1.1.2", ("인증 방식", "kind of grant"), || {
        vec![CodeRow::new("password", "인증키", "the auth key")]
    });

const NEWER: &str = "표에 없는 새 코드도 그대로 전달한다 · A code newer than the table is passed on.";

fn codes(rows: &[CodeRow]) -> Vec<Value> {
    rows.iter().map(|row| Value::from(row.code.as_str())).collect()
}

/// The rows as a list in Markdown.
fn list(rows: &[CodeRow]) -> String {
    let line = |row: &CodeRow| format!("- `{}` {}", row.code, both(&row.korean, &row.english));
    let lines: Vec<String> = rows.iter().map(line).collect();
    format!("\n\n{}", lines.join("\n"))
}

/// Table 5.9 as a named schema.
pub(super) const FACE_SIMILARITY: (&str, &str) = ("FaceSimilarity", "5.9");
/// Table 5.8 as a named schema.
pub(super) const FACE_LIVENESS: (&str, &str) = ("FaceLiveness", "5.8");

/// A score of 0 to 100, with the levels it reaches.
fn levels(name: &'static str) -> Object {
    let (title, rows) = of_table("", name).table();
    score().description(Some(format!("{title}{}", list(&rows)))).build()
}

/// A score of 0 to 100.
pub(super) fn score() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0)).maximum(Some(100))
}

/// The name of table 5.1 among the components.
pub(super) const RESPONSE_CODE: &str = "ResponseCode";

/// `respCode`: the one code that is a number.
fn response_code() -> Object {
    let (title, rows) = of_table(RESPONSE_CODE, "5.1").table();
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .description(Some(format!("{title}{}", list(&rows))))
        .enum_values(Some(ResponseCode::ALL.iter().map(|code| code.code())))
        .build()
}
