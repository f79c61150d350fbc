use rims_protocol::codes::{CodeTable, tables};
use serde_json::{Value, json};

use crate::args;
use crate::output::{Failure, print, table};

pub(crate) fn run(arguments: &args::Codes) -> Result<(), Failure> {
    let chosen = choose(arguments.table.as_deref())?;
    if arguments.json {
        let tables: Vec<Value> = chosen.iter().map(as_json).collect();
        let text = serde_json::to_string_pretty(&tables).map_err(Failure::failed)?;
        return print(&format!("{text}\n"));
    }
    print(&chosen.iter().map(as_text).collect::<Vec<_>>().join("\n"))
}

fn choose(name: Option<&str>) -> Result<Vec<CodeTable>, Failure> {
    let all = tables();
    let Some(name) = name else { return Ok(all) };
    let names: Vec<&str> = all.iter().map(|table| table.name).collect();
    let unknown = format!("no table {name}; there are: {}", names.join(", "));
    let chosen: Vec<CodeTable> =
        all.into_iter().filter(|table| table.name == name || table.section == name).collect();
    if chosen.is_empty() { Err(Failure::Input(unknown)) } else { Ok(chosen) }
}

fn as_text(codes: &CodeTable) -> String {
    let rows: Vec<Vec<String>> = codes
        .rows
        .iter()
        .map(|row| vec![format!("  {}", row.code), row.korean.clone(), row.english.clone()])
        .collect();
    format!("{} {}: {} ({})\n{}", codes.section, codes.name, codes.korean, codes.english, table(&rows))
}

fn as_json(codes: &CodeTable) -> Value {
    let rows: Vec<Value> = codes
        .rows
        .iter()
        .map(|row| json!({ "code": row.code, "korean": row.korean, "english": row.english }))
        .collect();
    json!({ "section": codes.section, "name": codes.name, "korean": codes.korean, "english": codes.english, "rows": rows })
}
