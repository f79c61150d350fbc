//! Histories of a company's rentals and reservations (§4.2.8, §4.2.9).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::DateTime;
use rims_domain::calendar::{in_seoul, today};
use rims_domain::{Account, AccountId, AccountKind, AuditAction, Environment};
use rims_protocol::messages::{
    HistoryPage, HistoryRequest, LicenceKind, RentalRow, ScheduleRow, VerificationInfo,
};
use rims_protocol::values::{LicenceNumber, PersonName, is_control_or_format};
use rims_store::{HistoryQuery, NewAudit, RentalRecord, ReservationRecord, StoreError, Subject, Write};

use super::{Principal, ServiceError, Services};

/// The companies that a history is about.
struct Scope {
    companies: BTreeMap<AccountId, Account>,
    ids: Vec<AccountId>,
}

impl Services {
    /// A page of rentals.
    pub async fn rental_history(
        &self,
        caller: &Principal,
        request: HistoryRequest,
        at: Timestamp,
    ) -> Result<HistoryPage<RentalRow>, ServiceError> {
        let scope = self.scope(caller, &request).await?;
        let page = self.store.rental_page(&query(&scope, &request)).await?;
        let people = page.rows.iter().filter_map(|rental| rental.licence_hash).collect();
        let viewed = caller.event(at, AuditAction::RentalHistory);
        self.record_view(viewed, &scope, &request, people).await?;
        let rows: Result<Vec<RentalRow>, _> =
            page.rows.into_iter().map(|rental| scope.rental_row(rental)).collect();
        Ok(HistoryPage::new(rows?, request.page, u64::try_from(page.total).unwrap_or_default()))
    }

    /// A page of reservations with their last results.
    pub async fn schedule_history(
        &self,
        caller: &Principal,
        request: HistoryRequest,
        at: Timestamp,
    ) -> Result<HistoryPage<ScheduleRow>, ServiceError> {
        let scope = self.scope(caller, &request).await?;
        let page = self.store.reservation_page(&query(&scope, &request)).await?;
        let people = page.rows.iter().filter_map(|row| self.licence_hash(&row.licence)).collect();
        let viewed = caller.event(at, AuditAction::ReservationHistory);
        self.record_view(viewed, &scope, &request, people).await?;
        let mut rows = Vec::with_capacity(page.rows.len());
        for reservation in page.rows {
            let registrant = self.registrant(&scope, reservation.caller).await?;
            rows.push(scope.schedule_row(reservation, registrant)?);
        }
        Ok(HistoryPage::new(rows, request.page, u64::try_from(page.total).unwrap_or_default()))
    }

    /// The company that `bizinfo` names, or the caller's own and, for a platform, those that have delegated to it;
    /// of these the ones whose name contains `co_nm`. Development keys make no rentals (§3.5.1), so they have
    /// no history.
    async fn scope(&self, caller: &Principal, request: &HistoryRequest) -> Result<Scope, ServiceError> {
        let company = self.company(caller, request.bizinfo.as_ref()).await?;
        let mut companies = Vec::new();
        if caller.environment == Environment::Operations {
            let names_nobody = request.bizinfo.is_none();
            if names_nobody && caller.account.kind == AccountKind::Platform {
                companies = self.store.delegators(caller.account.id).await?;
                companies.retain(Account::is_usable);
            }
            companies.push(company);
        }
        if let Some(name) = &request.company_name {
            companies.retain(|company| company.company.contains(name.as_str()));
        }
        let companies: BTreeMap<_, _> = companies.into_iter().map(|company| (company.id, company)).collect();
        Ok(Scope { ids: companies.keys().copied().collect(), companies })
    }

    /// Who looked at whose data is part of the audit trail: the company that was named, or the caller's own, and every
    /// driver whom the page shows, once.
    async fn record_view(
        &self,
        viewed: NewAudit,
        scope: &Scope,
        request: &HistoryRequest,
        people: BTreeSet<[u8; 16]>,
    ) -> Result<(), ServiceError> {
        let named = request.bizinfo.as_ref().and_then(|user_id| {
            scope.companies.values().find(|company| company.user_id == *user_id).map(|company| company.id)
        });
        let audit = NewAudit {
            company: named.or(viewed.company),
            subject: Subject::People(people.into_iter().collect()),
            ..viewed
        };
        Ok(self.store.commit(Write::Audit(vec![audit])).await?)
    }

    fn licence_hash(&self, licence: &LicenceNumber) -> Option<[u8; 16]> {
        self.store.subject_hash(&Subject::Licence(licence.clone()))
    }

    /// Who registered a reservation; an account has no person's name, so it is the company's.
    async fn registrant(&self, scope: &Scope, id: AccountId) -> Result<PersonName, ServiceError> {
        let company = match scope.companies.get(&id) {
            Some(account) => account.company.clone(),
            None => self.account(id).await?.company,
        };
        let shown = company.chars().filter(|character| !is_control_or_format(*character));
        let short: String = shown.take(40).collect();
        PersonName::parse(&short).map_err(|_| ServiceError::Store(StoreError::Corrupt("account.company")))
    }
}

fn query<'a>(scope: &'a Scope, request: &'a HistoryRequest) -> HistoryQuery<'a> {
    HistoryQuery {
        scope: &scope.ids,
        search: request.search,
        from: request.from,
        to: request.to,
        plate: request.plate.as_ref(),
        offset: request.offset(),
        limit: request.rows,
    }
}

impl Scope {
    fn company_name(&self, id: AccountId) -> Result<String, ServiceError> {
        let company = self.companies.get(&id).map(|company| company.company.clone());
        company.ok_or(ServiceError::Store(StoreError::Corrupt("company_id")))
    }

    fn rental_row(&self, rental: RentalRecord) -> Result<RentalRow, ServiceError> {
        let verification = |(at, f_rtn_code)| VerificationInfo { vrfc_dmnd_dt: local(at), f_rtn_code };
        Ok(RentalRow {
            co_nm: self.company_name(rental.company)?,
            rent_no: rental.number,
            vhcl_reg_no: rental.plate,
            rent_bgng_dt: rental.period.from,
            rent_end_dt: rental.period.to,
            rent_stts_cd: rental.status,
            reg_dt: local(rental.at),
            lcns_idntf_nm: if rental.temporary { LicenceKind::Temporary } else { LicenceKind::Regular },
            verification_info: rental.checked.map(verification),
        })
    }

    fn schedule_row(
        &self,
        reservation: ReservationRecord,
        registrant: PersonName,
    ) -> Result<ScheduleRow, ServiceError> {
        Ok(ScheduleRow {
            co_nm: self.company_name(reservation.company)?,
            rent_no: reservation.number,
            vhcl_reg_no: reservation.plate,
            f_license_no: reservation.licence,
            f_licn_con_code: reservation.class,
            repeat_period: reservation.recurrence,
            rsvt_bgng_ymd: reservation.period.from,
            rsvt_end_ymd: reservation.period.to,
            last_vrfc_rslt: reservation.last_code,
            last_vrfc_ymd: today(reservation.last_at),
            next_vrfc_ymd: reservation.next_date,
            rsvt_nm: registrant,
            f_resident_name: reservation.name,
            reg_dt: local(reservation.at),
        })
    }
}

fn local(at: Timestamp) -> DateTime {
    in_seoul(at).datetime()
}
