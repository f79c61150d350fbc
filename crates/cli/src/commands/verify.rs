//! `rims verify`, `rims rental confirm`, `rims schedule`: one driver.

use rims_client::codes::{Code, LicenceStatus, VehicleIdentity};
use rims_client::{RentalCalls, Sector, SectorCalls, Verification};

use super::runtime;
use crate::args::{self, RentalAction};
use crate::connection::{Target, failure};
use crate::driver::{driver, require};
use crate::language::{say, text};
use crate::output::{Failure, Outcome};
use crate::record::{Field, Tone, print_one};

pub(crate) fn verify(arguments: &args::Verify) -> Result<Outcome, Failure> {
    require(&arguments.driver)?;
    let target = Target::of(&arguments.connection)?;
    let client = target.client(1)?;
    let sector = target.sector(arguments.sector.sector);
    let driver = driver(&arguments.driver, sector, client.today())?;
    let calls = arguments.once.of(client.sector(sector), SectorCalls::once);
    let answer = runtime()?.block_on(calls.verify(&driver)).map_err(|error| failure(&error))?;
    print_one(&arguments.output, &fields(&answer))?;
    Ok(outcome(answer.is_eligible()))
}

pub(crate) fn rental(arguments: &args::Rental) -> Result<Outcome, Failure> {
    let RentalAction::Confirm(arguments) = &arguments.command;
    require(&arguments.driver)?;
    let client = Target::of(&arguments.connection)?.client(1)?;
    let driver = driver(&arguments.driver, Sector::Rental, client.today())?;
    let calls = arguments.once.of(client.rental(), RentalCalls::once);
    let confirm = calls.confirm(&driver, arguments.one_way);
    let answer = runtime()?.block_on(confirm).map_err(|error| failure(&error))?;
    let mut record = fields(&answer);
    let recorded = Field::new("confirmed", say!("대여확정", "rental recorded"), answer.is_eligible());
    record.push(recorded.toned(tone(answer.is_eligible())));
    print_one(&arguments.output, &record)?;
    Ok(outcome(answer.is_eligible()))
}

pub(crate) fn schedule(arguments: &args::Schedule) -> Result<Outcome, Failure> {
    require(&arguments.driver)?;
    let client = Target::of(&arguments.connection)?.client(1)?;
    let driver = driver(&arguments.driver, Sector::Rental, client.today())?;
    let calls = arguments.once.of(client.rental(), RentalCalls::once);
    let schedule = calls.schedule(&driver, arguments.every);
    let scheduled = runtime()?.block_on(schedule).map_err(|error| failure(&error))?;
    let mut record = fields(&scheduled.verification);
    let reserved = Field::new("reserved", say!("반복예약", "reserved"), scheduled.is_reserved);
    record.push(reserved.toned(tone(scheduled.is_reserved)));
    print_one(&arguments.output, &record)?;
    let is_eligible = scheduled.verification.is_eligible();
    if is_eligible && !scheduled.is_reserved {
        return Err(Failure::Failed(say!("예약되지 않았습니다", "eligible, but not reserved")));
    }
    Ok(outcome(is_eligible))
}

fn fields(answer: &Verification) -> Vec<Field> {
    let eligible = Field::new("eligible", say!("운전자격", "eligible"), answer.is_eligible());
    let mut record = vec![eligible.toned(tone(answer.is_eligible()))];
    record.extend(status(&answer.status, answer.vehicle.as_ref()));
    record.push(Field::new("licence", say!("면허번호", "licence"), answer.masked_number.as_str()));
    record
}

/// What was found about a licence, and about the vehicle where that is shown.
pub(crate) fn status(status: &Code<LicenceStatus>, vehicle: Option<&Code<VehicleIdentity>>) -> Vec<Field> {
    let mut record = vec![
        Field::new("status", say!("결과코드", "status"), status.to_string()),
        Field::new("status_text", say!("결과", "meaning"), text(status)),
    ];
    if let Some(vehicle) = vehicle {
        record.push(Field::new("vehicle", say!("차량확인코드", "vehicle code"), vehicle.to_string()));
        record.push(Field::new("vehicle_text", say!("차량확인", "vehicle"), text(vehicle)));
    }
    record
}

pub(crate) fn tone(good: bool) -> Tone {
    if good { Tone::Good } else { Tone::Bad }
}

pub(crate) fn outcome(good: bool) -> Outcome {
    if good { Outcome::Done } else { Outcome::Ineligible }
}
