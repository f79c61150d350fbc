//! Secrets come from a file or the environment, never from the command line, where other users could see them.

use std::path::Path;

use zeroize::Zeroizing;

use crate::output::Failure;

/// The secret in the file, or in the environment variable, without surrounding white space.
pub(crate) fn read(file: Option<&Path>, variable: &str, option: &str) -> Result<Zeroizing<String>, Failure> {
    let text = match file {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?,
        None => std::env::var(variable)
            .map_err(|_| Failure::Input(format!("set {variable} or give {option} FILE")))?,
    };
    let text = Zeroizing::new(text);
    match text.trim() {
        "" => Err(Failure::Input(format!("{variable} or the file of {option} is empty"))),
        secret => Ok(Zeroizing::new(secret.to_owned())),
    }
}
