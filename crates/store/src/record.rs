//! What reads give back, and how it is made of rows.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use rims_domain::{
    Account, AccountId, AccountKind, Actor, Credential, CredentialId, Environment, VehicleIdentity,
};
use rims_protocol::Sector;
use rims_protocol::codes::{AccountStatus, ApiType, Approval, LicenceClass, ResultCode};
use rims_protocol::values::{
    BusinessNumber, DeviceId, LicenceNumber, Period, PersonName, Plate, UserId, Vehicle,
};
use sqlx::FromRow;
use zeroize::Zeroizing;

use crate::audit::{actor, sheet};
use crate::codec::{Channel, Code, digits, int_to_date, moment};
use crate::error::StoreError;
use crate::keys::{Column, Keyring, Place};
use crate::subject;

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// The key it was issued for.
    pub credential: CredentialId,
    /// When it stops to work.
    pub expires: Timestamp,
}

/// A key with its account and its Secret Key.
#[derive(Clone)]
pub struct CredentialRecord {
    /// The key.
    pub credential: Credential,
    /// Whose it is.
    pub account: Account,
    /// Decrypted: never log it.
    pub secret_key: Zeroizing<String>,
}

impl fmt::Debug for CredentialRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRecord")
            .field("credential", &self.credential)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// A stored verification, decrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerificationRecord {
    /// Its row.
    pub id: i64,
    /// When it was asked, to the millisecond.
    pub at: Timestamp,
    /// Whose record it is.
    pub company: AccountId,
    /// Who asked.
    pub caller: AccountId,
    /// Development or operations.
    pub environment: Environment,
    /// Which family of interfaces.
    pub sector: Sector,
    /// How it came about.
    pub channel: Channel,
    /// The licence.
    pub licence: LicenceNumber,
    /// The holder's name.
    pub name: PersonName,
    /// Table 5.4.
    pub class: LicenceClass,
    /// The days asked about.
    pub period: Period,
    /// The vehicle.
    pub vehicle: Vehicle,
    /// Table 5.12.
    pub api_type: Option<ApiType>,
    /// KOROAD's code.
    pub code: ResultCode,
    /// 임시면허.
    pub temporary: bool,
    /// `vhcl_idnty_cd`, where it was asked.
    pub identity: Option<VehicleIdentity>,
}

/// An event of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Whose chain.
    pub chain: String,
    /// Its row's place in it, from 1; verifications stored by one commit share a row.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// From where; none for the system and for commands on the machine.
    pub address: Option<IpAddr>,
    /// In which environment, where it belongs to one.
    pub environment: Option<Environment>,
    /// What.
    pub action: String,
    /// Whose data it was.
    pub company: Option<AccountId>,
    /// Whom it was about: see [`crate::Store::subject_hash`].
    pub subject_hash: Option<[u8; 16]>,
    /// Whom it was about where it was several, as on a page of a history.
    pub people: Vec<[u8; 16]>,
    /// The row it was about, or 0.
    pub reference: i64,
    /// How it ended.
    pub outcome: String,
}

#[derive(FromRow)]
pub(crate) struct StoredAudit {
    pub(crate) chain: String,
    pub(crate) seq: i64,
    pub(crate) at_ms: i64,
    pub(crate) key_version: i32,
    pub(crate) actor_kind: i16,
    pub(crate) actor: i64,
    pub(crate) actor_name: Option<String>,
    pub(crate) address: Option<Vec<u8>>,
    pub(crate) environment: Option<i16>,
    pub(crate) action: String,
    pub(crate) company_id: Option<i64>,
    pub(crate) subject_hash: Option<Vec<u8>>,
    pub(crate) reference: i64,
    pub(crate) outcome: String,
    pub(crate) sheet: Option<Vec<u8>>,
    pub(crate) hash: Vec<u8>,
}

impl TryFrom<StoredAudit> for AuditEntry {
    type Error = StoreError;

    fn try_from(row: StoredAudit) -> Result<Self, StoreError> {
        let subject_hash = row.subject_hash.map(TryInto::try_into).transpose();
        let address = row.address.map(TryInto::try_into).transpose();
        let address = address.map_err(|_| StoreError::Corrupt("audit.address"))?;
        Ok(Self {
            chain: row.chain,
            seq: row.seq,
            at: moment(row.at_ms, "audit.at_ms")?,
            actor: actor::actor(row.actor_kind, row.actor, row.actor_name.as_deref())?,
            address: address.map(actor::decode_address),
            environment: row.environment.map(Environment::decode).transpose()?,
            action: row.action,
            company: row.company_id.map(AccountId),
            subject_hash: subject_hash.map_err(|_| StoreError::Corrupt("audit.subject_hash"))?,
            people: row.sheet.as_deref().map(sheet::people).transpose()?.unwrap_or_default(),
            reference: row.reference,
            outcome: row.outcome,
        })
    }
}

/// What stands for the identity of an account that was destroyed; nobody is found by it.
const DESTROYED_ID: &str = "destroyed-";
const DESTROYED_BRNO: &str = "0000000000";
const DESTROYED_COMPANY: &str = "파기된 계정";

#[derive(FromRow)]
pub(crate) struct StoredAccount {
    id: i64,
    user_id: Option<String>,
    brno: Option<String>,
    company: Option<String>,
    kind: String,
    approval: i16,
    status: i16,
}

impl TryFrom<StoredAccount> for Account {
    type Error = StoreError;

    fn try_from(row: StoredAccount) -> Result<Self, StoreError> {
        let damaged = StoreError::Corrupt;
        let approval = Approval::ALL.iter().find(|approval| digits(approval.code()) == row.approval);
        let status = AccountStatus::ALL.iter().find(|status| digits(status.code()) == row.status);
        // Of an account that was destroyed only the number is left, under which other records know it.
        let user_id = row.user_id.unwrap_or_else(|| format!("{DESTROYED_ID}{}", row.id));
        let brno = row.brno.as_deref().unwrap_or(DESTROYED_BRNO);
        Ok(Self {
            id: AccountId(row.id),
            user_id: UserId::parse(&user_id).map_err(|_| damaged("account.user_id"))?,
            brno: BusinessNumber::parse(brno).map_err(|_| damaged("account.brno"))?,
            company: row.company.unwrap_or_else(|| DESTROYED_COMPANY.to_owned()),
            kind: AccountKind::from_name(&row.kind).ok_or(damaged("account.kind"))?,
            approval: *approval.ok_or(damaged("account.approval"))?,
            status: *status.ok_or(damaged("account.status"))?,
        })
    }
}

/// A credential without its secrets.
#[derive(FromRow)]
pub(crate) struct StoredCredential {
    credential_id: i64,
    account_id: i64,
    environment: i16,
    approved: bool,
    revoked_ms: Option<i64>,
    allowed_ips: String,
}

impl TryFrom<StoredCredential> for Credential {
    type Error = StoreError;

    fn try_from(row: StoredCredential) -> Result<Self, StoreError> {
        let networks = row.allowed_ips.split(',').filter(|network| !network.is_empty());
        let allowed_ips: Result<Vec<IpNet>, _> = networks.map(str::parse).collect();
        Ok(Self {
            id: CredentialId(row.credential_id),
            account: AccountId(row.account_id),
            environment: Environment::decode(row.environment)?,
            approved: row.approved,
            revoked: row.revoked_ms.is_some(),
            allowed_ips: allowed_ips.map_err(|_| StoreError::Corrupt("credential.allowed_ips"))?,
        })
    }
}

/// A credential joined with its account; `id` is the account's.
#[derive(FromRow)]
pub(crate) struct StoredKey {
    credential_id: i64,
    environment: i16,
    secret_key: Vec<u8>,
    approved: bool,
    revoked_ms: Option<i64>,
    allowed_ips: String,
    #[sqlx(flatten)]
    account: StoredAccount,
}

impl StoredKey {
    pub(crate) fn open(self, keys: &Keyring) -> Result<CredentialRecord, StoreError> {
        let plain = keys
            .open(Place::of_key(self.credential_id, self.account.id, self.environment), &self.secret_key)?;
        let secret_key = std::str::from_utf8(&plain)
            .map(|text| Zeroizing::new(text.to_owned()))
            .map_err(|_| StoreError::Corrupt("credential.secret_key"))?;
        let credential = StoredCredential {
            credential_id: self.credential_id,
            account_id: self.account.id,
            environment: self.environment,
            approved: self.approved,
            revoked_ms: self.revoked_ms,
            allowed_ips: self.allowed_ips,
        };
        let (credential, account) = (credential.try_into()?, self.account.try_into()?);
        Ok(CredentialRecord { credential, account, secret_key })
    }
}

#[derive(FromRow)]
pub(crate) struct StoredVerification {
    id: i64,
    at_ms: i64,
    company_id: i64,
    caller_id: i64,
    environment: i16,
    sector: i16,
    channel: i16,
    class: i16,
    from_date: i32,
    to_date: i32,
    plate: Option<String>,
    api_type: Option<String>,
    code: i16,
    temporary: bool,
    identity: Option<i16>,
    subject: Vec<u8>,
}

impl StoredVerification {
    pub(crate) fn open(self, keys: &Keyring) -> Result<VerificationRecord, StoreError> {
        let subject = keys.open(Place::new(Column::VerificationSubject, self.id), &self.subject)?;
        let subject = subject::decode(&subject)?;
        let vehicle = vehicle(self.plate.as_deref(), subject.device)?;
        Ok(VerificationRecord {
            id: self.id,
            at: moment(self.at_ms, "verification.at_ms")?,
            company: AccountId(self.company_id),
            caller: AccountId(self.caller_id),
            environment: Environment::decode(self.environment)?,
            sector: Sector::decode(self.sector)?,
            channel: Channel::decode(self.channel)?,
            licence: subject.licence,
            name: subject.name,
            class: class(self.class)?,
            period: Period {
                from: int_to_date(self.from_date, "verification.from_date")?,
                to: int_to_date(self.to_date, "verification.to_date")?,
            },
            vehicle,
            api_type: self.api_type.map(|code| api_type(&code)).transpose()?,
            code: ResultCode::parse(&format!("{:02}", self.code))
                .ok_or(StoreError::Corrupt("verification.code"))?,
            temporary: self.temporary,
            identity: self.identity.map(identity).transpose()?,
        })
    }
}

/// A keyed hash of a column.
pub(crate) fn subject_hash(
    bytes: Option<&[u8]>,
    column: &'static str,
) -> Result<Option<[u8; 16]>, StoreError> {
    bytes.map(TryInto::try_into).transpose().map_err(|_| StoreError::Corrupt(column))
}

/// A vehicle of its two columns.
pub(crate) fn vehicle(plate: Option<&str>, device: Option<DeviceId>) -> Result<Vehicle, StoreError> {
    match (plate, device) {
        (Some(plate), _) => {
            Plate::parse(plate).map(Vehicle::Plate).map_err(|_| StoreError::Corrupt("verification.plate"))
        }
        (None, Some(device)) => Ok(Vehicle::Device(device)),
        (None, None) => Ok(Vehicle::None),
    }
}

pub(crate) fn class(number: i16) -> Result<LicenceClass, StoreError> {
    let class = LicenceClass::ALL.iter().find(|class| digits(class.code()) == number);
    class.copied().ok_or(StoreError::Corrupt("verification.class"))
}

pub(crate) fn api_type(code: &str) -> Result<ApiType, StoreError> {
    let api_type = ApiType::ALL.iter().find(|api_type| api_type.code() == code);
    api_type.copied().ok_or(StoreError::Corrupt("verification.api_type"))
}

pub(crate) fn identity(number: i16) -> Result<VehicleIdentity, StoreError> {
    let both = [VehicleIdentity::Confirmed, VehicleIdentity::Unconfirmed];
    let identity = both.into_iter().find(|identity| digits(identity.code()) == number);
    identity.ok_or(StoreError::Corrupt("verification.identity"))
}
