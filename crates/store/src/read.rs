//! Reads.

use jiff::Timestamp;
use rims_domain::{Account, AccountId, Credential, CredentialId, Environment};
use rims_protocol::values::{LicenceNumber, Plate};

use crate::audit::{self, AuditHead, AuditReport};
use crate::codec::{Code, moment};
use crate::db::on_backend;
use crate::error::{StoreError, report};
use crate::record::{
    AuditEntry, CredentialRecord, StoredAccount, StoredCredential, StoredKey, StoredVerification,
    TokenRecord, VerificationRecord,
};
use crate::row::{GraceKey, subject_hash};
use crate::sql;
use crate::store::Store;
use crate::write::{Subject, TokenHash, sha256};

/// Reads on either engine; an engine's error is counted, logged and translated.
macro_rules! read {
    ($store:expr, $query:expr, $how:ident $(, $value:expr)*) => {
        on_backend!(&$store.inner.db, pool => $query$(.bind($value))*.$how(pool).await)
            .map_err(|error| report(&error))
    };
}

impl Store {
    /// What a token stands for, expired or not.
    pub async fn token(&self, hash: &TokenHash) -> Result<Option<TokenRecord>, StoreError> {
        let row: Option<(i64, i64)> =
            read!(self, sqlx::query_as(sql::TOKEN), fetch_optional, &hash.as_bytes()[..])?;
        row.map(|(credential, expires_ms)| {
            let expires = moment(expires_ms, "token.expires_ms")?;
            Ok(TokenRecord { credential: CredentialId(credential), expires })
        })
        .transpose()
    }

    /// A key by the auth key a client sent.
    pub async fn credential_by_auth_key(
        &self,
        auth_key: &str,
    ) -> Result<Option<CredentialRecord>, StoreError> {
        let hash = sha256(auth_key);
        let row: Option<StoredKey> =
            read!(self, sqlx::query_as(sql::CREDENTIAL_BY_AUTH_KEY), fetch_optional, &hash[..])?;
        row.map(|row| row.open(&self.inner.keys)).transpose()
    }

    /// A key by its id.
    pub async fn credential(&self, id: CredentialId) -> Result<Option<CredentialRecord>, StoreError> {
        let row: Option<StoredKey> =
            read!(self, sqlx::query_as(sql::CREDENTIAL_BY_ID), fetch_optional, id.0)?;
        row.map(|row| row.open(&self.inner.keys)).transpose()
    }

    /// Whose a key is; its Secret Key stays sealed.
    pub async fn credential_owner(&self, id: CredentialId) -> Result<Option<AccountId>, StoreError> {
        let owner: Option<i64> =
            read!(self, sqlx::query_scalar(sql::CREDENTIAL_OWNER), fetch_optional, id.0)?;
        Ok(owner.map(AccountId))
    }

    /// An account's keys, oldest first, without their secrets.
    pub async fn credentials_of(&self, account: AccountId) -> Result<Vec<Credential>, StoreError> {
        let rows: Vec<StoredCredential> =
            read!(self, sqlx::query_as(sql::CREDENTIALS_OF), fetch_all, account.0)?;
        rows.into_iter().map(Credential::try_from).collect()
    }

    /// An account by its id.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let row: Option<StoredAccount> =
            read!(self, sqlx::query_as(sql::ACCOUNT_BY_ID), fetch_optional, id.0)?;
        row.map(Account::try_from).transpose()
    }

    /// An account by its 사용자ID.
    pub async fn account_by_user_id(&self, user_id: &str) -> Result<Option<Account>, StoreError> {
        let row: Option<StoredAccount> =
            read!(self, sqlx::query_as(sql::ACCOUNT_BY_USER_ID), fetch_optional, user_id)?;
        row.map(Account::try_from).transpose()
    }

    /// Every account, oldest first.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let rows: Vec<StoredAccount> = read!(self, sqlx::query_as(sql::ACCOUNTS), fetch_all)?;
        rows.into_iter().map(Account::try_from).collect()
    }

    /// Whether `owner` lets `delegate` ask on its behalf, now.
    pub async fn has_delegated(&self, owner: AccountId, delegate: AccountId) -> Result<bool, StoreError> {
        let count: i64 = read!(self, sqlx::query_scalar(sql::HAS_DELEGATED), fetch_one, owner.0, delegate.0)?;
        Ok(count > 0)
    }

    /// Who lets `delegate` ask on their behalf, now.
    pub async fn delegators(&self, delegate: AccountId) -> Result<Vec<Account>, StoreError> {
        let rows: Vec<StoredAccount> = read!(self, sqlx::query_as(sql::DELEGATORS), fetch_all, delegate.0)?;
        rows.into_iter().map(Account::try_from).collect()
    }

    /// When a vehicle's running grace began (§3.3).
    pub async fn grace_started(
        &self,
        company: AccountId,
        environment: Environment,
        plate: &Plate,
    ) -> Result<Option<Timestamp>, StoreError> {
        let key = GraceKey::of(company, environment, plate);
        let started: Option<i64> = read!(
            self,
            sqlx::query_scalar(sql::GRACE_STARTED),
            fetch_optional,
            key.company,
            key.environment,
            key.plate_key.as_str()
        )?;
        started.map(|started_ms| moment(started_ms, "vehicle_grace.started_ms")).transpose()
    }

    /// A company's latest verifications, newest first.
    pub async fn verifications_of(
        &self,
        company: AccountId,
        environment: Environment,
        limit: u32,
    ) -> Result<Vec<VerificationRecord>, StoreError> {
        let rows: Vec<StoredVerification> = read!(
            self,
            sqlx::query_as(sql::VERIFICATIONS_OF),
            fetch_all,
            company.0,
            environment.encode(),
            i64::from(limit)
        )?;
        rows.into_iter().map(|row| row.open(&self.inner.keys)).collect()
    }

    /// A licence's verifications at any company with `since <= at <= until`, newest first. For
    /// rare questions, such as a person's own: it reads all rows of that time.
    pub async fn verifications_by_licence(
        &self,
        licence: &LicenceNumber,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<VerificationRecord>, StoreError> {
        let hash = self.inner.keys.licence_hash(licence);
        let mut found = Vec::new();
        for bucket in self.inner.ids.buckets(since, until).rev() {
            let rows: Vec<StoredVerification> = read!(
                self,
                sqlx::query_as(sql::VERIFICATIONS_BY_LICENCE),
                fetch_all,
                bucket,
                &hash[..],
                since.as_millisecond(),
                until.as_millisecond()
            )?;
            for row in rows {
                found.push(row.open(&self.inner.keys)?);
            }
        }
        Ok(found)
    }

    /// At most `limit` rows of an audit chain from `from_seq` on.
    pub async fn audit_entries(
        &self,
        chain: &str,
        from_seq: i64,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        audit::entries(&self.inner.db, chain, from_seq, limit).await
    }

    /// Recomputes every audit chain and says where one breaks. Reads the whole trail, beside whoever writes it.
    pub async fn verify_audit(&self) -> Result<AuditReport, StoreError> {
        self.verify_audit_telling(&[], |_| ()).await
    }

    /// The same, and looks for heads that were kept elsewhere; tells from time to time how many rows were checked. A head
    /// whose row retention has destroyed is passed over.
    pub async fn verify_audit_telling(
        &self,
        anchors: &[AuditHead],
        progress: impl Fn(u64) + Send + Sync,
    ) -> Result<AuditReport, StoreError> {
        audit::verify(&self.inner.db, &self.inner.keys, anchors, &progress).await
    }

    /// Where each audit chain ends, by its name.
    pub async fn audit_heads(&self) -> Result<Vec<AuditHead>, StoreError> {
        audit::heads(&self.inner.db).await
    }

    /// The keyed hash by which the audit trail knows somebody.
    pub fn subject_hash(&self, subject: &Subject) -> Option<[u8; 16]> {
        subject_hash(subject, &self.inner.keys)
    }
}
