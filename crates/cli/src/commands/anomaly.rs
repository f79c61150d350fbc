use super::runtime;
use crate::args::{self, parse};
use crate::connection::{Target, failure};
use crate::driver::{given_or_asked, read_stdin};
use crate::language::say;
use crate::output::{Failure, Outcome};
use crate::record::{Field, print_one};

pub(crate) fn run(arguments: &args::Anomaly) -> Result<Outcome, Failure> {
    let text = match arguments.licence.as_deref() {
        Some("-") => read_stdin()?,
        given => given_or_asked(given, &say!("면허번호", "licence number"))?,
    };
    let licence = rims_reading::licence_number(&text)
        .map_err(|why| Failure::Input(format!("f_license_no: {}", parse::cause(why))))?;
    let client = Target::of(&arguments.connection)?.client(1)?;
    let rentals = runtime()?.block_on(client.rental().anomaly(&licence)).map_err(|error| failure(&error))?;
    let record = [Field::new("rentals", say!("최근 7일 대여 횟수", "rentals in seven days"), rentals)];
    print_one(&arguments.output, &record)?;
    Ok(Outcome::Done)
}
