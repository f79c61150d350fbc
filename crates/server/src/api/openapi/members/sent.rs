//! The members that are sent.

use rims_protocol::Sector;

use super::super::codes;
use super::super::member::{COMPACT_DAY, Form, Member};

pub(in crate::api::openapi) const BIZINFO: Member = Member {
    name: "bizinfo",
    form: Form::Identifier(32),
    example: "asdf12341....",
    korean: "사용자정보: 호출한 사용자의 업체가 아닐 때 그 업체의 사용자ID",
    english: "user id of the company it is asked for, if that is not the caller's own",
    section: "4.2.1.4",
};

pub(in crate::api::openapi) const LICENCE_NUMBER: Member = Member {
    name: "f_license_no",
    form: Form::Like("[0-9]{12}"),
    example: "221212121212",
    korean: "운전면허번호 12자리: 앞의 지역 이름은 지역 코드(5.5)로 바꾼다",
    english: "licence number: a region's name at its beginning becomes the code of table 5.5",
    section: "4.2.1.4",
};

pub(in crate::api::openapi) const LICENCE_NAME: Member = Member {
    name: "f_resident_name",
    form: Form::Identifier(40),
    example: "홍길동",
    korean: "운전면허자명",
    english: "the holder's name",
    section: "4.2.1.4",
};

pub(in crate::api::openapi) const LICENCE_CLASS: Member = Member {
    name: "f_licn_con_code",
    form: Form::Code(&codes::LICENCE_CLASS),
    example: "",
    korean: "면허종별(코드)",
    english: "licence class",
    section: "4.2.1.4",
};

pub(in crate::api::openapi) const FROM: Member = Member {
    name: "f_from_date",
    form: Form::Like(COMPACT_DAY),
    example: "20241023",
    korean: "운전자격 검증시작일: 오늘을 포함한 이후",
    english: "first day of the verification: today or later",
    section: "4.2.1.4",
};

pub(in crate::api::openapi) const TO: Member = Member {
    name: "f_to_date",
    form: Form::Like(COMPACT_DAY),
    example: "20241023",
    korean: "운전자격 검증종료일: 시작일을 포함한 이후",
    english: "last day of the verification: not before the first",
    section: "4.2.1.4",
};

pub(in crate::api::openapi) const RENT_FROM: Member = Member {
    name: "rent_bgng_dt",
    form: Form::Like(COMPACT_DAY),
    example: "20240926",
    korean: "대여시작일: 오늘을 포함한 이후",
    english: "first day of the rental: today or later",
    section: "4.2.6.4",
};

pub(in crate::api::openapi) const RENT_TO: Member = Member {
    name: "rent_end_dt",
    form: Form::Like(COMPACT_DAY),
    example: "20250925",
    korean: "대여종료일: 시작일을 포함한 이후",
    english: "last day of the rental: not before the first",
    section: "4.2.6.4",
};

pub(in crate::api::openapi) const PLATE: Member = Member {
    name: "vhcl_reg_no",
    form: Form::PLATE,
    example: "67라6767",
    korean: "차량등록번호: 차량이 정해지지 않았으면 99임9999",
    english: "registration number; 99임9999 while the vehicle is not decided",
    section: "4.2.1.4",
};

pub(in crate::api::openapi) const DECIDED_PLATE: Member = Member {
    name: "vhcl_reg_no",
    form: Form::DecidedPlate,
    example: "67라6767",
    korean: "차량등록번호: 임시차량번호 99임9999는 쓸 수 없다",
    english: "registration number; not the temporary 99임9999",
    section: "4.2.3.4",
};

pub(in crate::api::openapi) const DEVICE: Member = Member {
    name: "vhcl_reg_no",
    form: Form::Identifier(200),
    example: "PM000001",
    korean: "단말기 식별 고유정보",
    english: "what identifies the device to its company",
    section: "4.4.1.4",
};

pub(in crate::api::openapi) const SINGLE_TYPE: Member = Member {
    name: "com_api_type",
    form: Form::Code(&codes::SINGLE_TYPE),
    example: "",
    korean: "범용API유형",
    english: "kind of service",
    section: "4.6.1.4",
};

pub(in crate::api::openapi) const BATCH_TYPE: Member = Member {
    name: "com_api_type",
    form: Form::Code(&codes::BATCH_TYPE),
    example: "",
    korean: "범용API유형: 항목의 것이 요청의 것보다 앞선다",
    english: "kind of service; an item's own counts before the one beside the list",
    section: "4.6.2.4",
};

pub(in crate::api::openapi) const NUMBER_TYPE: Member = Member {
    name: "com_api_type",
    form: Form::Code(&codes::NUMBER_TYPE),
    example: "",
    korean: "범용API유형",
    english: "kind of service",
    section: "4.6.3.4",
};

pub(in crate::api::openapi) const COUNT: Member = Member {
    name: "f_send_cnt",
    form: Form::Like(r"(0{0,3}[1-9]|0{0,2}[1-9][0-9]|0?[1-9][0-9]{2}|1000)"),
    example: "2",
    korean: "요청건수 1–1000: requestList의 항목 수와 같아야 한다(-200)",
    english: "how many items requestList has, 1 to 1,000; another number is -200",
    section: "4.2.2.4",
};

pub(in crate::api::openapi) const ONE_WAY: Member = Member {
    name: "one_way_yn",
    form: Form::Code(&codes::ONE_WAY),
    example: "",
    korean: "편도 여부",
    english: "whether the vehicle is given back elsewhere",
    section: "4.2.3.4",
};

pub(in crate::api::openapi) const RECURRENCE: Member = Member {
    name: "repeat_period",
    form: Form::Code(&codes::RECURRENCE),
    example: "",
    korean: "반복주기",
    english: "how often it is repeated",
    section: "4.2.4.4",
};

pub(in crate::api::openapi) const SEARCH_FROM: Member = Member {
    name: "f_from_date",
    form: Form::Like(COMPACT_DAY),
    example: "20250915",
    korean: "조회시작일",
    english: "first day searched",
    section: "4.2.8.4",
};

pub(in crate::api::openapi) const SEARCH_TO: Member = Member {
    name: "f_to_date",
    form: Form::Like(COMPACT_DAY),
    example: "20251001",
    korean: "조회종료일: 시작일부터 1개월 이내",
    english: "last day searched: at most a calendar month after the first",
    section: "4.2.8.4",
};

pub(in crate::api::openapi) const SEARCHED_PLATE: Member = Member {
    name: "vhcl_reg_no",
    form: Form::PLATE,
    example: "01호1234",
    korean: "차량번호",
    english: "only this vehicle",
    section: "4.2.8.4",
};

pub(in crate::api::openapi) const SEARCHED_COMPANY: Member = Member {
    name: "co_nm",
    form: Form::Identifier(80),
    example: "테스트회사",
    korean: "회사명의 일부",
    english: "only companies whose name has this part",
    section: "4.2.8.4",
};

pub(in crate::api::openapi) const PAGE: Member = Member {
    name: "page_no",
    form: Form::Count { most: u32::MAX, digits: "0*[1-9][0-9]{0,9}" },
    example: "1",
    korean: "페이지번호: 1부터",
    english: "page, from 1",
    section: "4.2.8.4",
};

pub(in crate::api::openapi) const ROWS: Member = Member {
    name: "num_of_rows",
    form: Form::Count { most: 1000, digits: "0*([1-9][0-9]{0,2}|1000)" },
    example: "10",
    korean: "조회건수: 1–1000",
    english: "rows of a page, 1 to 1,000",
    section: "4.2.8.4",
};

pub(in crate::api::openapi) const RENTAL_SEARCH: Member = Member {
    name: "search_type",
    form: Form::Code(&codes::RENTAL_SEARCH),
    example: "",
    korean: "검색유형",
    english: "which date lies between the days searched",
    section: "4.2.8.4",
};

pub(in crate::api::openapi) const SCHEDULE_SEARCH: Member = Member {
    name: "search_type",
    form: Form::Code(&codes::SCHEDULE_SEARCH),
    example: "",
    korean: "검색유형",
    english: "which date lies between the days searched",
    section: "4.2.9.4",
};

pub(in crate::api::openapi) const USER_ID: Member = Member {
    name: "user_id",
    form: Form::Identifier(32),
    example: "test",
    korean: "사용자ID",
    english: "the id asked about",
    section: "4.1.2.3",
};

pub(in crate::api::openapi) const BUSINESS_NUMBER: Member = Member {
    name: "brno",
    form: Form::Like("[0-9]{10}"),
    example: "1234567890",
    korean: "사업자등록번호 10자리",
    english: "the business registration number it should belong to, 10 digits",
    section: "4.1.2.3",
};

pub(in crate::api::openapi) const GRANT_TYPE: Member = Member {
    name: "grantType",
    form: Form::Code(&codes::GRANT_TYPE),
    example: "",
    korean: "인증 방식",
    english: "kind of grant",
    section: "4.1.1.2",
};

/// The day of a period ([`PeriodRule`]) that has this name.
///
/// [`PeriodRule`]: rims_protocol::sector::PeriodRule
pub(in crate::api::openapi) fn day(name: &'static str) -> Member {
    let days = [FROM, TO, RENT_FROM, RENT_TO];
    days.into_iter().find(|day| day.name == name).unwrap_or(Member { name, ..FROM })
}

/// `rent_no` or `vrfc_no`, whose letter is the sector's.
pub(in crate::api::openapi) fn number(sector: Sector) -> Member {
    Member { form: Form::SentNumber(sector), ..super::number(sector) }
}
