use rims_domain::Environment;
use rims_protocol::interface::{Family, INTERFACES};
use serde_json::{Value, json};

use crate::harness::Running;

const SINGLES: [&str; 5] = [
    "/licenseVerification",
    "/dapi/licenseVerification",
    "/pm/licenseVerification",
    "/sub/licenseVerification",
    "/cmm/licenseVerification",
];

#[test]
fn the_paths_here_are_the_tables() {
    let table: Vec<&str> = INTERFACES
        .iter()
        .filter(|interface| matches!(interface.family, Family::Single(_)))
        .map(|interface| interface.path)
        .collect();
    assert_eq!(table, SINGLES);
}

#[tokio::test]
async fn every_sector_verifies_with_both_keys() {
    let running = Running::start().await;
    for environment in Environment::ALL {
        let client = running.client("s01", *environment).await;
        for path in SINGLES {
            let answer = client.call(path, &running.driver()).await;
            let mut body = json!({ "f_rtn_code": "00", "f_license_no": "2*1*1*1*1*1*" });
            if path == "/licenseVerification" {
                body["vhcl_idnty_cd"] = json!("1");
            }
            let header = json!({
                "f_rtn_msg": "", "f_request_date": "20301023", "f_rtn_cd": "0", "f_send_cnt": "1",
            });
            assert_eq!(answer, json!({ "header": header, "body": body }), "{path}");
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn koroads_codes_reach_the_caller() {
    let running = Running::start().await;
    let client = running.s01().await;
    let with = |name: &str, value: Value| {
        let mut driver = running.driver();
        driver[name] = value;
        driver
    };
    assert_eq!(client.code(SINGLES[0], &with("f_resident_name", json!("김길동"))).await, "21");
    assert_eq!(client.code(SINGLES[0], &with("f_licn_con_code", json!("11"))).await, "24");
    for code in ["00", "01", "02", "03", "04", "11", "12", "13", "14", "21", "22", "23", "24", "25", "31"] {
        let number = format!("1133557799{code}");
        assert_eq!(client.code(SINGLES[0], &running.driver_with_number(&number)).await, code);
    }
    assert_eq!(client.code(SINGLES[0], &running.driver_with_number("113355779955")).await, "01");
    running.stop().await;
}

#[tokio::test]
async fn the_period_decides_about_suspension_and_revocation() {
    let running = Running::start().await;
    let client = running.s01().await;
    let code = async |number: &str, name: &str, from: i64, to: i64| {
        let mut driver = running.driver_with_number(number);
        driver["f_resident_name"] = json!(name);
        driver["f_from_date"] = json!(running.day(from));
        driver["f_to_date"] = json!(running.day(to));
        client.code(SINGLES[0], &driver).await
    };
    assert_eq!(code("111111111101", "이정지", 0, 9).await, "00");
    assert_eq!(code("111111111101", "이정지", 0, 10).await, "14");
    assert_eq!(code("111111111101", "이정지", 20, 30).await, "14");
    assert_eq!(code("111111111101", "이정지", 21, 30).await, "00");
    assert_eq!(code("111111111102", "박취소", 0, 9).await, "00");
    assert_eq!(code("111111111102", "박취소", 0, 10).await, "13");
    running.stop().await;
}

#[tokio::test]
async fn vehicle_identity_is_the_companys() {
    let running = Running::start().await;
    let identity = async |user: &str, plate: &str| {
        let client = running.client(user, Environment::Operations).await;
        let mut driver = running.driver();
        driver["vhcl_reg_no"] = json!(plate);
        client.call(SINGLES[0], &driver).await["body"]["vhcl_idnty_cd"].clone()
    };
    for (user, plate, expected) in [
        ("s01", "67라6767", "1"),
        ("s01", "12하1234", "1"),
        ("s01", "01호1234", "1"),
        ("s01", "67라 6767", "1"),
        ("s01", "66하1234", "2"),
        ("s02", "６６하-１２３４", "1"),
        ("s02", "66하1234", "1"),
        ("s02", "67라6767", "2"),
        ("s01", "99임9999", "2"),
        ("s01", "11가1111", "2"),
    ] {
        assert_eq!(identity(user, plate).await, json!(expected), "{user} {plate}");
    }
    running.stop().await;
}

#[tokio::test]
async fn optional_members_may_be_left_out() {
    let running = Running::start().await;
    let client = running.s01().await;
    let bare = json!({
        "f_license_no": "221212121212", "f_resident_name": "홍길동", "f_licn_con_code": "12",
    });
    for path in ["/sub/licenseVerification", "/cmm/licenseVerification"] {
        assert_eq!(client.code(path, &bare).await, "00");
    }
    let (code, message) = client.error("/pm/licenseVerification", &bare).await;
    assert_eq!(code, -170);
    assert!(message.contains("vhcl_reg_no"));
    let (code, message) = client.error("/dapi/licenseVerification", &bare).await;
    assert_eq!(code, -170);
    assert!(message.contains("f_from_date"));
    running.stop().await;
}
