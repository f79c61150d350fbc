use std::io::{self, IsTerminal as _};

use rims_client::{NumberRequest, SectorCalls, driver_link};

use super::link::qr_code;
use super::runtime;
use crate::args::{self, days};
use crate::connection::{Target, failure, web_of};
use crate::language::say;
use crate::output::{Failure, Outcome, print_own};
use crate::record::{Field, Format, print_one};

pub(crate) fn run(arguments: &args::Number) -> Result<Outcome, Failure> {
    let target = Target::of(&arguments.connection)?;
    let web = web_of(arguments.web.as_ref(), &target)?;
    let client = target.client(1)?;
    let sector = target.sector(arguments.sector.sector);
    let (from, to) = days(arguments.from, arguments.to, client.today());
    let request = NumberRequest::builder()
        .maybe_from(from)
        .maybe_to(to)
        .maybe_vehicle(arguments.vehicle.clone())
        .maybe_api_type(arguments.api_type)
        .build();
    let calls = arguments.once.of(client.sector(sector), SectorCalls::once);
    let number = runtime()?.block_on(calls.generate_number(&request)).map_err(|error| failure(&error))?;
    let link = driver_link(&web, number);
    let record = [
        Field::new("number", say!("번호", "number"), number.to_string()),
        Field::new("link", say!("운전자에게 보낼 링크", "link for the driver"), link.to_string()),
    ];
    print_one(&arguments.output, &record)?;
    let for_people = arguments.output.output == Format::Table && io::stdout().is_terminal();
    if arguments.qr || for_people {
        print_own(&qr_code(link.as_str())?)?;
    }
    Ok(Outcome::Done)
}
