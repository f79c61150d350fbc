//! What was answered so far, in a file beside the input: batch numbers and result codes, nothing personal.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use rims_client::Verification;
use rims_client::codes::{Code, LicenceStatus, VehicleIdentity};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Receiver;

use crate::language::say;
use crate::output::Failure;

/// What a run is about: another file, RIMS or company is another run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    pub(super) version: u8,
    /// SHA-256 of the input.
    pub(super) input: String,
    pub(super) rows: usize,
    pub(super) sector: String,
    pub(super) url: String,
    /// SHA-256 of the auth key: another credential is another company or environment.
    pub(super) credential: String,
    pub(super) bizinfo: Option<String>,
    /// How many drivers are in one batch.
    pub(super) size: usize,
    /// The options that stand in for empty cells.
    pub(super) defaults: String,
    /// The day in Korea when it began, which is "today" until it ends.
    pub(super) today: Date,
}

impl Run {
    /// How many drivers a batch has.
    fn length(&self, batch: usize) -> usize {
        self.rows.saturating_sub(batch * self.size).min(self.size)
    }
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    #[serde(flatten)]
    run: Run,
    /// The keys of the batches are `KEY-0`, `KEY-1`, …
    key: String,
}

/// Every other line: what a batch was answered, in the order of its drivers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    batch: usize,
    answers: Vec<Told>,
}

/// What was answered about one driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(String, Option<String>)", into = "(Code<LicenceStatus>, Option<Code<VehicleIdentity>>)")]
pub(super) struct Told {
    pub(super) status: Code<LicenceStatus>,
    pub(super) vehicle: Option<Code<VehicleIdentity>>,
}

impl From<Verification> for Told {
    fn from(answer: Verification) -> Self {
        Self { status: answer.status, vehicle: answer.vehicle }
    }
}

impl From<(String, Option<String>)> for Told {
    fn from((status, vehicle): (String, Option<String>)) -> Self {
        Self { status: Code::read(&status), vehicle: vehicle.as_deref().map(Code::read) }
    }
}

impl From<Told> for (Code<LicenceStatus>, Option<Code<VehicleIdentity>>) {
    fn from(told: Told) -> Self {
        (told.status, told.vehicle)
    }
}

/// An open journal, locked against a second process.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// What the keys of the batches begin with.
    pub(super) key: String,
    /// By batch: what was answered.
    pub(super) answered: Vec<Option<Vec<Told>>>,
}

impl Journal {
    /// Where the journal of an input is.
    pub(super) fn path_of(input: &Path) -> PathBuf {
        let mut name = input.as_os_str().to_owned();
        name.push(".rims-journal");
        PathBuf::from(name)
    }

    /// A new journal, in the place of one that is there.
    pub(super) fn begin(path: &Path, run: Run, key: String) -> Result<Self, Failure> {
        let file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path);
        let file = file.map_err(|error| failed(path, &error))?;
        lock(&file, path)?;
        file.set_len(0).map_err(|error| failed(path, &error))?;
        let batches = run.rows.div_ceil(run.size);
        let mut journal =
            Self { path: path.to_owned(), file, key: key.clone(), answered: vec![None; batches] };
        journal.append(&[Begin { run, key }])?;
        Ok(journal)
    }

    /// The day when an interrupted run began.
    pub(super) fn begun_on(path: &Path) -> Result<Date, Failure> {
        let file = File::open(path).map_err(|error| failed(path, &error))?;
        let mut line = String::new();
        BufReader::new(file).read_line(&mut line).map_err(|error| failed(path, &error))?;
        let begun: Begin = serde_json::from_str(&line).map_err(|_| damaged())?;
        Ok(begun.run.today)
    }

    /// The journal of an interrupted run. A last line that was cut off counts as not written.
    pub(super) fn resume(path: &Path, run: &Run) -> Result<Self, Failure> {
        let file =
            OpenOptions::new().read(true).write(true).open(path).map_err(|error| failed(path, &error))?;
        lock(&file, path)?;
        let mut lines = BufReader::new(&file);
        let mut line = String::new();
        let mut end = lines.read_line(&mut line).map_err(|error| failed(path, &error))?;
        let begun: Begin = serde_json::from_str(&line).map_err(|_| damaged())?;
        if begun.run != *run {
            return Err(Failure::Input(say!(
                "중단된 실행과 파일, 주소, 키, 업체 또는 옵션이 다릅니다. 그때와 같게 하거나 --restart 로 다시 시작하십시오",
                "the interrupted run had another file, address, key, company or option; give the same, or begin anew with --restart"
            )));
        }
        let mut answered = vec![None; run.rows.div_ceil(run.size)];
        loop {
            line.clear();
            let read = lines.read_line(&mut line).map_err(|error| failed(path, &error))?;
            if read == 0 || !line.ends_with('\n') {
                break;
            }
            let Line { batch, answers } = serde_json::from_str(&line).map_err(|_| damaged())?;
            if answers.len() != run.length(batch) {
                return Err(damaged());
            }
            *answered.get_mut(batch).ok_or_else(damaged)? = Some(answers);
            end += read;
        }
        file.set_len(end as u64).map_err(|error| failed(path, &error))?;
        let mut journal = Self { path: path.to_owned(), file, key: begun.key, answered };
        std::io::Seek::seek(&mut journal.file, std::io::SeekFrom::End(0))
            .map_err(|error| failed(path, &error))?;
        Ok(journal)
    }

    /// Remembers what batches were answered, until nobody tells more. It survives the end of this process and of this
    /// machine's power; what comes in while the disk is busy goes to it at once. Blocks.
    pub(super) fn keep(mut self, mut told: Receiver<(usize, Vec<Told>)>) -> (Self, Result<(), Failure>) {
        while let Some(first) = told.blocking_recv() {
            let rest = std::iter::from_fn(|| told.try_recv().ok());
            let lines = std::iter::once(first).chain(rest).map(|(batch, answers)| Line { batch, answers });
            if let Err(failure) = self.add(lines.collect()) {
                return (self, Err(failure));
            }
        }
        (self, Ok(()))
    }

    fn add(&mut self, lines: Vec<Line>) -> Result<(), Failure> {
        self.append(&lines)?;
        for Line { batch, answers } in lines {
            if let Some(place) = self.answered.get_mut(batch) {
                *place = Some(answers);
            }
        }
        Ok(())
    }

    /// How many drivers were answered.
    pub(super) fn drivers(&self) -> usize {
        self.answered.iter().flatten().map(Vec::len).sum()
    }

    /// Removes the file: everything is answered and written.
    pub(super) fn end(self) -> Result<(), Failure> {
        std::fs::remove_file(&self.path).map_err(|error| failed(&self.path, &error))
    }

    fn append(&mut self, lines: &[impl Serialize]) -> Result<(), Failure> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line).map_err(Failure::failed)?;
            text.push(b'\n');
        }
        self.file
            .write_all(&text)
            .and_then(|()| self.file.sync_data())
            .map_err(|error| failed(&self.path, &error))
    }
}

fn damaged() -> Failure {
    Failure::Input(say!(
        "이어서 할 수 없는 기록입니다. --restart 로 다시 시작하십시오",
        "the journal is damaged; begin anew with --restart"
    ))
}

fn lock(file: &File, path: &Path) -> Result<(), Failure> {
    file.try_lock().map_err(|_| {
        let path = path.display();
        Failure::Input(say!(
            "{path}: 다른 rims batch 가 실행 중입니다",
            "{path}: another rims batch is running"
        ))
    })
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Failed(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        Run {
            version: 1,
            input: "abc".into(),
            rows: 2_500,
            sector: "rental".into(),
            url: "http://x".into(),
            credential: "def".into(),
            bizinfo: None,
            size: 1_000,
            defaults: String::new(),
            today: jiff::civil::date(2025, 10, 23),
        }
    }

    fn line(batch: usize, count: usize) -> Line {
        Line { batch, answers: vec![Told::from(("00".to_owned(), Some("1".to_owned()))); count] }
    }

    #[test]
    fn a_line_that_was_cut_off_was_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.rims-journal");
        let mut journal = Journal::begin(&path, run(), "key".into()).unwrap();
        journal.add(vec![line(2, 500), line(0, 1_000)]).unwrap();
        drop(journal);
        let written = std::fs::read(&path).unwrap();
        for lost in [0, 1, 7] {
            std::fs::write(&path, &written[..written.len() - lost]).unwrap();
            let mut journal = Journal::resume(&path, &run()).unwrap();
            assert_eq!(journal.drivers(), if lost == 0 { 1_500 } else { 500 }, "{lost}");
            journal.add(vec![line(1, 1_000)]).unwrap();
            drop(journal);
            assert!(Journal::resume(&path, &run()).unwrap().answered[1].is_some());
        }
    }

    #[test]
    fn a_batch_with_too_many_or_too_few_answers_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.rims-journal");
        for (batch, count) in [(0, 999), (2, 501), (3, 0), (7, 1_000)] {
            let mut journal = Journal::begin(&path, run(), "key".into()).unwrap();
            journal.add(vec![line(batch, count)]).unwrap();
            drop(journal);
            assert!(matches!(Journal::resume(&path, &run()), Err(Failure::Input(_))), "{batch} {count}");
        }
    }

    #[test]
    fn another_run_and_a_second_process_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.rims-journal");
        let journal = Journal::begin(&path, run(), "key".into()).unwrap();
        assert!(matches!(Journal::resume(&path, &run()), Err(Failure::Input(_))));
        drop(journal);
        assert_eq!(Journal::resume(&path, &run()).unwrap().key, "key");
        for other in [Run { url: "http://y".into(), ..run() }, Run { credential: "x".into(), ..run() }] {
            assert!(matches!(Journal::resume(&path, &other), Err(Failure::Input(_))));
        }
        assert_eq!(Journal::begun_on(&path).unwrap(), run().today);
        std::fs::write(&path, "{}\n").unwrap();
        assert!(matches!(Journal::resume(&path, &run()), Err(Failure::Input(_))));
    }
}
