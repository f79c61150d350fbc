//! A write made ready in the caller's task: sealed, hashed and encoded, so that the committer only binds.

use rims_domain::vehicle::Sighting;
use rims_domain::{Account, AccountId, Environment};
use rims_protocol::codes::ApiType;
use rims_protocol::values::{Plate, Vehicle};

use crate::codec::{Code, date_to_int, digits};
use crate::error::StoreError;
use crate::history::CountKey;
use crate::idempotency::AnswerRow;
use crate::keys::{Column, Keyring};
use crate::number::Advance;
use crate::remote::RemoteCommand;
use crate::rental::RentalCommand;
use crate::reservation::ReservationCommand;
use crate::retention::RetentionCommand;
use crate::subject;
use crate::webhook::WebhookCommand;
use crate::write::{NewAudit, NewCredential, NewVerification, Subject, Write, sha256};

/// Everything one write does.
#[derive(Default)]
pub(crate) struct Prepared {
    pub(crate) commands: Vec<Command>,
    pub(crate) tokens: Vec<TokenRow>,
    pub(crate) verifications: Vec<VerificationRow>,
    pub(crate) sightings: Vec<SightingRow>,
    pub(crate) counts: Vec<CountKey>,
    pub(crate) audit: Vec<AuditRow>,
}

/// A row of `verification`.
pub(crate) struct VerificationRow {
    pub(crate) id: i64,
    pub(crate) at_ms: i64,
    pub(crate) company: i64,
    pub(crate) caller: i64,
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
    pub(crate) plate: String,
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
    pub(crate) actor: i64,
    pub(crate) action: &'static str,
    pub(crate) company: Option<i64>,
    pub(crate) subject_hash: Option<[u8; 16]>,
    pub(crate) reference: i64,
    pub(crate) outcome: String,
    /// The verifications of a commit: see [`crate::audit::sheet`].
    pub(crate) sheet: Option<Vec<u8>>,
}

/// The rare writes, each a statement of its own.
pub(crate) enum Command {
    CreateAccount { account: Box<Account>, created_ms: i64 },
    SetApproval { account: i64, approval: i16 },
    SetAccountStatus { account: i64, status: i16 },
    IssueCredentials(Vec<CredentialRow>),
    ReplaceCredential { new: Box<CredentialRow>, old: i64, revoked_ms: i64 },
    ApproveCredential { credential: i64 },
    RevokeCredential { credential: i64, revoked_ms: i64 },
    SetAllowedIps { credential: i64, allowed_ips: String },
    GrantDelegation { owner: i64, delegate: i64, granted_ms: i64 },
    RevokeDelegation { owner: i64, delegate: i64, revoked_ms: i64 },
    ForgetTokens { before_ms: i64 },
    Reseal(Vec<Resealed>),
    TakeNumbers(Advance),
    Rental(RentalCommand),
    Reservation(ReservationCommand),
    Remote(RemoteCommand),
    Answer(AnswerRow),
    Webhook(WebhookCommand),
    Retention(RetentionCommand),
}

/// A row of `credential`.
pub(crate) struct CredentialRow {
    pub(crate) id: i64,
    pub(crate) account: i64,
    pub(crate) environment: i16,
    pub(crate) auth_key_hash: [u8; 32],
    pub(crate) secret_key: Vec<u8>,
    pub(crate) key_version: i32,
    pub(crate) approved: bool,
    pub(crate) revoked_ms: Option<i64>,
    pub(crate) allowed_ips: String,
    pub(crate) created_ms: i64,
}

/// A Secret Key under the current master key, and what it replaces.
pub(crate) struct Resealed {
    pub(crate) credential: i64,
    pub(crate) key_version: i32,
    pub(crate) before: Vec<u8>,
    pub(crate) after: Vec<u8>,
}

impl Prepared {
    /// How many rows it inserts, for the bound of a group.
    pub(crate) fn rows(&self) -> usize {
        self.tokens.len() + self.verifications.len() + self.audit.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows() == 0 && self.commands.is_empty() && self.sightings.is_empty()
    }

    pub(crate) fn new(write: Write, keys: &Keyring) -> Result<Self, StoreError> {
        match write {
            Write::Verifications { rows } => Self::verifications(rows, keys),
            Write::Audit(entries) => {
                let audit = entries.into_iter().map(|entry| AuditRow::new(entry, keys)).collect();
                Ok(Self { audit, ..Self::default() })
            }
            Write::Token { hash, credential, issued, expires } => {
                let token = TokenRow {
                    hash: *hash.as_bytes(),
                    credential: credential.0,
                    issued_ms: issued.as_millisecond(),
                    expires_ms: expires.as_millisecond(),
                };
                Ok(Self { tokens: vec![token], ..Self::default() })
            }
            Write::ForgetTokens { expired_before } => {
                let command = Command::ForgetTokens { before_ms: expired_before.as_millisecond() };
                Ok(Self { commands: vec![command], ..Self::default() })
            }
            Write::IssueCredentials(new) => Self::credentials(new, keys),
            Write::ReplaceCredential { new, old, audit } => {
                let (new, issued) = CredentialRow::new(*new, keys)?;
                let revoked_ms = audit.at.as_millisecond();
                let command = Command::ReplaceCredential { new: Box::new(new), old: old.0, revoked_ms };
                Ok(Self {
                    commands: vec![command],
                    audit: vec![AuditRow::new(audit, keys), issued],
                    ..Self::default()
                })
            }
            Write::Together(writes) => Self::together(writes, keys),
            write => Self::rental_life(write, keys),
        }
    }

    fn together(writes: Vec<Write>, keys: &Keyring) -> Result<Self, StoreError> {
        let mut all = Self::default();
        for write in writes {
            let mut one = Self::new(write, keys)?;
            all.commands.append(&mut one.commands);
            all.tokens.append(&mut one.tokens);
            all.verifications.append(&mut one.verifications);
            all.sightings.append(&mut one.sightings);
            all.counts.append(&mut one.counts);
            all.audit.append(&mut one.audit);
        }
        Ok(all)
    }

    fn only(command: Command) -> Self {
        Self { commands: vec![command], ..Self::default() }
    }

    /// Rentals, reservations, remote verifications, and what follows them.
    fn rental_life(write: Write, keys: &Keyring) -> Result<Self, StoreError> {
        Ok(match write {
            Write::Sighting { company, environment, plate, at, sighting } => {
                let key = GraceKey::of(company, environment, &plate);
                let sightings = SightingRow::of(key, at.as_millisecond(), sighting).into_iter().collect();
                Self { sightings, ..Self::default() }
            }
            Write::Rental(new) => {
                let counts = new.counts().to_vec();
                Self { counts, ..Self::only(Command::Rental(new.command(keys))) }
            }
            Write::Promote(promotion) => Self::only(Command::Rental(RentalCommand::Promote(promotion))),
            Write::RentalStatus(change) => Self::only(Command::Rental(RentalCommand::SetStatus(change))),
            Write::Reservation(new) => {
                let counts = new.counts().to_vec();
                Self { counts, ..Self::only(Command::Reservation(new.command(keys)?)) }
            }
            Write::ReservationRun(claim, end) => {
                Self::only(Command::Reservation(ReservationCommand::End(claim, end)))
            }
            Write::Remote(new) => Self::only(Command::Remote(new.command(keys)?)),
            Write::RemoteFinished(finish) => Self::only(Command::Remote(finish.command(keys))),
            Write::RemoteRefused(refusal) => Self::only(Command::Remote(RemoteCommand::Refuse(refusal))),
            Write::Answer(new) => Self::only(Command::Answer(AnswerRow::new(&new, keys)?)),
            Write::Tell(new) => Self::only(Command::Webhook(WebhookCommand::Tell(new))),
            Write::AddEndpoint { new, audit } => {
                Self::command(Command::Webhook(new.command(keys)?), audit, keys)
            }
            Write::Delivery { message, endpoint, token, end } => {
                Self::only(Command::Webhook(WebhookCommand::End { message, endpoint, token, end }))
            }
            change => Self::change(change, keys),
        })
    }

    fn verifications(rows: Vec<NewVerification>, keys: &Keyring) -> Result<Self, StoreError> {
        let mut prepared = Self { verifications: Vec::with_capacity(rows.len()), ..Self::default() };
        for row in rows {
            let (sighting, at) = (row.sighting, row.at);
            let row = VerificationRow::new(row, keys)?;
            prepared.sightings.extend(row.sighting(sighting, at.as_millisecond()));
            prepared.verifications.push(row);
        }
        Ok(prepared)
    }

    fn credentials(new: Vec<NewCredential>, keys: &Keyring) -> Result<Self, StoreError> {
        let mut prepared = Self::default();
        let mut rows = Vec::with_capacity(new.len());
        for new in new {
            let (row, issued) = CredentialRow::new(new, keys)?;
            rows.push(row);
            prepared.audit.push(issued);
        }
        prepared.commands.extend((!rows.is_empty()).then_some(Command::IssueCredentials(rows)));
        Ok(prepared)
    }

    fn command(command: Command, audit: NewAudit, keys: &Keyring) -> Self {
        Self { commands: vec![command], audit: vec![AuditRow::new(audit, keys)], ..Self::default() }
    }

    /// Changes that are one command and one event.
    fn change(write: Write, keys: &Keyring) -> Self {
        let at = |audit: &NewAudit| audit.at.as_millisecond();
        let (command, audit) = match write {
            Write::CreateAccount { account, audit } => {
                (Command::CreateAccount { account: Box::new(account), created_ms: at(&audit) }, audit)
            }
            Write::SetApproval { account: AccountId(account), approval, audit } => {
                (Command::SetApproval { account, approval: digits(approval.code()) }, audit)
            }
            Write::SetAccountStatus { account: AccountId(account), status, audit } => {
                (Command::SetAccountStatus { account, status: digits(status.code()) }, audit)
            }
            Write::ApproveCredential { credential, audit } => {
                (Command::ApproveCredential { credential: credential.0 }, audit)
            }
            Write::RevokeCredential { credential, audit } => {
                (Command::RevokeCredential { credential: credential.0, revoked_ms: at(&audit) }, audit)
            }
            Write::SetAllowedIps { credential, allowed_ips, audit } => {
                let allowed_ips = networks(&allowed_ips);
                (Command::SetAllowedIps { credential: credential.0, allowed_ips }, audit)
            }
            Write::GrantDelegation { owner: AccountId(owner), delegate: AccountId(delegate), audit } => {
                (Command::GrantDelegation { owner, delegate, granted_ms: at(&audit) }, audit)
            }
            Write::RevokeDelegation { owner: AccountId(owner), delegate: AccountId(delegate), audit } => {
                (Command::RevokeDelegation { owner, delegate, revoked_ms: at(&audit) }, audit)
            }
            Write::DisableEndpoint { endpoint, audit } => {
                let at_ms = at(&audit);
                (Command::Webhook(WebhookCommand::DisableEndpoint { endpoint, at_ms }), audit)
            }
            Write::Replay { endpoint, what, audit } => {
                let at_ms = at(&audit);
                (Command::Webhook(WebhookCommand::Replay { endpoint, what, at_ms }), audit)
            }
            Write::Destroy { expired, audit } => {
                (Command::Retention(RetentionCommand::Destroy(expired)), audit)
            }
            Write::DestroyAudit { expired, audit } => {
                (Command::Retention(RetentionCommand::DestroyAudit(expired)), audit)
            }
            _ => return Self::default(),
        };
        Self::command(command, audit, keys)
    }
}

fn networks(allowed: &[ipnet::IpNet]) -> String {
    allowed.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

impl CredentialRow {
    /// The row, and the event of its issue.
    fn new(new: NewCredential, keys: &Keyring) -> Result<(Self, AuditRow), StoreError> {
        let NewCredential { credential, auth_key, secret_key, audit } = new;
        let row = Self {
            id: credential.id.0,
            account: credential.account.0,
            environment: credential.environment.encode(),
            auth_key_hash: sha256(&auth_key),
            secret_key: keys.seal(Column::CredentialSecret, credential.id.0, secret_key.as_bytes())?,
            key_version: i32::from(keys.current()),
            approved: credential.approved,
            revoked_ms: credential.revoked.then(|| audit.at.as_millisecond()),
            allowed_ips: networks(&credential.allowed_ips),
            created_ms: audit.at.as_millisecond(),
        };
        Ok((row, AuditRow::new(audit, keys)))
    }
}

impl VerificationRow {
    fn new(new: NewVerification, keys: &Keyring) -> Result<Self, StoreError> {
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
            subject: keys.seal(Column::VerificationSubject, new.id, &subject)?,
        })
    }

    fn sighting(&self, sighting: Sighting, at_ms: i64) -> Option<SightingRow> {
        let plate = self.plate.as_ref()?.as_str();
        SightingRow::of(GraceKey::new(self.company, self.environment, plate), at_ms, sighting)
    }
}

impl SightingRow {
    fn of(key: GraceKey, at_ms: i64, sighting: Sighting) -> Option<Self> {
        match sighting {
            Sighting::None => None,
            Sighting::Matched => Some(Self { key, at_ms, matched: true }),
            Sighting::Unmatched => Some(Self { key, at_ms, matched: false }),
        }
    }
}

impl GraceKey {
    fn new(company: i64, environment: i16, plate: &str) -> Self {
        Self { company, environment, plate: plate.to_owned() }
    }

    pub(crate) fn of(company: AccountId, environment: Environment, plate: &Plate) -> Self {
        Self::new(company.0, environment.encode(), plate.as_str())
    }
}

impl AuditRow {
    pub(crate) fn new(new: NewAudit, keys: &Keyring) -> Self {
        Self {
            at_ms: new.at.as_millisecond(),
            actor: new.actor.0,
            action: new.action,
            company: new.company.map(|company| company.0),
            subject_hash: subject_hash(&new.subject, keys),
            reference: new.reference,
            outcome: new.outcome,
            sheet: None,
        }
    }
}

/// The keyed hash by which the audit trail knows somebody.
pub(crate) fn subject_hash(subject: &Subject, keys: &Keyring) -> Option<[u8; 16]> {
    match subject {
        Subject::None => None,
        Subject::Licence(licence) => Some(keys.licence_hash(licence)),
        Subject::User(user_id) => Some(keys.user_hash(user_id)),
    }
}
