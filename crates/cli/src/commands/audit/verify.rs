//! `rims audit verify`.

use data_encoding::HEXLOWER;
use rims_server::anchors;
use rims_server::config::Config;
use rims_store::{AuditBreak, ChainReport, Progress};

use crate::args::AuditVerify;
use crate::commands::admin::attach;
use crate::commands::backup::Bar;
use crate::commands::runtime;
use crate::language::say;
use crate::output::Failure;
use crate::record::{Field, Format, Printer};

pub(super) fn run(arguments: &AuditVerify) -> Result<(), Failure> {
    let config = Config::load(&arguments.config.path).map_err(Failure::input)?;
    let anchors = match &arguments.anchors {
        Some(path) => anchors::read(path).map_err(Failure::input)?,
        None => Vec::new(),
    };
    let report = runtime()?.block_on(async {
        let store = attach(&config).await?;
        let bar = Bar::new();
        let report = store.verify_audit_telling(&anchors, |rows| bar.tell(Progress::AuditRows(rows))).await;
        store.close().await;
        bar.end();
        report.map_err(Failure::failed)
    })?;
    let hash_digits = match arguments.output.output {
        // Enough to compare at a glance, and a line fits a terminal.
        Format::Table => 16,
        Format::Json | Format::Csv => 64,
    };
    let record = |name: &str, found: Option<&ChainReport>| record(name, found, hash_digits);
    let mut printer = Printer::new(&arguments.output, &record("", None));
    for chain in &report.chains {
        printer.add(&record(&chain.chain, Some(chain)))?;
    }
    printer.end()?;
    report.first_break().map_or(Ok(()), |(chain, at)| {
        let at = told(at);
        Err(Failure::Failed(say!(
            "감사 기록이 손상되었습니다: {chain}, {at}",
            "the audit trail is broken: chain {chain}, {at}"
        )))
    })
}

/// A chain's line; without a report only its titles count.
fn record(name: &str, found: Option<&ChainReport>, hash_digits: usize) -> [Field; 7] {
    let mut head = found.map(|chain| HEXLOWER.encode(&chain.head)).unwrap_or_default();
    head.truncate(hash_digits);
    let broken = found.and_then(|chain| chain.broken);
    [
        Field::new("chain", say!("사슬", "chain"), name),
        Field::new("rows", say!("행 수", "rows"), found.map_or(0, |chain| chain.entries)),
        Field::new("last", say!("마지막 행", "last row"), found.map_or(0, |chain| chain.last)),
        Field::new("hash", say!("마지막 행의 해시", "its hash"), head),
        Field::new("anchors", say!("대조한 끝", "anchors"), found.map_or(0, |chain| chain.anchors)),
        Field::new("whole", say!("온전함", "whole"), broken.is_none()),
        Field::new("broken", say!("손상", "broken"), broken.map(told)),
    ]
}

fn told(at: AuditBreak) -> String {
    match at {
        AuditBreak::Missing(row) => say!("{row}행이 없습니다", "row {row} is missing"),
        AuditBreak::Changed(row) => say!("{row}행이 바뀌었습니다", "row {row} was changed"),
        AuditBreak::Rewritten(row) => say!(
            "{row}행이 따로 보관한 해시와 다릅니다. 사슬이 다시 만들어졌습니다",
            "row {row} is not the one whose hash was kept elsewhere: the chain was made anew"
        ),
        AuditBreak::CutOff(row) => say!(
            "해시를 따로 보관한 {row}행이 없습니다. 사슬의 끝이 잘렸습니다",
            "row {row}, whose hash was kept elsewhere, is no longer there: the chain was cut off"
        ),
    }
}
