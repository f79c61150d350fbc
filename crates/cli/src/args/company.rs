//! The commands of companies that ask a RIMS.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use jiff::civil::Date;
use reqwest::Url;
use rims_client::Sector;
use rims_client::codes::{ApiType, LicenceClass, OneWay, Recurrence, SearchType};
use rims_client::values::{BusinessNumber, IdempotencyKey, Plate, RemoteNumber, UserId};

use super::driver::Driver;
use super::parse;
use crate::batch::FileFormat;
use crate::record::Format;

/// Which RIMS is asked, and with which keys. Keys come from files, the environment (RIMS_AUTH_KEY, RIMS_SECRET_KEY) or a
/// profile, never from the command line.
#[derive(clap::Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// A profile of `rims login`; `default` without it.
    #[arg(long, value_name = "NAME", value_parser = crate::profile::name)]
    pub(crate) profile: Option<String>,
    /// The address of the API; else the profile's, or RIMS_URL.
    #[arg(long, value_name = "URL", value_parser = parse::base_url)]
    pub(crate) url: Option<Url>,
    /// Read the auth key from this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) auth_key_file: Option<PathBuf>,
    /// Read the Secret Key from this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_key_file: Option<PathBuf>,
    /// Allow an http:// address of another machine: the network on the way then sees the auth key, tokens and answers.
    #[arg(long)]
    pub(crate) allow_http: bool,
    /// Ask for this company, which must have delegated to yours.
    #[arg(long, value_name = "USER", value_parser = parse::user_id)]
    pub(crate) bizinfo: Option<UserId>,
    /// Trust this root certificate, too.
    #[arg(long, value_name = "PEM")]
    pub(crate) root_certificate: Option<PathBuf>,
    /// How long one request may take, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 30_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout_ms: u64,
}

#[derive(clap::Args)]
pub(crate) struct Output {
    /// How the answer is printed.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) output: Format,
    /// In CSV, leave cells that a spreadsheet would calculate as they are (`=1+1`); without it they begin with an
    /// apostrophe.
    #[arg(long)]
    pub(crate) raw: bool,
}

/// Where `rims login` keeps the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyStore {
    /// In files beside the profile that only you can read.
    File,
    /// In the operating system's keyring.
    Keyring,
    /// Nowhere: they are in RIMS_AUTH_KEY and RIMS_SECRET_KEY whenever they are needed.
    Environment,
}

/// Check address and keys, and remember them as a profile. The keys are asked for, or read from standard input (auth
/// key, then Secret Key, one a line), from files, or from the environment.
#[derive(clap::Args)]
#[command(after_help = "Example: rims login --url https://rims.example --keys keyring")]
pub(crate) struct Login {
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Use the well-known keys of a sandbox's account, s01 unless another is named, at --url or http://127.0.0.1:8114.
    #[arg(long, value_name = "USER", num_args = 0..=1, default_missing_value = "s01",
          conflicts_with_all = ["auth_key_file", "secret_key_file"])]
    pub(crate) sandbox: Option<String>,
    /// With --sandbox: the operations key, which everything but a check needs.
    #[arg(long, requires = "sandbox")]
    pub(crate) operations: bool,
    /// Where the keys are kept.
    #[arg(long, value_enum, default_value_t = KeyStore::File)]
    pub(crate) keys: KeyStore,
    /// The address of the web, for drivers' links.
    #[arg(long, value_name = "URL", value_parser = parse::base_url)]
    pub(crate) web: Option<Url>,
    /// The sector that is meant where none is named: rental, dapi, pm, sub or cmm.
    #[arg(long, value_parser = parse::sector)]
    pub(crate) sector: Option<Sector>,
}

#[derive(clap::Args)]
pub(crate) struct InSector {
    /// rental, dapi (delivery), pm (scooter), sub (chauffeur) or cmm (general); else the profile's, or rental.
    #[arg(long, value_parser = parse::sector)]
    pub(crate) sector: Option<Sector>,
}

/// Verify one driver. Exit code 0: eligible, 3: not eligible, 1: no answer.
#[derive(clap::Args)]
#[command(
    after_help = "Example: rims verify --licence 22-12-121212-12 --name 홍길동 --class 12 --vehicle 67라6767"
)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) driver: Driver,
    #[command(flatten)]
    pub(crate) sector: InSector,
    #[command(flatten)]
    pub(crate) once: Once,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(clap::Args)]
pub(crate) struct Once {
    /// Send this Idempotency-Key: run again within 24 hours with the same driver and days, it is done once. Only for a
    /// RIMS that knows keys.
    #[arg(long, value_name = "KEY", value_parser = parse::idempotency_key)]
    idempotency_key: Option<IdempotencyKey>,
}

impl Once {
    /// The calls with the key, if one is given.
    pub(crate) fn of<C>(&self, calls: C, once: impl FnOnce(C, IdempotencyKey) -> C) -> C {
        match &self.idempotency_key {
            Some(key) => once(calls, key.clone()),
            None => calls,
        }
    }
}

/// Verify every driver of a CSV or Excel file, and write the answers beside it. Exit code 0: every row was answered
/// and is eligible, 3: some are not, 1: some are not answered (go on with --resume), 2: the file or its rows are wrong and
/// nothing was sent.
#[derive(clap::Args)]
#[command(
    after_help = "Example: rims batch drivers.xlsx --sector dapi\n\nColumns, in Korean or English, in any order: \
    면허번호 (licence_number), 이름 (name), 면허종별 (class), 시작일 (from), 종료일 (to), 차량번호 (vehicle), 유형 (type). \
    Titles may have brackets, spaces, line breaks and usual synonyms (성명, 대여시작일, 반납일, start date, plate no.). Others \
    are kept as they are; one that may mean a date, a vehicle, a class, a name or a licence is refused (--ignore-column)."
)]
pub(crate) struct Batch {
    /// A .csv (UTF-8, UTF-16 or CP949) or .xlsx file with a row of titles.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) interrupted: Interrupted,
    /// Where the answers are written; FILE.result.csv without it.
    #[arg(long, value_name = "FILE")]
    pub(crate) result: Option<PathBuf>,
    /// Replace answers that are there already.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// The form of the answers; that of the input without it.
    #[arg(long, value_enum)]
    pub(crate) format: Option<FileFormat>,
    /// The class of rows without one.
    #[arg(long, value_parser = parse::class)]
    pub(crate) class: Option<LicenceClass>,
    /// The first day of rows without one.
    #[arg(long, value_parser = parse::day, allow_hyphen_values = true)]
    pub(crate) from: Option<parse::Day>,
    /// The last day of rows without one.
    #[arg(long, value_parser = parse::day, allow_hyphen_values = true)]
    pub(crate) to: Option<parse::Day>,
    /// How many batches are under way at once.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) parallel: u8,
    /// How often a batch that is not answered is sent again, after 0.2 s, 0.4 s … 5 s.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) retries: u8,
    /// How many drivers are in one batch.
    #[arg(long, value_name = "DRIVERS", default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) size: u16,
    #[command(flatten)]
    pub(crate) sector: InSector,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// What of a file is read.
#[derive(clap::Args)]
pub(crate) struct Reading {
    /// Read this sheet of an Excel file, also if it is hidden; without it the one that is shown and has drivers.
    #[arg(long, value_name = "NAME")]
    pub(crate) sheet: Option<String>,
    /// Leave out rows that are hidden or filtered away; without it they are asked about, too.
    #[arg(long)]
    pub(crate) skip_hidden: bool,
    /// Do not read the column with this title. A title that may mean a date, a vehicle, a class, a name or a licence and
    /// is not understood is refused without it. May be given several times.
    #[arg(long, value_name = "TITLE")]
    pub(crate) ignore_column: Vec<String>,
}

/// What becomes of a run that was interrupted.
#[derive(clap::Args)]
pub(crate) struct Interrupted {
    /// Go on after an interruption: who was answered is not asked about again.
    #[arg(long, conflicts_with = "restart")]
    pub(crate) resume: bool,
    /// Begin anew, although an interrupted run could go on.
    #[arg(long)]
    pub(crate) restart: bool,
    /// With --resume: ask about nobody else, and write the answers that are there.
    #[arg(long, requires = "resume")]
    pub(crate) partial: bool,
}

/// Rentals: verify a driver and record the rental (대여확정).
#[derive(clap::Args)]
#[command(
    after_help = "Example: rims rental confirm --licence 22-12-121212-12 --name 홍길동 --class 12 --vehicle 67라6767"
)]
pub(crate) struct Rental {
    #[command(subcommand)]
    pub(crate) command: RentalAction,
}

#[derive(Subcommand)]
pub(crate) enum RentalAction {
    Confirm(Confirm),
}

/// Verify a driver and record the rental (대여확정). Exit code 0: recorded, 3: not eligible and not recorded.
#[derive(clap::Args)]
#[command(
    after_help = "Example: rims rental confirm --licence 22-12-121212-12 --name 홍길동 --class 12 --vehicle 67라6767"
)]
pub(crate) struct Confirm {
    #[command(flatten)]
    pub(crate) driver: Driver,
    /// Whether the car is given back elsewhere: Y or N.
    #[arg(long, value_parser = parse::one_way)]
    pub(crate) one_way: Option<OneWay>,
    #[command(flatten)]
    pub(crate) once: Once,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// Verify a driver now and again until the last day (반복예약). Exit code 0: reserved, 3: not eligible and not reserved.
#[derive(clap::Args)]
#[command(
    after_help = "Example: rims schedule --every weekly --to +90 --licence 22-12-121212-12 --name 홍길동 --class 12 --vehicle 67라6767"
)]
pub(crate) struct Schedule {
    #[command(flatten)]
    pub(crate) driver: Driver,
    /// weekly (every Monday), 15days, or monthly (the 1st); or a code of `rims codes recurrence`.
    #[arg(long, value_parser = parse::recurrence)]
    pub(crate) every: Recurrence,
    #[command(flatten)]
    pub(crate) once: Once,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// Get a number for a remote (비대면) verification, and the link for the driver.
#[derive(clap::Args)]
#[command(after_help = "Example: rims number --sector sub --qr")]
pub(crate) struct Number {
    /// The first day; today without it.
    #[arg(long, value_parser = parse::day, allow_hyphen_values = true)]
    pub(crate) from: Option<parse::Day>,
    /// The last day, until which the driver can use the number.
    #[arg(long, value_parser = parse::day, allow_hyphen_values = true)]
    pub(crate) to: Option<parse::Day>,
    /// The plate, or the id of a scooter.
    #[arg(long)]
    pub(crate) vehicle: Option<String>,
    /// The general sector's kind of service: a code of `rims codes api-types`.
    #[arg(long = "type", value_name = "CODE", value_parser = parse::api_type)]
    pub(crate) api_type: Option<ApiType>,
    /// The RIMS whose page the link opens; else the profile's, or the address of the API.
    #[arg(long, value_name = "URL", value_parser = parse::base_url)]
    pub(crate) web: Option<Url>,
    /// Print the QR code also where the output is no terminal.
    #[arg(long)]
    pub(crate) qr: bool,
    #[command(flatten)]
    pub(crate) sector: InSector,
    #[command(flatten)]
    pub(crate) once: Once,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// Get the result of a remote (비대면) verification. Exit code 0: the licence is valid, its photo genuine, and the faces
/// as alike and alive as asked for; 3: one of these is not so; 4: not finished.
#[derive(clap::Args)]
#[command(after_help = "Example: rims result R25-000000843 --wait")]
pub(crate) struct RemoteResult {
    /// The rental or verification number.
    #[arg(value_parser = parse::number)]
    pub(crate) number: RemoteNumber,
    /// The least face similarity to accept, 0 to 100; table 5.9 recommends 99.96 (`rims codes similarity`).
    #[arg(long, value_name = "SCORE", value_parser = parse::score)]
    pub(crate) similarity: Option<f64>,
    /// The least face liveness to accept, 0 to 100; table 5.8 recommends 96.84 (`rims codes liveness`).
    #[arg(long, value_name = "SCORE", value_parser = parse::score)]
    pub(crate) liveness: Option<f64>,
    /// Ask again and again until the driver is done.
    #[arg(long)]
    pub(crate) wait: bool,
    /// How often is asked, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, requires = "wait", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) every: u64,
    /// How long is waited at most, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 900, requires = "wait")]
    pub(crate) at_most: u64,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// List rentals or reservations of any time: all pages, month by month.
#[derive(clap::Args)]
#[command(after_help = "Example: rims history --from 2025-01-01 --to 2025-12-31 --csv > rentals.csv")]
pub(crate) struct History {
    /// The first day; 30 days ago without it.
    #[arg(long, value_parser = parse::day, allow_hyphen_values = true)]
    pub(crate) from: Option<parse::Day>,
    /// The last day; today without it.
    #[arg(long, value_parser = parse::day, allow_hyphen_values = true)]
    pub(crate) to: Option<parse::Day>,
    /// Reservations and their latest results instead of rentals.
    #[arg(long)]
    pub(crate) schedules: bool,
    /// Of one vehicle.
    #[arg(long, value_parser = parse::plate)]
    pub(crate) plate: Option<Plate>,
    /// Of companies whose name has this in it.
    #[arg(long)]
    pub(crate) company: Option<String>,
    /// Which date counts: a code of `rims codes search`; the start without it.
    #[arg(long, value_name = "CODE", value_parser = parse::search)]
    pub(crate) by: Option<SearchType>,
    /// The same as --output csv.
    #[arg(long, conflicts_with = "output")]
    pub(crate) csv: bool,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// Is a company registered, and can its account be used? Exit code 0: yes, 3: no.
#[derive(clap::Args)]
#[command(after_help = "Example: rims user s01 1234567890")]
pub(crate) struct User {
    #[arg(value_parser = parse::user_id)]
    pub(crate) user_id: UserId,
    /// 사업자등록번호, 10 digits.
    #[arg(value_parser = parse::business_number)]
    pub(crate) brno: BusinessNumber,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// How many rentals of any company were confirmed for a licence in the last seven days (이상여부).
#[derive(clap::Args)]
#[command(after_help = "Example: echo 22-12-121212-12 | rims anomaly -")]
pub(crate) struct Anomaly {
    /// The licence number, or `-` to read it from standard input; without it a terminal asks for it.
    pub(crate) licence: Option<String>,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// A first and a last day that were given or not, from today on.
pub(crate) fn days(
    from: Option<parse::Day>,
    to: Option<parse::Day>,
    today: Date,
) -> (Option<Date>, Option<Date>) {
    (from.map(|day| day.on(today)), to.map(|day| day.on(today)))
}
