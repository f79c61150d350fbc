use super::code_table;

code_table! {
    /// Table 5.12: what kind of service a 범용 call is for (범용 API 유형 코드표).
    pub enum ApiType(&'static str) {
        SingleGeneral = "S00", "범용 운전자격확인 단 건 조회 API", "single verification: general";
        SingleTrucker = "S01", "트럭커 운전자격확인 단 건 조회 API", "single verification: trucker";
        SinglePetTaxi = "S02", "애완동물택시 운전자격확인 단 건 조회 API", "single verification: pet taxi";
        BatchGeneral = "B00", "범용 운전자격확인 배치 조회 API", "batch verification: general";
        BatchTrucker = "B01", "트럭커 운전자격확인 배치 조회 API", "batch verification: trucker";
        BatchPetTaxi = "B02", "애완동물택시 운전자격확인 배치 조회 API", "batch verification: pet taxi";
        NumberGeneral = "G00", "범용 검증번호 생성 API", "number generation: general";
        NumberTrucker = "G01", "트럭커 검증번호 생성 API", "number generation: trucker";
        NumberPetTaxi = "G02", "애완동물택시 검증번호 생성 API", "number generation: pet taxi";
    }
}

/// The three groups of table 5.12; a code of another group is refused (-160).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiTypeGroup {
    /// `S..`, single verification.
    Single,
    /// `B..`, batch verification.
    Batch,
    /// `G..`, number generation.
    Number,
}

impl ApiTypeGroup {
    /// The code that an absent `com_api_type` stands for.
    pub const fn default_type(self) -> ApiType {
        match self {
            Self::Single => ApiType::SingleGeneral,
            Self::Batch => ApiType::BatchGeneral,
            Self::Number => ApiType::NumberGeneral,
        }
    }

    /// The code, if it is one of this group.
    pub fn parse(self, code: &str) -> Option<ApiType> {
        ApiType::ALL.iter().copied().find(|row| row.code() == code && row.group() == self)
    }
}

impl ApiType {
    /// The group this code belongs to.
    pub const fn group(self) -> ApiTypeGroup {
        match self {
            Self::SingleGeneral | Self::SingleTrucker | Self::SinglePetTaxi => ApiTypeGroup::Single,
            Self::BatchGeneral | Self::BatchTrucker | Self::BatchPetTaxi => ApiTypeGroup::Batch,
            Self::NumberGeneral | Self::NumberTrucker | Self::NumberPetTaxi => ApiTypeGroup::Number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_belongs_to_the_group_of_its_letter() {
        for api_type in ApiType::ALL {
            let expected = match &api_type.code()[..1] {
                "S" => ApiTypeGroup::Single,
                "B" => ApiTypeGroup::Batch,
                _ => ApiTypeGroup::Number,
            };
            assert_eq!(api_type.group(), expected);
            assert_eq!(expected.parse(api_type.code()), Some(*api_type));
            assert_eq!(expected.default_type().group(), expected);
        }
        assert_eq!(ApiTypeGroup::Single.parse("B00"), None);
        assert_eq!(ApiTypeGroup::Single.parse("S03"), None);
    }
}
