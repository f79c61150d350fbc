//! Rentals that are confirmed or cancelled by hand (§4.2.6, docs/spec-decisions.md).

use rims_domain::{Account, AuditAction, rental};
use rims_protocol::codes::RentalStatus;
use rims_protocol::values::RemoteNumber;
use rims_store::{NewAudit, RentalRecord, StatusChange, StoreError, Subject, Write};

use super::{Administration, AdministrationError, Result};
use crate::webhook::Event;

impl Administration {
    /// A rental and whose it is.
    pub async fn rental(&self, number: RemoteNumber) -> Result<(RentalRecord, Account)> {
        let rental = self.store.rental(number).await?.ok_or(AdministrationError::NoRental(number))?;
        let owner = self.store.account(rental.company).await?;
        Ok((rental, owner.ok_or(StoreError::Corrupt("rental.company_id"))?))
    }

    /// The same, for someone to look at.
    pub async fn view_rental(&self, number: RemoteNumber) -> Result<(RentalRecord, Account)> {
        let (rental, owner) = self.rental(number).await?;
        let audit = NewAudit {
            company: Some(owner.id),
            subject: Subject::People(rental.licence_hash.into_iter().collect()),
            reference: rental.id,
            ..self.plain_event(AuditAction::RentalView)
        };
        self.record(audit).await?;
        Ok((rental, owner))
    }

    /// Confirms a rental that waits, and tells its company.
    pub async fn confirm_rental(&self, number: RemoteNumber) -> Result<()> {
        let (rental, owner) = self.rental(number).await?;
        let to = allowed(number, rental::confirm(rental.status))?;
        let event = Event::RentalConfirmed { rent_no: number, user_id: owner.user_id.clone() };
        let audit = self.event(AuditAction::RentalConfirm, &owner, rental.id);
        self.change_rental(&rental, to, audit, &event).await
    }

    /// Cancels a rental, and tells its company.
    pub async fn cancel_rental(&self, number: RemoteNumber) -> Result<()> {
        let (rental, owner) = self.rental(number).await?;
        let to = allowed(number, rental::cancel(rental.status))?;
        let event = Event::RentalCancelled { rent_no: number, user_id: owner.user_id.clone() };
        let audit = self.event(AuditAction::RentalCancel, &owner, rental.id);
        self.change_rental(&rental, to, audit, &event).await
    }

    /// The company is told in the transaction of the change, or neither happens.
    async fn change_rental(
        &self,
        rental: &RentalRecord,
        to: RentalStatus,
        audit: NewAudit,
        event: &Event,
    ) -> Result<()> {
        let (at, company) = (audit.at, rental.company);
        let change = StatusChange { company, rental: rental.id, from: rental.status, to, at };
        let message = event.message(self.store.next_id(at), company, at);
        let writes = vec![Write::RentalStatus(change), Write::Audit(vec![audit]), Write::Tell(message)];
        self.store.commit(Write::Together(writes)).await.map_err(|error| match error {
            StoreError::Missing(_) => AdministrationError::RentalChanged(rental.number),
            error => error.into(),
        })
    }
}

fn allowed(
    number: RemoteNumber,
    to: std::result::Result<RentalStatus, rental::InvalidTransition>,
) -> Result<RentalStatus> {
    to.map_err(|refused| AdministrationError::RentalTransition(number, refused))
}
