use std::cell::Cell;
use std::fs::File;
use std::future::ready;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;
use std::pin::pin;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::stream::{self, StreamExt as _};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::civil::Date;
use rims_client::values::IdempotencyKey;
use rims_client::{Error, RetryPolicy, SectorCalls, VerifyRequest};
use sha2::{Digest as _, Sha256};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::FileFormat;
use super::columns::{Columns, Defaults};
use super::journal::{Journal, Run, Told};
use super::results::{Answers, Output, is_eligible, write};
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
    let input = arguments.file.as_path();
    let form = form(input)?;
    let output = output(arguments, form)?;
    let path = Journal::path_of(input);
    let begun = begun_on(arguments, &path)?;
    let retry = RetryPolicy { retries: usize::from(arguments.retries), ..RetryPolicy::default() };
    let client = target.client_on(begun, usize::from(arguments.parallel), retry)?;
    let sector = target.sector(arguments.sector.sector);
    let digest = digest(input)?;
    let defaults = defaults(arguments, client.today());
    let (columns, rows) = checked(arguments, form, defaults, &client.sector(sector), begun.is_some())?;
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
        defaults: format!("{defaults:?}"),
        today: client.today(),
    };
    let mut journal = open(&path, run, begun.is_some())?;
    let (before, started) = (journal.drivers(), Instant::now());
    if !arguments.interrupted.partial {
        runtime()?.block_on(job.ask(&mut journal)).map_err(after_sending)?;
    }
    let seconds = started.elapsed().as_secs_f64();
    let answers = Answers { answered: &journal.answered, size };
    write((input, form), answers, &output, || unchanged(input, &digest)).map_err(after_sending)?;
    let outcome = summary(arguments, &journal, &output.path, (journal.drivers() - before, seconds))?;
    if journal.drivers() == rows { journal.end().map(|()| outcome) } else { Ok(outcome) }
}

/// Exit code 2 says that nothing was sent.
fn after_sending(failure: Failure) -> Failure {
    Failure::Failed(failure.into_message())
}

/// Where the answers go, and in which form.
fn output(arguments: &args::Batch, form: Form) -> Result<Output, Failure> {
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
    Ok(Output { path, format, overwrite: arguments.overwrite })
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

fn open(path: &Path, run: Run, is_begun: bool) -> Result<Journal, Failure> {
    if is_begun {
        return Journal::resume(path, &run);
    }
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
    form: Form,
    defaults: Defaults,
    calls: &SectorCalls,
    is_begun: bool,
) -> Result<(Columns, usize), Failure> {
    let (mut columns, mut rows, mut wrong) = (None, 0, 0);
    read(&arguments.file, form, &mut |row: Row<'_>| {
        let Some(known) = &columns else {
            columns = Some(Columns::read(&row, defaults, calls.sector(), calls.today())?);
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
        Some(columns) if wrong == 0 && rows > 0 => Ok((columns, rows)),
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

fn changed() -> Failure {
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

/// A batch that was not answered yet.
type Batch = (usize, Vec<VerifyRequest>);

impl Job<'_> {
    /// Asks about everybody who was not answered, some batches at a time. After a failure or an interruption nobody
    /// new is asked about, and what is under way is waited for.
    async fn ask(&self, journal: &mut Journal) -> Result<(), Failure> {
        let bar = progress(self.rows, journal.drivers());
        let (sender, receiver) = mpsc::channel(1);
        let reader = tokio::task::spawn_blocking(self.reader(journal, sender));
        let key = journal.key.clone();
        let batches = stream::unfold(receiver, async |mut receiver: mpsc::Receiver<Batch>| {
            receiver.recv().await.map(|batch| (batch, receiver))
        });
        let stopped = Cell::new(false);
        let batches = batches.take_while(|_| ready(!stopped.get()));
        let answers = batches.map(|batch| self.verify(&key, batch)).buffer_unordered(self.parallel);
        let (mut answers, mut failure) = (pin!(answers), None);
        let mut interrupts = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
        loop {
            let answered = tokio::select! {
                answered = answers.next() => answered,
                _ = interrupts.recv() => {
                    if stopped.replace(true) {
                        return Err(self.interrupted(journal, &say!("중단되었습니다", "interrupted")));
                    }
                    note(&say!(
                        "진행 중인 묶음을 기다립니다. 바로 끝내려면 Ctrl-C를 다시 누르십시오",
                        "waiting for the batches under way; press Ctrl-C again to stop at once"
                    ));
                    failure = Some(say!("중단되었습니다", "interrupted"));
                    continue;
                }
            };
            match answered {
                Some(Ok((batch, told))) => {
                    bar.inc(told.len() as u64);
                    journal.add(batch, told)?;
                }
                Some(Err(failed)) => {
                    stopped.set(true);
                    failure.get_or_insert(failed.into_message());
                }
                None => break,
            }
        }
        bar.finish_and_clear();
        if let Some(why) = failure {
            return Err(self.interrupted(journal, &why));
        }
        reader.await.map_err(Failure::failed)?
    }

    /// Reads the file once more and hands over the batches that are not answered; ends when nobody takes them any more.
    fn reader(
        &self,
        journal: &Journal,
        sender: mpsc::Sender<Batch>,
    ) -> impl FnOnce() -> Result<(), Failure> + use<> {
        let (input, form, columns, size) =
            (self.input.to_owned(), self.form, self.columns.clone(), self.size);
        let (rows, done): (_, Vec<bool>) =
            (self.rows, journal.answered.iter().map(Option::is_some).collect());
        move || {
            let mut drivers = Vec::with_capacity(size);
            // The header is no driver.
            let (mut is_header, mut place) = (true, 0);
            let mut is_wanted = true;
            let handed = read(&input, form, &mut |row| {
                if std::mem::take(&mut is_header) {
                    return Ok(());
                }
                let batch = place / size;
                if !done.get(batch).copied().ok_or_else(changed)? {
                    drivers.push(columns.driver(&row).map_err(|_| changed())?);
                }
                place += 1;
                if (place % size == 0 || place == rows) && !drivers.is_empty() {
                    let full = std::mem::replace(&mut drivers, Vec::with_capacity(size));
                    is_wanted = sender.blocking_send((batch, full)).is_ok();
                }
                if is_wanted { Ok(()) } else { Err(changed()) }
            });
            match handed {
                Ok(()) if place != rows => Err(changed()),
                // Nobody takes batches any more, and the reason is told elsewhere.
                Err(_) if !is_wanted => Ok(()),
                handed => handed,
            }
        }
    }

    async fn verify(&self, key: &str, (number, drivers): Batch) -> Result<(usize, Vec<Told>), Failure> {
        let key = IdempotencyKey::parse(&format!("{key}-{number}")).map_err(Failure::failed)?;
        let answers = self.calls.clone().once(key).verify_batch(&drivers).await;
        let answers = answers.map_err(|error| failure(&error))?;
        Ok((number, answers.into_iter().map(Told::from).collect()))
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
