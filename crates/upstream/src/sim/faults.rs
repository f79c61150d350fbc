use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use rims_protocol::codes::{KnownProcessing, ProcessingCode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The faults that are switched on, as `GET`/`PUT /sandbox/faults` shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// Of the simulated KOROAD.
    pub koroad: Option<KoroadFault>,
    /// Of the simulated vehicle registry.
    pub vehicles: Option<VehicleFault>,
    /// How long every answer is held back, in milliseconds.
    pub latency_ms: u64,
}

/// What is wrong with the simulated KOROAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KoroadFault {
    /// Its port is closed.
    Unreachable,
    /// It answers status 200 and nonsense.
    Garbage,
    /// It never answers.
    Hang,
    /// It refuses every check with this code of table 5.3.
    #[serde(rename = "f_rtn_cd", serialize_with = "write_code", deserialize_with = "read_code")]
    Refused(KnownProcessing),
}

/// What is wrong with the simulated vehicle registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VehicleFault {
    /// Its port is closed.
    Unreachable,
}

/// A change of [`Faults`]: what is `None` here keeps its value. In JSON, a member left out; `null` there
/// lifts a fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultsPatch {
    /// KOROAD's fault, or none.
    #[serde(default, deserialize_with = "present")]
    pub koroad: Option<Option<KoroadFault>>,
    /// The vehicle registry's fault, or none.
    #[serde(default, deserialize_with = "present")]
    pub vehicles: Option<Option<VehicleFault>>,
    /// The latency in milliseconds.
    #[serde(default, deserialize_with = "latency")]
    pub latency_ms: Option<u64>,
}

impl FaultsPatch {
    /// Lifts every fault.
    pub fn none() -> Self {
        Self { koroad: Some(None), vehicles: Some(None), latency_ms: Some(0) }
    }
}

/// The longest latency: a minute is longer than anyone waits.
const MAX_LATENCY_MS: u64 = 60_000;

fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn latency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    match u64::deserialize(deserializer)? {
        latency if latency <= MAX_LATENCY_MS => Ok(Some(latency)),
        _ => Err(serde::de::Error::custom("latency_ms must be at most 60000")),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn write_code<S: Serializer>(code: &KnownProcessing, serializer: S) -> Result<S::Ok, S::Error> {
    ProcessingCode::from(*code).serialize(serializer)
}

fn read_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<KnownProcessing, D::Error> {
    let text = String::deserialize(deserializer)?;
    ProcessingCode::parse(&text)
        .filter(|code| !code.is_done())
        .and_then(ProcessingCode::known)
        .ok_or_else(|| serde::de::Error::custom("f_rtn_cd must be a code of table 5.3 other than 0"))
}

/// The faults as the simulators read them.
#[derive(Default)]
pub(super) struct SharedFaults(RwLock<Faults>);

impl SharedFaults {
    pub(super) fn get(&self) -> Faults {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn latency(&self) -> Duration {
        Duration::from_millis(self.get().latency_ms)
    }

    pub(super) fn apply(&self, patch: FaultsPatch) -> Faults {
        let mut faults = self.0.write().unwrap_or_else(PoisonError::into_inner);
        faults.koroad = patch.koroad.unwrap_or(faults.koroad);
        faults.vehicles = patch.vehicles.unwrap_or(faults.vehicles);
        faults.latency_ms = patch.latency_ms.unwrap_or(faults.latency_ms);
        *faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(text: &str) -> Result<FaultsPatch, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn absent_members_are_kept_and_null_lifts() {
        let faults = SharedFaults::default();
        faults.apply(patch(r#"{"koroad":"hang","latency_ms":5}"#).unwrap());
        let shown = faults.apply(patch(r#"{"vehicles":"unreachable"}"#).unwrap());
        let text = serde_json::to_string(&shown).unwrap();
        assert_eq!(text, r#"{"koroad":"hang","vehicles":"unreachable","latency_ms":5}"#);
        assert_eq!(faults.apply(patch(r#"{"koroad":null}"#).unwrap()).koroad, None);
        assert_eq!(faults.get().vehicles, Some(VehicleFault::Unreachable));
        assert_eq!(faults.apply(FaultsPatch::none()), Faults::default());
    }

    #[test]
    fn codes_are_those_of_table_5_3() {
        let koroad = patch(r#"{"koroad":{"f_rtn_cd":"98"}}"#).unwrap().koroad;
        assert_eq!(koroad, Some(Some(KoroadFault::Refused(KnownProcessing::PoliceDown))));
        assert_eq!(serde_json::to_string(&koroad).unwrap(), r#"{"f_rtn_cd":"98"}"#);
        for text in [
            r#"{"koroad":{"f_rtn_cd":"0"}}"#,
            r#"{"koroad":{"f_rtn_cd":"5"}}"#,
            r#"{"koroad":{"f_rtn_cd":98}}"#,
            r#"{"koroad":{"f_rtn_cd":"98","more":1}}"#,
            r#"{"koroad":"slow"}"#,
            r#"{"vehicles":"hang"}"#,
            r#"{"latency_ms":-1}"#,
            r#"{"latency_ms":60001}"#,
            r#"{"latency_ms":null}"#,
            r#"{"kroad":null}"#,
        ] {
            assert!(patch(text).is_err(), "{text}");
        }
    }
}
