//! The specification's samples: requests as printed, answers as docs/spec-decisions.md settles them (a table beats a
//! sample).

use rims_protocol::codes::KnownProcessing;
use rims_protocol::interface::Family;
use rims_protocol::sector::{SectorRules, VehicleRule};
use rims_protocol::values::NumberKind;
use rims_protocol::{ApiError, Sector, mask};
use serde_json::{Value, json};

/// The Secret Key of §6, under which the examples are sealed.
pub(super) const SECRET_KEY: &str = "1234b0842f2848c090a0835c6e7ac599";

/// The decrypted request.
pub(super) fn request(family: Family) -> Option<Value> {
    Some(match family {
        Family::Token | Family::User => return None,
        Family::Single(sector) => single(sector.rules()),
        Family::Batch(sector) => batch(sector.rules()),
        Family::RentalConfirm => with(driver_of("asdf12341..."), "one_way_yn", "Y"),
        Family::Schedule => with(driver_of("asdf12341...."), "repeat_period", "1"),
        Family::Anomaly => json!({ "f_license_no": "123456789123" }),
        Family::Number(sector) => number(sector.rules()),
        Family::Result(sector) => {
            let (asked, _) = numbers(sector);
            json!({ "bizinfo": "asdf12341...", sector.rules().number.kind.member(): asked })
        }
        Family::RentalHistory => rental_history(),
        Family::ScheduleHistory => schedule_history(),
    })
}

/// The answer of a request that was done.
pub(super) fn answer(family: Family) -> Option<Value> {
    Some(match family {
        Family::Token => return None,
        Family::User => registered(),
        Family::Single(sector) => single_answer(sector.rules()),
        Family::Batch(sector) => batch_answer(sector.rules()),
        Family::RentalConfirm => {
            json!({ "header": header("20231010", "1"), "body": item(true, NUMBER, "00") })
        }
        Family::Schedule => {
            let body = item(true, NUMBER, "00");
            json!({ "header": header("20231010", "1"), "body": body, "repeat_status": "success" })
        }
        Family::Anomaly => json!({ "result": 11 }),
        Family::Number(sector) => {
            let number = super::members::number(sector);
            json!({ number.name: number.example })
        }
        Family::Result(sector) => result(sector),
        Family::RentalHistory => rentals(),
        Family::ScheduleHistory => schedules(),
    })
}

const NUMBER: &str = "221212121212";

/// §4.2.1.5 and its siblings.
fn driver(vhcl_reg_no: &str) -> Value {
    json!({
        "f_license_no": NUMBER,
        "f_resident_name": "홍길동",
        "f_licn_con_code": "12",
        "f_from_date": "20241023",
        "f_to_date": "20241023",
        "vhcl_reg_no": vhcl_reg_no,
    })
}

fn driver_of(bizinfo: &str) -> Value {
    with(driver("67라6767"), "bizinfo", bizinfo)
}

fn with(mut sample: Value, name: &str, member: &str) -> Value {
    sample[name] = Value::from(member);
    sample
}

fn single(rules: &SectorRules) -> Value {
    if rules.vehicle == VehicleRule::DeviceRequired {
        // §4.4.1.5.
        json!({
            "f_license_no": "123456789123",
            "f_resident_name": "홍길동",
            "f_licn_con_code": "12",
            "f_from_date": "20250716",
            "f_to_date": "20251229",
            "vhcl_reg_no": "PM000001",
        })
    } else {
        with_type(driver_of("asdf12341...."), rules, "S00")
    }
}

fn batch(rules: &SectorRules) -> Value {
    let device = rules.vehicle == VehicleRule::DeviceRequired;
    let driver = driver(if device { "pm_id01" } else { "67라6767" });
    let batch = json!({ "f_send_cnt": "2", "bizinfo": "asdf12341....", "requestList": [driver, driver] });
    with_type(batch, rules, "B00")
}

fn with_type(sample: Value, rules: &SectorRules, api_type: &str) -> Value {
    if rules.api_type { with(sample, "com_api_type", api_type) } else { sample }
}

/// §4.2.6.5 and its siblings.
fn number(rules: &SectorRules) -> Value {
    let asked = rules.number;
    let sample = json!({
        "bizinfo": "asdf12341...",
        asked.period.from: "20240926",
        asked.period.to: "20250925",
    });
    let sample = match asked.vehicle {
        VehicleRule::NotRead => sample,
        VehicleRule::DeviceRequired => with(sample, "vhcl_reg_no", "pm_id3"),
        _ => with(sample, "vhcl_reg_no", "12하1234"),
    };
    with_type(sample, rules, "G00")
}

/// The number asked for in §4.2.7.5 and its siblings, and the one answered there.
fn numbers(sector: Sector) -> (&'static str, &'static str) {
    match sector {
        Sector::Rental => ("R24-000924523", "R25-000000843"),
        Sector::Delivery => ("V25-000924523", "V25-000000014"),
        Sector::PersonalMobility => ("P25-000000080", "P25-000000843"),
        Sector::Chauffeur => ("D25-000000014", "D25-000000014"),
        Sector::General => ("C25-000000014", "C25-000000014"),
    }
}

fn rental_history() -> Value {
    json!({
        "f_from_date": "20250915",
        "f_to_date": "20251001",
        "vhcl_reg_no": "01호1234",
        "co_nm": "테스트회사",
        "page_no": 1,
        "num_of_rows": 10,
        "search_type": "rent_create_date",
        "bizinfo": "s01",
    })
}

fn schedule_history() -> Value {
    json!({
        "f_from_date": "20251001",
        "f_to_date": "20251010",
        "vhcl_reg_no": "01호5303",
        "co_nm": "테스트회사",
        "page_no": "1",
        "num_of_rows": "10",
        "search_type": "reservation_start_date",
        "bizinfo": "s01",
    })
}

fn header(day: &str, count: &str) -> Value {
    json!({ "f_rtn_msg": "", "f_request_date": day, "f_rtn_cd": "0", "f_send_cnt": count })
}

fn item(with_vehicle: bool, number: &str, code: &str) -> Value {
    let item = json!({ "f_rtn_code": code, "f_license_no": mask::licence_number(number) });
    if with_vehicle { with(item, "vhcl_idnty_cd", "1") } else { item }
}

fn single_answer(rules: &SectorRules) -> Value {
    let (day, number) = match rules.vehicle {
        VehicleRule::DeviceRequired => ("20250718", "123456789123"),
        _ => ("20231010", NUMBER),
    };
    json!({ "header": header(day, "1"), "body": item(rules.identity.single, number, "00") })
}

fn batch_answer(rules: &SectorRules) -> Value {
    let item = |code| item(rules.identity.batch, NUMBER, code);
    json!({ "header": header("20220922", "2"), "body": [item("25"), item("00")] })
}

/// §4.2.7.5 and its siblings.
fn result(sector: Sector) -> Value {
    let rules = sector.rules();
    let (_, number) = numbers(sector);
    let member = rules.number.kind.member();
    let (day, [similarity, liveness, original]) = match rules.number.kind {
        NumberKind::Rental => ("20250908", [99.0, 99.0, 90.0]),
        NumberKind::Verification => ("20250811", [100.0, 90.68, 100.0]),
    };
    let mut body = json!({
        "f_rtn_code": "00",
        "face_similarity": similarity,
        "face_liveness": liveness,
        "original_reliability": original,
        "police_lcns_vrfc_cd": "1",
    });
    if rules.identity.result {
        body = with(body, "vhcl_idnty_cd", "2");
    }
    let header = json!({ member: number, "f_rtn_cd": "0", "f_request_date": day, "f_send_cnt": "1" });
    json!({ "header": header, "body": body })
}

fn rentals() -> Value {
    let row = json!({
        "co_nm": "(주)테스트",
        "rent_no": "R25-000000964",
        "vhcl_reg_no": "66하1234",
        "rent_bgng_dt": "2025-10-17",
        "rent_end_dt": "2025-10-29",
        "rent_stts_cd": "2",
        "reg_dt": "2025-09-27 19:14:23.885",
        "lcns_idntf_nm": "일반면허",
        "verification_info": { "vrfc_dmnd_dt": "2025-09-27 19:14:23.158", "f_rtn_code": "00" },
    });
    json!({ "data": [row], "page_no": 1, "num_of_rows": 1, "total_count": 14 })
}

fn schedules() -> Value {
    let row = json!({
        "co_nm": "테스트 본사",
        "rent_no": "R25-000000935",
        "vhcl_reg_no": "01호1234",
        "f_license_no": "2*1*0*1*0*1*",
        "f_licn_con_code": "12",
        "repeat_period": "2",
        "rsvt_bgng_ymd": "2025-09-22",
        "rsvt_end_ymd": "2025-10-11",
        "last_vrfc_rslt": "21",
        "last_vrfc_ymd": "2025-10-07",
        "next_vrfc_ymd": "2025-10-22",
        "rsvt_nm": "예*자",
        "f_resident_name": "홍*동",
        "reg_dt": "2025-09-22 15:14:08.899",
    });
    json!({ "data": [row], "page_no": 1, "num_of_rows": 1, "total_count": 1 })
}

/// §4.1.2.4.
fn registered() -> Value {
    json!({
        "aprv_stts_cd": "2",
        "acnt_stts_cd": "1",
        "user_id": "test",
        "registration_status": "registered",
        "brno": "1234567890",
    })
}

pub(super) fn unregistered() -> Value {
    json!({ "user_id": "test", "registration_status": "unregistered", "brno": "1234567890" })
}

/// A header alone: no sample of the specification has one.
pub(super) fn refused() -> Value {
    let mut header = header("20231010", "1");
    refuse(&mut header);
    json!({ "header": header })
}

pub(super) fn not_scheduled() -> Value {
    with(refused(), "repeat_status", "failed")
}

pub(super) fn no_result(sector: Sector) -> Value {
    let mut header = result(sector)["header"].take();
    refuse(&mut header);
    json!({ "header": header })
}

fn refuse(header: &mut Value) {
    let down = KnownProcessing::PoliceDown;
    header["f_rtn_cd"] = Value::from(down.code().to_string());
    header["f_rtn_msg"] = Value::from(down.korean());
}

/// §4.7.
pub(super) fn errors() -> [Value; 2] {
    [ApiError::NotFoundApi, ApiError::BizinfoInvalid].map(|error| error_body(&error))
}

/// An error as it is answered.
pub(super) fn error_body(error: &ApiError) -> Value {
    json!({ "respCode": error.code().code(), "errorMsg": error.message() })
}
