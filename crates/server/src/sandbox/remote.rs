//! `POST /sandbox/remote-verifications/{number}`: completes a 비대면 verification as if the driver had finished it
//! on the phone.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use rims_protocol::codes::{LicenceClass, PhotoCheck, PhotoCode};
use rims_protocol::values::{LicenceNumber, Malformed, PersonName, RemoteNumber, Score};
use serde::Deserialize;
use serde_json::json;

use super::control::{Control, Refused, read};
use crate::service::remote::{Attempt, AttemptError};

/// What the driver showed; the engines' opinions have defaults.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    f_license_no: String,
    f_resident_name: String,
    f_licn_con_code: String,
    #[serde(default = "certain")]
    face_similarity: f64,
    #[serde(default = "certain")]
    face_liveness: f64,
    #[serde(default = "original")]
    original_reliability: f64,
    police_lcns_vrfc_cd: Option<String>,
}

fn certain() -> f64 {
    99.0
}

fn original() -> f64 {
    90.0
}

pub(super) async fn complete(
    State(control): State<Control>,
    Path(number): Path<String>,
    body: Bytes,
) -> Result<Response, Refused> {
    let unknown = || Refused::Unknown(format!("no number {number}"));
    let attempt = attempt(&read(&body)?)?;
    let parsed = RemoteNumber::parse(&number).ok_or_else(unknown)?;
    let at = control.services.clock().now();
    match control.services.attempt_remote(parsed, attempt, at).await {
        Ok(()) => Ok(Json(json!({ "number": parsed.to_string() })).into_response()),
        // The result interface passes the refusal on; the driver's attempt is over.
        Err(AttemptError::Refused(code, message)) => {
            let refused = json!({ "number": parsed.to_string(), "f_rtn_cd": code, "f_rtn_msg": message });
            Ok(Json(refused).into_response())
        }
        Err(AttemptError::NoSuchNumber) => Err(unknown()),
        Err(AttemptError::Closed(closed)) => Err(Refused::Conflict(closed.to_string())),
        Err(AttemptError::Service(error)) => Err(Refused::Failed(error.to_string())),
    }
}

fn attempt(shown: &Shown) -> Result<Attempt, Refused> {
    let score = |name: &str, score: f64| {
        Score::new(score).ok_or_else(|| Refused::Input(format!("{name}: a number from 0 to 100")))
    };
    let class = LicenceClass::from_code(shown.f_licn_con_code.as_str());
    let photo = match &shown.police_lcns_vrfc_cd {
        Some(code) => PhotoCode::parse(code),
        None => Some(PhotoCheck::Genuine.into()),
    };
    Ok(Attempt {
        licence_number: LicenceNumber::parse_wire(&shown.f_license_no)
            .map_err(|rule| input("f_license_no", rule))?,
        name: PersonName::parse(&shown.f_resident_name).map_err(|rule| input("f_resident_name", rule))?,
        class: class.ok_or_else(|| Refused::Input("f_licn_con_code: no code of table 5.4".to_owned()))?,
        similarity: score("face_similarity", shown.face_similarity)?,
        liveness: score("face_liveness", shown.face_liveness)?,
        originality: score("original_reliability", shown.original_reliability)?,
        photo: photo
            .ok_or_else(|| Refused::Input("police_lcns_vrfc_cd: no code of a photo check".to_owned()))?,
    })
}

fn input(name: &str, rule: Malformed) -> Refused {
    Refused::Input(format!("{name}: {}", rule.0))
}
