//! `rims audit list`, `subject` and `export`.

use std::io::IsTerminal as _;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use rims_client::values::LicenceNumber;
use rims_domain::audit::Trail;
use rims_domain::calendar::{in_seoul, moment, today};
use rims_domain::{Actor, AuditAction, Environment};
use rims_server::clock::Clock;
use rims_server::config::Config;
use rims_server::service::administration::{Person, Purpose, TrailEvent};
use rims_store::{AuditOrder, AuditQuery};

use crate::args::{Acting, AuditExport, AuditList, AuditSubject, ConfigFile, Filter, TrailName};
use crate::commands::admin::{Administer, refused, shown};
use crate::driver::{given_or_asked, read_stdin};
use crate::language::{pick, say};
use crate::operator;
use crate::output::{Failure, note};
use crate::record::{Field, Format, Printer, Shape};

/// One reading of the trail.
struct Reading<'a> {
    config: &'a ConfigFile,
    acting: &'a Acting,
    filter: &'a Filter,
    person: Option<Person>,
    order: AuditOrder,
    purpose: Purpose,
    /// At most so many events.
    limit: Option<u32>,
    shape: Shape,
}

pub(super) fn list(arguments: &AuditList) -> Result<(), Failure> {
    let reading = Reading {
        config: &arguments.config,
        acting: &arguments.acting,
        filter: &arguments.filter,
        person: None,
        order: AuditOrder::NewestFirst,
        purpose: Purpose { action: AuditAction::AuditView, reason: arguments.reason.clone() },
        limit: Some(arguments.limit),
        shape: Shape::from(&arguments.output),
    };
    reading.run()
}

pub(super) fn subject(arguments: &AuditSubject) -> Result<(), Failure> {
    let reading = Reading {
        config: &arguments.config,
        acting: &arguments.acting,
        filter: &arguments.filter,
        person: Some(person(arguments)?),
        order: AuditOrder::OldestFirst,
        purpose: Purpose { action: AuditAction::AuditView, reason: Some(arguments.reason.clone()) },
        limit: None,
        shape: Shape::from(&arguments.output),
    };
    reading.run()
}

pub(super) fn export(arguments: &AuditExport) -> Result<(), Failure> {
    let reading = Reading {
        config: &arguments.config,
        acting: &arguments.acting,
        filter: &arguments.filter,
        person: None,
        order: AuditOrder::OldestFirst,
        purpose: Purpose { action: AuditAction::AuditExport, reason: Some(arguments.reason.clone()) },
        limit: None,
        shape: Shape { format: arguments.output, raw: arguments.raw },
    };
    reading.run()
}

fn person(arguments: &AuditSubject) -> Result<Person, Failure> {
    if let Some(user) = &arguments.user {
        return Ok(Person::User(user.clone()));
    }
    let question = say!("면허번호", "licence number");
    let number = match &arguments.licence {
        None if !std::io::stdin().is_terminal() => read_stdin()?,
        given => given_or_asked(given.as_deref(), &question)?,
    };
    let licence = LicenceNumber::parse(&number)
        .map_err(|rule| Failure::Input(format!("--licence: {rule}", rule = rule.0)))?;
    Ok(Person::Driver(licence))
}

impl Reading<'_> {
    fn run(self) -> Result<(), Failure> {
        let config = Config::load(&self.config.path).map_err(Failure::input)?;
        let administer = Administer { config: &config, actor: operator::actor(self.acting) };
        administer.run(async |wish| {
            let mut query = query(self.filter, self.order, Clock::system().now());
            if let Some(user) = &self.filter.company {
                query.company = Some(wish.account_id(user).await.map_err(refused)?);
            }
            let mut events = wish.read_trail(query, self.person, self.purpose).await.map_err(refused)?;
            let fields = match self.shape.format {
                Format::Table => for_people,
                Format::Json | Format::Csv => in_full,
            };
            let mut printer = Printer::new(self.shape, &fields(None));
            let (mut count, mut is_cut) = (0_u32, false);
            while let Some(event) = events.next().await.map_err(refused)? {
                if self.limit == Some(count) {
                    is_cut = true;
                    break;
                }
                count += 1;
                printer.add(&fields(Some(&event)))?;
            }
            printer.end()?;
            if is_cut {
                let more = say!(
                    "이전 기록이 더 있습니다. --limit, --from, --to로 범위를 정하십시오",
                    "there are earlier events: see --limit, --from and --to"
                );
                note(&more);
            }
            Ok(())
        })
    }
}

fn query(filter: &Filter, order: AuditOrder, now: Timestamp) -> AuditQuery {
    let today = today(now);
    let start = |day: Date| moment(day.to_datetime(Time::midnight()));
    let after = |day: Date| day.tomorrow().unwrap_or(Date::MAX);
    AuditQuery {
        from: filter.from.map(|day| start(day.on(today))),
        until: filter.to.map(|day| start(after(day.on(today)))),
        trail: filter.trail.map(|trail| match trail {
            TrailName::Rights => Trail::Rights,
            TrailName::Access => Trail::Access,
        }),
        actions: filter.action.clone(),
        actor: filter.actor.clone(),
        company: None,
        environment: filter.environment,
        person: None,
        outcome: filter.outcome.clone(),
        order,
    }
}

/// What fits on a terminal; without values for `None`.
fn for_people(event: Option<&TrailEvent>) -> Vec<Field> {
    let entry = event.map(|event| &event.event);
    let at = entry.map(|entry| in_seoul(entry.at).strftime("%Y-%m-%d %H:%M:%S").to_string());
    vec![
        Field::new("at", say!("일시", "time"), at),
        Field::new("actor", say!("행위자", "actor"), event.map(actor)),
        Field::new("address", say!("접속지", "address"), entry.map(|entry| address(entry.address))),
        Field::new("action", say!("행위", "action"), entry.map(|entry| action_text(&entry.action))),
        Field::new("company", say!("대상 업체", "company"), event.map(company)),
        Field::new("outcome", say!("결과", "outcome"), entry.map(|entry| entry.outcome.clone())),
    ]
}

/// Everything; without values for `None`.
fn in_full(event: Option<&TrailEvent>) -> Vec<Field> {
    let entry = event.map(|event| &event.event);
    let subject =
        entry.and_then(|entry| entry.subject_hash).map(|hash| data_encoding::HEXLOWER.encode(&hash));
    let user = event.and_then(|event| event.actor_user.as_ref()).map(ToString::to_string);
    vec![
        Field::new("at", String::new(), entry.map(|entry| shown(entry.at))),
        Field::new("chain", String::new(), entry.map(|entry| entry.chain.clone())),
        Field::new("row", String::new(), entry.map(|entry| entry.seq)),
        Field::new("action", String::new(), entry.map(|entry| entry.action.clone())),
        Field::new("action_text", String::new(), entry.map(|entry| action_text(&entry.action))),
        Field::new("actor_kind", String::new(), entry.map(|entry| entry.actor.kind())),
        Field::new("actor", String::new(), entry.and_then(|entry| actor_name(&entry.actor))),
        Field::new("actor_user", String::new(), user),
        Field::new("address", String::new(), entry.and_then(|entry| entry.address).map(|it| it.to_string())),
        Field::new(
            "environment",
            String::new(),
            entry.and_then(|entry| entry.environment).map(Environment::name),
        ),
        Field::new("company", String::new(), event.map(company)),
        Field::new("subject", String::new(), subject),
        Field::new("people", String::new(), entry.map(|entry| entry.people.len())),
        // A number of 64 bits, which JavaScript would round.
        Field::new("reference", String::new(), entry.map(|entry| entry.reference.to_string())),
        Field::new("outcome", String::new(), entry.map(|entry| entry.outcome.clone())),
    ]
}

/// The name of an operator, else the number of the key or person.
fn actor_name(actor: &Actor) -> Option<String> {
    match actor {
        Actor::System => None,
        Actor::Operator(name) => Some(name.as_str().to_owned()),
        Actor::Credential(_) | Actor::Person(_) => Some(actor.id().to_string()),
    }
}

fn actor(event: &TrailEvent) -> String {
    let id = event.event.actor.id();
    match (&event.event.actor, &event.actor_user) {
        (Actor::System, _) => say!("시스템", "system"),
        (Actor::Operator(name), _) => name.as_str().to_owned(),
        (Actor::Credential(_), Some(user)) => say!("{user}의 키", "key of {user}"),
        (Actor::Credential(_), None) => say!("키 {id}", "key {id}"),
        (Actor::Person(_), _) => say!("담당자 {id}", "person {id}"),
    }
}

fn address(address: Option<std::net::IpAddr>) -> String {
    address.map(|address| address.to_string()).unwrap_or_default()
}

/// The user, else the number of an account that is no longer registered.
fn company(event: &TrailEvent) -> Option<String> {
    let user = event.company_user.as_ref().map(ToString::to_string);
    user.or_else(|| event.event.company.map(|account| account.0.to_string()))
}

/// A later version of RIMS may know actions that this one does not.
fn action_text(name: &str) -> String {
    AuditAction::from_name(name).map_or(name, |action| pick(action.korean(), action.english())).to_owned()
}
