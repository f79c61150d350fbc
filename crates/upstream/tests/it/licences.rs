//! Every row of the simulated register's table.

use rims_protocol::codes::{KnownProcessing, LicenceStatus};
use rims_upstream::sim::Simulators;
use rims_upstream::{Charset, CipherMode, Koroad, OneItem, SequenceNumber};

use crate::support::{
    Clock, GOOD, LOOPBACK, MALFORMED, UNREACHABLE, World, check, check_of, code, ok, refused,
};

const TODAY: &str = "20250718";

async fn asked(koroad: &Koroad, number: &str, name: &str, class: &str, from: &str, to: &str) -> String {
    koroad.check(check_of(number, name, class, from, to)).await.unwrap().code.as_str().to_owned()
}

#[tokio::test]
async fn exact_records() {
    let world = World::start().await;
    let koroad = world.koroad();
    let valid = koroad.check(check_of("221212121212", "홍길동", "12", TODAY, TODAY)).await.unwrap();
    assert_eq!((valid.code.as_str(), valid.temporary), ("00", false));
    let temporary = koroad.check(check_of("123456789123", "김하늘", "32", TODAY, TODAY)).await.unwrap();
    assert_eq!((temporary.code.as_str(), temporary.temporary), ("00", true));
}

#[tokio::test]
async fn a_wrong_name_is_told_before_a_wrong_class() {
    let world = World::start().await;
    let koroad = world.koroad();
    for (name, class, expected) in
        [("홍길순", "12", "21"), ("홍길동", "32", "24"), ("홍길순", "32", "21"), ("홍길동", "12", "00")]
    {
        assert_eq!(asked(&koroad, "221212121212", name, class, TODAY, TODAY).await, expected);
    }
}

#[tokio::test]
async fn suspension_counts_where_the_periods_overlap() {
    let world = World::start().await;
    let koroad = world.koroad();
    for (from, to, expected) in [
        ("20250718", "20250727", "00"),
        ("20250718", "20250728", "14"),
        ("20250730", "20250731", "14"),
        ("20250807", "20250901", "14"),
        ("20250808", "20250901", "00"),
        ("20250701", "20251231", "14"),
    ] {
        assert_eq!(asked(&koroad, "111111111101", "이정지", "12", from, to).await, expected, "{from}–{to}");
    }
}

#[tokio::test]
async fn revocation_counts_from_its_day_on() {
    let world = World::start().await;
    let koroad = world.koroad();
    for (from, to, expected) in
        [("20250718", "20250727", "00"), ("20250718", "20250728", "13"), ("20300101", "20300102", "13")]
    {
        assert_eq!(asked(&koroad, "111111111102", "박취소", "12", from, to).await, expected, "{from}–{to}");
    }
    world.clock.advance(jiff::SignedDuration::from_hours(24));
    assert_eq!(asked(&koroad, "111111111102", "박취소", "12", TODAY, "20250728").await, "00", "a day later");
}

#[tokio::test]
async fn other_numbers_answer_by_their_last_two_digits() {
    let world = World::start().await;
    let koroad = world.koroad();
    for status in LicenceStatus::ALL {
        let number = format!("3312345678{}", status.code());
        assert_eq!(code(koroad.check(check(&number)).await), ok(status.code()));
    }
    for number in ["331234567805", "331234567899", "331234567820"] {
        assert_eq!(code(koroad.check(check(number)).await), ok("01"), "{number}");
    }
}

#[tokio::test]
async fn numbers_that_stand_for_a_refusal() {
    let world = World::start().await;
    let koroad = world.koroad();
    for known in KnownProcessing::ALL.iter().filter(|known| **known != KnownProcessing::Done) {
        let number = format!("99{:02}12345600", known.code());
        assert_eq!(code(koroad.check(check(&number)).await), Err(refused(&known.code().to_string())));
    }
}

#[tokio::test]
async fn numbers_that_stand_for_a_fault() {
    let world = World::start().await;
    let koroad = world.hasty_koroad();
    assert_eq!(code(koroad.check(check("999012345600")).await), UNREACHABLE);
    assert_eq!(code(koroad.check(check("999112345600")).await), MALFORMED);
    assert_eq!(code(koroad.check(check("999212345600")).await), crate::support::TIMED_OUT);
    assert_eq!(code(koroad.check(check(GOOD)).await), ok("00"), "and then it goes on");
}

#[tokio::test]
async fn other_numbers_with_that_prefix_are_ordinary() {
    let world = World::start().await;
    let koroad = world.koroad();
    for (number, expected) in
        [("990012345600", "00"), ("990512345612", "12"), ("998812345677", "01"), ("999312345611", "11")]
    {
        assert_eq!(code(koroad.check(check(number)).await), ok(expected), "{number}");
    }
}

#[tokio::test]
async fn every_cipher_mode_charset_and_shape() {
    for mode in [CipherMode::Ecb, CipherMode::Cbc] {
        for charset in [Charset::EucKr, Charset::Utf8] {
            let clock = Clock::new();
            let sims = Simulators::start_with(LOOPBACK, clock.now(), mode, charset).await.unwrap();
            for one_item in [OneItem::Array, OneItem::Object] {
                for sequence_number in [SequenceNumber::Empty, SequenceNumber::Item] {
                    let mut config = sims.koroad_config();
                    (config.one_item, config.sequence_number) = (one_item, sequence_number);
                    let koroad = Koroad::new(&config, "operations", clock.now()).unwrap();
                    assert_eq!(asked(&koroad, "221212121212", "홍길동", "12", TODAY, TODAY).await, "00");
                    assert_eq!(asked(&koroad, "221212121212", "똠방각하", "12", TODAY, TODAY).await, "21");
                }
            }
            sims.stop().await;
        }
    }
}

#[tokio::test]
async fn the_wrong_cipher_mode_or_charset_is_refused() {
    let world = World::start().await;
    let cbc = world.koroad_with(|config| config.cipher_mode = CipherMode::Cbc);
    assert_eq!(code(cbc.check(check(GOOD)).await), Err(refused("21")));
    let utf8 = world.koroad_with(|config| config.charset = Charset::Utf8);
    let answer = utf8.check(check_of("221212121212", "홍길동", "12", TODAY, TODAY)).await;
    assert_ne!(code(answer), ok("00"));
}
