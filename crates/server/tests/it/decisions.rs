//! What an administrator does with webhooks and rentals.

use futures::future::join_all;
use reqwest::StatusCode;
use rims_domain::AccountKind;
use rims_domain::rental::InvalidTransition;
use rims_protocol::codes::RentalStatus;
use rims_protocol::values::{BusinessNumber, Period, Plate, RemoteNumber, UserId};
use rims_server::service::administration::{AdministrationError, MAX_WEBHOOKS};
use rims_server::webhook::{NotAllowed, Reach, WebhookUrl};
use rims_store::{NewRental, Write};
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::webhooks::{Site, number};

/// A rental that waits to be confirmed.
async fn pending_rental(site: &Site) -> RemoteNumber {
    let at = site.clock.now();
    let rental = NewRental {
        id: site.store.next_id(at),
        number: number(1),
        at,
        company: site.company,
        caller: site.company,
        period: Period::new(site.clock.today(), site.clock.today()).unwrap(),
        plate: Plate::parse("67라6767").unwrap(),
        confirmation: None,
    };
    site.store.commit(Write::Rental(rental)).await.unwrap();
    number(1)
}

#[tokio::test]
async fn a_company_has_at_most_ten_webhooks_of_its_own() {
    let site = Site::start().await;
    let add = async |user: &UserId, url: &str, reach| {
        site.administration.add_webhook(user, &WebhookUrl::parse(url).unwrap(), &[], reach).await
    };
    let refused = add(&site.user, "https://10.0.0.1/", Reach::PublicOnly).await.unwrap_err();
    assert!(matches!(refused, AdministrationError::Address(NotAllowed::NotPublic)));
    let mut last = None;
    for index in 0..MAX_WEBHOOKS {
        let url = format!("https://example.com/{index}");
        last = Some(add(&site.user, &url, Reach::PublicOnly).await.unwrap().id);
    }
    let refused = add(&site.user, "https://example.com/", Reach::PublicOnly).await.unwrap_err();
    assert_eq!(refused.to_string(), "user s01 has 10 webhooks already; disable one first");

    let (other, brno) = (UserId::parse("s02").unwrap(), BusinessNumber::parse("2345678901").unwrap());
    let last = last.unwrap();
    site.administration.create_user(&other, &brno, "한강렌트카", AccountKind::Operator).await.unwrap();
    let refused = site.administration.disable_webhook(&other, last).await.unwrap_err();
    assert_eq!(refused.to_string(), format!("user s02 has no webhook {last}"));
    site.administration.disable_webhook(&site.user, last).await.unwrap();
    add(&site.user, "https://example.com/", Reach::PublicOnly).await.unwrap();
    assert_eq!(site.administration.webhooks(&site.user).await.unwrap().len(), MAX_WEBHOOKS + 1);
}

#[tokio::test]
async fn a_rental_is_confirmed_and_cancelled_and_its_company_told() {
    let site = Site::start().await;
    let receiver = Receiver::start(StatusCode::OK).await;
    site.webhook(&receiver.url).await;
    let rent_no = pending_rental(&site).await;
    let status = async || site.administration.rental(rent_no).await.unwrap().0.status;
    let told = async || {
        site.deliver().await;
        let (_, body) = receiver.next().unwrap();
        serde_json::from_slice::<Value>(&body).unwrap()["type"].clone()
    };
    site.administration.confirm_rental(rent_no).await.unwrap();
    assert_eq!((status().await, told().await), (RentalStatus::Confirmed, json!("rental.confirmed")));
    let refused = site.administration.confirm_rental(rent_no).await.unwrap_err();
    let expected = InvalidTransition::NotPending(RentalStatus::Confirmed);
    assert!(matches!(refused, AdministrationError::RentalTransition(_, reason) if reason == expected));
    site.administration.cancel_rental(rent_no).await.unwrap();
    assert_eq!((status().await, told().await), (RentalStatus::Cancelled, json!("rental.cancelled")));
    assert_eq!((site.events("rental.confirm").await, site.events("rental.cancel").await), (1, 1));
    for unknown in [number(2), RemoteNumber::parse("V30-000000001").unwrap()] {
        let refused = site.administration.cancel_rental(unknown).await.unwrap_err();
        assert_eq!(refused.to_string(), format!("no rental {unknown}"));
    }
}

#[tokio::test]
async fn of_many_who_decide_about_a_rental_one_does() {
    let site = Site::start().await;
    let receiver = Receiver::start(StatusCode::OK).await;
    site.webhook(&receiver.url).await;
    let rent_no = pending_rental(&site).await;
    let decided = join_all((0..20).map(async |_| site.administration.confirm_rental(rent_no).await)).await;
    assert_eq!(decided.iter().filter(|result| result.is_ok()).count(), 1);
    for refused in decided.into_iter().filter_map(Result::err) {
        match refused {
            // Who saw it pending and came too late, and who saw it confirmed.
            AdministrationError::RentalChanged(number) if number == rent_no => {}
            AdministrationError::RentalTransition(..) => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!((site.deliver().await, site.events("rental.confirm").await), (1, 1));
}
