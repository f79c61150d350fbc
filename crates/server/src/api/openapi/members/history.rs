//! The members of a history's rows and pages (§4.2.8.6.1, §4.2.9.6.1).

use rims_protocol::Sector;

use super::super::codes;
use super::super::member::{Form, Member};

/// `yyyy-MM-dd`.
const DAY: &str = "[0-9]{4}-[0-9]{2}-[0-9]{2}";
/// `yyyy-MM-dd HH:mm:ss.SSS`.
const MOMENT: &str = "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}";

pub(in crate::api::openapi) const COMPANY: Member = Member {
    name: "co_nm",
    form: Form::Identifier(80),
    example: "(주)테스트",
    korean: "회사명",
    english: "the company's name",
    section: "4.2.8.6.1",
};

pub(in crate::api::openapi) const NUMBER: Member = Member {
    name: "rent_no",
    form: Form::Number(Sector::Rental),
    example: "R25-000000964",
    korean: "대여번호",
    english: "rental number",
    section: "4.2.8.6.1",
};

pub(in crate::api::openapi) const PLATE: Member = Member {
    name: "vhcl_reg_no",
    form: Form::PLATE,
    example: "66하1234",
    korean: "차량번호",
    english: "registration number",
    section: "4.2.8.6.1",
};

pub(in crate::api::openapi) const RENT_FROM: Member = Member {
    name: "rent_bgng_dt",
    form: Form::Like(DAY),
    example: "2025-10-17",
    korean: "대여시작일",
    english: "first day of the rental",
    section: "4.2.8.6.1",
};

pub(in crate::api::openapi) const RENT_TO: Member = Member {
    name: "rent_end_dt",
    form: Form::Like(DAY),
    example: "2025-10-29",
    korean: "대여종료일",
    english: "last day of the rental",
    section: "4.2.8.6.1",
};

pub(in crate::api::openapi) const RENTAL_STATUS: Member = Member {
    name: "rent_stts_cd",
    form: Form::Code(&codes::RENTAL_STATUS),
    example: "",
    korean: "대여상태정보",
    english: "what became of the rental",
    section: "4.2.8.6.1",
};

pub(in crate::api::openapi) const REGISTERED_AT: Member = Member {
    name: "reg_dt",
    form: Form::Like(MOMENT),
    example: "2025-09-27 19:14:23.885",
    korean: "등록일시",
    english: "when it was registered",
    section: "4.2.8.6.1",
};

pub(in crate::api::openapi) const LICENCE_KIND: Member = Member {
    name: "lcns_idntf_nm",
    form: Form::Code(&codes::LICENCE_KIND),
    example: "",
    korean: "면허종류",
    english: "kind of licence",
    section: "4.2.8.6.1",
};

pub(in crate::api::openapi) const ASKED_AT: Member = Member {
    name: "vrfc_dmnd_dt",
    form: Form::Like(MOMENT),
    example: "2025-09-27 19:14:23.158",
    korean: "검증요청일시",
    english: "when it was verified",
    section: "4.2.8.6.1",
};

pub(in crate::api::openapi) const LICENCE_CLASS: Member = Member {
    name: "f_licn_con_code",
    form: Form::Code(&codes::LICENCE_CLASS),
    example: "",
    korean: "면허종별(코드)",
    english: "licence class",
    section: "4.2.9.6.1",
};

pub(in crate::api::openapi) const RECURRENCE: Member = Member {
    name: "repeat_period",
    form: Form::Code(&codes::RECURRENCE),
    example: "",
    korean: "반복주기",
    english: "how often it is repeated",
    section: "4.2.9.6.1",
};

pub(in crate::api::openapi) const SCHEDULE_FROM: Member = Member {
    name: "rsvt_bgng_ymd",
    form: Form::Like(DAY),
    example: "2025-09-22",
    korean: "반복예약시작일자",
    english: "first day of the reservation",
    section: "4.2.9.6.1",
};

pub(in crate::api::openapi) const SCHEDULE_TO: Member = Member {
    name: "rsvt_end_ymd",
    form: Form::Like(DAY),
    example: "2025-10-11",
    korean: "반복예약종료일자",
    english: "last day of the reservation",
    section: "4.2.9.6.1",
};

pub(in crate::api::openapi) const LAST_RESULT: Member = Member {
    name: "last_vrfc_rslt",
    form: Form::Code(&codes::LICENCE_STATUS),
    example: "",
    korean: "최종검증결과",
    english: "what the last verification gave",
    section: "4.2.9.6.1",
};

pub(in crate::api::openapi) const LAST_DAY: Member = Member {
    name: "last_vrfc_ymd",
    form: Form::Like(DAY),
    example: "2025-10-07",
    korean: "최종검증일자",
    english: "day of the last verification",
    section: "4.2.9.6.1",
};

pub(in crate::api::openapi) const NEXT_DAY: Member = Member {
    name: "next_vrfc_ymd",
    form: Form::Like(DAY),
    example: "2025-10-22",
    korean: "다음검증일자: 예약종료일 뒤일 수 있고, 그때는 검증하지 않는다",
    english: "the next date of the recurrence; after the reservation's end nothing runs",
    section: "4.2.9.6.1",
};

pub(in crate::api::openapi) const REGISTRANT: Member = Member {
    name: "rsvt_nm",
    form: Form::Text(40),
    example: "예*자",
    korean: "예약자명: 등록한 계정의 업체 이름을 가린 것",
    english: "who registered it: the name of the account's company, masked",
    section: "4.2.9.6.1",
};

pub(in crate::api::openapi) const DRIVER: Member = Member {
    name: "f_resident_name",
    form: Form::Text(40),
    example: "홍*동",
    korean: "운전자명: 가린 것",
    english: "the driver's name, masked",
    section: "4.2.9.6.1",
};

pub(in crate::api::openapi) const PAGE: Member = Member {
    name: "page_no",
    form: Form::Integer,
    example: "1",
    korean: "페이지번호",
    english: "page",
    section: "4.2.8.6.1",
};

pub(in crate::api::openapi) const ROWS: Member = Member {
    name: "num_of_rows",
    form: Form::Integer,
    example: "1",
    korean: "이 페이지의 조회건수",
    english: "rows of this page",
    section: "4.2.8.6.1",
};

pub(in crate::api::openapi) const TOTAL: Member = Member {
    name: "total_count",
    form: Form::Integer,
    example: "14",
    korean: "전체건수",
    english: "rows of all pages",
    section: "4.2.8.6.1",
};
