//! The rows of the frequent writes as the committer binds them: sealed, hashed and encoded.

use std::net::IpAddr;

use rims_domain::vehicle::Sighting;
use rims_domain::{AccountId, AuditAction, Environment, Requester};
use rims_protocol::codes::ApiType;
use rims_protocol::values::{Plate, PlateKey, Vehicle};

use crate::audit::actor;
use crate::codec::{Code, date_to_int, digits};
use crate::error::StoreError;
use crate::keys::{Column, Keyring, Place};
use crate::subject;
use crate::write::{NewAudit, NewCredential, NewVerification, Subject, sha256};

/// A row of `verification`.
pub(crate) struct VerificationRow {
    pub(crate) id: i64,
    pub(crate) at_ms: i64,
    pub(crate) company: i64,
    pub(crate) caller: i64,
    /// Only in the audit trail, as is the address.
    pub(crate) requester: Requester,
    pub(crate) address: Option<IpAddr>,
    pub(crate) environment: i16,
    pub(crate) sector: i16,
    pub(crate) channel: i16,
    pub(crate) class: i16,
    pub(crate) from_date: i32,
    pub(crate) to_date: i32,
    pub(crate) plate: Option<Plate>,
    pub(crate) api_type: Option<&'static str>,
    pub(crate) code: i16,
    pub(crate) temporary: bool,
    pub(crate) identity: Option<i16>,
    pub(crate) licence_hash: [u8; 16],
    pub(crate) subject: Vec<u8>,
}

/// A vehicle of a company in one environment.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct GraceKey {
    pub(crate) company: i64,
    pub(crate) environment: i16,
    pub(crate) plate_key: PlateKey,
}

/// A sighting that starts or ends a grace.
pub(crate) struct SightingRow {
    pub(crate) key: GraceKey,
    pub(crate) at_ms: i64,
    pub(crate) matched: bool,
}

/// A row of `token`.
pub(crate) struct TokenRow {
    pub(crate) hash: [u8; 32],
    pub(crate) credential: i64,
    pub(crate) issued_ms: i64,
    pub(crate) expires_ms: i64,
}

/// A row of `audit` before it has its place in a chain.
#[derive(Clone)]
pub(crate) struct AuditRow {
    pub(crate) at_ms: i64,
    pub(crate) actor_kind: i16,
    pub(crate) actor: i64,
    pub(crate) actor_name: Option<String>,
    pub(crate) address: Option<[u8; 16]>,
    pub(crate) environment: Option<i16>,
    pub(crate) action: AuditAction,
    pub(crate) company: Option<i64>,
    pub(crate) subject_hash: Option<[u8; 16]>,
    pub(crate) reference: i64,
    pub(crate) outcome: String,
    /// The verifications of a commit, or the people of a page: see [`crate::audit::sheet`].
    pub(crate) sheet: Option<Vec<u8>>,
}

/// A row of `credential`.
pub(crate) struct CredentialRow {
    pub(crate) id: i64,
    pub(crate) account: i64,
    pub(crate) environment: i16,
    pub(crate) auth_key_hash: [u8; 32],
    pub(crate) secret_key: Vec<u8>,
    pub(crate) approved: bool,
    pub(crate) revoked_ms: Option<i64>,
    pub(crate) allowed_ips: String,
    pub(crate) created_ms: i64,
}

impl CredentialRow {
    /// The row, and the event of its issue.
    pub(crate) fn new(new: NewCredential, keys: &Keyring) -> Result<(Self, AuditRow), StoreError> {
        let NewCredential { credential, auth_key, secret_key, audit } = new;
        let (account, environment) = (credential.account.0, credential.environment.encode());
        let place = Place::of_key(credential.id.0, account, environment);
        let row = Self {
            id: credential.id.0,
            account,
            environment,
            auth_key_hash: sha256(&auth_key),
            secret_key: keys.seal(place, secret_key.as_bytes())?,
            approved: credential.approved,
            revoked_ms: credential.revoked.then(|| audit.at.as_millisecond()),
            allowed_ips: networks(&credential.allowed_ips),
            created_ms: audit.at.as_millisecond(),
        };
        Ok((row, AuditRow::new(audit, keys)))
    }
}

impl VerificationRow {
    pub(crate) fn new(new: NewVerification, keys: &Keyring) -> Result<Self, StoreError> {
        let (plate, device) = match new.vehicle {
            Vehicle::None => (None, None),
            Vehicle::Plate(plate) => (Some(plate), None),
            Vehicle::Device(device) => (None, Some(device)),
        };
        let subject = subject::encode(&new.licence, &new.name, device.as_ref());
        Ok(Self {
            id: new.id,
            at_ms: new.at.as_millisecond(),
            company: new.company.0,
            caller: new.caller.0,
            requester: new.requester,
            address: new.address,
            environment: new.environment.encode(),
            sector: new.sector.encode(),
            channel: new.channel.encode(),
            class: digits(new.class.code()),
            from_date: date_to_int(new.period.from),
            to_date: date_to_int(new.period.to),
            plate,
            api_type: new.api_type.map(ApiType::code),
            code: digits(new.code.as_str()),
            temporary: new.temporary,
            identity: new.identity.map(|identity| digits(identity.code())),
            licence_hash: keys.licence_hash(&new.licence),
            subject: keys.seal(Place::new(Column::VerificationSubject, new.id), &subject)?,
        })
    }

    pub(crate) fn sighting(&self, sighting: Sighting, at_ms: i64) -> Option<SightingRow> {
        let plate_key = self.plate.as_ref()?.key();
        let key = GraceKey { company: self.company, environment: self.environment, plate_key };
        SightingRow::of(key, at_ms, sighting)
    }
}

impl SightingRow {
    pub(crate) fn of(key: GraceKey, at_ms: i64, sighting: Sighting) -> Option<Self> {
        match sighting {
            Sighting::None => None,
            Sighting::Matched => Some(Self { key, at_ms, matched: true }),
            Sighting::Unmatched => Some(Self { key, at_ms, matched: false }),
        }
    }
}

impl GraceKey {
    pub(crate) fn of(company: AccountId, environment: Environment, plate: &Plate) -> Self {
        Self { company: company.0, environment: environment.encode(), plate_key: plate.key() }
    }
}

impl AuditRow {
    pub(crate) fn new(new: NewAudit, keys: &Keyring) -> Self {
        Self {
            at_ms: new.at.as_millisecond(),
            actor_kind: actor::kind(&new.actor),
            actor: new.actor.id(),
            actor_name: new.actor.name().map(str::to_owned),
            address: new.address.map(actor::encode_address),
            environment: new.environment.map(Code::encode),
            action: new.action,
            company: new.company.map(|company| company.0),
            subject_hash: subject_hash(&new.subject, keys),
            reference: new.reference,
            outcome: new.outcome,
            sheet: match &new.subject {
                Subject::People(hashes) if !hashes.is_empty() => Some(hashes.concat()),
                Subject::People(_) | Subject::None | Subject::Licence(_) | Subject::User(_) => None,
            },
        }
    }
}

/// The keyed hash by which the audit trail knows somebody.
pub(crate) fn subject_hash(subject: &Subject, keys: &Keyring) -> Option<[u8; 16]> {
    match subject {
        Subject::None | Subject::People(_) => None,
        Subject::Licence(licence) => Some(keys.licence_hash(licence)),
        Subject::User(user_id) => Some(keys.user_hash(user_id)),
    }
}

/// The text of `credential.allowed_ips`.
pub(crate) fn networks(allowed: &[ipnet::IpNet]) -> String {
    allowed.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
