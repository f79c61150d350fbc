//! What the commands of companies print: records, as a table, JSON or CSV.

use std::io::{self, IsTerminal as _};

use clap::ValueEnum;
use serde_json::{Map, Value};
use unicode_width::UnicodeWidthStr as _;

use crate::args::Output;
use crate::formula::neutralised;
use crate::language::say;
use crate::output::{Failure, print, print_own, table, visible};

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

/// How records are printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) format: Format,
    /// Of CSV: whether formulas stay formulas ([`crate::formula`]).
    pub(crate) raw: bool,
}

impl From<Format> for Shape {
    fn from(format: Format) -> Self {
        Self { format, raw: false }
    }
}

impl From<&Output> for Shape {
    fn from(output: &Output) -> Self {
        Self { format: output.output, raw: output.raw }
    }
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

    /// Whether there is no value.
    pub(crate) fn is_null(&self) -> bool {
        self.value.is_null()
    }

    /// The value as a cell of CSV.
    fn text(&self) -> String {
        match &self.value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            Value::Array(values) if values.iter().all(Value::is_string) => {
                values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
            }
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
        let text = visible(&text);
        match self.tone {
            Tone::Good if colours() => format!("\x1b[32m{text}\x1b[0m"),
            Tone::Bad if colours() => format!("\x1b[31m{text}\x1b[0m"),
            _ => text.into_owned(),
        }
    }
}

/// Whether standard output is a terminal that wants colours (<https://no-color.org>).
fn colours() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !is_set("NO_COLOR")
}

/// A record of its own.
pub(crate) fn print_one(shape: impl Into<Shape>, record: &[Field]) -> Result<(), Failure> {
    let Shape { format, raw } = shape.into();
    match format {
        Format::Table => {
            let width = record.iter().map(|field| field.title.width()).max().unwrap_or_default();
            let rows = record.iter().map(|field| {
                let gap = " ".repeat(width + 2 - field.title.width());
                format!("{}\n", format!("{}{gap}{}", field.title, field.painted()).trim_end())
            });
            print_own(&rows.collect::<String>())
        }
        Format::Json => print(&format!("{:#}\n", object(record))),
        Format::Csv => print(&csv_text([keys(record), texts(record, raw)])?),
    }
}

/// Prints records of the same members one after the other.
pub(crate) struct Printer {
    shape: Shape,
    /// Of a table: every line, because its columns are as wide as their widest cell.
    lines: Vec<Vec<String>>,
    header: Vec<String>,
    printed: usize,
}

impl Printer {
    /// For records with the members of this one.
    pub(crate) fn new(shape: impl Into<Shape>, like: &[Field]) -> Self {
        let titles = like.iter().map(|field| field.title.clone()).collect();
        Self { shape: shape.into(), lines: vec![titles], header: keys(like), printed: 0 }
    }

    pub(crate) fn add(&mut self, record: &[Field]) -> Result<(), Failure> {
        self.printed += 1;
        match self.shape.format {
            Format::Table => self.lines.push(record.iter().map(Field::shown).collect()),
            Format::Json => {
                let before = if self.printed == 1 { "[\n" } else { ",\n" };
                print(&format!("{before}{}", object(record)))?;
            }
            Format::Csv => {
                self.print_header()?;
                print(&csv_text([texts(record, self.shape.raw)])?)?;
            }
        }
        Ok(())
    }

    /// Prints what is left.
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        match self.shape.format {
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

fn texts(record: &[Field], raw: bool) -> Vec<String> {
    let cell = |text: String| if raw { text } else { neutralised(&text).into_owned() };
    record.iter().map(|field| cell(field.text())).collect()
}

fn csv_text(lines: impl IntoIterator<Item = Vec<String>>) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        writer.write_record(&line).map_err(Failure::failed)?;
    }
    let bytes = writer.into_inner().map_err(Failure::failed)?;
    String::from_utf8(bytes).map_err(Failure::failed)
}
