//! Requests with an `Idempotency-Key`: recorded once, answered again and again (docs/idempotency.md).

use jiff::Timestamp;
use rims_domain::AuditAction;
use rims_domain::idempotency::is_alive;
use rims_protocol::json::{Json, Members};
use rims_protocol::values::{IdempotencyKey, LicenceNumber};
use rims_store::{
    AnswerRecord, Constraint, KeyOwner, NewAnswer, NewAudit, RequestHash, StoreError, Subject, Write,
};
use serde::Serialize;
use zeroize::Zeroizing;

use super::verify::Asked;
use super::{Principal, ServiceError, Services};

/// A request that its caller may send again, and means once.
#[derive(Clone, Debug)]
pub struct Once {
    key: IdempotencyKey,
    request: RequestHash,
}

/// What is known of a key.
pub enum Known {
    /// Nothing: the request is to be done.
    Nothing,
    /// The request was done, and answered with this body.
    Answered(Vec<u8>),
    /// The key belongs to another request.
    OtherRequest,
}

impl Services {
    /// A request under a key. The same interface and members are the same request, however they were written.
    pub fn once(&self, key: IdempotencyKey, interface: &str, members: &Members) -> Once {
        let request = self.store.request_hash(&canonical(interface, members));
        Once { key, request }
    }

    /// What the caller's key was answered in the last 24 hours, in the key's own environment. Repeating an answer needs
    /// what the first request needed, a delegation included, and is recorded in the audit trail.
    pub async fn known(
        &self,
        caller: &Principal,
        once: &Once,
        members: &Members,
    ) -> Result<Known, ServiceError> {
        let now = self.clock.now();
        let owner = KeyOwner { account: caller.account.id, environment: caller.environment };
        let record = self.store.answer(owner, &once.key).await?;
        match record.filter(|record| is_alive(record.at, now)) {
            None => Ok(Known::Nothing),
            Some(record) if record.request == once.request => {
                self.may_still_act_for(caller, record.company).await?;
                self.store.commit(Write::Audit(replayed(caller, &record, members, now))).await?;
                Ok(Known::Answered(record.body))
            }
            Some(_) => Ok(Known::OtherRequest),
        }
    }

    /// Commits what a request records; under a key its answer, too, so that a crash leaves both or neither.
    pub(super) async fn commit_once(
        &self,
        mut writes: Vec<Write>,
        asked: &Asked<'_>,
        once: Option<&Once>,
        answer: &impl Serialize,
    ) -> Result<(), ServiceError> {
        if let Some(once) = once {
            writes.push(Write::Answer(NewAnswer {
                id: self.store.next_id(asked.at),
                owner: KeyOwner { account: asked.caller, environment: asked.environment },
                company: asked.company.id,
                key: once.key.clone(),
                request: once.request,
                at: asked.at,
                body: serde_json::to_vec(answer).map_err(|_| ServiceError::Answer)?,
            }));
        }
        match self.store.commit(Write::Together(writes)).await {
            Err(StoreError::Conflict(Constraint::Unique)) if once.is_some() => {
                Err(ServiceError::AnsweredMeanwhile)
            }
            committed => Ok(committed?),
        }
    }
}

/// The events of a repeated answer: one for each driver whom it is about, or one without a subject.
fn replayed(caller: &Principal, record: &AnswerRecord, members: &Members, at: Timestamp) -> Vec<NewAudit> {
    let event = |subject| NewAudit {
        company: Some(record.company),
        subject,
        reference: record.id,
        ..caller.event(at, AuditAction::Replay)
    };
    let drivers: Vec<&Members> = match members.get("requestList") {
        Some(Json::List(items)) => items.iter().filter_map(Json::as_object).collect(),
        _ => vec![members],
    };
    let subject = |driver: &Members| {
        let sent = driver.get("f_license_no").and_then(Json::as_text)?;
        LicenceNumber::parse_wire(sent).ok().map(Subject::Licence)
    };
    drivers.into_iter().map(|driver| event(subject(driver).unwrap_or(Subject::None))).collect()
}

/// Room for the members of one driver.
const DRIVER: usize = 192;

/// The same bytes for the same request, and for no other: every value behind its kind and its length, members by name.
fn canonical(interface: &str, members: &Members) -> Zeroizing<Vec<u8>> {
    let drivers = match members.get("requestList") {
        Some(Json::List(drivers)) => drivers.len(),
        _ => 0,
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity((drivers + 1) * DRIVER));
    put(b's', interface, &mut bytes);
    put_members(members, &mut bytes);
    bytes
}

fn put_members(members: &Members, bytes: &mut Vec<u8>) {
    let members = members.by_name();
    put_length(b'{', members.len(), bytes);
    for (name, value) in members {
        put(b's', name, bytes);
        put_value(value, bytes);
    }
}

fn put_value(value: &Json, bytes: &mut Vec<u8>) {
    match value {
        Json::Null => bytes.push(b'n'),
        Json::Bool(is_true) => bytes.push(if *is_true { b't' } else { b'f' }),
        Json::Number(number) => put(b'0', &number.to_string(), bytes),
        Json::Text(text) => put(b's', text, bytes),
        Json::List(values) => {
            put_length(b'[', values.len(), bytes);
            for value in values {
                put_value(value, bytes);
            }
        }
        Json::Object(members) => put_members(members, bytes),
    }
}

fn put(kind: u8, text: &str, bytes: &mut Vec<u8>) {
    put_length(kind, text.len(), bytes);
    bytes.extend_from_slice(text.as_bytes());
}

fn put_length(kind: u8, length: usize, bytes: &mut Vec<u8>) {
    bytes.push(kind);
    bytes.extend_from_slice(&length.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Zeroizing<Vec<u8>> {
        canonical("/x", &serde_json::from_str(text).unwrap())
    }

    #[test]
    fn order_and_white_space_do_not_count_but_values_do() {
        let same = [
            r#"{"a":"1","b":[{"c":2,"d":null}]}"#,
            "{ \"b\" : [ { \"d\":null, \"c\":2 } ],\n \"a\":\"\\u0031\" }",
        ];
        assert_eq!(bytes(same[0]), bytes(same[1]));
        assert_ne!(canonical("/x", &Members::default()), canonical("/y", &Members::default()));
    }

    /// Stored hashes are of these bytes: a version that writes others would do repeated requests again.
    #[test]
    fn the_bytes_are_what_they_were() {
        let request =
            r#"{"b":[{"가":-0,"a":1.0}],"a":"x","a":null,"c":18446744073709551615,"d":[true,false]}"#;
        let written = bytes(request).escape_ascii().to_string();
        // Lengths have eight bytes.
        let expected = r"s\x02/x{\x04s\x01ans\x01b[\x01{\x02s\x01a0\x031.0s\x03\xea\xb0\x800\x04-0.0s\x01c0\x1418446744073709551615s\x01d[\x02tf";
        assert_eq!(written.replace(r"\x00", ""), expected);
        assert_eq!(bytes(request).len(), 166);
    }

    #[test]
    fn no_two_requests_share_their_bytes() {
        let requests = [
            "{}",
            r#"{"a":"1"}"#,
            r#"{"a":1}"#,
            r#"{"a":1.0}"#,
            r#"{"a":"1","b":null}"#,
            r#"{"a":"1","b":false}"#,
            r#"{"a":"1","b":true}"#,
            r#"{"a":["1"]}"#,
            r#"{"a":["1","2"]}"#,
            r#"{"a":["2","1"]}"#,
            r#"{"a":["12"]}"#,
            r#"{"a":[["1"],"2"]}"#,
            r#"{"a":{"1":"2"}}"#,
            r#"{"a":{},"b":{}}"#,
            r#"{"a":{"b":{}}}"#,
            r#"{"ab":""}"#,
            r#"{"a":"b"}"#,
        ];
        let all: std::collections::HashSet<_> = requests.iter().map(|text| bytes(text).to_vec()).collect();
        assert_eq!(all.len(), requests.len());
    }
}
