//! What a library does not tell about a workbook: which rows of a sheet are not shown, and whether its values wait for a
//! calculation.

use std::collections::HashMap;

use quick_xml::events::BytesStart;

use crate::package::{digits, each};
use crate::{Limits, Problem};

/// The most rows that are not shown, of all sheets together.
const HIDDEN: usize = 2_000_000;

/// What was seen so far, by the parts' names in lower case.
#[derive(Default)]
pub(crate) struct Sheets {
    /// The workbook's own part.
    workbook: Option<String>,
    /// Its sheets: the name, and the id of the relation to its part.
    names: Vec<(String, String)>,
    /// By the part's name: the ids and targets of its relations.
    relations: HashMap<String, Vec<(String, String)>>,
    /// By the part's name: the numbers of rows that are not shown, in the order of the part.
    hidden: HashMap<String, Vec<u32>>,
    hidden_rows: usize,
    /// Whether every formula is to be calculated when the file is opened: what stands there now is a placeholder.
    pub(crate) recalculates: bool,
    has_sheet: bool,
}

impl Sheets {
    /// The part that is read next.
    pub(crate) fn part(&mut self, name: String) -> Part<'_> {
        Part { sheets: self, name, row: 0 }
    }

    /// Whether a workbook was among the parts.
    pub(crate) fn is_workbook(&self) -> bool {
        self.has_sheet
    }

    /// The numbers from 1 of the rows of a sheet that are not shown, in ascending order.
    pub(crate) fn hidden(&self, sheet: &str) -> Vec<u32> {
        let rows = || {
            let workbook = self.workbook.as_deref()?;
            let (folder, file) = workbook.rsplit_once('/').unwrap_or(("", workbook));
            let (_, id) = self.names.iter().find(|(name, _)| name == sheet)?;
            let relations = self.relations.get(&format!("{folder}/_rels/{file}.rels"))?;
            let (_, target) = relations.iter().find(|(relation, _)| relation == id)?;
            self.hidden.get(&path(folder, target))
        };
        let mut rows: Vec<u32> = rows().cloned().unwrap_or_default();
        rows.sort_unstable();
        rows
    }
}

/// The part that a relation of a folder's part names.
fn path(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/").to_ascii_lowercase();
    let whole = match target.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None => format!("{folder}/{target}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A part while it is read.
pub(crate) struct Part<'a> {
    sheets: &'a mut Sheets,
    name: String,
    /// The number of the last row.
    row: usize,
}

impl Part<'_> {
    /// Looks at a tag.
    pub(crate) fn add(&mut self, tag: &BytesStart<'_>, limits: &Limits) -> Result<(), Problem> {
        match tag.local_name().as_ref() {
            "row" => self.row(tag, limits)?,
            "sheet" => self.sheet(tag)?,
            "Relationship" if self.name.contains("workbook") => {
                let relation = (text(tag, "Id")?, text(tag, "Target")?);
                self.sheets.relations.entry(self.name.clone()).or_default().push(relation);
            }
            "calcPr" => {
                let now = text(tag, "fullCalcOnLoad")?;
                self.sheets.recalculates |= matches!(now.as_str(), "1" | "true");
            }
            _ => {}
        }
        Ok(())
    }

    fn row(&mut self, tag: &BytesStart<'_>, limits: &Limits) -> Result<(), Problem> {
        self.row = digits(&text(tag, "r")?).unwrap_or(self.row + 1);
        if self.row > limits.last_row() || !matches!(text(tag, "hidden")?.as_str(), "1" | "true") {
            return Ok(());
        }
        self.sheets.hidden_rows += 1;
        if self.sheets.hidden_rows > HIDDEN {
            return Err(Problem::TooMany { what: "hidden rows" });
        }
        let row = u32::try_from(self.row).unwrap_or(u32::MAX);
        match self.sheets.hidden.get_mut(&self.name) {
            Some(rows) => rows.push(row),
            None => drop(self.sheets.hidden.insert(self.name.clone(), vec![row])),
        }
        Ok(())
    }

    fn sheet(&mut self, tag: &BytesStart<'_>) -> Result<(), Problem> {
        let sheet = (text(tag, "name")?, text(tag, "id")?);
        self.sheets.has_sheet = true;
        self.sheets.workbook.get_or_insert_with(|| self.name.clone());
        if self.sheets.workbook.as_deref() == Some(&self.name) {
            self.sheets.names.push(sheet);
        }
        Ok(())
    }
}

/// The value of an attribute, with or without a prefix; empty where there is none. Its entities are resolved.
fn text(tag: &BytesStart<'_>, name: &str) -> Result<String, Problem> {
    let mut found = String::new();
    each(tag, name, |value| {
        found = quick_xml::escape::unescape(value)
            .map_or_else(|_| value.to_owned(), std::borrow::Cow::into_owned);
        Ok(())
    })?;
    Ok(found)
}
