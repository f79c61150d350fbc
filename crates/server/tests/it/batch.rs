use serde_json::{Value, json};

use crate::harness::{Running, batch_of};

#[tokio::test]
async fn a_thousand_drivers_are_answered_in_order() {
    let running = Running::start().await;
    let client = running.s01().await;
    let codes = ["00", "01", "02", "11", "12", "31"];
    let drivers: Vec<Value> = (0..1000)
        .map(|index| running.driver_with_number(&format!("11{index:08}{}", codes[index % codes.len()])))
        .collect();
    for path in ["/licenseVerificationBatch", "/cmm/licenseVerificationBatch"] {
        let answer = client.call(path, &batch_of(&drivers)).await;
        assert_eq!(answer["header"]["f_send_cnt"], "1000");
        let items = answer["body"].as_array().unwrap();
        assert_eq!(items.len(), 1000);
        for (index, item) in items.iter().enumerate() {
            assert_eq!(item["f_rtn_code"], codes[index % codes.len()]);
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn identity_stands_where_the_tables_have_it() {
    let running = Running::start().await;
    let client = running.s01().await;
    let mut without = running.driver();
    without["vhcl_reg_no"] = json!("");
    let mut others = running.driver();
    others["vhcl_reg_no"] = json!("66하1234");
    let identities = async |path: &str, drivers: &[Value]| -> Vec<Value> {
        let answer = client.call(path, &batch_of(drivers)).await;
        answer["body"].as_array().unwrap().iter().map(|item| item["vhcl_idnty_cd"].clone()).collect()
    };
    let drivers = [running.driver(), others.clone(), running.driver()];
    assert_eq!(identities("/licenseVerificationBatch", &drivers).await, ["1", "2", "1"]);
    let drivers = [without, running.driver(), others];
    assert_eq!(identities("/dapi/licenseVerificationBatch", &drivers).await, ["2", "1", "2"]);
    for path in ["/pm/licenseVerificationBatch", "/sub/licenseVerificationBatch"] {
        assert_eq!(identities(path, &[running.driver()]).await, [Value::Null]);
    }
    running.stop().await;
}

#[tokio::test]
async fn one_bad_item_refuses_the_whole_batch_and_nothing_is_stored() {
    let running = Running::start().await;
    let client = running.s01().await;
    let mut drivers = vec![running.driver(); 5];
    drivers[3]["f_license_no"] = json!("12");
    let (code, message) = client.error("/licenseVerificationBatch", &batch_of(&drivers)).await;
    assert_eq!(code, -160);
    assert!(message.contains("requestList[3].f_license_no"), "{message}");
    let mut request = batch_of(&vec![running.driver(); 5]);
    request["f_send_cnt"] = json!("4");
    assert_eq!(client.error("/licenseVerificationBatch", &request).await.0, -200);
    assert_eq!(running.stored("s01").await.len(), 0);
    running.stop().await;
}

#[tokio::test]
async fn one_upstream_refusal_decides_the_batch() {
    let running = Running::start().await;
    let client = running.s01().await;
    let drivers = [running.driver(), running.driver_with_number("999812121200"), running.driver()];
    let answer = client.call("/licenseVerificationBatch", &batch_of(&drivers)).await;
    assert_eq!(answer["header"]["f_rtn_cd"], "98");
    assert_eq!(answer["header"]["f_send_cnt"], "3");
    assert_eq!(answer["header"]["f_rtn_msg"], "경찰청 운전 면허 조회 장애");
    assert!(answer.get("body").is_none());
    assert_eq!(running.stored("s01").await.len(), 0);
    running.stop().await;
}
