//! What operations are called and what is said of them.

use rims_protocol::Sector;
use rims_protocol::interface::Family;
use rims_protocol::values::NumberKind;

use super::text::both;

/// The tag of the interfaces that no sector owns (§4.1).
pub(super) const COMMON: &str = "common";

/// The sector an interface belongs to; car rental's own are of car rental (§4.2).
pub(super) fn sector_of(family: Family) -> Option<Sector> {
    match family {
        Family::Token | Family::User => None,
        Family::Single(sector) | Family::Batch(sector) | Family::Number(sector) | Family::Result(sector) => {
            Some(sector)
        }
        Family::RentalConfirm
        | Family::Schedule
        | Family::Anomaly
        | Family::RentalHistory
        | Family::ScheduleHistory => Some(Sector::Rental),
    }
}

/// The name of the tag.
pub(super) fn tag_of(family: Family) -> &'static str {
    sector_of(family).map_or(COMMON, Sector::name)
}

/// Unique, and readable as the name of a function.
pub(super) fn operation_id(family: Family) -> String {
    let what = match family {
        Family::Token => return "issueToken".to_owned(),
        Family::User => return "isUserInDatabase".to_owned(),
        Family::Single(_) => "Verify",
        Family::Batch(_) => "VerifyBatch",
        Family::RentalConfirm => "Confirm",
        Family::Schedule => "Schedule",
        Family::Anomaly => "Anomaly",
        Family::Number(sector) => match sector.rules().number.kind {
            NumberKind::Rental => "GenerateRentNo",
            NumberKind::Verification => "GenerateVrfcNo",
        },
        Family::Result(_) => "VerifyResult",
        Family::RentalHistory => "History",
        Family::ScheduleHistory => "ScheduleHistory",
    };
    format!("{}{what}", tag_of(family))
}

/// What the names of an operation's schemas begin with.
pub(super) fn component_prefix(family: Family) -> String {
    let id = operation_id(family);
    let mut letters = id.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// What is said of an interface beside its Korean name.
pub(super) struct Told {
    /// Its name in English.
    pub(super) english: &'static str,
    /// What it does.
    pub(super) description: String,
}

fn of(english: &'static str, korean_text: &str, english_text: &str) -> Told {
    Told { english, description: both(korean_text, english_text) }
}

/// What an interface does.
pub(super) fn told(family: Family) -> Told {
    match family {
        Family::Token => of(
            "issue a token",
            "인증키로 3시간 유효한 토큰을 발급한다. 발급할 때마다 새 토큰이며 앞의 토큰도 제 기간까지 유효하다",
            "Gives a token of three hours for an auth key. Each call makes a new one; earlier ones live on.",
        ),
        Family::User => of(
            "is this a registered user",
            "사용자ID와 사업자등록번호가 한 사용자의 것인지 확인한다. bizinfo에 쓸 값을 확인할 때 쓴다",
            "Whether a user id and a business number belong together: what to put into bizinfo.",
        ),
        Family::Single(_) => of(
            "verify one driver",
            "운전자 한 명의 운전자격을 확인하고 이력을 저장한다",
            "Asks KOROAD about one driver's licence for the days given, records it, and answers.",
        ),
        Family::Batch(_) => of(
            "verify up to 1,000 drivers",
            "운전자 1,000명까지 한 번에 확인한다. 하나라도 잘못되면 전체를 받지 않으며, 답의 순서는 요청의 순서와 같다",
            "Up to 1,000 drivers at once, answered in the order sent. One malformed item refuses the whole batch.",
        ),
        Family::Number(_) => of(
            "generate a number for a remote verification",
            "비대면 운전자격확인에 쓸 번호를 생성한다",
            "A number with which a driver verifies on the phone.",
        ),
        Family::Result(_) => of(
            "result of a remote verification",
            "비대면 운전자격확인의 결과를 조회한다. 끝나지 않았으면 -240",
            "What a driver's verification on the phone found; -240 until it is completed.",
        ),
        _ => told_of_rental(family),
    }
}

/// Car rental's own interfaces.
fn told_of_rental(family: Family) -> Told {
    match family {
        Family::RentalConfirm => of(
            "confirm a rental",
            "운전자격을 확인하고 적격(00)이면 대여를 확정하여 함께 저장한다. 아니면 확인 이력만 저장한다",
            "Verifies the driver and, if eligible (00), records the rental with it; otherwise the verification alone.",
        ),
        Family::Schedule => of(
            "verify again and again",
            "운전자격을 확인하고 적격(00)이면 반복예약을 등록한다",
            "Verifies the driver and, if eligible (00), reserves the repetition.",
        ),
        Family::Anomaly => of(
            "count a driver's recent rentals",
            "운전면허번호로 최근 7일 동안 확정된 대여 횟수를 확인한다",
            "How many rentals of a licence were confirmed in the last seven days.",
        ),
        Family::RentalHistory => of(
            "rentals of a company",
            "업체별 대여이력을 최근 것부터 조회한다. bizinfo가 없으면 호출자와 호출자에게 위임한 업체의 것",
            "A company's rentals, newest first; without bizinfo the caller's and its delegates'.",
        ),
        _ => of(
            "reservations of a company",
            "업체별 반복예약과 최근 결과를 조회한다. bizinfo가 없으면 호출자와 호출자에게 위임한 업체의 것",
            "A company's reservations with their last results; without bizinfo the caller's and its delegates'.",
        ),
    }
}
