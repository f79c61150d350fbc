// What every documented example has around it: a sandbox, a client of its company s01, a driver.

use rims_client::codes::LicenceClass;
use rims_client::values::{LicenceNumber, PersonName};
use rims_client::{Client, VerifyRequest};

#[allow(dead_code)]
type Done = Result<(), Box<dyn std::error::Error>>;

#[allow(dead_code)]
fn against_sandbox(example: impl AsyncFnOnce(Client, VerifyRequest) -> Done) {
    use rims_server::sandbox::fixtures::FIXTURES;
    use rims_server::sandbox::{Sandbox, SandboxOptions};
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let sandbox = Sandbox::start(&SandboxOptions::on_free_ports()).await.unwrap();
        let today = sandbox.services().clock().today();
        let environment = rims_domain::Environment::Operations;
        let client = Client::builder()
            .base_url(format!("http://{}", sandbox.api_address()))
            .auth_key(FIXTURES[0].auth_key(environment))
            .secret_key(&FIXTURES[0].secret_key(environment))
            .build()
            .unwrap();
        let driver = VerifyRequest::builder()
            .licence_number(LicenceNumber::parse("22-12-121212-12").unwrap())
            .name(PersonName::parse("홍길동").unwrap())
            .class(LicenceClass::Class1Regular)
            .from(today)
            .to(today)
            .vehicle("67라6767")
            .build();
        example(client, driver).await.unwrap();
        sandbox.stop().await;
    });
}
