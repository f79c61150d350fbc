use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use rims_client::{Error, RetryPolicy, SectorCalls};
use sha2::{Digest as _, Sha256};

use super::FileFormat;
use super::ask::Job;
use super::columns::{Columns, Defaults};
use super::journal::{Journal, Run};
use super::results::{Answers, Input, Output, write};
use super::rows::{Form, Row, Source, Wanted};
use super::summary::Ended;
use crate::args::{self, days};
use crate::commands::runtime;
use crate::connection::{Target, failure};
use crate::language::say;
use crate::output::{Failure, Outcome, note};

/// How many wrong rows are shown.
const SHOWN: usize = 20;

/// Checks every row, asks in batches, writes the answers, and counts them.
pub(crate) fn run(arguments: &args::Batch) -> Result<Outcome, Failure> {
    let target = Target::of(&arguments.connection)?;
    let input = arguments.file.as_path();
    let source = Source::open(input, &wanted(arguments))?;
    let output = output(arguments, source.form.format)?;
    let path = Journal::path_of(input);
    let begun = begun_on(arguments, &path)?;
    let retry = RetryPolicy { retries: usize::from(arguments.retries), ..RetryPolicy::default() };
    let client = target.client_on(begun, usize::from(arguments.parallel), retry)?;
    let sector = target.sector(arguments.sector.sector);
    let digest = digest(input)?;
    let defaults = defaults(arguments, client.today());
    let (form, columns, rows) =
        checked(arguments, source, defaults, &client.sector(sector), begun.is_some())?;
    let (size, parallel) = (usize::from(arguments.size), usize::from(arguments.parallel));
    let calls = client.sector(sector);
    let job = Job { input, form, columns, rows, size, parallel, calls };
    let run = Run {
        version: 1,
        input: digest.clone(),
        rows,
        sector: sector.name().to_owned(),
        url: target.url.clone(),
        credential: STANDARD.encode(Sha256::digest(target.keys.auth_key.as_bytes())),
        bizinfo: target.bizinfo.as_ref().map(ToString::to_string),
        size,
        defaults: format!("{defaults:?} {:?}", wanted(arguments)),
        today: client.today(),
    };
    let runtime = runtime()?;
    let resumed = begun.is_some().then(|| Journal::resume(&path, &run)).transpose()?;
    if !arguments.interrupted.partial {
        // Who cannot sign in leaves no journal of a run that never began.
        runtime.block_on(client.token()).map_err(|error| failure(&error))?;
    }
    let mut journal = resumed.map_or_else(|| begin(&path, run), Ok)?;
    let (before, started) = (journal.drivers(), Instant::now());
    if !arguments.interrupted.partial {
        journal = runtime.block_on(job.ask(journal)).map_err(after_sending)?;
    }
    let seconds = started.elapsed().as_secs_f64();
    let answers = Answers { answered: &journal.answered, size };
    let read = Input { path: input, form: &job.form, columns: &job.columns };
    let tally = write(read, answers, &output, || unchanged(input, &digest)).map_err(after_sending)?;
    let asked = (journal.drivers() - before, seconds);
    let titles = &job.columns.titles;
    let ended = Ended { form: &job.form, titles, tally: &tally, result: &output.path, asked };
    let outcome = ended.tell(&arguments.output).map_err(after_sending)?;
    if journal.drivers() == rows { journal.end().map(|()| outcome) } else { Ok(outcome) }
}

/// What of the file is wanted.
fn wanted(arguments: &args::Batch) -> Wanted {
    let args::Reading { sheet, skip_hidden, ignore_column } = &arguments.reading;
    Wanted { sheet: sheet.clone(), skips_hidden: *skip_hidden, ignored: ignore_column.clone() }
}

/// Exit code 2 says that nothing was sent.
fn after_sending(failure: Failure) -> Failure {
    Failure::Failed(failure.into_message())
}

/// Where the answers go, and in which form.
fn output(arguments: &args::Batch, input: FileFormat) -> Result<Output, Failure> {
    let named = arguments.result.as_deref();
    let format = match (arguments.format, named.map(FileFormat::of)) {
        (Some(format), _) | (None, Some(Some(format))) => format,
        (None, Some(None)) => {
            return Err(Failure::Input(say!(
                "--result 의 확장자는 .csv, .xlsx, .json 중 하나여야 합니다",
                "--result must end in .csv, .xlsx or .json, or give --format"
            )));
        }
        (None, None) => input,
    };
    let beside = || arguments.file.with_extension(format!("result.{}", format.extension()));
    let path = named.map_or_else(beside, Path::to_owned);
    let is_input = |path: &Path| path.canonicalize().ok() == arguments.file.canonicalize().ok();
    if path.exists() && is_input(&path) {
        return Err(Failure::Input(say!(
            "--result 는 입력 파일일 수 없습니다",
            "--result cannot be the input itself"
        )));
    }
    if path.exists() && !arguments.overwrite {
        let shown = path.display();
        return Err(Failure::Input(say!(
            "{shown} 이(가) 이미 있습니다. --result 로 다른 이름을 주거나 --overwrite 를 붙이십시오",
            "{shown} is there already; name another file with --result, or give --overwrite"
        )));
    }
    Ok(Output { path, format, overwrite: arguments.overwrite, raw: arguments.output.raw })
}

/// The day when the run began that is gone on with, if one is.
fn begun_on(arguments: &args::Batch, path: &Path) -> Result<Option<Date>, Failure> {
    match (path.exists(), arguments.interrupted.resume) {
        (true, true) => Journal::begun_on(path).map(Some),
        (true, false) if !arguments.interrupted.restart => {
            let shown = path.display();
            Err(Failure::Input(say!(
                "중단된 실행이 있습니다 ({shown}). --resume 으로 이어서 하거나 --restart 로 다시 시작하십시오",
                "there is an interrupted run ({shown}); go on with --resume, or begin anew with --restart"
            )))
        }
        (false, true) => Err(Failure::Input(say!(
            "이어서 할 실행이 없습니다",
            "there is no interrupted run to go on with"
        ))),
        _ => Ok(None),
    }
}

fn begin(path: &Path, run: Run) -> Result<Journal, Failure> {
    let key = rims_server::random::uuid().map_err(Failure::failed)?;
    Journal::begin(path, run, key.to_string())
}

fn defaults(arguments: &args::Batch, today: Date) -> Defaults {
    let (from, to) = days(arguments.from, arguments.to, today);
    Defaults { class: arguments.class, from, to }
}

/// Every row is checked before anything is sent; gives how many there are.
fn checked(
    arguments: &args::Batch,
    source: Source,
    defaults: Defaults,
    calls: &SectorCalls,
    is_begun: bool,
) -> Result<(Form, Columns, usize), Failure> {
    let (mut columns, mut rows, mut wrong) = (None, 0, 0);
    let ignored = &arguments.reading.ignore_column;
    let form = source.read(&arguments.file, &mut |row: Row<'_>| {
        let Some(known) = &columns else {
            columns = Some(Columns::read(&row, ignored, defaults, calls.sector(), calls.today())?);
            return Ok(());
        };
        rows += 1;
        if let Some(fault) = fault(known, calls, &row) {
            wrong += 1;
            if wrong <= SHOWN {
                let number = row.number;
                note(&say!("{number}행 {fault}", "row {number}: {fault}"));
            }
        }
        Ok(())
    })?;
    match columns {
        Some(columns) if wrong == 0 && rows > 0 => Ok((form, columns, rows)),
        _ if wrong > 0 && !is_begun => Err(Failure::Input(say!(
            "{rows}행 중 {wrong}행이 잘못되었습니다. 아무것도 전송하지 않았습니다",
            "{wrong} of {rows} rows are wrong; nothing was sent"
        ))),
        _ if wrong > 0 => Err(Failure::Input(say!(
            "{rows}행 중 {wrong}행이 잘못되었습니다",
            "{wrong} of {rows} rows are wrong"
        ))),
        _ => Err(Failure::Input(say!("파일에 운전자가 없습니다", "there is no driver in the file"))),
    }
}

/// What is wrong with a row.
fn fault(columns: &Columns, calls: &SectorCalls, row: &Row<'_>) -> Option<String> {
    match columns.driver(row) {
        Ok(driver) => match calls.check(&driver).err()? {
            Error::Request(error) => Some(error.message()),
            error => Some(error.korean()),
        },
        Err(wrong) => Some(wrong.0),
    }
}

/// The answers are told by the rows' places: the file must be the one that was asked about.
fn unchanged(input: &Path, before: &str) -> Result<(), Failure> {
    if digest(input)? == before { Ok(()) } else { Err(changed()) }
}

pub(super) fn changed() -> Failure {
    Failure::Failed(say!(
        "실행 중에 파일이 바뀌었습니다. 원래 파일로 되돌린 뒤 --resume 으로 이어서 하십시오",
        "the file changed while it was asked about; put the first one back and go on with --resume"
    ))
}

fn digest(path: &Path) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::Input(format!("{}: {error}", path.display()));
    let mut file = File::open(path).map_err(failed)?;
    let (mut hash, mut block) = (Sha256::new(), vec![0; 64 << 10]);
    loop {
        match file.read(&mut block).map_err(failed)? {
            0 => break,
            read => hash.update(&block[..read]),
        }
    }
    Ok(STANDARD.encode(hash.finalize()))
}
