//! Request bodies for `./bench`, one a line: `sealed_bodies SECRET_KEY YYYYMMDD BODIES DRIVERS_PER_BODY`.
//! One driver a body makes single verifications, more make batches.

use std::io::Write as _;

use rims_protocol::SecretKey;
use rims_protocol::envelope::request_body;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [secret, date, bodies, drivers] = arguments.as_slice() else {
        return Err("usage: sealed_bodies SECRET_KEY YYYYMMDD BODIES DRIVERS_PER_BODY".into());
    };
    let (bodies, drivers): (usize, usize) = (bodies.parse()?, drivers.parse()?);
    let key = SecretKey::new(secret);
    let mut out = std::io::stdout().lock();
    for body in 0..bodies {
        let items: Vec<Value> = (0..drivers).map(|item| driver(body * drivers + item, date)).collect();
        let plaintext = match items.as_slice() {
            [one] => one.clone(),
            many => json!({ "f_send_cnt": many.len().to_string(), "requestList": many }),
        };
        writeln!(out, "{}", request_body(&key.seal(plaintext.to_string().as_bytes())))?;
    }
    Ok(())
}

fn driver(index: usize, date: &str) -> Value {
    json!({
        "f_license_no": format!("11{:08}00", index % 100_000_000),
        "f_resident_name": "홍길동",
        "f_licn_con_code": "12",
        "f_from_date": date,
        "f_to_date": date,
        "vhcl_reg_no": "67라6767",
    })
}
