use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::stream::{self, StreamExt as _};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rims_client::values::IdempotencyKey;
use rims_client::{Client, RetryPolicy, Sector, SectorCalls, VerifyRequest};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::FileFormat;
use super::columns::{Columns, Defaults};
use super::journal::{Journal, Run, Told};
use super::results::{is_eligible, write};
use super::rows::{Form, Row, form, read};
use crate::args::{self, days};
use crate::commands::runtime;
use crate::connection::{Target, failure};
use crate::language::say;
use crate::output::{Failure, Outcome, note};
use crate::record::{Field, Tone, print_one};

/// How many wrong rows are shown.
const SHOWN: usize = 20;

/// Everything that a run needs to know.
struct Job<'a> {
    input: &'a Path,
    form: Form,
    columns: Columns,
    rows: usize,
    size: usize,
    parallel: usize,
    calls: SectorCalls,
}

/// Checks every row, asks in batches, writes the answers, and counts them.
pub(crate) fn run(arguments: &args::Batch) -> Result<Outcome, Failure> {
    let target = Target::of(&arguments.connection)?;
    let retry = RetryPolicy { retries: usize::from(arguments.retries), ..RetryPolicy::default() };
    let client = target.client_with(usize::from(arguments.parallel), retry)?;
    let sector = target.sector(arguments.sector.sector);
    let input = arguments.file.as_path();
    let form = form(input)?;
    let output = output(arguments, form)?;
    let (columns, rows) = checked(arguments, form, &client, sector)?;
    let job = Job {
        input,
        form,
        columns,
        rows,
        size: usize::from(arguments.size),
        parallel: usize::from(arguments.parallel),
        calls: client.sector(sector),
    };
    let mut journal = journal(arguments, &target, sector, rows)?;
    let started = Instant::now();
    let asked = rows - journal.drivers();
    runtime()?.block_on(job.ask(&mut journal))?;
    let seconds = started.elapsed().as_secs_f64();
    write((input, form), &journal.answered, (&output.0, output.1))?;
    let outcome = summary(arguments, &journal, &output.0, (asked, seconds))?;
    journal.end()?;
    Ok(outcome)
}

/// Where the answers go, and in which form.
fn output(arguments: &args::Batch, form: Form) -> Result<(PathBuf, FileFormat), Failure> {
    let named = arguments.result.as_deref();
    let format = match (arguments.format, named.map(FileFormat::of)) {
        (Some(format), _) | (None, Some(Some(format))) => format,
        (None, Some(None)) => {
            return Err(Failure::Input(say!(
                "--result 의 확장자는 .csv, .xlsx, .json 중 하나여야 합니다",
                "--result must end in .csv, .xlsx or .json, or give --format"
            )));
        }
        (None, None) => form.format,
    };
    let beside = || arguments.file.with_extension(format!("result.{}", format.extension()));
    let path = named.map_or_else(beside, Path::to_owned);
    if path == arguments.file {
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
    Ok((path, format))
}

/// Every row is checked before anything is sent; gives how many there are.
fn checked(
    arguments: &args::Batch,
    form: Form,
    client: &Client,
    sector: Sector,
) -> Result<(Columns, usize), Failure> {
    let today = client.today();
    let (from, to) = days(arguments.from, arguments.to, today);
    let defaults = Defaults { class: arguments.class, from, to };
    let calls = client.sector(sector);
    let (mut columns, mut rows, mut wrong) = (None, 0, 0);
    read(&arguments.file, form, &mut |row: Row<'_>| {
        let Some(known) = &columns else {
            columns = Some(Columns::read(&row, defaults, sector, today)?);
            return Ok(());
        };
        rows += 1;
        let fault = match known.driver(&row) {
            Ok(driver) => calls.check(&driver).err().map(|error| error.to_string()),
            Err(fault) => Some(format!("{}: {}", fault.column, fault.rule)),
        };
        if let Some(fault) = fault {
            wrong += 1;
            if wrong <= SHOWN {
                let number = row.number;
                note(&say!("{number}행 {fault}", "row {number}: {fault}"));
            }
        }
        Ok(())
    })?;
    match columns {
        Some(columns) if wrong == 0 && rows > 0 => Ok((columns, rows)),
        _ if wrong > 0 => Err(Failure::Input(say!(
            "{rows}행 중 {wrong}행이 잘못되었습니다. 아무것도 전송하지 않았습니다",
            "{wrong} of {rows} rows are wrong; nothing was sent"
        ))),
        _ => Err(Failure::Input(say!("파일에 운전자가 없습니다", "there is no driver in the file"))),
    }
}

fn journal(
    arguments: &args::Batch,
    target: &Target,
    sector: Sector,
    rows: usize,
) -> Result<Journal, Failure> {
    let run = Run {
        version: 1,
        input: digest(&arguments.file)?,
        rows,
        sector: sector.name().to_owned(),
        url: target.url.clone(),
        bizinfo: target.bizinfo.as_ref().map(ToString::to_string),
        size: usize::from(arguments.size),
        defaults: format!("{:?} {:?} {:?}", arguments.class, arguments.from, arguments.to),
    };
    let path = Journal::path_of(&arguments.file);
    match (path.exists(), arguments.resume, arguments.restart) {
        (true, true, _) => Journal::resume(&path, &run),
        (true, false, false) => {
            let shown = path.display();
            Err(Failure::Input(say!(
                "중단된 실행이 있습니다 ({shown}). --resume 으로 이어서 하거나 --restart 로 다시 시작하십시오",
                "there is an interrupted run ({shown}); go on with --resume, or begin anew with --restart"
            )))
        }
        (false, true, _) => Err(Failure::Input(say!(
            "이어서 할 실행이 없습니다",
            "there is no interrupted run to go on with"
        ))),
        _ => {
            let key = rims_server::random::uuid().map_err(Failure::failed)?;
            Journal::begin(&path, run, key.to_string())
        }
    }
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

/// A batch that was not answered yet.
type Batch = (usize, Vec<VerifyRequest>);

impl Job<'_> {
    /// Asks about everybody who was not answered, some batches at a time. Stops at the first that fails.
    async fn ask(&self, journal: &mut Journal) -> Result<(), Failure> {
        let bar = progress(self.rows, journal.drivers());
        let done: Vec<bool> = journal.answered.iter().map(Option::is_some).collect();
        let (sender, receiver) = mpsc::channel(1);
        let (input, form, columns, size) =
            (self.input.to_owned(), self.form, self.columns.clone(), self.size);
        let reader =
            tokio::task::spawn_blocking(move || hand_over(&input, form, &columns, size, &done, &sender));
        let key = journal.key.clone();
        let batches = stream::unfold(receiver, async |mut receiver: mpsc::Receiver<Batch>| {
            receiver.recv().await.map(|batch| (batch, receiver))
        });
        let mut answers =
            std::pin::pin!(batches.map(|batch| self.verify(&key, batch)).buffer_unordered(self.parallel));
        let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
        loop {
            let answered = tokio::select! {
                answered = answers.next() => answered,
                _ = &mut interrupt => return Err(self.interrupted(journal, &say!("중단되었습니다", "interrupted"))),
            };
            match answered {
                Some(Ok((batch, told))) => {
                    bar.inc(told.len() as u64);
                    journal.add(batch, told)?;
                }
                Some(Err(Failure::Failed(why) | Failure::Input(why))) => {
                    bar.abandon();
                    return Err(self.interrupted(journal, &why));
                }
                None => break,
            }
        }
        bar.finish_and_clear();
        reader.await.map_err(Failure::failed)?
    }

    async fn verify(&self, key: &str, (number, drivers): Batch) -> Result<(usize, Vec<Told>), Failure> {
        let key = IdempotencyKey::parse(&format!("{key}-{number}")).map_err(Failure::failed)?;
        let answers = self.calls.clone().once(key).verify_batch(&drivers).await;
        let answers = answers.map_err(|error| failure(&error))?;
        Ok((number, answers.iter().map(Told::new).collect()))
    }

    fn interrupted(&self, journal: &Journal, why: &str) -> Failure {
        let (done, rows) = (journal.drivers(), self.rows);
        let why = why.trim_end_matches('.');
        Failure::Failed(say!(
            "{why}. {rows}명 중 {done}명의 응답을 받았습니다. 같은 명령에 --resume 을 붙여 이어서 하십시오",
            "{why}. {done} of {rows} drivers are answered; go on with the same command and --resume"
        ))
    }
}

/// Reads the file once more and hands over the batches that are not done; ends when nobody takes them any more.
fn hand_over(
    input: &Path,
    form: Form,
    columns: &Columns,
    size: usize,
    done: &[bool],
    sender: &mpsc::Sender<Batch>,
) -> Result<(), Failure> {
    let changed =
        || Failure::Input(say!("실행 중에 파일이 바뀌었습니다", "the file changed while it was read"));
    let mut drivers = Vec::with_capacity(size);
    // The header is no driver.
    let (mut is_header, mut place) = (true, 0);
    let mut is_wanted = true;
    let mut hand = |number: usize, drivers: &mut Vec<VerifyRequest>| {
        let batch = std::mem::replace(drivers, Vec::with_capacity(size));
        is_wanted = is_wanted && (batch.is_empty() || sender.blocking_send((number, batch)).is_ok());
    };
    read(input, form, &mut |row| {
        if std::mem::take(&mut is_header) {
            return Ok(());
        }
        let batch = place / size;
        if !done.get(batch).copied().ok_or_else(changed)? {
            drivers.push(columns.driver(&row).map_err(|_| changed())?);
        }
        place += 1;
        if place % size == 0 {
            hand(batch, &mut drivers);
        }
        Ok(())
    })?;
    hand(done.len().saturating_sub(1), &mut drivers);
    Ok(())
}

/// On a terminal: how many are done, how fast, and how long it will take.
fn progress(rows: usize, done: usize) -> ProgressBar {
    let target =
        if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(rows as u64), target);
    let template = say!(
        "{{bar:30}} {{pos}}/{{len}}명  {{per_sec}}  남은 시간 {{eta}}",
        "{{bar:30}} {{pos}}/{{len}} drivers  {{per_sec}}  {{eta}} left"
    );
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.set_position(done as u64);
    bar.reset_eta();
    bar
}

fn summary(
    arguments: &args::Batch,
    journal: &Journal,
    result: &Path,
    (asked, seconds): (usize, f64),
) -> Result<Outcome, Failure> {
    let drivers = journal.drivers();
    let eligible = journal.answered.iter().flatten().flatten().filter(|told| is_eligible(told)).count();
    let others = drivers - eligible;
    let rounded = |number: f64| (number * 10.0).round() / 10.0;
    #[expect(clippy::cast_precision_loss, reason = "a rate is not counted to the last driver")]
    let rate = if seconds > 0.0 { asked as f64 / seconds } else { 0.0 };
    let record = [
        Field::new("drivers", say!("운전자", "drivers"), drivers),
        Field::new("eligible", say!("적격", "eligible"), eligible),
        Field::new("ineligible", say!("부적격", "not eligible"), others).toned(if others == 0 {
            Tone::Good
        } else {
            Tone::Bad
        }),
        Field::new("asked", say!("이번에 조회", "asked now"), asked),
        Field::new("seconds", say!("소요 시간(초)", "seconds"), rounded(seconds)),
        Field::new("drivers_per_second", say!("초당", "drivers/s"), rounded(rate)),
        Field::new("result", say!("결과 파일", "answers"), result.display().to_string()),
    ];
    print_one(arguments.output.output, &record)?;
    Ok(if others == 0 { Outcome::Done } else { Outcome::Ineligible })
}
