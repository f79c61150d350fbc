use jiff::Timestamp;
use rims_domain::calendar::in_seoul;
use rims_domain::{AccountId, Environment};
use rims_protocol::codes::{ProcessingCode, ResultCode};
use rims_protocol::values::{NumberKind, RecheckReference, RemoteNumber, UserId};
use rims_store::NewMessage;
use serde_json::{Value, json};

/// What a company is told. It names numbers and codes, no person and no vehicle; the rest is asked for with the
/// number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A remote verification has its result.
    RemoteVerificationFinished {
        /// Its rental or verification number.
        number: RemoteNumber,
        /// The company it belongs to.
        user_id: UserId,
        /// How it ended.
        outcome: Outcome,
    },
    /// The licence of a reservation is no longer what it was at the last check.
    ReservationChanged {
        /// The reservation's number.
        rent_no: RemoteNumber,
        /// The company it belongs to.
        user_id: UserId,
        /// The code before.
        previous: ResultCode,
        /// The code now.
        current: ResultCode,
    },
    /// A pending rental was confirmed.
    RentalConfirmed {
        /// The rental's number.
        rent_no: RemoteNumber,
        /// The company it belongs to.
        user_id: UserId,
    },
    /// A check that KOROAD had not answered was made again.
    VerificationRechecked {
        /// The caller's own name for its request.
        reference: RecheckReference,
        /// The driver's place in that request, from 0.
        item: u16,
        /// Whether a development or an operations key asked.
        environment: Environment,
        /// The company it belongs to.
        user_id: UserId,
        /// What became of it.
        outcome: Rechecked,
    },
    /// A rental was cancelled.
    RentalCancelled {
        /// The rental's number.
        rent_no: RemoteNumber,
        /// The company it belongs to.
        user_id: UserId,
    },
}

/// `type`: what happened, by which endpoints choose what they are told (docs/webhooks.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A remote verification has its result.
    RemoteVerificationFinished,
    /// The licence of a reservation is no longer what it was at the last check.
    ReservationChanged,
    /// A pending rental was confirmed.
    RentalConfirmed,
    /// A rental was cancelled.
    RentalCancelled,
    /// A check that KOROAD had not answered was made again.
    VerificationRechecked,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::RemoteVerificationFinished,
        Self::ReservationChanged,
        Self::RentalConfirmed,
        Self::RentalCancelled,
        Self::VerificationRechecked,
    ];

    /// How it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RemoteVerificationFinished => "remote_verification.finished",
            Self::ReservationChanged => "reservation.changed",
            Self::RentalConfirmed => "rental.confirmed",
            Self::RentalCancelled => "rental.cancelled",
            Self::VerificationRechecked => "verification.rechecked",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What became of a check that was made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rechecked {
    /// The licence's status, `f_rtn_code` (table 5.2).
    Licence(ResultCode),
    /// KOROAD refused the request: `f_rtn_cd` (table 5.3).
    Refused(ProcessingCode),
    /// KOROAD was away for too long, or the days asked about are over.
    GivenUp,
}

impl Rechecked {
    /// The value of the metrics' label `outcome`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Licence(_) => "answered",
            Self::Refused(_) => "refused",
            Self::GivenUp => "given_up",
        }
    }
}

/// How a remote verification ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The licence's status, `f_rtn_code` (table 5.2).
    Licence(ResultCode),
    /// KOROAD refused the request: `f_rtn_cd` (table 5.3).
    Refused(ProcessingCode),
}

impl Event {
    /// What happened.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::RemoteVerificationFinished { .. } => EventKind::RemoteVerificationFinished,
            Self::ReservationChanged { .. } => EventKind::ReservationChanged,
            Self::RentalConfirmed { .. } => EventKind::RentalConfirmed,
            Self::RentalCancelled { .. } => EventKind::RentalCancelled,
            Self::VerificationRechecked { .. } => EventKind::VerificationRechecked,
        }
    }

    /// The body of its deliveries; `at` is when it happened.
    pub fn to_json(&self, at: Timestamp) -> String {
        let timestamp = in_seoul(at).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string();
        json!({ "type": self.kind().name(), "timestamp": timestamp, "data": self.data() }).to_string()
    }

    /// What is written to tell the company (`Write::Tell`), in the transaction of what happened.
    pub fn message(&self, id: i64, company: AccountId, at: Timestamp) -> NewMessage {
        let environment = self.environment();
        NewMessage { id, company, environment, at, kind: self.kind().name(), body: self.to_json(at) }
    }

    /// Only verifications can be development's: everything else is of interfaces that need an operations key (§3.5.1).
    fn environment(&self) -> Environment {
        match self {
            Self::VerificationRechecked { environment, .. } => *environment,
            Self::RemoteVerificationFinished { .. }
            | Self::ReservationChanged { .. }
            | Self::RentalConfirmed { .. }
            | Self::RentalCancelled { .. } => Environment::Operations,
        }
    }

    fn data(&self) -> Value {
        match self {
            Self::RemoteVerificationFinished { number, user_id, outcome } => {
                let mut data =
                    json!({ (number_name(*number)): number.to_string(), "user_id": user_id.as_str() });
                match outcome {
                    Outcome::Licence(code) => data["f_rtn_code"] = json!(code),
                    Outcome::Refused(code) => data["f_rtn_cd"] = json!(code),
                }
                data
            }
            Self::ReservationChanged { rent_no, user_id, previous, current } => json!({
                "rent_no": rent_no.to_string(),
                "user_id": user_id.as_str(),
                "previous_f_rtn_code": previous,
                "f_rtn_code": current,
            }),
            Self::VerificationRechecked { reference, item, environment, user_id, outcome } => {
                let mut data = json!({
                    "reference": reference.as_str(),
                    "item": item,
                    "environment": environment_name(*environment),
                    "user_id": user_id.as_str(),
                });
                match outcome {
                    Rechecked::Licence(code) => data["f_rtn_code"] = json!(code),
                    Rechecked::Refused(code) => data["f_rtn_cd"] = json!(code),
                    Rechecked::GivenUp => data["given_up"] = json!(true),
                }
                data
            }
            Self::RentalConfirmed { rent_no, user_id } | Self::RentalCancelled { rent_no, user_id } => {
                json!({ "rent_no": rent_no.to_string(), "user_id": user_id.as_str() })
            }
        }
    }
}

fn environment_name(environment: Environment) -> &'static str {
    match environment {
        Environment::Development => "development",
        Environment::Operations => "operations",
    }
}

fn number_name(number: RemoteNumber) -> &'static str {
    match number.kind() {
        NumberKind::Rental => "rent_no",
        NumberKind::Verification => "vrfc_no",
    }
}

#[cfg(test)]
mod tests {
    use rims_protocol::codes::{KnownProcessing, LicenceStatus};

    use super::*;

    fn number(text: &str) -> RemoteNumber {
        RemoteNumber::parse(text).unwrap()
    }

    fn user_id() -> UserId {
        UserId::parse("s01").unwrap()
    }

    fn json(event: &Event) -> String {
        event.to_json("2025-12-31T15:00:00.0079Z".parse().unwrap())
    }

    fn finished(text: &str, outcome: Outcome) -> String {
        json(&Event::RemoteVerificationFinished { number: number(text), user_id: user_id(), outcome })
    }

    #[test]
    fn remote_verifications() {
        let valid = Outcome::Licence(LicenceStatus::Valid.into());
        assert_eq!(
            finished("R25-000000843", valid),
            r#"{"data":{"f_rtn_code":"00","rent_no":"R25-000000843","user_id":"s01"},"timestamp":"2026-01-01T00:00:00.007+09:00","type":"remote_verification.finished"}"#
        );
        let refused = Outcome::Refused(KnownProcessing::TokenExpired.into());
        assert_eq!(
            finished("V25-000000293", refused),
            r#"{"data":{"f_rtn_cd":"4","user_id":"s01","vrfc_no":"V25-000000293"},"timestamp":"2026-01-01T00:00:00.007+09:00","type":"remote_verification.finished"}"#
        );
        for (number, name) in [("P25-000000001", "rent_no"), ("D25-000000001", "vrfc_no")] {
            assert!(finished(number, valid).contains(&format!(r#""{name}":"{number}""#)), "{number}");
        }
    }

    #[test]
    fn reservations() {
        let event = Event::ReservationChanged {
            rent_no: number("R25-000000843"),
            user_id: user_id(),
            previous: LicenceStatus::Valid.into(),
            current: LicenceStatus::Suspended.into(),
        };
        assert_eq!(
            json(&event),
            r#"{"data":{"f_rtn_code":"12","previous_f_rtn_code":"00","rent_no":"R25-000000843","user_id":"s01"},"timestamp":"2026-01-01T00:00:00.007+09:00","type":"reservation.changed"}"#
        );
    }

    #[test]
    fn rentals() {
        let (rent_no, user_id) = (number("R25-000000843"), user_id());
        let confirmed = Event::RentalConfirmed { rent_no, user_id: user_id.clone() };
        assert_eq!(
            json(&confirmed),
            r#"{"data":{"rent_no":"R25-000000843","user_id":"s01"},"timestamp":"2026-01-01T00:00:00.007+09:00","type":"rental.confirmed"}"#
        );
        assert_eq!(
            json(&Event::RentalCancelled { rent_no, user_id }),
            r#"{"data":{"rent_no":"R25-000000843","user_id":"s01"},"timestamp":"2026-01-01T00:00:00.007+09:00","type":"rental.cancelled"}"#
        );
    }
    #[test]
    fn a_message_is_the_event_with_its_kind() {
        let at = "2025-12-31T15:00:00Z".parse().unwrap();
        let event = Event::RentalConfirmed { rent_no: number("R25-000000843"), user_id: user_id() };
        let message = event.message(7, AccountId(3), at);
        assert_eq!((message.id, message.company, message.at), (7, AccountId(3), at));
        assert_eq!((message.kind, message.body), ("rental.confirmed", event.to_json(at)));
    }
}
