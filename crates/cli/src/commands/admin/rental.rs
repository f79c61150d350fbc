use rims_domain::Account;
use rims_server::service::administration::Administration;
use rims_store::RentalRecord;

use super::{refused, shown};
use crate::args::RentalCommand;
use crate::output::{Failure, print, table};

pub(super) async fn run(administration: &Administration, command: RentalCommand) -> Result<(), Failure> {
    match command {
        RentalCommand::Show { number } => {
            let (rental, owner) = administration.view_rental(number).await.map_err(refused)?;
            print(&table(&described(&rental, &owner)))
        }
        RentalCommand::Confirm { number } => {
            administration.confirm_rental(number).await.map_err(refused)?;
            print(&format!("confirmed {number}\n"))
        }
        RentalCommand::Cancel { number } => {
            administration.cancel_rental(number).await.map_err(refused)?;
            print(&format!("cancelled {number}\n"))
        }
    }
}

fn described(rental: &RentalRecord, owner: &Account) -> Vec<Vec<String>> {
    let status = format!("{} {}", rental.status.code(), rental.status.english());
    let mut rows = [
        ["number", &rental.number.to_string()],
        ["user_id", owner.user_id.as_str()],
        ["company", &owner.company],
        ["status", &status],
        ["registered", &shown(rental.at)],
        ["days", &format!("{} to {}", rental.period.from, rental.period.to)],
        ["vehicle", rental.plate.as_str()],
    ]
    .map(|row| row.map(String::from).to_vec())
    .to_vec();
    if let Some(one_way) = rental.one_way {
        rows.push(vec!["one way".to_owned(), one_way.code().to_owned()]);
    }
    if let Some((at, code)) = rental.checked {
        rows.push(vec!["driver".to_owned(), format!("{} at {}", code.as_str(), shown(at))]);
    }
    rows
}
