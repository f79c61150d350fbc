use std::time::Duration;

use rims_client::RemoteResult;
use rims_client::codes::PhotoCheck;
use serde_json::Value;

use super::runtime;
use super::verify::{outcome, status, tone};
use crate::args;
use crate::connection::{Target, failure};
use crate::language::{say, text};
use crate::output::{Failure, Outcome, note};
use crate::record::{Field, print_one};

pub(crate) fn run(arguments: &args::RemoteResult) -> Result<Outcome, Failure> {
    let client = Target::of(&arguments.connection)?.client(1)?;
    let calls = client.sector(arguments.number.sector());
    let asked = runtime()?.block_on(async {
        if arguments.wait {
            let (every, at_most) = (arguments.every, arguments.at_most);
            note(&say!(
                "{every}초마다, 최대 {at_most}초 동안 확인합니다",
                "asking every {every} s, for {at_most} s at most"
            ));
            calls
                .wait_for_result(arguments.number, Duration::from_secs(every), Duration::from_secs(at_most))
                .await
        } else {
            calls.result(arguments.number).await
        }
    });
    match asked {
        Ok(result) => {
            print_one(&arguments.output, &fields(arguments, &result))?;
            Ok(outcome(is_accepted(arguments, &result)))
        }
        Err(error) if error.is_pending() => {
            note(&say!("운전자가 아직 마치지 않았습니다", "the driver has not finished yet"));
            Ok(Outcome::Pending)
        }
        Err(error) => Err(failure(&error)),
    }
}

/// Whether the licence is valid, its photo genuine, and the faces as alike and alive as the company asks for.
fn is_accepted(arguments: &args::RemoteResult, result: &RemoteResult) -> bool {
    let reaches = |score: Option<f64>, least: Option<f64>| {
        least.is_none_or(|least| score.is_some_and(|score| score >= least))
    };
    let is_genuine = result.photo.as_ref().is_none_or(|code| code.known() == Some(PhotoCheck::Genuine));
    result.is_eligible()
        && is_genuine
        && reaches(result.face_similarity, arguments.similarity)
        && reaches(result.face_liveness, arguments.liveness)
}

fn fields(arguments: &args::RemoteResult, result: &RemoteResult) -> Vec<Field> {
    let accepted = is_accepted(arguments, result);
    let score = |score: Option<f64>| score.map_or(Value::Null, Value::from);
    let mut record = vec![
        Field::new("number", say!("번호", "number"), arguments.number.to_string()),
        Field::new("accepted", say!("확인 결과", "accepted"), accepted).toned(tone(accepted)),
    ];
    record.extend(status(&result.status, result.vehicle.as_ref()));
    record.extend([
        Field::new("face_similarity", say!("얼굴유사도", "face similarity"), score(result.face_similarity)),
        Field::new("face_liveness", say!("얼굴활성도", "face liveness"), score(result.face_liveness)),
        Field::new(
            "original_reliability",
            say!("원본신뢰도", "original reliability"),
            score(result.original_reliability),
        ),
    ]);
    if let Some(photo) = &result.photo {
        record.push(Field::new("photo", say!("면허사진검증코드", "photo code"), photo.to_string()));
        record.push(Field::new("photo_text", say!("면허사진검증", "licence photo"), text(photo)));
    }
    record
}
