//! The members that are answered, but for the rows of histories.

use super::super::codes;
use super::super::member::{Form, Member};

pub(in crate::api::openapi) const MESSAGE: Member = Member {
    name: "f_rtn_msg",
    form: Form::Anything,
    example: "",
    korean: "요청처리실패메시지: 처리되었으면 비어 있다",
    english: "why KOROAD refused; empty where it was done",
    section: "4.2.1.6.1",
};

pub(in crate::api::openapi) const REQUEST_DATE: Member = Member {
    name: "f_request_date",
    form: Form::Like("[0-9]{8}"),
    example: "20231010",
    korean: "요청일시 (yyyymmdd)",
    english: "day of the request (yyyymmdd)",
    section: "4.2.1.6.1",
};

pub(in crate::api::openapi) const DONE: Member = Member {
    name: "f_rtn_cd",
    form: Form::Code(&codes::DONE),
    example: "",
    korean: "요청처리코드: 처리되었다",
    english: "it was done",
    section: "4.2.1.6.1",
};

pub(in crate::api::openapi) const REFUSED: Member = Member {
    name: "f_rtn_cd",
    form: Form::Code(&codes::REFUSAL),
    example: "",
    korean: "요청처리코드: 도로교통공단이 처리하지 않았다",
    english: "KOROAD did not do it",
    section: "4.2.1.6.1",
};

pub(in crate::api::openapi) const COUNT: Member = Member {
    name: "f_send_cnt",
    form: Form::Like("[0-9]{1,4}"),
    example: "1",
    korean: "요청건수",
    english: "how many drivers were asked about",
    section: "4.2.1.6.1",
};

pub(in crate::api::openapi) const VEHICLE_IDENTITY: Member = Member {
    name: "vhcl_idnty_cd",
    form: Form::Code(&codes::VEHICLE_IDENTITY),
    example: "",
    korean: "차량확인코드",
    english: "whether the vehicle is the company's",
    section: "4.2.1.6.2",
};

pub(in crate::api::openapi) const RESULT: Member = Member {
    name: "f_rtn_code",
    form: Form::Code(&codes::LICENCE_STATUS),
    example: "",
    korean: "검증결과코드: 00만 적격",
    english: "what KOROAD says of the licence; only 00 is eligible",
    section: "4.2.1.6.2",
};

pub(in crate::api::openapi) const MASKED_LICENCE: Member = Member {
    name: "f_license_no",
    form: Form::Like("([0-9][*]){6}"),
    example: "2*1*1*1*1*1*",
    korean: "운전면허번호: 두 번째 글자마다 가린다",
    english: "licence number, every second character hidden",
    section: "4.2.1.6.2",
};

pub(in crate::api::openapi) const REPEAT_STATUS: Member = Member {
    name: "repeat_status",
    form: Form::Code(&codes::REPEAT_STATUS),
    example: "",
    korean: "예약결과상태",
    english: "what became of the reservation",
    section: "4.2.4.6.2",
};

pub(in crate::api::openapi) const RENTALS: Member = Member {
    name: "result",
    form: Form::Integer,
    example: "11",
    korean: "대여 횟수: 최근 7일 동안 확정된 대여, 모든 업체",
    english: "confirmed rentals of that licence at any company in the last seven days",
    section: "4.2.5.6.1",
};

pub(in crate::api::openapi) const FACE_SIMILARITY: Member = Member {
    name: "face_similarity",
    form: Form::Levels(codes::FACE_SIMILARITY),
    example: "",
    korean: "얼굴유사도: 12단계 이상을 권장한다",
    english: "face similarity; level 12 or higher is recommended",
    section: "4.2.7.6.2",
};

pub(in crate::api::openapi) const FACE_LIVENESS: Member = Member {
    name: "face_liveness",
    form: Form::Levels(codes::FACE_LIVENESS),
    example: "",
    korean: "얼굴활성도: 4단계 이상을 권장한다",
    english: "face liveness; level 4 or higher is recommended",
    section: "4.2.7.6.2",
};

pub(in crate::api::openapi) const ORIGINAL: Member = Member {
    name: "original_reliability",
    form: Form::Score,
    example: "90.0",
    korean: "원본신뢰도 (0–100)",
    english: "how sure the card is an original (0 to 100)",
    section: "4.2.7.6.2",
};

pub(in crate::api::openapi) const PHOTO_CHECK: Member = Member {
    name: "police_lcns_vrfc_cd",
    form: Form::Code(&codes::PHOTO_CHECK),
    example: "",
    korean: "면허사진검증코드",
    english: "answer of the licence-photo check",
    section: "4.2.7.6.2",
};

pub(in crate::api::openapi) const APPROVAL: Member = Member {
    name: "aprv_stts_cd",
    form: Form::Code(&codes::APPROVAL),
    example: "",
    korean: "승인상태코드",
    english: "approval",
    section: "4.1.2.5",
};

pub(in crate::api::openapi) const ACCOUNT_STATUS: Member = Member {
    name: "acnt_stts_cd",
    form: Form::Code(&codes::ACCOUNT_STATUS),
    example: "",
    korean: "계정상태코드",
    english: "account state",
    section: "4.1.2.5",
};

pub(in crate::api::openapi) const REGISTERED: Member = Member {
    name: "registration_status",
    form: Form::Code(&codes::REGISTERED),
    example: "",
    korean: "등록여부",
    english: "whether it is registered",
    section: "4.1.2.5",
};

pub(in crate::api::openapi) const UNREGISTERED: Member = Member {
    name: "registration_status",
    form: Form::Code(&codes::UNREGISTERED),
    example: "",
    korean: "등록여부",
    english: "whether it is registered",
    section: "4.1.2.5",
};

pub(in crate::api::openapi) const ERROR_MESSAGE: Member = Member {
    name: "errorMsg",
    form: Form::Anything,
    example: "API를 찾을 수 없습니다.",
    korean: "오류의 까닭: 해당하는 항목의 이름이 있다",
    english: "why, in Korean; it names the member in question",
    section: "4.7",
};
