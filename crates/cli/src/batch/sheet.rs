//! Which sheet of an Excel file has the drivers.

use std::fs::File;
use std::path::Path;

use rims_reading::plain;
use rims_spreadsheet::{Sheet, Workbook};

use super::header::{Header, Search};
use super::refusal::unreadable;
use super::rows::Wanted;
use crate::language::say;
use crate::output::Failure;

/// The sheet that is named, or the only one that is shown and has the titles; a sheet that nobody sees is not read unless
/// it is named.
pub(super) fn chosen(
    path: &Path,
    workbook: &mut Workbook<File>,
    wanted: &Wanted,
) -> Result<(String, Header), Failure> {
    let sheets = workbook.sheets();
    if let Some(name) = &wanted.sheet {
        let found = sheets.iter().find(|sheet| plain(&sheet.name) == plain(name));
        let Some(sheet) = found else { return Err(unknown(path, name, &sheets)) };
        let header = header(path, workbook, &sheet.name, wanted)?;
        return Ok((sheet.name.clone(), header));
    }
    let mut looked = Vec::with_capacity(sheets.len());
    for sheet in sheets {
        let header = header(path, workbook, &sheet.name, wanted)?;
        looked.push((sheet, header));
    }
    let with_titles = |is_visible| {
        let found =
            move |(sheet, header): &&(Sheet, Header)| sheet.is_visible == is_visible && header.is_whole;
        looked.iter().filter(found).collect::<Vec<_>>()
    };
    let (visible, hidden) = (with_titles(true), with_titles(false));
    let mut shown = looked.iter().filter(|(sheet, _)| sheet.is_visible);
    match (visible.as_slice(), hidden.as_slice(), shown.next(), shown.next()) {
        ([(sheet, header)], ..) | ([], [], Some((sheet, header)), None) => Ok((sheet.name.clone(), *header)),
        ([_, _, ..], ..) => Err(several(path, &names(&visible))),
        ([], [], ..) => {
            let shown: Vec<_> = looked.iter().filter(|(sheet, _)| sheet.is_visible).collect();
            Err(none(path, &names(&shown)))
        }
        ([], ..) => Err(only_hidden(path, &names(&hidden))),
    }
}

fn header(
    path: &Path,
    workbook: &mut Workbook<File>,
    sheet: &str,
    wanted: &Wanted,
) -> Result<Header, Failure> {
    let mut search = Search::new(&wanted.ignored);
    let ended = workbook.read(sheet, &mut |row| search.look(&row));
    search.end(path, ended)
}

fn names(sheets: &[&(Sheet, Header)]) -> String {
    let names: Vec<String> = sheets.iter().map(|(sheet, _)| format!("'{}'", sheet.name)).collect();
    names.join(", ")
}

fn unknown(path: &Path, name: &str, sheets: &[Sheet]) -> Failure {
    let names: Vec<String> = sheets.iter().map(|sheet| format!("'{}'", sheet.name)).collect();
    let names = names.join(", ");
    unreadable(
        path,
        &say!(
            "시트 '{name}' 이(가) 없습니다. 있는 시트: {names}",
            "there is no sheet '{name}'; there are {names}"
        ),
    )
}

fn several(path: &Path, names: &str) -> Failure {
    unreadable(
        path,
        &say!(
            "운전자 제목이 있는 시트가 여럿입니다: {names}. --sheet 로 하나를 고르십시오",
            "several sheets have drivers: {names}; choose one with --sheet"
        ),
    )
}

fn none(path: &Path, names: &str) -> Failure {
    unreadable(
        path,
        &say!(
            "보이는 시트에 면허번호와 이름의 제목이 없습니다: {names}. --sheet 로 시트를 고르십시오",
            "no visible sheet has the titles of licence number and name: {names}; choose one with --sheet"
        ),
    )
}

fn only_hidden(path: &Path, names: &str) -> Failure {
    unreadable(
        path,
        &say!(
            "운전자 제목은 숨긴 시트에만 있습니다: {names}. 그 시트를 뜻했으면 --sheet 로 고르십시오",
            "only hidden sheets have drivers: {names}; if one is meant, choose it with --sheet"
        ),
    )
}
