//! Requests with an `Idempotency-Key`: recorded once, answered again and again (docs/idempotency.md).

use jiff::Timestamp;
use rims_domain::idempotency::is_alive;
use rims_protocol::values::IdempotencyKey;
use rims_store::{Constraint, NewAnswer, RequestHash, StoreError, Write};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Caller, ServiceError, Services};

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
    pub fn once(&self, key: IdempotencyKey, interface: &str, members: &Map<String, Value>) -> Once {
        let request = self.store.request_hash(interface, &canonical(members));
        Once { key, request }
    }

    /// What the caller's key was answered in the last 24 hours.
    pub async fn known(&self, caller: &Caller, once: &Once) -> Result<Known, ServiceError> {
        let record = self.store.answer(caller.account.id, &once.key).await?;
        Ok(match record.filter(|record| is_alive(record.at, self.clock.now())) {
            None => Known::Nothing,
            Some(record) if record.request == once.request => Known::Answered(record.body),
            Some(_) => Known::OtherRequest,
        })
    }

    /// Commits what a request records; under a key its answer, too, so that a crash leaves both or neither.
    pub(super) async fn commit_once(
        &self,
        mut writes: Vec<Write>,
        (caller, once): (&Caller, Option<&Once>),
        at: Timestamp,
        answer: &impl Serialize,
    ) -> Result<(), ServiceError> {
        if let Some(once) = once {
            writes.push(Write::Answer(NewAnswer {
                id: self.store.next_id(at),
                account: caller.account.id,
                key: once.key.clone(),
                request: once.request,
                at,
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

/// One text for one request: members by name, without white space.
fn canonical(members: &Map<String, Value>) -> String {
    let mut names: Vec<&String> = members.keys().collect();
    names.sort_unstable();
    names.into_iter().fold(String::new(), |mut text, name| {
        text.push_str(&Value::from(name.as_str()).to_string());
        text.push(':');
        text.push_str(&members[name].to_string());
        text.push('\n');
        text
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn order_and_white_space_do_not_count_but_values_do() {
        let text = |text: &str| {
            let value: Value = serde_json::from_str(text).unwrap();
            canonical(value.as_object().unwrap())
        };
        assert_eq!(text(r#"{"a":"1","b":2}"#), text("{ \"b\" : 2,\n \"a\":\"1\" }"));
        assert_ne!(text(r#"{"a":"1"}"#), text(r#"{"a":1}"#));
        assert_ne!(text(r#"{"a":"1"}"#), text(r#"{"a":"1","b":null}"#));
        assert_eq!(canonical(json!({}).as_object().unwrap()), "");
    }
}
