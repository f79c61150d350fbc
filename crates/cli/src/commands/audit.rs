use std::fmt::Write as _;

use rims_server::config::Config;
use rims_store::{AuditBreak, ChainReport, Progress};

use super::admin::attach;
use super::backup::Bar;
use super::runtime;
use crate::args::{self, AuditCommand};
use crate::language::say;
use crate::output::Failure;
use crate::record::{Field, Format, Printer};

pub(crate) fn run(arguments: &args::Audit) -> Result<(), Failure> {
    let AuditCommand::Verify { config, output } = &arguments.command;
    let config = Config::load(&config.path).map_err(Failure::input)?;
    verify(&config, output.output)
}

fn verify(config: &Config, format: Format) -> Result<(), Failure> {
    let report = runtime()?.block_on(async {
        let store = attach(config).await?;
        let bar = Bar::new();
        let report = store.verify_audit_telling(|rows| bar.tell(Progress::AuditRows(rows))).await;
        store.close().await;
        bar.end();
        report.map_err(Failure::failed)
    })?;
    let mut printer = Printer::new(format, &record("", None));
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
fn record(name: &str, found: Option<&ChainReport>) -> [Field; 6] {
    let head = found.map(|chain| hex(&chain.head)).unwrap_or_default();
    let broken = found.and_then(|chain| chain.broken);
    [
        Field::new("chain", say!("사슬", "chain"), name),
        Field::new("rows", say!("행 수", "rows"), found.map_or(0, |chain| chain.entries)),
        Field::new("last", say!("마지막 행", "last row"), found.map_or(0, |chain| chain.last)),
        Field::new("hash", say!("마지막 행의 해시", "its hash"), head),
        Field::new("whole", say!("온전함", "whole"), broken.is_none()),
        Field::new("broken", say!("손상", "broken"), broken.map(told)),
    ]
}

fn told(at: AuditBreak) -> String {
    match at {
        AuditBreak::Missing(row) => say!("{row}행이 없습니다", "row {row} is missing"),
        AuditBreak::Changed(row) => say!("{row}행이 바뀌었습니다", "row {row} was changed"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}
