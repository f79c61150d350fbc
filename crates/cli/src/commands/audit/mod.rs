//! `rims audit`: the trail, read and checked.

mod trail;
mod verify;

use crate::args::{Audit, AuditCommand};
use crate::output::Failure;

pub(crate) fn run(arguments: &Audit) -> Result<(), Failure> {
    match &arguments.command {
        AuditCommand::List(list) => trail::list(list),
        AuditCommand::Subject(subject) => trail::subject(subject),
        AuditCommand::Export(export) => trail::export(export),
        AuditCommand::Verify(check) => verify::run(check),
    }
}
