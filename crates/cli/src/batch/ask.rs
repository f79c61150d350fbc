use std::cell::Cell;
use std::future::ready;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::pin::pin;

use futures::stream::{self, StreamExt as _};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rims_client::values::IdempotencyKey;
use rims_client::{SectorCalls, VerifyRequest};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::columns::Columns;
use super::journal::{Journal, Told};
use super::rows::{Form, read};
use super::run::changed;
use crate::connection::failure;
use crate::language::say;
use crate::output::{Failure, note};

/// Everything that a run needs to know.
pub(super) struct Job<'a> {
    pub(super) input: &'a Path,
    pub(super) form: Form,
    pub(super) columns: Columns,
    pub(super) rows: usize,
    pub(super) size: usize,
    pub(super) parallel: usize,
    pub(super) calls: SectorCalls,
}

/// A batch that was not answered yet.
type Batch = (usize, Vec<VerifyRequest>);

impl Job<'_> {
    /// Asks about everybody who was not answered, some batches at a time. After a failure or an interruption nobody
    /// new is asked about, and what is under way is waited for.
    pub(super) async fn ask(&self, journal: Journal) -> Result<Journal, Failure> {
        let bar = progress(self.rows, journal.drivers());
        let (sender, batches) = mpsc::channel(self.parallel);
        let reader = tokio::task::spawn_blocking(self.reader(&journal, sender));
        let key = journal.key.clone();
        let (told, answers) = mpsc::channel(self.parallel);
        let keeper = tokio::task::spawn_blocking(move || journal.keep(answers));
        let failure = self.answers(&key, batches, told, &bar).await;
        bar.finish_and_clear();
        let (journal, kept) = keeper.await.map_err(Failure::failed)?;
        kept?;
        if let Err(why) = failure {
            return Err(self.interrupted(&journal, &why.into_message()));
        }
        reader.await.map_err(Failure::failed)??;
        Ok(journal)
    }

    /// Tells what the batches are answered, as the answers come.
    async fn answers(
        &self,
        key: &str,
        batches: mpsc::Receiver<Batch>,
        told: mpsc::Sender<(usize, Vec<Told>)>,
        bar: &ProgressBar,
    ) -> Result<(), Failure> {
        let batches = stream::unfold(batches, async |mut batches: mpsc::Receiver<Batch>| {
            batches.recv().await.map(|batch| (batch, batches))
        });
        let stopped = Cell::new(false);
        let batches = batches.take_while(|_| ready(!stopped.get()));
        // Tasks of their own, so that one batch is sealed while another's answers are read.
        let answers = batches.map(|batch| tokio::spawn(verify(self.calls.clone(), key.to_owned(), batch)));
        let answers = answers.buffer_unordered(self.parallel).map(|task| task.map_err(Failure::failed)?);
        let (mut answers, mut failure) = (pin!(answers), None);
        let mut interrupts = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
        loop {
            let answered = tokio::select! {
                answered = answers.next() => answered,
                _ = interrupts.recv() => {
                    failure = Some(Failure::Failed(say!("중단되었습니다", "interrupted")));
                    if stopped.replace(true) {
                        break;
                    }
                    note(&say!(
                        "진행 중인 묶음을 기다립니다. 바로 끝내려면 Ctrl-C를 다시 누르십시오",
                        "waiting for the batches under way; press Ctrl-C again to stop at once"
                    ));
                    continue;
                }
            };
            match answered {
                Some(Ok((batch, answers))) => {
                    bar.inc(answers.len() as u64);
                    // Whoever does not take it any more says why.
                    if told.send((batch, answers)).await.is_err() {
                        break;
                    }
                }
                Some(Err(failed)) => {
                    stopped.set(true);
                    failure.get_or_insert(failed);
                }
                None => break,
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Reads the file once more and hands over the batches that are not answered; ends when nobody takes them any more.
    fn reader(
        &self,
        journal: &Journal,
        sender: mpsc::Sender<Batch>,
    ) -> impl FnOnce() -> Result<(), Failure> + use<> {
        let (input, form, columns, size) =
            (self.input.to_owned(), self.form.clone(), self.columns.clone(), self.size);
        let (rows, done): (_, Vec<bool>) =
            (self.rows, journal.answered.iter().map(Option::is_some).collect());
        move || {
            let mut drivers = Vec::with_capacity(size);
            // The header is no driver.
            let (mut is_header, mut place) = (true, 0);
            let mut is_wanted = true;
            let handed = read(&input, &form, &mut |row| {
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
                Ok(_) if place != rows => Err(changed()),
                // Nobody takes batches any more, and the reason is told elsewhere.
                Err(_) if !is_wanted => Ok(()),
                handed => handed.map(drop),
            }
        }
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

/// Asks about a batch under its own key, which it keeps when the run is resumed.
async fn verify(
    calls: SectorCalls,
    key: String,
    (number, drivers): Batch,
) -> Result<(usize, Vec<Told>), Failure> {
    let key = IdempotencyKey::parse(&format!("{key}-{number}")).map_err(Failure::failed)?;
    let answers = calls.once(key).verify_batch(&drivers).await;
    let answers = answers.map_err(|error| failure(&error))?;
    Ok((number, answers.into_iter().map(Told::from).collect()))
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
