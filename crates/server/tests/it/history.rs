//! 업체별 대여이력과 반복예약 결과 (§4.2.8, §4.2.9): what is searched, in which order, and how pages are cut.

use serde_json::{Value, json};

use crate::harness::{Client, RENTAL_HISTORY, Running, SCHEDULE_HISTORY, with};

/// A page asked for by the dates of the wire.
fn page(from: &str, to: &str) -> Value {
    json!({ "f_from_date": from, "f_to_date": to, "page_no": 1, "num_of_rows": 100 })
}

async fn confirm(running: &Running, (from, to): (i64, i64), plate: &str) {
    let mut driver = with(&running.driver(), "f_from_date", running.day(from));
    driver["f_to_date"] = json!(running.day(to));
    driver["vhcl_reg_no"] = json!(plate);
    assert_eq!(running.s01().await.code("/rentalConfirm", &driver).await, "00");
}

async fn reserve(running: &Running, (from, to): (i64, i64), plate: &str) {
    let mut driver = with(&running.driver(), "f_from_date", running.day(from));
    driver["f_to_date"] = json!(running.day(to));
    driver["vhcl_reg_no"] = json!(plate);
    driver["repeat_period"] = json!("3");
    assert_eq!(running.s01().await.code("/licenseVerificationSchedule", &driver).await, "00");
}

/// The sequences of the numbers that a history gives, in its order.
async fn found(client: &Client, path: &str, request: &Value) -> Vec<u32> {
    sequences(&client.rows(path, request).await)
}

fn sequences(rows: &[Value]) -> Vec<u32> {
    rows.iter().map(|row| row["rent_no"].as_str().unwrap()[4..].parse().unwrap()).collect()
}

/// Three rentals or reservations: 1 from 23 October to 20 November, 2 from 30 October to 6 November, both
/// registered on the 23rd; 3 on the 30th alone, registered on the 24th.
async fn three(running: &Running, add: impl AsyncFn(&Running, (i64, i64), &str)) {
    add(running, (0, 28), "67라6767").await;
    add(running, (7, 14), "12하1234").await;
    running.advance("P1D").await;
    add(running, (6, 6), "67라6767").await;
}

#[tokio::test]
async fn rentals_are_searched_by_their_start_end_or_registration() {
    let running = Running::start().await;
    three(&running, confirm).await;
    let client = running.s01().await;
    for (search_type, from, to, expected) in [
        (Value::Null, "20301001", "20301101", vec![3, 2, 1]),
        (json!("rent_start_date"), "20301024", "20301101", vec![3, 2]),
        (json!("rent_start_date"), "20301023", "20301029", vec![1]),
        (json!("rent_end_date"), "20301030", "20301130", vec![1, 2, 3]),
        (json!("rent_end_date"), "20301106", "20301119", vec![2]),
        (json!("rent_create_date"), "20301001", "20301101", vec![3, 2, 1]),
        (json!("rent_create_date"), "20301024", "20301024", vec![3]),
        (json!("rent_create_date"), "20301025", "20301101", vec![]),
    ] {
        let request = with(&page(from, to), "search_type", search_type.clone());
        assert_eq!(found(&client, RENTAL_HISTORY, &request).await, expected, "{search_type} {from}–{to}");
    }
    running.stop().await;
}

#[tokio::test]
async fn reservations_are_searched_by_their_start_end_or_registration() {
    let running = Running::start().await;
    three(&running, reserve).await;
    let client = running.s01().await;
    for (search_type, from, to, expected) in [
        (Value::Null, "20301001", "20301101", vec![3, 2, 1]),
        (json!("reservation_start_date"), "20301024", "20301101", vec![3, 2]),
        (json!("reservation_end_date"), "20301030", "20301130", vec![1, 2, 3]),
        (json!("reservation_end_date"), "20301106", "20301119", vec![2]),
        (json!("reservation_create_date"), "20301023", "20301023", vec![2, 1]),
        (json!("reservation_create_date"), "20301024", "20301101", vec![3]),
    ] {
        let request = with(&page(from, to), "search_type", search_type.clone());
        assert_eq!(found(&client, SCHEDULE_HISTORY, &request).await, expected, "{search_type} {from}–{to}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_vehicle_and_a_part_of_the_companys_name_narrow_a_history() {
    let running = Running::start().await;
    three(&running, confirm).await;
    three(&running, reserve).await;
    let client = running.s01().await;
    let request = page("20301001", "20301101");
    for (path, of_vehicle, all) in
        [(RENTAL_HISTORY, vec![3, 1], vec![3, 2, 1]), (SCHEDULE_HISTORY, vec![6, 4], vec![6, 5, 4])]
    {
        let narrowed = async |name, value: &str| found(&client, path, &with(&request, name, value)).await;
        assert_eq!(narrowed("vhcl_reg_no", "67라6767").await, of_vehicle);
        assert_eq!(narrowed("vhcl_reg_no", "６７라 6767").await, of_vehicle, "another spelling");
        assert_eq!(narrowed("vhcl_reg_no", "67라676").await, [0_u32; 0], "a whole plate");
        assert_eq!(narrowed("vhcl_reg_no", "").await, all, "empty is absent");
        for part in ["(주)테스트렌트카", "테스트", "카", "(주)"] {
            assert_eq!(narrowed("co_nm", part).await, all, "{part}");
        }
        for part in ["한강", "테스트 렌트카", "%", "_", "테스트렌트카."] {
            assert_eq!(narrowed("co_nm", part).await, [0_u32; 0], "{part}");
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn pages_are_cut_in_one_order_and_tell_the_total() {
    let running = Running::start().await;
    let client = running.s01().await;
    let driver = running.driver();
    for _ in 0..7 {
        assert_eq!(client.code("/rentalConfirm", &driver).await, "00");
    }
    let mut request = page("20301023", "20301023");
    request["num_of_rows"] = json!(3);
    let page = async |request: &Value| {
        let page = client.call(RENTAL_HISTORY, request).await;
        let rows = page["data"].as_array().unwrap();
        assert_eq!((&page["num_of_rows"], &page["total_count"]), (&json!(rows.len()), &json!(7)));
        (sequences(rows), page["page_no"].clone())
    };
    for (number, expected) in
        [(1, vec![7, 6, 5]), (2, vec![4, 3, 2]), (3, vec![1]), (4, vec![]), (u32::MAX, vec![])]
    {
        let answer = (expected, json!(number));
        assert_eq!(page(&with(&request, "page_no", number)).await, answer);
        assert_eq!(page(&with(&request, "page_no", number.to_string())).await, answer, "as a string");
    }
    assert_eq!(page(&with(&request, "num_of_rows", "1000")).await.0, [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(page(&with(&request, "vhcl_reg_no", "67라6767")).await.0, [7, 6, 5]);
    running.stop().await;
}

#[tokio::test]
async fn an_empty_history_is_a_page() {
    let running = Running::start().await;
    let client = running.s01().await;
    for path in [RENTAL_HISTORY, SCHEDULE_HISTORY] {
        let answer = client.call(path, &page("20301001", "20301031")).await;
        let empty = json!({ "data": [], "page_no": 1, "num_of_rows": 0, "total_count": 0 });
        assert_eq!(answer, empty);
    }
    running.stop().await;
}

#[tokio::test]
async fn the_range_is_at_most_a_calendar_month() {
    let running = Running::start().await;
    let client = running.s01().await;
    for (from, to, allowed) in [
        ("20310131", "20310228", true),
        ("20310131", "20310301", false),
        ("20280131", "20280229", true),
        ("20280131", "20280301", false),
        ("20280229", "20280329", true),
        ("20280229", "20280330", false),
        ("20301215", "20310115", true),
        ("20301215", "20310116", false),
        ("20301023", "20301023", true),
        ("20301023", "20301022", false),
    ] {
        for path in [RENTAL_HISTORY, SCHEDULE_HISTORY] {
            let answer = client.call(path, &page(from, to)).await;
            let expected = if allowed { Value::Null } else { json!(-160) };
            assert_eq!(answer["respCode"], expected, "{from}–{to}: {answer}");
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let running = Running::start().await;
    let client = running.s01().await;
    let request = page("20301001", "20301031");
    for (name, value, expected) in [
        ("f_from_date", Value::Null, -170),
        ("f_to_date", json!(""), -170),
        ("page_no", Value::Null, -170),
        ("num_of_rows", json!(""), -170),
        ("f_from_date", json!("20301032"), -160),
        ("f_to_date", json!("99991231"), -160),
        ("page_no", json!(0), -160),
        ("page_no", json!(-1), -160),
        ("page_no", json!("1.0"), -160),
        ("num_of_rows", json!(1001), -160),
        ("num_of_rows", json!(1.5), -160),
        ("search_type", json!("rent_date"), -160),
        ("co_nm", json!("가".repeat(81)), -160),
        ("vhcl_reg_no", json!("가".repeat(17)), -160),
    ] {
        for path in [RENTAL_HISTORY, SCHEDULE_HISTORY] {
            let (code, message) = client.error(path, &with(&request, name, value.clone())).await;
            assert_eq!((code, message.contains(name)), (expected, true), "{name} {value}: {message}");
        }
    }
    for (path, others) in [(RENTAL_HISTORY, "reservation_start_date"), (SCHEDULE_HISTORY, "rent_start_date")]
    {
        assert_eq!(client.error(path, &with(&request, "search_type", others)).await.0, -160);
    }
    running.stop().await;
}
