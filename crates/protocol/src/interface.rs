//! The 27 interfaces of §3.5.1, one row each. The router, the key gate, the documents and the tests'
//! enumeration all read this table.

use crate::{ApiError, Sector};

/// The HTTP methods the specification uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Queries in the URL (§4.1).
    Get,
    /// An encrypted body (§3.1).
    Post,
}

impl Method {
    /// `GET` or `POST`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// Which keys may use an interface (§3.5.1, the second 구분).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// 개발/운영.
    DevelopmentAndOperations,
    /// 운영.
    OperationsOnly,
}

/// What an interface does; one handler per family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// 토큰 발급.
    Token,
    /// 사용자검증.
    User,
    /// 운전자격확인 단건.
    Single(Sector),
    /// 운전자격확인 배치.
    Batch(Sector),
    /// 대여확정.
    RentalConfirm,
    /// 반복예약.
    Schedule,
    /// 대여자 대여정보 이상여부 확인.
    Anomaly,
    /// 대여번호/검증번호 생성.
    Number(Sector),
    /// 비대면 인증 결과 확인.
    Result(Sector),
    /// 업체별 대여이력 조회.
    RentalHistory,
    /// 업체별 반복예약 결과 조회.
    ScheduleHistory,
}

/// One row of §3.5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interface {
    /// The request URI.
    pub path: &'static str,
    /// The method of its section.
    pub method: Method,
    /// Which keys may use it.
    pub keys: Keys,
    /// What it does.
    pub family: Family,
    /// The section that describes it.
    pub section: &'static str,
    /// 인터페이스명.
    pub korean: &'static str,
}

const fn row(
    section: &'static str,
    method: Method,
    path: &'static str,
    keys: Keys,
    family: Family,
    korean: &'static str,
) -> Interface {
    Interface { path, method, keys, family, section, korean }
}

use Family as F;
use Keys::{DevelopmentAndOperations as BOTH, OperationsOnly as OPS};
use Method::{Get as GET, Post as POST};
use Sector::{Chauffeur, Delivery, General, PersonalMobility, Rental};

/// The table of §3.5.1.
#[rustfmt::skip]
pub const INTERFACES: [Interface; 27] = [
    row("4.1.1", GET,  "/col/oauth2",                     BOTH, F::Token,            "토큰 발급"),
    row("4.1.2", GET,  "/col/isUserInDatabase",           BOTH, F::User,             "사용자검증"),
    row("4.2.1", POST, "/licenseVerification",            BOTH, F::Single(Rental),   "운전자격확인 단건"),
    row("4.2.2", POST, "/licenseVerificationBatch",       BOTH, F::Batch(Rental),    "운전자격확인 배치"),
    row("4.2.3", POST, "/rentalConfirm",                  OPS,  F::RentalConfirm,    "대여확정"),
    row("4.2.4", POST, "/licenseVerificationSchedule",    OPS,  F::Schedule,         "반복예약"),
    row("4.2.5", POST, "/rental/anomaly",                 OPS,  F::Anomaly,          "대여자 대여정보 이상여부 확인"),
    row("4.2.6", POST, "/generateRentNo",                 OPS,  F::Number(Rental),   "대여번호 생성"),
    row("4.2.7", POST, "/licenseVerificationResult",      OPS,  F::Result(Rental),   "비대면 인증 결과 확인"),
    row("4.2.8", POST, "/company/rentals/history",        BOTH, F::RentalHistory,    "업체별 대여이력 조회"),
    row("4.2.9", POST, "/company/licenseVerificationSchedule/history", BOTH, F::ScheduleHistory, "업체별 반복예약 결과 조회"),
    row("4.3.1", POST, "/dapi/licenseVerification",       BOTH, F::Single(Delivery), "운전자격확인 단건"),
    row("4.3.2", POST, "/dapi/licenseVerificationBatch",  BOTH, F::Batch(Delivery),  "운전자격확인 배치"),
    row("4.3.3", POST, "/dapi/generateVrfcNo",            OPS,  F::Number(Delivery), "검증번호 생성"),
    row("4.3.4", POST, "/dapi/licenseVerificationResult", OPS,  F::Result(Delivery), "비대면 인증 결과 확인"),
    row("4.4.1", POST, "/pm/licenseVerification",         BOTH, F::Single(PersonalMobility), "운전자격확인 단건"),
    row("4.4.2", POST, "/pm/licenseVerificationBatch",    BOTH, F::Batch(PersonalMobility),  "운전자격확인 배치"),
    row("4.4.3", POST, "/pm/generateRentNo",              OPS,  F::Number(PersonalMobility), "대여번호 생성"),
    row("4.4.4", POST, "/pm/licenseVerificationResult",   OPS,  F::Result(PersonalMobility), "비대면 인증 결과 확인"),
    row("4.5.1", POST, "/sub/licenseVerification",        BOTH, F::Single(Chauffeur), "운전자격확인 단건"),
    row("4.5.2", POST, "/sub/licenseVerificationBatch",   BOTH, F::Batch(Chauffeur),  "운전자격확인 배치"),
    row("4.5.2.7", POST, "/sub/generateVrfcNo",           OPS,  F::Number(Chauffeur), "검증번호 생성"),
    row("4.5.3", POST, "/sub/licenseVerificationResult",  OPS,  F::Result(Chauffeur), "비대면 인증 결과 확인"),
    row("4.6.1", POST, "/cmm/licenseVerification",        BOTH, F::Single(General),   "운전자격확인 단건"),
    row("4.6.2", POST, "/cmm/licenseVerificationBatch",   BOTH, F::Batch(General),    "운전자격확인 배치"),
    row("4.6.3", POST, "/cmm/generateVrfcNo",             OPS,  F::Number(General),   "검증번호 생성"),
    row("4.6.4", POST, "/cmm/licenseVerificationResult",  OPS,  F::Result(General),   "비대면 인증 결과 확인"),
];

impl Interface {
    /// The row with this path, whatever the method.
    pub fn by_path(path: &str) -> Option<&'static Self> {
        INTERFACES.iter().find(|interface| interface.path == path)
    }

    /// The row that does this; every family of every sector has one, else -100.
    pub fn of(family: Family) -> Result<&'static Self, ApiError> {
        INTERFACES.iter().find(|interface| interface.family == family).ok_or(ApiError::NotFoundApi)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn paths_are_unique_and_found() {
        let paths: BTreeSet<&str> = INTERFACES.iter().map(|interface| interface.path).collect();
        assert_eq!(paths.len(), 27);
        for interface in &INTERFACES {
            assert_eq!(Interface::by_path(interface.path), Some(interface));
            assert_eq!(Interface::of(interface.family), Ok(interface));
        }
        assert_eq!(Interface::by_path("/licenseVerification/"), None);
    }

    #[test]
    fn sector_paths_carry_the_sectors_prefix() {
        for interface in &INTERFACES {
            let (Family::Single(sector)
            | Family::Batch(sector)
            | Family::Number(sector)
            | Family::Result(sector)) = interface.family
            else {
                continue;
            };
            let rest = interface.path.strip_prefix(sector.rules().path_prefix).unwrap();
            assert_eq!(rest.matches('/').count(), 1, "{}", interface.path);
        }
    }

    #[test]
    fn every_sector_has_every_family_of_sectors() {
        for sector in Sector::ALL.iter().copied() {
            for family in [F::Single(sector), F::Batch(sector), F::Number(sector), F::Result(sector)] {
                assert!(Interface::of(family).is_ok(), "{family:?}");
            }
        }
    }

    #[test]
    fn development_keys_may_use_fourteen() {
        let both = INTERFACES.iter().filter(|interface| interface.keys == BOTH).count();
        assert_eq!(both, 14);
        assert_eq!([GET.as_str(), POST.as_str()], ["GET", "POST"]);
    }
}
