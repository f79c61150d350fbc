//! What is told after a run: what was read and asked, and what was found.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::rows::Form;
use super::tally::{NAMED, Tally};
use super::titles::Titles;
use crate::args;
use crate::language::{say, text};
use crate::output::{Failure, Outcome, print, table};
use crate::record::{Field, Format, Tone, print_one};

/// A run that has ended.
pub(super) struct Ended<'a> {
    pub(super) form: &'a Form,
    pub(super) titles: &'a Titles,
    pub(super) tally: &'a Tally,
    pub(super) result: &'a Path,
    /// How many drivers were asked about now, and in how many seconds.
    pub(super) asked: (usize, f64),
}

impl Ended<'_> {
    /// Prints it. Only a run in which every row was answered and is eligible ends well.
    pub(super) fn tell(&self, output: &args::Output) -> Result<Outcome, Failure> {
        let tally = self.tally;
        let mut record = self.found();
        record.extend(self.was_read());
        record.extend(self.was_asked());
        if output.output == Format::Table {
            record.retain(|field| !field.is_null());
            print_one(output, &record)?;
            print(&self.tables())?;
        } else {
            record.extend(self.details());
            print_one(output, &record)?;
        }
        Ok(match (tally.unanswered.count, tally.answered() - tally.eligible) {
            (0, 0) => Outcome::Done,
            (0, _) => Outcome::Ineligible,
            _ => Outcome::Unanswered,
        })
    }

    fn found(&self) -> Vec<Field> {
        let tally = self.tally;
        let others = tally.answered() - tally.eligible;
        let tone = |count| if count == 0 { Tone::Good } else { Tone::Bad };
        let (unanswered, unregistered) = (tally.unanswered.count, tally.unregistered.count);
        vec![
            Field::new("drivers", say!("운전자", "drivers"), tally.rows),
            Field::new("eligible", say!("적격", "eligible"), tally.eligible),
            Field::new("ineligible", say!("부적격", "not eligible"), others).toned(tone(others)),
            Field::new("unanswered", say!("응답 없음", "unanswered"), unanswered).toned(tone(unanswered)),
            Field::new("vehicle_unconfirmed", say!("차량 미확인(2)", "vehicle code 2"), unregistered)
                .toned(tone(unregistered)),
        ]
    }

    fn was_read(&self) -> Vec<Field> {
        let (form, tally) = (self.form, self.tally);
        let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string());
        let (from, to) = (day(tally.days.map(|days| days.0)), day(tally.days.map(|days| days.1)));
        // Rows of a CSV file are all shown.
        let hidden = |count: usize| form.sheet.as_ref().map(|_| count);
        vec![
            Field::new("from", say!("가장 이른 시작일", "first day asked"), from),
            Field::new("to", say!("가장 늦은 종료일", "last day asked"), to),
            Field::new(
                "today",
                say!("날짜가 없어 오늘로 물은 행", "rows without days, asked for today"),
                tally.today,
            ),
            Field::new("sheet", say!("시트", "sheet"), form.sheet.clone()),
            Field::new("header_row", say!("제목 행", "row of the titles"), form.header),
            Field::new("hidden_asked", say!("숨긴 행(물었음)", "hidden rows, asked"), hidden(tally.hidden)),
            Field::new(
                "hidden_not_asked",
                say!("숨긴 행(묻지 않음)", "hidden rows, not asked"),
                hidden(form.skipped),
            ),
            Field::new("columns_read", say!("읽은 열", "columns read"), self.titles.taken()),
            Field::new("columns_not_read", say!("읽지 않은 열", "columns not read"), self.titles.left()),
        ]
    }

    fn was_asked(&self) -> Vec<Field> {
        let (asked, seconds) = self.asked;
        let rounded = |number: f64| (number * 10.0).round() / 10.0;
        #[expect(clippy::cast_precision_loss, reason = "a rate is not counted to the last driver")]
        let rate = if seconds > 0.0 { asked as f64 / seconds } else { 0.0 };
        vec![
            Field::new("asked", say!("이번에 조회", "asked now"), asked),
            Field::new("seconds", say!("소요 시간(초)", "seconds"), rounded(seconds)),
            Field::new("drivers_per_second", say!("초당", "drivers/s"), rounded(rate)),
            Field::new("result", say!("결과 파일", "answers"), self.result.display().to_string()),
        ]
    }

    /// What a program reads: the table by code and the rows, which people get as tables.
    fn details(&self) -> Vec<Field> {
        let tally = self.tally;
        let codes: Map<String, Value> =
            tally.codes.iter().map(|(code, count)| (code.to_string(), json!(count))).collect();
        let ineligible: Vec<Value> = tally
            .ineligible
            .iter()
            .map(|(row, code)| json!({"row": row, "status": code.to_string()}))
            .collect();
        vec![
            Field::new("by_status", String::new(), Value::Object(codes)),
            Field::new("first_ineligible", String::new(), ineligible),
            Field::new("first_unanswered", String::new(), tally.unanswered.first.clone()),
            Field::new("first_vehicle_unconfirmed", String::new(), tally.unregistered.first.clone()),
        ]
    }

    /// How many by code, and the first rows that are not as they should be.
    fn tables(&self) -> String {
        let tally = self.tally;
        let mut codes =
            vec![vec![say!("결과코드", "status"), say!("결과", "meaning"), say!("운전자", "drivers")]];
        codes.extend(
            tally
                .codes
                .iter()
                .map(|(code, count)| vec![code.to_string(), text(code).to_owned(), count.to_string()]),
        );
        let mut lines = if tally.codes.is_empty() { String::new() } else { table(&codes) };
        let rows: Vec<String> =
            tally.ineligible.iter().map(|(row, code)| format!("{row} ({code})")).collect();
        let others = tally.answered() - tally.eligible;
        for (title, count, rows) in [
            (say!("부적격인 행", "rows not eligible"), others, rows),
            (
                say!("응답이 없는 행", "rows unanswered"),
                tally.unanswered.count,
                numbers(&tally.unanswered.first),
            ),
            (
                say!("차량이 확인되지 않은 행", "rows with vehicle code 2"),
                tally.unregistered.count,
                numbers(&tally.unregistered.first),
            ),
        ] {
            if count > 0 {
                let more = if count > NAMED { ", …" } else { "" };
                _ = writeln!(lines, "{title}: {}{more}", rows.join(", "));
            }
        }
        lines
    }
}

fn numbers(rows: &[usize]) -> Vec<String> {
    rows.iter().map(ToString::to_string).collect()
}
