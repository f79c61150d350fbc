use super::runtime;
use super::verify::{outcome, tone};
use crate::args;
use crate::connection::{Target, failure};
use crate::language::{say, text};
use crate::output::{Failure, Outcome};
use crate::record::{Field, print_one};

pub(crate) fn run(arguments: &args::User) -> Result<Outcome, Failure> {
    let client = Target::of(&arguments.connection)?.client(1)?;
    let asked = client.user(&arguments.user_id, &arguments.brno);
    let state = runtime()?.block_on(asked).map_err(|error| failure(&error))?;
    let mut record = vec![
        Field::new("user_id", say!("사용자ID", "user id"), arguments.user_id.as_str()),
        Field::new("registered", say!("등록", "registered"), state.is_registered)
            .toned(tone(state.is_registered)),
        Field::new("usable", say!("사용 가능", "usable"), state.is_usable()).toned(tone(state.is_usable())),
    ];
    if let Some(approval) = &state.approval {
        record.push(Field::new("approval", say!("승인상태코드", "approval code"), approval.to_string()));
        record.push(Field::new("approval_text", say!("승인상태", "approval"), text(approval)));
    }
    if let Some(status) = &state.status {
        record.push(Field::new("account_status", say!("계정상태코드", "account code"), status.to_string()));
        record.push(Field::new("account_status_text", say!("계정상태", "account"), text(status)));
    }
    print_one(&arguments.output, &record)?;
    Ok(outcome(state.is_usable()))
}
