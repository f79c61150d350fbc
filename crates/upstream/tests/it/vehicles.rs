//! The vehicle registry.

use futures::future::join_all;
use rims_protocol::values::{BusinessNumber, Plate};
use rims_upstream::{RegistryError, Secret, Unusable, VehicleRegistry};

use crate::support::{World, raw_server};

const S01: &str = "1234567890";
const S02: &str = "2345678901";

fn company(brno: &str) -> BusinessNumber {
    BusinessNumber::parse(brno).unwrap()
}

fn plate(text: &str) -> Plate {
    Plate::parse(text).unwrap()
}

fn registry(world: &World) -> VehicleRegistry {
    VehicleRegistry::new(&world.sims.vehicle_config(), "operations").unwrap()
}

#[tokio::test]
async fn the_registered_vehicles() {
    let world = World::start().await;
    let registry = registry(&world);
    for (brno, text, registered) in [
        (S01, "67라6767", true),
        (S01, "12하1234", true),
        (S01, "01호1234", true),
        (S01, "67라 6767", true),
        (S01, "６７라-６７６７", true),
        (S01, "67\u{1105}\u{1161}6767", true),
        (S01, "66하1234", false),
        (S02, "66하1234", true),
        (S02, "67라6767", false),
        (S01, "99임9999", false),
        ("4000000001", "12하1234", false),
    ] {
        assert_eq!(registry.is_registered_to(&company(brno), &plate(text)).await, Ok(registered), "{text}");
    }
}

#[tokio::test]
async fn several_vehicles_in_one_call_and_in_order() {
    let world = World::start().await;
    let plates = ["12하1234", "66하1234", "67라6767"].map(plate).to_vec();
    let answers = registry(&world).are_registered_to(&company(S01), plates).await;
    assert_eq!(answers, Ok(vec![true, false, true]));
    assert_eq!(world.sims.calls().owners, 1);
}

#[tokio::test]
async fn concurrent_questions_share_calls() {
    let world = World::start().await;
    let registry = registry(&world);
    let (company, plates) = (company(S01), [plate("12하1234"), plate("66하1234")]);
    let asked = (0..300).map(|i| registry.is_registered_to(&company, &plates[i % 2]));
    let answers = join_all(asked).await;
    assert!(answers.iter().enumerate().all(|(i, answer)| *answer == Ok(i % 2 == 0)));
    assert!(world.sims.calls().owners <= 8, "{:?}", world.sims.calls());
}

#[tokio::test]
async fn an_unreachable_registry_leaves_koroad_alone() {
    let world = World::start().await;
    let registry = registry(&world);
    world.faults(r#"{"vehicles":"unreachable"}"#).await;
    let (brno, number) = (company(S01), plate("12하1234"));
    assert_eq!(registry.is_registered_to(&brno, &number).await, Err(RegistryError::Unreachable));
    assert!(world.koroad().check(crate::support::check(crate::support::GOOD)).await.is_ok());
    world.faults(r#"{"vehicles":null}"#).await;
    assert_eq!(registry.is_registered_to(&brno, &number).await, Ok(true));
}

#[tokio::test]
async fn a_wrong_key_and_wrong_answers_are_unusable() {
    let world = World::start().await;
    let mut config = world.sims.vehicle_config();
    config.key = Secret::new("another");
    let asked =
        async |registry: VehicleRegistry| registry.is_registered_to(&company(S01), &plate("12하1234")).await;
    let refused = asked(VehicleRegistry::new(&config, "operations").unwrap()).await;
    assert_eq!(refused, Err(RegistryError::Unusable(Unusable::HttpStatus(401))));
    for bytes in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n{\"registered\":[]}"[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        config.base_url = raw_server(bytes).await;
        let malformed = asked(VehicleRegistry::new(&config, "operations").unwrap()).await;
        assert_eq!(malformed, Err(RegistryError::Unusable(Unusable::Malformed)));
    }
}
