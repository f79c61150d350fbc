use reqwest::Url;
use rims_protocol::values::RemoteNumber;

/// The link that a driver opens to be verified remotely (비대면, §4.1.3), below the address of the RIMS's web.
///
/// ```
/// use rims_client::{driver_link, values::RemoteNumber};
///
/// let number = RemoteNumber::parse("R25-000000843").unwrap();
/// let link = driver_link(&"https://rims.kotsa.or.kr".parse()?, number);
/// assert_eq!(link.as_str(), "https://rims.kotsa.or.kr/ma/openMobileWeb?mwverf=R25-000000843");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn driver_link(base: &Url, number: RemoteNumber) -> Url {
    let mut link = base.clone();
    link.set_path(&format!("{}/ma/openMobileWeb", base.path().trim_end_matches('/')));
    link.set_query(Some(&format!("mwverf={number}")));
    link.set_fragment(None);
    link
}
