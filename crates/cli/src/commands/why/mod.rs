//! `rims why`: from what somebody has in front of them (a code, an answer, a refused body) to the cause and the remedy.

mod answer;
mod body;
mod code;

use std::path::Path;

use serde_json::Value;

use crate::args;
use crate::driver::read_stdin;
use crate::language::say;
use crate::output::{Failure, Outcome, print};

/// One thing that was found out.
struct Finding {
    title: String,
    text: String,
}

impl Finding {
    fn new(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { title: title.into(), text: text.into() }
    }
}

pub(crate) fn run(arguments: &args::Why) -> Result<Outcome, Failure> {
    let findings = match arguments.what.as_str() {
        "-" => explain(&read_stdin()?, arguments)?,
        what if Path::new(what).is_file() => {
            let text =
                std::fs::read_to_string(what).map_err(|error| Failure::Input(format!("{what}: {error}")))?;
            explain(text.trim(), arguments)?
        }
        code => code::explain(code)?,
    };
    let paragraphs: Vec<String> = findings
        .into_iter()
        .map(|Finding { title, text }| format!("{title}\n  {}\n", text.replace('\n', "\n  ")))
        .collect();
    print(&paragraphs.join("\n"))?;
    Ok(Outcome::Done)
}

/// A body is known by its `encryptedData`, an answer by being another JSON object, a code by being short.
fn explain(text: &str, arguments: &args::Why) -> Result<Vec<Finding>, Failure> {
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => match members.get("encryptedData") {
            Some(Value::String(sealed)) => body::explain(sealed, arguments),
            Some(_) => code::explain("-180"),
            None => answer::explain(&members, arguments),
        },
        Ok(Value::String(text)) => body::explain(&text, arguments),
        Ok(Value::Number(number)) => code::explain(&number.to_string()),
        _ if text.len() <= 5 && !text.ends_with('=') => code::explain(text),
        _ if text.is_empty() => {
            Err(Failure::Input(say!("설명할 것이 없습니다", "there is nothing to explain")))
        }
        _ => body::explain(text, arguments),
    }
}
