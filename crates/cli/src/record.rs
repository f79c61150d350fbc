//! What the commands of companies print: records, as a table, JSON or CSV.

use std::io::{self, IsTerminal as _};

use clap::ValueEnum;
use serde_json::{Map, Value};

use crate::language::say;
use crate::output::{Failure, print, table};

/// The form of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One object, or an array of them.
    Json,
    /// A header, and a line for each record.
    Csv,
}

/// How a value is coloured on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Bad,
}

/// One member of a record.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Its name in JSON and CSV: the same in every language.
    key: &'static str,
    /// Its title for people.
    title: String,
    value: Value,
    tone: Tone,
}

impl Field {
    pub(crate) fn new(key: &'static str, title: String, value: impl Into<Value>) -> Self {
        Self { key, title, value: value.into(), tone: Tone::Plain }
    }

    pub(crate) fn toned(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    /// The value as a cell of CSV.
    fn text(&self) -> String {
        match &self.value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// The value for people.
    fn shown(&self) -> String {
        match &self.value {
            Value::Bool(true) => say!("예", "yes"),
            Value::Bool(false) => say!("아니오", "no"),
            _ => self.text(),
        }
    }

    fn painted(&self) -> String {
        let text = self.shown();
        match self.tone {
            Tone::Good if colours() => format!("\x1b[32m{text}\x1b[0m"),
            Tone::Bad if colours() => format!("\x1b[31m{text}\x1b[0m"),
            _ => text,
        }
    }
}

/// Whether standard output is a terminal that wants colours (<https://no-color.org>).
fn colours() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !is_set("NO_COLOR")
}

/// A record of its own.
pub(crate) fn print_one(format: Format, record: &[Field]) -> Result<(), Failure> {
    match format {
        Format::Table => {
            let rows: Vec<Vec<String>> =
                record.iter().map(|field| vec![field.title.clone(), field.painted()]).collect();
            print(&table(&rows))
        }
        Format::Json => print(&format!("{:#}\n", object(record))),
        Format::Csv => print(&csv_text([keys(record), texts(record)])?),
    }
}

/// Prints records of the same members one after the other.
pub(crate) struct Printer {
    format: Format,
    /// Of a table: every line, because its columns are as wide as their widest cell.
    lines: Vec<Vec<String>>,
    header: Vec<String>,
    printed: usize,
}

impl Printer {
    /// For records with the members of this one.
    pub(crate) fn new(format: Format, like: &[Field]) -> Self {
        let titles = like.iter().map(|field| field.title.clone()).collect();
        Self { format, lines: vec![titles], header: keys(like), printed: 0 }
    }

    pub(crate) fn add(&mut self, record: &[Field]) -> Result<(), Failure> {
        self.printed += 1;
        match self.format {
            Format::Table => self.lines.push(record.iter().map(Field::shown).collect()),
            Format::Json => {
                let before = if self.printed == 1 { "[\n" } else { ",\n" };
                print(&format!("{before}{}", object(record)))?;
            }
            Format::Csv => {
                self.print_header()?;
                print(&csv_text([texts(record)])?)?;
            }
        }
        Ok(())
    }

    /// Prints what is left.
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        match self.format {
            Format::Table => print(&table(&self.lines)),
            Format::Json if self.printed == 0 => print("[]\n"),
            Format::Json => print("\n]\n"),
            Format::Csv => self.print_header(),
        }
    }

    fn print_header(&mut self) -> Result<(), Failure> {
        let header = std::mem::take(&mut self.header);
        if header.is_empty() { Ok(()) } else { print(&csv_text([header])?) }
    }
}

fn object(record: &[Field]) -> Value {
    Value::Object(
        record.iter().map(|field| (field.key.to_owned(), field.value.clone())).collect::<Map<_, _>>(),
    )
}

fn keys(record: &[Field]) -> Vec<String> {
    record.iter().map(|field| field.key.to_owned()).collect()
}

fn texts(record: &[Field]) -> Vec<String> {
    record.iter().map(Field::text).collect()
}

fn csv_text(lines: impl IntoIterator<Item = Vec<String>>) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        writer.write_record(&line).map_err(Failure::failed)?;
    }
    let bytes = writer.into_inner().map_err(Failure::failed)?;
    String::from_utf8(bytes).map_err(Failure::failed)
}
