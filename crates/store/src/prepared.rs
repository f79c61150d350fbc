//! A write made ready in the caller's task: sealed, hashed and encoded, so that the committer only binds.

use rims_domain::{Account, AccountId, account};

use crate::claim::ClaimCommand;
use crate::codec::digits;
use crate::error::StoreError;
use crate::history::CountKey;
use crate::idempotency::AnswerRow;
use crate::keys::Keyring;
use crate::number::Advance;
use crate::quota::QuotaCommand;
use crate::recheck::RecheckCommand;
use crate::remote::RemoteCommand;
use crate::rental::RentalCommand;
use crate::reseal::Resealed;
use crate::reservation::ReservationCommand;
use crate::retention::RetentionCommand;
use crate::row::{AuditRow, CredentialRow, GraceKey, SightingRow, TokenRow, VerificationRow, networks};
use crate::webhook::WebhookCommand;
use crate::write::{NewAudit, NewCredential, NewVerification, Write};

/// Everything one write does.
#[derive(Default)]
pub(crate) struct Prepared {
    pub(crate) answers: Vec<AnswerRow>,
    pub(crate) commands: Vec<Command>,
    pub(crate) tokens: Vec<TokenRow>,
    pub(crate) verifications: Vec<VerificationRow>,
    pub(crate) sightings: Vec<SightingRow>,
    pub(crate) counts: Vec<CountKey>,
    pub(crate) audit: Vec<AuditRow>,
}

/// The rare writes, each a statement of its own.
pub(crate) enum Command {
    CreateAccount {
        account: Box<Account>,
        created_ms: i64,
    },
    /// As the next, with the moment of the account's end where it ends.
    SetApproval {
        account: i64,
        before: i16,
        approval: i16,
        ended_ms: Option<i64>,
    },
    SetAccountStatus {
        account: i64,
        before: i16,
        status: i16,
        ended_ms: Option<i64>,
    },
    IssueCredentials(Vec<CredentialRow>),
    ReplaceCredential {
        new: Box<CredentialRow>,
        old: i64,
        revoked_ms: i64,
    },
    ApproveCredential {
        credential: i64,
    },
    RevokeCredential {
        credential: i64,
        revoked_ms: i64,
    },
    SetAllowedIps {
        credential: i64,
        allowed_ips: String,
    },
    GrantDelegation {
        owner: i64,
        delegate: i64,
        granted_ms: i64,
    },
    RevokeDelegation {
        owner: i64,
        delegate: i64,
        revoked_ms: i64,
    },
    ForgetTokens {
        before_ms: i64,
    },
    Reseal(Resealed),
    RetireKey {
        version: u16,
    },
    TakeNumbers(Advance),
    Rental(RentalCommand),
    Reservation(ReservationCommand),
    Remote(RemoteCommand),
    Webhook(WebhookCommand),
    Recheck(RecheckCommand),
    Claim(ClaimCommand),
    Quota(QuotaCommand),
    Retention(RetentionCommand),
}

impl Prepared {
    /// How many rows it inserts or changes, for the bound of a group.
    pub(crate) fn rows(&self) -> usize {
        self.tokens.len() + self.verifications.len() + self.audit.len() + self.commands.len()
    }

    /// What it fills of SQLite's log, roughly: rows that are added at the end share a page, a command changes pages here
    /// and there, an answer may be long.
    pub(crate) fn eighths_of_a_page(&self) -> usize {
        self.rows() + 64 * (self.commands.len() + self.answers.len())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows() == 0 && self.answers.is_empty() && self.commands.is_empty() && self.sightings.is_empty()
    }

    /// Whether it has verifications and nothing else, but for what they tell about vehicles.
    pub(crate) fn is_verifications(&self) -> bool {
        let Self { answers, commands, tokens, verifications, sightings: _, counts, audit } = self;
        let others = answers.len() + commands.len() + tokens.len() + counts.len() + audit.len();
        !verifications.is_empty() && others == 0
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
            all.answers.append(&mut one.answers);
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
            Write::Answer(new) => Self { answers: vec![AnswerRow::new(&new, keys)?], ..Self::default() },
            Write::Recheck(new) => Self::only(Command::Recheck(new.command(keys)?)),
            Write::RecheckLater(claim, due) => {
                Self::only(Command::Recheck(RecheckCommand::Later(claim, due)))
            }
            Write::RecheckDone(claim) => Self::only(Command::Recheck(RecheckCommand::Done(claim))),
            Write::Tell(new) => Self::only(Command::Webhook(WebhookCommand::Tell(new))),
            Write::AddEndpoint { new, audit } => {
                Self::command(Command::Webhook(new.command(keys)?), audit, keys)
            }
            Write::Delivery { message, endpoint, token, end } => {
                Self::only(Command::Webhook(WebhookCommand::End { message, endpoint, token, end }))
            }
            Write::SetBack { lane, until } => Self::only(Command::Webhook(WebhookCommand::SetBack {
                lane,
                until_ms: until.as_millisecond(),
            })),
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
            Write::SetApproval { account: AccountId(account), before, approval, audit } => {
                let ended_ms = account::refuses_for_good(approval).then(|| at(&audit));
                let (before, approval) = (digits(before.code()), digits(approval.code()));
                (Command::SetApproval { account, before, approval, ended_ms }, audit)
            }
            Write::SetAccountStatus { account: AccountId(account), before, status, audit } => {
                let ended_ms = account::is_last(status).then(|| at(&audit));
                let (before, status) = (digits(before.code()), digits(status.code()));
                (Command::SetAccountStatus { account, before, status, ended_ms }, audit)
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
