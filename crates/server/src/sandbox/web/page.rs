//! The page itself.

use std::fmt::{self, Display, Write as _};

use axum::http::StatusCode;
use jiff::civil::Date;
use rims_domain::Environment;
use serde_json::Value;

use super::Addresses;
use crate::sandbox::fixtures::FIXTURES;

/// Whom the page speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Korean,
    English,
}

impl Language {
    fn pick<'a>(self, korean: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Korean => korean,
            Self::English => english,
        }
    }

    pub(super) fn finished(self, number: &str) -> String {
        match self {
            Self::Korean => format!("{number}: 운전자의 확인을 마쳤습니다."),
            Self::English => format!("{number} is finished."),
        }
    }
}

/// What became of the form.
pub(super) struct Notice {
    pub(super) status: StatusCode,
    pub(super) text: String,
}

pub(super) struct Page {
    pub(super) language: Language,
    pub(super) addresses: Addresses,
    pub(super) notice: Option<Notice>,
    /// The latest first; none where others reach the page.
    pub(super) requests: Option<Vec<Value>>,
    pub(super) today: Date,
}

/// Text within HTML.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            other => f.write_char(other),
        })
    }
}

impl Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lang, title) =
            (self.language.pick("ko", "en"), self.language.pick("RIMS 샌드박스", "RIMS sandbox"));
        write!(
            f,
            "<!doctype html>\n<html lang=\"{lang}\">\n<head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{title}</title><link rel=\"stylesheet\" href=\"/style.css\"></head>\n<body><main>\n<h1>{title}</h1>\n"
        )?;
        self.notice(f)?;
        self.places(f)?;
        self.form(f)?;
        self.requests(f)?;
        self.accounts(f)?;
        f.write_str("</main></body>\n</html>\n")
    }
}

impl Page {
    fn notice(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(notice) = &self.notice else { return Ok(()) };
        let role = if notice.status.is_success() { "status" } else { "alert" };
        writeln!(f, "<p role=\"{role}\">{}</p>", Escaped(&notice.text))
    }

    fn places(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Addresses { api, ops } = self.addresses;
        let say = |korean, english| self.language.pick(korean, english);
        let today = self.today;
        let rows = [
            (say("인터페이스", "Interfaces"), format!("http://{api}")),
            (
                say("제어, 상태, 지표", "Control plane, health, metrics"),
                format!("http://{ops}/sandbox/… · /readyz · /metrics"),
            ),
            (say("오늘", "Today"), today.to_string()),
            (say("로그인", "Log in"), format!("rims login --sandbox s01 --url http://{api}")),
            (say("요청 보기", "See requests"), format!("rims sandbox log --follow --ops-url http://{ops}")),
            (say("웹훅 받기", "Receive webhooks"), format!("rims listen --ops-url http://{ops}")),
            (say("문서", "Documents"), "docs/sandbox.md · docs/openapi.json · docs/webhooks.md".to_owned()),
        ];
        writeln!(f, "<table class=\"places\">")?;
        for (name, value) in rows {
            writeln!(f, "<tr><th scope=\"row\">{name}</th><td><code>{}</code></td></tr>", Escaped(&value))?;
        }
        writeln!(f, "</table>")
    }

    fn form(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let say = |korean, english| self.language.pick(korean, english);
        let title =
            say("운전자 대신 비대면 확인 마치기", "Finish a remote verification in the place of the driver");
        writeln!(f, "<h2>{title}</h2>\n<form method=\"post\" action=\"/\">")?;
        for (name, label, value) in [
            ("number", say("대여번호 또는 확인번호", "Rental or verification number"), ""),
            ("f_license_no", say("면허번호", "Licence number"), "221212121212"),
            ("f_resident_name", say("성명", "Name"), "홍길동"),
            ("f_licn_con_code", say("면허종별 코드", "Licence class code"), "12"),
        ] {
            writeln!(
                f,
                "<label for=\"{name}\">{label}</label>\
                 <input id=\"{name}\" name=\"{name}\" value=\"{value}\" required autocomplete=\"off\">"
            )?;
        }
        writeln!(f, "<button>{}</button>\n</form>", say("확인 마치기", "Finish"))
    }

    fn requests(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(requests) = &self.requests else { return Ok(()) };
        let say = |korean, english| self.language.pick(korean, english);
        writeln!(f, "<h2>{}</h2>", say("최근 요청", "Latest requests"))?;
        if requests.is_empty() {
            return writeln!(f, "<p>{}</p>", say("아직 요청이 없습니다.", "There has been no request yet."));
        }
        for request in requests {
            let text = |name: &str| request[name].as_str().unwrap_or_default();
            let head = format!(
                "{} {} {} {} {} {}",
                text("at").get(11..19).unwrap_or_default(),
                request["status"],
                text("method"),
                text("path"),
                text("user_id"),
                text("environment"),
            );
            writeln!(f, "<details><summary><code>{}</code></summary>", Escaped(head.trim()))?;
            for part in ["request", "answer"] {
                let body = match &request[part] {
                    Value::String(text) => text.clone(),
                    value => format!("{value:#}"),
                };
                writeln!(f, "<pre>{}</pre>", Escaped(&body))?;
            }
            writeln!(f, "</details>")?;
        }
        Ok(())
    }

    fn accounts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let say = |korean, english| self.language.pick(korean, english);
        writeln!(
            f,
            "<h2>{}</h2>\n<div class=\"scroll\"><table>\n<tr><th scope=\"col\">user_id</th><th scope=\"col\">{}</th>\
             <th scope=\"col\">{}</th><th scope=\"col\">Secret Key</th></tr>",
            say("사용자와 개발키", "Accounts and development keys"),
            say("회사", "Company"),
            say("인증키", "Auth key"),
        )?;
        for fixture in &FIXTURES {
            writeln!(
                f,
                "<tr><td>{}</td><td lang=\"ko\">{}</td><td><code>{}</code></td><td><code>{}</code></td></tr>",
                fixture.user_id,
                fixture.company,
                fixture.auth_key(Environment::Development),
                fixture.secret_key(Environment::Development),
            )?;
        }
        writeln!(f, "</table></div>")
    }
}
