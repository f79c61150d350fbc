//! The five business sectors (§4.2–§4.6) and what differs between them.

use std::fmt;

use crate::values::NumberKind;

/// A business sector: who asks, and under which path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sector {
    /// 렌트카 (§4.2).
    Rental,
    /// 소화물배송대행서비스 (§4.3), `/dapi`.
    Delivery,
    /// 개인형이동장치 (§4.4), `/pm`.
    PersonalMobility,
    /// 대리운전서비스 (§4.5), `/sub`.
    Chauffeur,
    /// 범용 (§4.6), `/cmm`.
    General,
}

/// What `vhcl_reg_no` is in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VehicleRule {
    /// A plate of at most 16 characters, required (§4.2.1.4).
    PlateRequired,
    /// The same, and `99임9999` is refused (§4.2.3.4).
    DecidedPlateRequired,
    /// A plate of at most 16 characters, optional (§4.3.1.4).
    PlateOptional,
    /// A device id of at most 200 characters, required and named first (§4.4.1.4).
    DeviceRequired,
    /// The table has no vehicle (§4.3.3.4).
    NotRead,
}

/// Whether the period must be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateRule {
    /// Both dates are required.
    Required,
    /// Absent dates mean today and tomorrow (§4.4.1.4).
    Optional,
}

/// How a request sends its period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodRule {
    /// The member of the first day.
    pub from: &'static str,
    /// The member of the last day.
    pub to: &'static str,
    /// Whether they must be sent.
    pub dates: DateRule,
}

impl PeriodRule {
    /// A period in `f_from_date` and `f_to_date`.
    pub const fn verification(dates: DateRule) -> Self {
        Self { from: "f_from_date", to: "f_to_date", dates }
    }
}

/// How a sector names and asks for the numbers of remote verifications (§4.2.6, §4.3.3, §4.4.3, §4.5.2.7, §4.6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NumberRules {
    /// Whether its numbers are `rent_no` or `vrfc_no`.
    pub kind: NumberKind,
    /// How the period is sent.
    pub period: PeriodRule,
    /// What `vhcl_reg_no` is.
    pub vehicle: VehicleRule,
}

/// Where `vhcl_idnty_cd` appears in a sector's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentityShown {
    /// In the answer of a single verification.
    pub single: bool,
    /// In each item of a batch's answer.
    pub batch: bool,
    /// In the answer of a remote result.
    pub result: bool,
}

/// Everything that differs between sectors; handlers read this and never match on a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SectorRules {
    /// What stands before `/licenseVerification` in the path.
    pub path_prefix: &'static str,
    /// The letter of its numbers (§4.1.3.3, §4.5.2.13): R, V, P, D or C.
    pub number_letter: char,
    /// How its numbers are named and asked for.
    pub number: NumberRules,
    /// What `vhcl_reg_no` is in a verification.
    pub vehicle: VehicleRule,
    /// Whether a verification's period must be sent.
    pub dates: DateRule,
    /// Where `vhcl_idnty_cd` appears.
    pub identity: IdentityShown,
    /// Whether `com_api_type` is read (table 5.12).
    pub api_type: bool,
    /// The Korean name.
    pub korean: &'static str,
    /// The same in English.
    pub english: &'static str,
}

const NOWHERE: IdentityShown = IdentityShown { single: false, batch: false, result: false };

/// §4.3.3.4, §4.5.2.11, §4.6.3.4.
const VERIFICATION_NUMBER: NumberRules = NumberRules {
    kind: NumberKind::Verification,
    period: PeriodRule::verification(DateRule::Optional),
    vehicle: VehicleRule::NotRead,
};

const RENTAL: SectorRules = SectorRules {
    path_prefix: "",
    number_letter: 'R',
    number: NumberRules {
        kind: NumberKind::Rental,
        period: PeriodRule { from: "rent_bgng_dt", to: "rent_end_dt", dates: DateRule::Required },
        vehicle: VehicleRule::DecidedPlateRequired,
    },
    vehicle: VehicleRule::PlateRequired,
    dates: DateRule::Required,
    identity: IdentityShown { single: true, batch: true, result: true },
    api_type: false,
    korean: "렌트카",
    english: "car rental",
};

const DELIVERY: SectorRules = SectorRules {
    path_prefix: "/dapi",
    number_letter: 'V',
    number: VERIFICATION_NUMBER,
    vehicle: VehicleRule::PlateOptional,
    dates: DateRule::Required,
    identity: IdentityShown { batch: true, ..NOWHERE },
    api_type: false,
    korean: "소화물배송대행서비스",
    english: "small-parcel delivery",
};

const PERSONAL_MOBILITY: SectorRules = SectorRules {
    path_prefix: "/pm",
    number_letter: 'P',
    number: NumberRules {
        kind: NumberKind::Rental,
        period: PeriodRule::verification(DateRule::Optional),
        vehicle: VehicleRule::DeviceRequired,
    },
    vehicle: VehicleRule::DeviceRequired,
    dates: DateRule::Optional,
    identity: IdentityShown { result: true, ..NOWHERE },
    api_type: false,
    korean: "개인형이동장치",
    english: "personal mobility",
};

const CHAUFFEUR: SectorRules = SectorRules {
    path_prefix: "/sub",
    number_letter: 'D',
    number: VERIFICATION_NUMBER,
    vehicle: VehicleRule::PlateOptional,
    dates: DateRule::Optional,
    identity: NOWHERE,
    api_type: false,
    korean: "대리운전서비스",
    english: "chauffeur service",
};

const GENERAL: SectorRules = SectorRules {
    path_prefix: "/cmm",
    number_letter: 'C',
    number: VERIFICATION_NUMBER,
    vehicle: VehicleRule::PlateOptional,
    dates: DateRule::Optional,
    identity: NOWHERE,
    api_type: true,
    korean: "범용",
    english: "general",
};

impl Sector {
    /// The five sectors in the specification's order.
    pub const ALL: &'static [Self] =
        &[Self::Rental, Self::Delivery, Self::PersonalMobility, Self::Chauffeur, Self::General];

    /// What differs in this sector.
    pub const fn rules(self) -> &'static SectorRules {
        match self {
            Self::Rental => &RENTAL,
            Self::Delivery => &DELIVERY,
            Self::PersonalMobility => &PERSONAL_MOBILITY,
            Self::Chauffeur => &CHAUFFEUR,
            Self::General => &GENERAL,
        }
    }

    /// A short stable name for storage, logs and metrics: `rental`, `dapi`, `pm`, `sub`, `cmm`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rental => "rental",
            Self::Delivery => "dapi",
            Self::PersonalMobility => "pm",
            Self::Chauffeur => "sub",
            Self::General => "cmm",
        }
    }

    /// The sector of [`Sector::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|sector| sector.name() == name)
    }
}

impl fmt::Display for Sector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for sector in Sector::ALL {
            assert_eq!(Sector::from_name(sector.name()), Some(*sector));
            assert_eq!(sector.to_string(), sector.name());
        }
        assert_eq!(Sector::from_name("bus"), None);
    }

    #[test]
    fn number_letters_are_the_specifications() {
        let letters: String = Sector::ALL.iter().map(|sector| sector.rules().number_letter).collect();
        assert_eq!(letters, "RVPDC");
    }
}
