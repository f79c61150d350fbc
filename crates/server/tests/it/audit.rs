//! The audit trail says who did what from where, and whose data it was (docs/security.md).

use rims_domain::{Actor, AuditAction, Environment, OperatorName};
use rims_protocol::values::{LicenceNumber, UserId};
use rims_store::{AuditEntry, Subject};
use serde_json::json;

use crate::harness::{Running, ask_for_token, keys, shown, with};

fn hash(running: &Running, licence: &str) -> [u8; 16] {
    let licence = LicenceNumber::parse_wire(licence).unwrap();
    running.sandbox.services().store().subject_hash(&Subject::Licence(licence)).unwrap()
}

fn user_hash(running: &Running, user_id: &str) -> Option<[u8; 16]> {
    running.sandbox.services().store().subject_hash(&Subject::User(UserId::parse(user_id).unwrap()))
}

/// Who acted, in which environment, and from where.
async fn assert_by(running: &Running, event: &AuditEntry, user_id: &str, environment: Environment) {
    let store = running.sandbox.services().store();
    let Actor::Credential(id) = event.actor else { panic!("{event:?}") };
    let key = store.credential(id).await.unwrap().unwrap();
    assert_eq!((key.account.user_id.as_str(), key.credential.environment), (user_id, environment));
    assert_eq!((event.environment, event.address), (Some(environment), Some("127.0.0.1".parse().unwrap())));
}

#[tokio::test]
async fn verifications_name_the_key_and_the_address() {
    let running = Running::start().await;
    for environment in [Environment::Operations, Environment::Development] {
        let client = running.client("s01", environment).await;
        assert_eq!(client.code("/licenseVerification", &running.driver()).await, "00");
    }
    let events = running.events(AuditAction::Verify).await;
    assert_eq!(events.len(), 2);
    assert_by(&running, &events[0], "s01", Environment::Operations).await;
    assert_by(&running, &events[1], "s01", Environment::Development).await;
    assert_eq!(events[0].subject_hash, Some(hash(&running, "221212121212")));
    running.set_faults(json!({ "koroad": "unreachable" })).await;
    running.s01().await.error("/licenseVerification", &running.driver()).await;
    let [attempt] = running.events(AuditAction::VerifyAttempt).await.try_into().unwrap();
    assert_by(&running, &attempt, "s01", Environment::Operations).await;
    running.stop().await;
}

#[tokio::test]
async fn tokens_and_refused_keys_that_exist_are_recorded() {
    let running = Running::start().await;
    let http = reqwest::Client::new();
    let token = async |auth_key: &str| ask_for_token(&http, &running.url(""), auth_key).await;
    let (auth_key, _) = keys("s01", Environment::Operations);
    token(&auth_key).await;
    let [issued] = running.events(AuditAction::TokenIssue).await.try_into().unwrap();
    assert_by(&running, &issued, "s01", Environment::Operations).await;

    let s01 = UserId::parse("s01").unwrap();
    let elsewhere = vec!["203.0.113.0/24".parse().unwrap()];
    let administration = running.administration();
    administration.set_allowed_ips(&s01, Environment::Operations, elsewhere).await.unwrap();
    let (development, _) = keys("s01", Environment::Development);
    administration.revoke_key(&s01, Environment::Development).await.unwrap();
    let refused = [
        (auth_key, "network"),
        (development, "revoked"),
        (keys("locked01", Environment::Development).0, "account"),
        (keys("cmm01", Environment::Operations).0, "not approved"),
    ];
    for (auth_key, _) in &refused {
        // The same again within a minute is no further event.
        for _ in 0..2 {
            token(auth_key).await;
        }
    }
    token("nobody's key").await;
    let events = running.events(AuditAction::AuthRefused).await;
    let reasons: Vec<&str> = events.iter().map(|event| event.outcome.as_str()).collect();
    assert_eq!(reasons, refused.each_ref().map(|(_, reason)| *reason));
    assert_by(&running, &events[0], "s01", Environment::Operations).await;
    running.stop().await;
}

#[tokio::test]
async fn a_refused_token_is_recorded_once_a_minute() {
    let running = Running::start().await;
    let client = running.s01().await;
    let elsewhere = vec!["203.0.113.0/24".parse().unwrap()];
    let s01 = UserId::parse("s01").unwrap();
    running.administration().set_allowed_ips(&s01, Environment::Operations, elsewhere).await.unwrap();
    running.advance("PT2S").await;
    let ask = "/col/isUserInDatabase?user_id=s01&brno=1234567890";
    for minutes in ["PT1S", "PT1M", "PT1S"] {
        assert_eq!(client.get(ask).await.status(), 401);
        running.advance(minutes).await;
    }
    let events = running.events(AuditAction::AuthRefused).await;
    assert_eq!(events.iter().map(|event| event.outcome.as_str()).collect::<Vec<_>>(), ["network"; 2]);
    running.stop().await;
}

#[tokio::test]
async fn looking_up_a_user_and_asking_without_a_delegation_are_recorded() {
    let running = Running::start().await;
    let client = running.s01().await;
    for brno in ["2345678901", "1234567890"] {
        client.get(&format!("/col/isUserInDatabase?user_id=s02&brno={brno}")).await;
    }
    let events = running.events(AuditAction::UserLookup).await;
    assert_eq!(
        events.iter().map(|e| e.outcome.as_str()).collect::<Vec<_>>(),
        ["registered", "not registered"]
    );
    assert!(events.iter().all(|event| event.subject_hash == user_hash(&running, "s02")));
    assert_by(&running, &events[0], "s01", Environment::Operations).await;

    let platform = running.client("platform", Environment::Operations).await;
    for user_id in ["s02", "nobody"] {
        let request = with(&running.driver(), "bizinfo", user_id);
        assert_eq!(platform.error("/licenseVerification", &request).await.0, -130);
    }
    let events = running.events(AuditAction::BizinfoRefused).await;
    let s02 = running.sandbox.services().store().account_by_user_id("s02").await.unwrap().unwrap().id;
    assert_eq!(events.iter().map(|event| event.company).collect::<Vec<_>>(), [Some(s02), None]);
    assert_eq!(events[1].subject_hash, user_hash(&running, "nobody"));
    assert_by(&running, &events[0], "platform", Environment::Operations).await;
    running.stop().await;
}

#[tokio::test]
async fn a_page_of_a_history_names_the_drivers_whom_it_shows() {
    let running = Running::start().await;
    let client = running.s01().await;
    let other = running.driver_with_number("113355779900");
    for driver in [running.driver(), other.clone(), running.driver()] {
        assert_eq!(client.code("/rentalConfirm", &driver).await, "00");
    }
    let reservation = with(&other, "repeat_period", "1");
    assert_eq!(client.code("/licenseVerificationSchedule", &reservation).await, "00");
    running.rentals(&client).await;
    running.reservations(&client).await;
    let mut expected = vec![hash(&running, "221212121212"), hash(&running, "113355779900")];
    expected.sort_unstable();
    let [rentals] = running.events(AuditAction::RentalHistory).await.try_into().unwrap();
    assert_eq!(rentals.people, expected, "each once");
    let [reservations] = running.events(AuditAction::ReservationHistory).await.try_into().unwrap();
    assert_eq!(reservations.people, [hash(&running, "113355779900")]);
    running.stop().await;
}

#[tokio::test]
async fn the_view_of_a_remote_result_names_the_driver() {
    let running = Running::start().await;
    let client = running.s01().await;
    let days = json!({ "f_from_date": running.day(0), "f_to_date": running.day(0) });
    let vrfc_no = client.number("/dapi/generateVrfcNo", &days).await;
    running.complete(&vrfc_no, &shown()).await;
    client.call("/dapi/licenseVerificationResult", &json!({ "vrfc_no": vrfc_no })).await;
    let [view] = running.events(AuditAction::RemoteView).await.try_into().unwrap();
    assert_eq!(view.people, [hash(&running, shown()["f_license_no"].as_str().unwrap())]);
    running.stop().await;
}

#[tokio::test]
async fn an_operator_is_named_and_the_networks_of_a_key_are_recorded() {
    let running = Running::start().await;
    let operator = Actor::Operator(OperatorName::parse("홍길동").unwrap());
    let administration = running.administration().acting_as(operator.clone());
    let s01 = UserId::parse("s01").unwrap();
    let networks = vec!["203.0.113.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    administration.set_allowed_ips(&s01, Environment::Development, networks).await.unwrap();
    administration.set_allowed_ips(&s01, Environment::Development, Vec::new()).await.unwrap();
    administration.users().await.unwrap();
    let events = running.events(AuditAction::KeyAllow).await;
    let outcomes: Vec<&str> = events.iter().map(|event| event.outcome.as_str()).collect();
    assert_eq!(outcomes, ["203.0.113.0/24 2001:db8::/32", "any"]);
    let [listed] = running.events(AuditAction::AccountView).await.try_into().unwrap();
    for event in events.iter().chain([&listed]) {
        assert_eq!((&event.actor, event.address, event.environment), (&operator, None, None));
    }
    running.stop().await;
}

#[tokio::test]
async fn rights_are_kept_for_three_years_and_accesses_for_two() {
    let running = Running::start_at("2030-10-23T12:00:00+09:00").await;
    let client = running.s01().await;
    assert_eq!(client.code("/licenseVerification", &running.driver()).await, "00");
    let granted = running.events(AuditAction::KeyIssue).await.len();
    assert!(granted > 20);
    running.move_to("2032-10-24T13:00:00+09:00").await;
    assert_eq!(running.events(AuditAction::Verify).await.len(), 0);
    running.move_to("2033-10-21T12:00:00+09:00").await;
    assert_eq!(running.events(AuditAction::KeyIssue).await.len(), granted);
    running.move_to("2033-10-23T14:00:00+09:00").await;
    assert_eq!(running.events(AuditAction::KeyIssue).await.len(), 0);
    running.stop().await;
}
