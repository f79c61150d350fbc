//! Prints the OpenAPI document: `cargo run -p rims-server --example openapi > docs/openapi.json`.

use std::error::Error;
use std::io::Write as _;

fn main() -> Result<(), Box<dyn Error>> {
    let document = rims_server::api::openapi::document().to_pretty_json()?;
    writeln!(std::io::stdout(), "{document}")?;
    Ok(())
}
