//! The pipeline up to the decrypted request: token → key kind → envelope → decryption, in the order of
//! docs/spec-decisions.md. A handler that takes a [`Call`] cannot forget a step.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use rims_aside::aside;
use rims_domain::{CredentialId, access};
use rims_protocol::envelope::{encrypted_data, open_request};
use rims_protocol::json::Members;
use rims_protocol::messages::RequestTable;
use rims_protocol::values::RecheckReference;
use rims_protocol::{ApiError, Interface};

use tracing::{Instrument as _, trace_span};

use super::answer::Failure;
use super::body::{Arrived, BodyMemory};
use super::peer::client_address;
use super::to_the_end::{ToTheEnd, to_the_end};
use super::turns::Turn;
use super::{Api, once, rate_limited};
use crate::request_id;
use crate::service::recheck::{Queued, RecheckRequest};
use crate::service::{AuthenticationFailure, Caller, Principal, ServiceError};

/// `Recheck-Reference` (docs/outages.md).
const RECHECK_REFERENCE: HeaderName = HeaderName::from_static("recheck-reference");
/// A longer body is opened on another thread.
const LARGE: usize = 16 << 10;

/// Who calls, with a token that holds and a key that may use the interface.
pub(super) struct Bearer {
    pub(super) caller: Principal,
    key: Arc<Caller>,
    pub(super) interface: &'static Interface,
}

/// A request whose body was opened.
pub(super) struct Call {
    pub(super) caller: Principal,
    pub(super) interface: &'static Interface,
    pub(super) members: Arc<Members>,
    /// Read by the interfaces that record something once.
    pub(super) idempotency_key: Sent,
    /// Read by the verifications.
    recheck_reference: Sent,
    held: Arc<Held>,
}

/// A header that may stand in a request once, as it was sent.
pub(super) enum Sent {
    Absent,
    Once(HeaderValue),
    /// On several lines: which of them was meant is not known.
    Repeated,
}

impl Sent {
    fn take(headers: &mut HeaderMap, name: &HeaderName) -> Self {
        if headers.get_all(name).iter().nth(1).is_some() {
            return Self::Repeated;
        }
        headers.remove(name).map_or(Self::Absent, Self::Once)
    }

    /// The value as text; what is no visible ASCII is no text of ours, as the empty one is none.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<&str>, ApiError> {
        match self {
            Self::Absent => Ok(None),
            Self::Once(value) => Ok(Some(value.to_str().unwrap_or_default())),
            Self::Repeated => Err(ApiError::invalid(name, "한 번만 보내야 합니다")),
        }
    }
}

/// What a request holds until it is answered, or until its use case ends after the client has hung up.
pub(super) struct Held {
    /// Its place among the requests that are worked on.
    _turn: Turn,
    /// The bytes of its members, among those of all bodies.
    _memory: BodyMemory,
}

impl FromRequestParts<Arc<Api>> for Bearer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Failure> {
        let interface = Interface::by_path(parts.uri.path()).ok_or(ApiError::NotFoundApi)?;
        let peer = api.peer(parts);
        let Some(token) = credentials(parts, "Bearer") else {
            return Err(api.token_refused(peer, AuthenticationFailure::Malformed));
        };
        let key = match api.services.caller_of_token(token, peer).await {
            Ok(key) => key,
            Err(ServiceError::Unauthenticated(failure)) => return Err(api.token_refused(peer, failure)),
            Err(error) => return Err(error.into()),
        };
        request_id::note_environment(key.credential.environment);
        api.count(key.credential.id)?;
        if !access::may_use(interface, key.credential.environment) {
            return Err(ApiError::NotFoundApi.into());
        }
        Ok(Self { caller: key.principal(peer), key, interface })
    }
}

impl FromRequest<Arc<Api>> for Call {
    type Rejection = Failure;

    async fn from_request(request: Request, api: &Arc<Api>) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let (Bearer { caller, key, interface }, turn) = match admitted(&mut parts, api).await {
            Ok(admitted) => admitted,
            Err(refusal) => {
                api.bodies.refuse(&parts, body);
                return Err(refusal);
            }
        };
        let body = api.bodies.read(key.credential.id, &parts, body).instrument(trace_span!("body")).await?;
        let table = RequestTable::of(interface.family);
        let (members, memory) = if body.bytes.len() > LARGE {
            computed(Box::pin(aside(move || opened(&key, body, &table))).await)?
        } else {
            opened(&key, body, &table)?
        };
        let memory = api.bodies.keep(memory, members.held_bytes())?;
        let idempotency_key = Sent::take(&mut parts.headers, &once::HEADER);
        let recheck_reference = Sent::take(&mut parts.headers, &RECHECK_REFERENCE);
        let (members, held) = (Arc::new(members), Arc::new(Held { _turn: turn, _memory: memory }));
        Ok(Self { caller, interface, members, idempotency_key, recheck_reference, held })
    }
}

async fn admitted(parts: &mut Parts, api: &Arc<Api>) -> Result<(Bearer, Turn), Failure> {
    let bearer = Bearer::from_request_parts(parts, api).await?;
    let admit = api.admission.admit(bearer.interface, &bearer.key);
    let turn = admit.instrument(trace_span!("turn")).await?;
    Ok((bearer, turn))
}

impl Call {
    /// By what name the caller wants to be told the result later, if KOROAD does not answer; what becomes of that is noted
    /// in `queued`.
    pub(super) fn recheck(&self, queued: &Arc<OnceLock<Queued>>) -> Result<Option<RecheckRequest>, ApiError> {
        let Some(text) = self.recheck_reference.text(RecheckReference::HEADER)? else { return Ok(None) };
        let reference = RecheckReference::parse(text)
            .map_err(|rule| ApiError::invalid(RecheckReference::HEADER, rule.0))?;
        Ok(Some(RecheckRequest::new(reference, Arc::clone(queued))))
    }

    /// Runs a use case to its end even if the client hangs up, and keeps the request's place as long.
    pub(super) fn to_the_end<F>(&self, use_case: F) -> ToTheEnd<F>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        to_the_end(use_case, Arc::clone(&self.held))
    }
}

fn opened(caller: &Caller, body: Arrived, table: &RequestTable) -> Result<(Members, BodyMemory), ApiError> {
    let Arrived { bytes, memory } = body;
    let members = open_request(&caller.secret_key, &encrypted_data(&bytes)?, table)?;
    Ok((members, memory))
}

/// A crash aside is the request's own.
pub(super) fn computed<T>(computed: std::thread::Result<T>) -> T {
    computed.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What follows the scheme in `Authorization`; none where two lines say different things.
pub(super) fn credentials<'a>(parts: &'a Parts, scheme: &str) -> Option<&'a str> {
    let mut lines = parts.headers.get_all(AUTHORIZATION).iter();
    let line = lines.next()?;
    if lines.any(|another| another != line) {
        return None;
    }
    let (found, credentials) = line.to_str().ok()?.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then(|| credentials.trim())
}

impl Api {
    pub(super) fn peer(&self, parts: &Parts) -> IpAddr {
        client_address(parts, &self.trusted_proxies)
    }

    /// The answer to a token that does not hold (§4.1.2.3).
    fn token_refused(&self, peer: IpAddr, failure: AuthenticationFailure) -> Failure {
        let pause = self.failed_authentication.record(peer, failure);
        pause.map_or(Failure::TokenRefused, Failure::RateLimited)
    }

    /// Counts a request against its key's rate limit.
    pub(super) fn count(&self, credential: CredentialId) -> Result<(), Failure> {
        let counted = self.limiter.check_key(&credential);
        counted.map_err(|refused| rate_limited(&self.limiter, &refused))
    }
}
