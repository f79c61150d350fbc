//! The words that titles of columns are made of, apart by spaces and folded as `Title` folds them.

use crate::Column;

/// Titles of columns but days.
pub(crate) const NAMES: [(Column, &str); 5] = [
    (
        Column::Name,
        "이름 성명 성함 운전자 운전자명 운전자이름 운전자성명 운전자성함 기사 기사명 기사이름 \
         기사성명 면허자명 면허자성명 name fullname driver drivername driversname driverfullname \
         nameofdriver fresidentname",
    ),
    (
        Column::Class,
        "면허종별 종별 면허종류 면허종별코드 면허종류코드 종별코드 운전면허종별 운전면허종류 \
         면허구분 면허유형 보유면허종별 class classcode licenceclass licenseclass licenceclasscode \
         licenseclasscode licencetype licensetype licencecategory licensecategory \
         drivinglicenceclass driverslicenseclass driverlicenseclass flicnconcode",
    ),
    (
        Column::Vehicle,
        "차량번호 차량 차량등록번호 자동차번호 자동차등록번호 차번호 차번 번호판 차량번호판 기기번호 \
         기기id 기기아이디 기기식별번호 킥보드번호 렌터카번호 렌트카번호 대여차량 대여차량번호 \
         이용차량 차량no vehicle vehicleno vehiclenumber vehicleplate vehicleplatenumber \
         vehicleregistration vehicleregistrationnumber vehicleregno vehicleid plate plateno \
         platenumber carplate licenceplate licenseplate licenceplatenumber licenseplatenumber \
         numberplate car carno carnumber deviceid devicenumber scooterid vhclregno",
    ),
    (Column::Type, "유형 api유형 조회유형 type apitype comapitype"),
    (Column::Licence, "면허번호 licence license flicenseno"),
];

/// Whose number a licence number may be said to be.
pub(crate) const LICENCES: &str = "면허 면허증 운전면허 운전면허증 운전자면허 운전자면허증 기사면허 자동차운전면허 자동차운전면허증 \
    licence license drivinglicence drivinglicense driverlicence driverlicense driverslicence \
    driverslicense driverslic dl lic driverid drivinglicenceid licenseid";

/// How a licence number says that it is a number.
pub(crate) const NUMBERS: &str = "번호 넘버 no num number id nr 일련번호";

/// Titles whose words are about the driver or a day, and that can be none of the columns.
pub(crate) const OTHERS: &str = "전화 전화번호 연락처 휴대폰 휴대폰번호 휴대전화 휴대전화번호 핸드폰 핸드폰번호 이메일 메일 주소 \
    생년월일 생일 성별 나이 대여번호 예약번호 계약번호 대여지점 반납지점 대여장소 반납장소 대여료 대여요금 phone phonenumber mobile email address birthdate dateofbirth birthday";

/// Names of what is no person.
pub(crate) const COMPANIES: &str = "회사명 업체명 상호명 법인명 부서명 지점명 영업소명 센터명 소속명 팀명 companyname branchname \
    departmentname";

/// What `rims batch` adds to its answers, which can be drivers again.
pub(crate) const ANSWERS: &str = "운전자격 결과코드 결과 차량확인코드 조회한시작일 조회한종료일 조회한차량번호 eligible status \
    statustext vehiclecode askedfrom askedto askedvehicle statuscode";

/// Parts of Korean titles that are about a day, a vehicle, a class, a name or a licence.
pub(crate) const DOUBTS: &str = "일자 날짜 일시 시작 종료 개시 대여 반납 기간 렌트 렌탈 출발 도착 부터 까지 만료 만기 출고 \
    입고 인수 반환 마감 년월 차량 자동차 차번 차종 차명 차대 번호판 렌터카 기기 킥보드 종별 면허 \
    이름 성명 성함 운전자";

/// The same as words of English.
pub(crate) const DOUBTFUL_WORDS: &str = "date dates datetime day days from to start starts begin begins end ends until till through \
    return returns pickup pick dropoff drop rental rent period due vehicle car plate scooter device \
    class name driver licence license expiry";

/// The same within words that were written together.
pub(crate) const DOUBTFUL_PARTS: &str = "date vehicle licence license plate driver rental return period";

/// Words that have such a part, or an end such as a day's, and are about something else.
pub(crate) const PLAIN_WORDS: &str =
    "update updated template candidate 메일 파일 스타일 요일 비밀 프로필명 단일";

/// Whether a word is one of a list.
pub(crate) fn has(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed == word)
}
