use std::io::Read as _;
use std::path::Path;

use rims_protocol::SecretKey;
use rims_protocol::envelope::{encrypted_data, request_body};

use crate::args;
use crate::output::{Failure, print};
use crate::secrets;

pub(crate) fn seal(arguments: &args::Seal) -> Result<(), Failure> {
    let key = secret_key(arguments.secret_key_file.as_deref())?;
    let plaintext = input(arguments.file.as_deref())?;
    let plaintext = plaintext.trim_ascii();
    match serde_json::from_slice(plaintext) {
        Ok(serde_json::Value::Object(_)) => print(&format!("{}\n", request_body(&key.seal(plaintext)))),
        Ok(_) => Err(Failure::Input("the plaintext must be one JSON object".to_owned())),
        Err(error) => Err(Failure::Input(format!("the plaintext is not JSON: {error}"))),
    }
}

pub(crate) fn open(arguments: &args::Open) -> Result<(), Failure> {
    let key = secret_key(arguments.secret_key_file.as_deref())?;
    let body = input(arguments.file.as_deref())?;
    let sealed = match encrypted_data(&body) {
        Ok(sealed) => sealed,
        Err(_) => String::from_utf8_lossy(body.trim_ascii()),
    };
    let plaintext = key.open(&sealed).map_err(Failure::input)?;
    print(&format!("{}\n", String::from_utf8_lossy(&plaintext)))
}

fn secret_key(file: Option<&Path>) -> Result<SecretKey, Failure> {
    secrets::read(file, "RIMS_SECRET_KEY", "--secret-key-file").map(|secret| SecretKey::new(&secret))
}

fn input(file: Option<&Path>) -> Result<Vec<u8>, Failure> {
    if let Some(path) = file {
        return std::fs::read(path).map_err(|error| Failure::Input(format!("{}: {error}", path.display())));
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(Failure::failed)?;
    Ok(bytes)
}
