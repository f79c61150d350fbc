//! The members of §4's tables, each described once.

pub(super) mod answered;
pub(super) mod history;
pub(super) mod sent;

use rims_protocol::Sector;
use rims_protocol::values::NumberKind;

use super::member::{Form, Member};

/// `rent_no` or `vrfc_no`, as it is answered: its letter is the sector's.
pub(super) fn number(sector: Sector) -> Member {
    let kind = sector.rules().number.kind;
    let (korean, english, section) = match kind {
        NumberKind::Rental => ("대여번호", "rental number", "4.2.6.6.1"),
        NumberKind::Verification => ("검증번호", "verification number", "4.3.3.6.1"),
    };
    let example = match sector {
        Sector::Rental => "R24-000924523",
        Sector::Delivery => "V25-000000293",
        Sector::PersonalMobility => "P25-000000080",
        Sector::Chauffeur => "D25-000000293",
        Sector::General => "C25-000000293",
    };
    Member { name: kind.member(), korean, english, section, form: Form::Number(sector), example }
}
