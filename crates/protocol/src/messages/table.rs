use crate::Sector;
use crate::interface::Family;
use crate::values::NumberKind;

/// The names of the members that an interface's request has (the table of its fourth subsection, §4.2.1.4). What else is
/// sent is ignored: it is read over and takes no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestTable {
    /// The request's own.
    pub members: &'static [&'static str],
    /// Those of an item of `requestList`; none where the request has no list.
    pub items: &'static [&'static str],
}

/// The one member that is an array.
pub(crate) const LIST: &str = "requestList";

const fn members(members: &'static [&'static str]) -> RequestTable {
    RequestTable { members, items: &[] }
}

#[rustfmt::skip]
const SINGLE: RequestTable = members(&[
    "bizinfo", "f_license_no", "f_resident_name", "f_licn_con_code", "f_from_date", "f_to_date", "vhcl_reg_no",
]);

#[rustfmt::skip]
const GENERAL_SINGLE: RequestTable = members(&[
    "bizinfo", "f_license_no", "f_resident_name", "f_licn_con_code", "f_from_date", "f_to_date", "vhcl_reg_no",
    "com_api_type",
]);

#[rustfmt::skip]
const BATCH: RequestTable = RequestTable {
    members: &["f_send_cnt", "bizinfo", LIST],
    items: &["f_license_no", "f_resident_name", "f_licn_con_code", "f_from_date", "f_to_date", "vhcl_reg_no"],
};

#[rustfmt::skip]
const GENERAL_BATCH: RequestTable = RequestTable {
    members: &["f_send_cnt", "bizinfo", LIST, "com_api_type"],
    items: &[
        "f_license_no", "f_resident_name", "f_licn_con_code", "f_from_date", "f_to_date", "vhcl_reg_no",
        "com_api_type",
    ],
};

#[rustfmt::skip]
const CONFIRM: RequestTable = members(&[
    "bizinfo", "one_way_yn", "f_license_no", "f_resident_name", "f_licn_con_code", "f_from_date", "f_to_date",
    "vhcl_reg_no",
]);

#[rustfmt::skip]
const SCHEDULE: RequestTable = members(&[
    "bizinfo", "repeat_period", "f_license_no", "f_resident_name", "f_licn_con_code", "f_from_date", "f_to_date",
    "vhcl_reg_no",
]);

const RENTAL_NUMBER: RequestTable = members(&["bizinfo", "rent_bgng_dt", "rent_end_dt", "vhcl_reg_no"]);
const DEVICE_NUMBER: RequestTable = members(&["bizinfo", "f_from_date", "f_to_date", "vhcl_reg_no"]);
const NUMBER: RequestTable = members(&["bizinfo", "f_from_date", "f_to_date"]);
const GENERAL_NUMBER: RequestTable = members(&["bizinfo", "f_from_date", "f_to_date", "com_api_type"]);

#[rustfmt::skip]
const HISTORY: RequestTable = members(&[
    "f_from_date", "f_to_date", "vhcl_reg_no", "co_nm", "page_no", "num_of_rows", "search_type", "bizinfo",
]);

impl RequestTable {
    /// The table of an interface; empty where nothing is encrypted.
    pub const fn of(family: Family) -> Self {
        match family {
            Family::Token | Family::User => members(&[]),
            Family::Single(Sector::General) => GENERAL_SINGLE,
            Family::Single(
                Sector::Rental | Sector::Delivery | Sector::PersonalMobility | Sector::Chauffeur,
            ) => SINGLE,
            Family::Batch(Sector::General) => GENERAL_BATCH,
            Family::Batch(
                Sector::Rental | Sector::Delivery | Sector::PersonalMobility | Sector::Chauffeur,
            ) => BATCH,
            Family::RentalConfirm => CONFIRM,
            Family::Schedule => SCHEDULE,
            Family::Anomaly => members(&["f_license_no"]),
            Family::Number(Sector::Rental) => RENTAL_NUMBER,
            Family::Number(Sector::PersonalMobility) => DEVICE_NUMBER,
            Family::Number(Sector::Delivery | Sector::Chauffeur) => NUMBER,
            Family::Number(Sector::General) => GENERAL_NUMBER,
            Family::Result(sector) => match sector.rules().number.kind {
                NumberKind::Rental => members(&["rent_no", "bizinfo"]),
                NumberKind::Verification => members(&["vrfc_no", "bizinfo"]),
            },
            Family::RentalHistory | Family::ScheduleHistory => HISTORY,
        }
    }
}
