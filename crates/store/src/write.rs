//! Writes as values: what a caller may ask to be stored.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use rims_domain::vehicle::Sighting;
use rims_domain::{
    Account, AccountId, Actor, AuditAction, Credential, CredentialId, Environment, Requester, VehicleIdentity,
};
use rims_protocol::Sector;
use rims_protocol::codes::{AccountStatus, ApiType, Approval, LicenceClass, ResultCode};
use rims_protocol::values::{LicenceNumber, Period, PersonName, Plate, UserId, Vehicle};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use crate::codec::Channel;
use crate::committer::LARGE;
use crate::idempotency::NewAnswer;
use crate::recheck::{Recheck, RecheckClaim};
use crate::remote::{NewRemote, RemoteFinish, RemoteRefusal};
use crate::rental::{NewRental, Promotion, StatusChange};
use crate::reservation::{Claim, NewReservation, RunEnd};
use crate::retention::{Expired, ExpiredAudit};
use crate::webhook::{DeliveryEnd, MessageLane, NewEndpoint, NewMessage, Replay};

/// What is to be stored: all of it or nothing.
#[derive(Debug)]
pub enum Write {
    /// Verifications. Each also gets an audit row (`verify`, by the caller, about the licence number) and does
    /// to the vehicle's grace what its sighting says, in the same transaction.
    Verifications {
        /// The rows.
        rows: Vec<NewVerification>,
    },
    /// Several writes, all or none; the events of them all are in the same transaction, too.
    Together(Vec<Write>),
    /// A vehicle was seen without a verification: what that does to its grace (§3.3).
    Sighting {
        /// Whose vehicle it is said to be.
        company: AccountId,
        /// Development or operations.
        environment: Environment,
        /// The vehicle.
        plate: Plate,
        /// When.
        at: Timestamp,
        /// What was seen.
        sighting: Sighting,
    },
    /// A rental, waiting or confirmed.
    Rental(NewRental),
    /// A rental that waited is confirmed by its driver's check. Refused as [`crate::StoreError::Missing`] if it no
    /// longer waits.
    Promote(Promotion),
    /// A rental is confirmed or cancelled by its company. Refused as [`crate::StoreError::Missing`] if it is no longer
    /// in the state it was seen in.
    RentalStatus(StatusChange),
    /// A reservation.
    Reservation(NewReservation),
    /// How the run of a reservation ended. Refused as [`crate::StoreError::Missing`] if the claim no longer holds.
    ReservationRun(Claim, RunEnd),
    /// A number for a remote verification.
    Remote(NewRemote),
    /// A driver's attempt ended the remote verification. Refused as [`crate::StoreError::Missing`] if another was
    /// faster.
    RemoteFinished(RemoteFinish),
    /// KOROAD refused a driver's attempt. Refused as [`crate::StoreError::Missing`] if another was faster.
    RemoteRefused(RemoteRefusal),
    /// What an idempotency key is answered again. Refused as [`crate::StoreError::Conflict`] if the key has an answer.
    Answer(NewAnswer),
    /// A check that KOROAD did not answer, to be made again; nothing if its caller has it waiting already.
    Recheck(Recheck),
    /// A claimed check is to be made later. Refused as [`crate::StoreError::Missing`] if the claim no longer holds.
    RecheckLater(RecheckClaim, Timestamp),
    /// A claimed check has its outcome. Refused as [`crate::StoreError::Missing`] if the claim no longer holds.
    RecheckDone(RecheckClaim),
    /// Something to tell a company.
    Tell(NewMessage),
    /// A company's new endpoint.
    AddEndpoint {
        /// The endpoint.
        new: NewEndpoint,
        /// The event.
        audit: NewAudit,
    },
    /// Nothing more is sent there.
    DisableEndpoint {
        /// Which.
        endpoint: i64,
        /// The event; its time is the end's.
        audit: NewAudit,
    },
    /// How an attempt to deliver a claimed message ended; nothing if the claim no longer holds.
    Delivery {
        /// The message.
        message: i64,
        /// The endpoint.
        endpoint: i64,
        /// Whose claim it was.
        token: i64,
        /// How it ended.
        end: DeliveryEnd,
    },
    /// The messages that wait for an endpoint are due no earlier than a moment.
    SetBack {
        /// Whose messages.
        lane: MessageLane,
        /// When.
        until: Timestamp,
    },
    /// Messages are sent once more.
    Replay {
        /// Where.
        endpoint: i64,
        /// Which.
        what: Replay,
        /// The event; its time is when they are due.
        audit: NewAudit,
    },
    /// Destroys some hundred rows that are past their period.
    Destroy {
        /// Which.
        expired: Expired,
        /// The event.
        audit: NewAudit,
    },
    /// Destroys the oldest rows of an audit chain.
    DestroyAudit {
        /// Which.
        expired: ExpiredAudit,
        /// The event.
        audit: NewAudit,
    },
    /// Events alone, such as a failed attempt to ask a national system.
    Audit(Vec<NewAudit>),
    /// A token that was issued.
    Token {
        /// SHA-256 of the token.
        hash: TokenHash,
        /// The key it was issued for.
        credential: CredentialId,
        /// When.
        issued: Timestamp,
        /// When it stops to work.
        expires: Timestamp,
    },
    /// Destroys tokens that expired before a moment.
    ForgetTokens {
        /// The moment.
        expired_before: Timestamp,
    },
    /// A new account.
    CreateAccount {
        /// The account, with its new id.
        account: Account,
        /// The event; its time is the account's.
        audit: NewAudit,
    },
    /// Another approval state (table 5.7). Refused as [`crate::StoreError::Missing`] if it is no longer the one it was
    /// decided in.
    SetApproval {
        /// Whose.
        account: AccountId,
        /// The state it was decided in.
        before: Approval,
        /// The state.
        approval: Approval,
        /// The event.
        audit: NewAudit,
    },
    /// Another account state (table 5.6). Refused as [`crate::StoreError::Missing`] if it is no longer the one it was
    /// decided in.
    SetAccountStatus {
        /// Whose.
        account: AccountId,
        /// The state it was decided in.
        before: AccountStatus,
        /// The state.
        status: AccountStatus,
        /// The event.
        audit: NewAudit,
    },
    /// New auth keys with their Secret Keys.
    IssueCredentials(Vec<NewCredential>),
    /// A new key in the place of one that is not revoked yet, and is now.
    ReplaceCredential {
        /// The new one.
        new: Box<NewCredential>,
        /// Which is revoked.
        old: CredentialId,
        /// The event of the revocation; its time is the revocation's.
        audit: NewAudit,
    },
    /// An operations key may be used. Refused as [`crate::StoreError::Missing`] if it is revoked.
    ApproveCredential {
        /// Which.
        credential: CredentialId,
        /// The event.
        audit: NewAudit,
    },
    /// A key is never used again. Its tokens stay, and lead to a revoked key.
    RevokeCredential {
        /// Which.
        credential: CredentialId,
        /// The event; its time is the revocation's.
        audit: NewAudit,
    },
    /// The networks that a key may be used from.
    SetAllowedIps {
        /// Which.
        credential: CredentialId,
        /// The networks; none means any.
        allowed_ips: Vec<IpNet>,
        /// The event.
        audit: NewAudit,
    },
    /// `owner` lets `delegate` ask on its behalf.
    GrantDelegation {
        /// Whose data it is.
        owner: AccountId,
        /// Who may ask.
        delegate: AccountId,
        /// The event; its time is the grant's.
        audit: NewAudit,
    },
    /// And no longer.
    RevokeDelegation {
        /// Whose data it is.
        owner: AccountId,
        /// Who might ask.
        delegate: AccountId,
        /// The event; its time is the revocation's.
        audit: NewAudit,
    },
}

impl Write {
    /// Whether it has so many rows that sealing them takes milliseconds.
    pub(crate) fn is_large(&self) -> bool {
        match self {
            Self::Verifications { rows } => rows.len() > LARGE,
            Self::Audit(entries) => entries.len() > LARGE,
            Self::Together(writes) => writes.iter().any(Self::is_large),
            _ => false,
        }
    }
}

/// A verification to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVerification {
    /// From [`crate::Store::next_id`].
    pub id: i64,
    /// When it was asked.
    pub at: Timestamp,
    /// Whose record it is: the `bizinfo` company.
    pub company: AccountId,
    /// Who asked.
    pub caller: AccountId,
    /// The caller's key or person, or the system in its place. Only for the audit trail.
    pub requester: Requester,
    /// From where it was asked. Only for the audit trail.
    pub address: Option<IpAddr>,
    /// Development or operations: never mixed.
    pub environment: Environment,
    /// Which family of interfaces.
    pub sector: Sector,
    /// How it came about.
    pub channel: Channel,
    /// The licence. Sealed, and hashed for look-ups.
    pub licence: LicenceNumber,
    /// The holder's name. Sealed.
    pub name: PersonName,
    /// Table 5.4.
    pub class: LicenceClass,
    /// The days asked about.
    pub period: Period,
    /// The vehicle; device ids are sealed, plates are not.
    pub vehicle: Vehicle,
    /// Table 5.12.
    pub api_type: Option<ApiType>,
    /// KOROAD's code.
    pub code: ResultCode,
    /// 임시면허.
    pub temporary: bool,
    /// `vhcl_idnty_cd`, where it was asked.
    pub identity: Option<VehicleIdentity>,
    /// What it does to the vehicle's grace.
    pub sighting: Sighting,
}

/// A credential to store.
pub struct NewCredential {
    /// The credential, with its new id.
    pub credential: Credential,
    /// Stored only as SHA-256.
    pub auth_key: Zeroizing<String>,
    /// Stored sealed.
    pub secret_key: Zeroizing<String>,
    /// The event; its time is the issue's.
    pub audit: NewAudit,
}

impl fmt::Debug for NewCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCredential").field("credential", &self.credential).finish_non_exhaustive()
    }
}

/// An event of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAudit {
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// From where; none for the system and for commands on the machine.
    pub address: Option<IpAddr>,
    /// In which environment, where it belongs to one.
    pub environment: Option<Environment>,
    /// What.
    pub action: AuditAction,
    /// Whose data it was.
    pub company: Option<AccountId>,
    /// Whom it was about; stored only as a keyed hash.
    pub subject: Subject,
    /// The row it was about, or 0.
    pub reference: i64,
    /// How it ended (`00`, `-210`, `done`). No personal data.
    pub outcome: String,
}

/// Whom an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Nobody in particular.
    None,
    /// A licence's holder.
    Licence(LicenceNumber),
    /// A registered user.
    User(UserId),
    /// The holders of several licences, by their keyed hashes.
    People(Vec<[u8; 16]>),
}

/// SHA-256 of a token: all that is ever stored of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a token as it stands after `Bearer `.
    pub fn of(token: &str) -> Self {
        Self(sha256(token))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// SHA-256 of a text with enough entropy of its own.
pub(crate) fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
