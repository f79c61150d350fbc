//! What may become of a rental (§4.2.8.6.1).

use rims_protocol::codes::RentalStatus;

/// A change of a rental that its present state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTransition {
    /// Only a pending rental can be confirmed.
    #[error("the rental is {} ({}), not pending", .0.code(), .0.english())]
    NotPending(RentalStatus),
    /// A cancelled rental stays so.
    #[error("the rental is {} ({}) and stays so", .0.code(), .0.english())]
    Ended(RentalStatus),
}

/// The state after 대여확정.
pub fn confirm(status: RentalStatus) -> Result<RentalStatus, InvalidTransition> {
    match status {
        RentalStatus::Pending => Ok(RentalStatus::Confirmed),
        RentalStatus::Confirmed | RentalStatus::Cancelled => Err(InvalidTransition::NotPending(status)),
    }
}

/// The state after 대여취소.
pub fn cancel(status: RentalStatus) -> Result<RentalStatus, InvalidTransition> {
    match status {
        RentalStatus::Pending | RentalStatus::Confirmed => Ok(RentalStatus::Cancelled),
        RentalStatus::Cancelled => Err(InvalidTransition::Ended(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pending_rentals_are_confirmed() {
        assert_eq!(confirm(RentalStatus::Pending), Ok(RentalStatus::Confirmed));
        for status in [RentalStatus::Confirmed, RentalStatus::Cancelled] {
            let refused = confirm(status).unwrap_err();
            assert_eq!(refused, InvalidTransition::NotPending(status));
            assert!(refused.to_string().contains(status.english()));
        }
    }

    #[test]
    fn cancelled_is_final() {
        for status in [RentalStatus::Pending, RentalStatus::Confirmed] {
            assert_eq!(cancel(status), Ok(RentalStatus::Cancelled));
        }
        let refused = cancel(RentalStatus::Cancelled).unwrap_err();
        assert_eq!(refused, InvalidTransition::Ended(RentalStatus::Cancelled));
        assert_eq!(refused.to_string(), "the rental is 9 (cancelled) and stays so");
    }
}
