//! Webhooks of the sandbox's companies: registered, listed, removed, and sent an example.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use rims_domain::Environment;
use rims_domain::calendar::in_seoul;
use rims_protocol::Sector;
use rims_protocol::codes::LicenceStatus;
use rims_protocol::values::{RecheckReference, RemoteNumber, UserId};
use rims_store::{EndpointRecord, StoreError, Write};
use serde::Deserialize;
use serde_json::{Value, json};

use super::control::{Control, Refused, read};
use crate::service::administration::{Administration, AdministrationError};
use crate::webhook::{Event, EventKind, Outcome, Reach, Rechecked, WebhookUrl};

/// `POST /sandbox/webhooks`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    user_id: String,
    url: String,
    events: Option<Vec<String>>,
}

/// `POST /sandbox/events`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    user_id: String,
    #[serde(rename = "type")]
    kind: String,
}

/// An enabled webhook and whose it is.
struct Registered {
    user_id: UserId,
    endpoint: EndpointRecord,
}

/// Tells an account's company at an address, which may be this machine's.
pub(super) async fn add(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    let Registration { user_id, url, events } = read(&body)?;
    let user_id = user(&user_id)?;
    let url = WebhookUrl::parse(&url).map_err(|error| Refused::Input(format!("url: {error}")))?;
    let events = events.unwrap_or_default();
    let events = events.iter().map(|name| kind("events", name)).collect::<Result<Vec<_>, _>>()?;
    let added = administration(&control).add_webhook(&user_id, &url, &events, Reach::Anywhere).await;
    let webhook = added.map_err(refused)?;
    let secret = webhook.secret.expose();
    // A number of 64 bits, which JavaScript would round.
    Ok(Json(json!({ "id": webhook.id.to_string(), "secret": secret.as_str() })).into_response())
}

/// Those that are told something now.
pub(super) async fn list(State(control): State<Control>) -> Result<Response, Refused> {
    let all = registered(&control).await.map_err(failed)?;
    Ok(Json(all.iter().map(shown).collect::<Vec<_>>()).into_response())
}

/// Sends nothing more there.
pub(super) async fn remove(
    State(control): State<Control>,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let all = registered(&control).await.map_err(failed)?;
    let found = all.into_iter().find(|one| one.endpoint.id.to_string() == id);
    let found = found.ok_or_else(|| Refused::Unknown(format!("no webhook {id}")))?;
    let disabled = administration(&control).disable_webhook(&found.user_id, found.endpoint.id).await;
    disabled.map_err(refused)?;
    Ok(Json(shown(&found)).into_response())
}

/// Tells a company an example of an event, by the same way as a real one.
pub(super) async fn send_example(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    let Wanted { user_id, kind: name } = read(&body)?;
    let (user_id, kind) = (user(&user_id)?, kind("type", &name)?);
    let (store, now) = (control.services.store(), control.services.clock().now());
    let account = store.account_by_user_id(user_id.as_str()).await.map_err(failed)?;
    let account = account.ok_or_else(|| Refused::Unknown(format!("no user {user_id}")))?;
    let year = u8::try_from(in_seoul(now).year().rem_euclid(100)).unwrap_or_default();
    let event = example(kind, user_id, year).ok_or_else(|| Refused::Failed("no example".to_owned()))?;
    let message = event.message(store.next_id(now), account.id, now);
    let told: Value =
        serde_json::from_str(&message.body).map_err(|error| Refused::Failed(error.to_string()))?;
    store.commit(Write::Tell(message)).await.map_err(failed)?;
    Ok(Json(told).into_response())
}

/// Of the specification's own numbers, in the present year; none where a year has no such number.
fn example(kind: EventKind, user_id: UserId, year: u8) -> Option<Event> {
    let (valid, suspended) = (LicenceStatus::Valid.into(), LicenceStatus::Suspended.into());
    let rent_no = RemoteNumber::new(Sector::Rental, year, 843)?;
    Some(match kind {
        EventKind::RemoteVerificationFinished => {
            Event::RemoteVerificationFinished { number: rent_no, user_id, outcome: Outcome::Licence(valid) }
        }
        EventKind::ReservationChanged => {
            Event::ReservationChanged { rent_no, user_id, previous: valid, current: suspended }
        }
        EventKind::RentalConfirmed => Event::RentalConfirmed { rent_no, user_id },
        EventKind::RentalCancelled => Event::RentalCancelled { rent_no, user_id },
        EventKind::VerificationRechecked => Event::VerificationRechecked {
            reference: RecheckReference::parse("example").ok()?,
            item: 0,
            environment: Environment::Operations,
            user_id,
            outcome: Rechecked::Licence(valid),
        },
    })
}

async fn registered(control: &Control) -> Result<Vec<Registered>, StoreError> {
    let store = control.services.store();
    let mut all = Vec::new();
    for account in store.accounts().await? {
        let endpoints = store.endpoints(account.id).await?.into_iter();
        let enabled = endpoints.filter(|endpoint| endpoint.disabled.is_none());
        all.extend(enabled.map(|endpoint| Registered { user_id: account.user_id.clone(), endpoint }));
    }
    Ok(all)
}

fn shown(one: &Registered) -> Value {
    let EndpointRecord { id, url, events, created, .. } = &one.endpoint;
    let created = in_seoul(*created).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    json!({
        "id": id.to_string(),
        "user_id": one.user_id.as_str(),
        "url": url,
        "events": (!events.is_empty()).then_some(events),
        "created": created,
    })
}

fn administration(control: &Control) -> Administration {
    Administration::new(control.services.store().clone(), control.services.clock().clone())
}

fn user(text: &str) -> Result<UserId, Refused> {
    UserId::parse(text).map_err(|rule| Refused::Input(format!("user_id: {rule}", rule = rule.0)))
}

fn kind(member: &str, name: &str) -> Result<EventKind, Refused> {
    EventKind::from_name(name).ok_or_else(|| {
        let known = EventKind::ALL.map(EventKind::name).join(", ");
        Refused::Input(format!("{member}: {name:?} is not one of {known}"))
    })
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: StoreError) -> Refused {
    Refused::Failed(error.to_string())
}

fn refused(error: AdministrationError) -> Refused {
    match error {
        AdministrationError::NoSuchUser(_) => Refused::Unknown(error.to_string()),
        AdministrationError::TooManyWebhooks(_) => Refused::Conflict(error.to_string()),
        AdministrationError::Address(_) => Refused::Input(format!("url: {error}")),
        error => Refused::Failed(error.to_string()),
    }
}
