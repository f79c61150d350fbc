//! `rims sandbox clock`, `faults`, `complete`, `reset` and `log`, and `rims trigger`.

use jiff::{Span, Timestamp};
use serde_json::{Map, Value, json};

use super::control::Control;
use crate::args::{Complete, ControlPlane, Fault, Faults, Log, SandboxClock, Trigger};
use crate::commands::runtime;
use crate::language::say;
use crate::output::{Failure, print, print_own, visible};
use crate::record::Format;

/// How long one look for new requests waits.
const LOOK_MS: u64 = 20_000;

pub(super) fn clock(arguments: &SandboxClock) -> Result<(), Failure> {
    let control = Control::new(&arguments.control.url)?;
    let answer = runtime()?.block_on(async {
        match &arguments.to {
            None => control.get("/sandbox/clock").await,
            Some(to) => control.put("/sandbox/clock", &clock_move(to)?).await,
        }
    })?;
    print(&format!("{}\n", answer["now"].as_str().unwrap_or_default()))
}

/// The control plane's own words: a moment, or an ISO 8601 duration.
fn clock_move(to: &str) -> Result<Value, Failure> {
    if to.parse::<Timestamp>().is_ok() {
        return Ok(json!({ "now": to }));
    }
    let span: Result<Span, _> = to.trim_start_matches('+').parse();
    let span = span.map_err(|_| {
        Failure::Input(say!(
            "{to}: +3h, +1d, P1DT2H 또는 2026-12-24T09:00:00+09:00 형식이어야 합니다",
            "{to}: +3h, +1d, P1DT2H or 2026-12-24T09:00:00+09:00 is expected"
        ))
    })?;
    Ok(json!({ "advance": span.to_string() }))
}

pub(super) fn faults(arguments: &Faults) -> Result<(), Failure> {
    let mut patch = Map::new();
    for (name, fault) in [("koroad", &arguments.koroad), ("vehicles", &arguments.vehicles)] {
        if let Some(fault) = fault {
            patch.insert(name.to_owned(), written(fault));
        }
    }
    if let Some(latency) = arguments.latency_ms {
        patch.insert("latency_ms".to_owned(), latency.into());
    }
    let control = Control::new(&arguments.control.url)?;
    let answer = runtime()?.block_on(control.put("/sandbox/faults", &Value::Object(patch)))?;
    print(&format!("{answer:#}\n"))
}

fn written(fault: &Fault) -> Value {
    match fault {
        Fault::Up => Value::Null,
        Fault::Named(name) => json!(name),
        Fault::Code(code) => json!({ "f_rtn_cd": code }),
    }
}

pub(super) fn complete(arguments: &Complete) -> Result<(), Failure> {
    let mut shown = json!({
        "f_license_no": arguments.licence,
        "f_resident_name": arguments.name,
        "f_licn_con_code": arguments.class,
    });
    for (name, score) in [
        ("face_similarity", arguments.similarity),
        ("face_liveness", arguments.liveness),
        ("original_reliability", arguments.originality),
    ] {
        if let Some(score) = score {
            shown[name] = json!(score);
        }
    }
    if let Some(code) = &arguments.photo {
        shown["police_lcns_vrfc_cd"] = json!(code);
    }
    let control = Control::new(&arguments.control.url)?;
    let path = format!("/sandbox/remote-verifications/{}", arguments.number);
    let answer = runtime()?.block_on(control.post(&path, &shown))?;
    let number = &arguments.number;
    match answer["f_rtn_cd"].as_str() {
        Some(code) => print(&say!(
            "{number}: 도로교통공단이 거부했습니다 (f_rtn_cd {code})\n",
            "{number}: KOROAD refused (f_rtn_cd {code})\n"
        )),
        None => print(&say!(
            "{number}: 확인을 마쳤습니다. 결과는 `rims result {number}`로 조회하십시오\n",
            "{number} is finished; see `rims result {number}`\n"
        )),
    }
}

pub(super) fn reset(arguments: &ControlPlane) -> Result<(), Failure> {
    let control = Control::new(&arguments.url)?;
    let answer = runtime()?.block_on(control.post("/sandbox/reset", &json!({})))?;
    let now = answer["now"].as_str().unwrap_or_default();
    print(&say!("처음 상태로 되돌렸습니다. 시각 {now}\n", "back to the fixtures; the clock shows {now}\n"))
}

pub(crate) fn trigger(arguments: &Trigger) -> Result<(), Failure> {
    let control = Control::new(&arguments.control.url)?;
    let body = json!({ "user_id": arguments.user.as_str(), "type": arguments.kind.name() });
    let told = runtime()?.block_on(control.post("/sandbox/events", &body))?;
    print(&format!("{told:#}\n"))
}

/// Ctrl-C ends it; what was printed stays.
pub(super) fn log(arguments: &Log) -> Result<(), Failure> {
    let control = Control::new(&arguments.control.url)?;
    runtime()?.block_on(async {
        let (mut after, mut is_first) = (0, true);
        loop {
            let wait = if is_first { 0 } else { LOOK_MS };
            let requests = control.get(&format!("/sandbox/requests?after={after}&wait_ms={wait}")).await?;
            for request in requests.as_array().into_iter().flatten() {
                after = request["number"].as_u64().unwrap_or(after);
                show(request, arguments.output)?;
            }
            if !arguments.follow {
                return Ok(());
            }
            is_first = false;
        }
    })
}

fn show(request: &Value, format: Format) -> Result<(), Failure> {
    if format != Format::Table {
        return print(&format!("{request}\n"));
    }
    let text = |name: &str| request[name].as_str().unwrap_or_default();
    let time = text("at").get(11..23).unwrap_or_default();
    let code = match &request["code"] {
        Value::Null => String::new(),
        Value::String(code) => format!(" {code}"),
        code => format!(" {code}"),
    };
    let whose = format!("{} {}", text("user_id"), text("environment"));
    let line = format!(
        "{time} {}{code} {} {} {} {} ms",
        request["status"],
        text("method"),
        text("path"),
        whose.trim(),
        request["milliseconds"],
    );
    let block = |title: String, value: &Value| {
        let body = match value {
            Value::String(text) => visible(text).into_owned(),
            value => format!("{value:#}"),
        };
        format!("  {title}\n    {}\n", body.replace('\n', "\n    "))
    };
    let request_block = block(say!("요청", "request"), &request["request"]);
    let answer = block(say!("응답", "answer"), &request["answer"]);
    print_own(&format!("{}\n{request_block}{answer}", visible(&line)))
}
