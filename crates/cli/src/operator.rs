//! Who acts at this command line, for the audit trail.

use nix::unistd::{Uid, User};
use rims_domain::{Actor, OperatorName};

use crate::args::Acting;

/// The name that was given, else the user who called sudo, else the login's. A name that is no [`OperatorName`] is passed
/// over; a login without a name is its number.
pub(crate) fn actor(acting: &Acting) -> Actor {
    let given = acting.operator.clone();
    let sudo = || std::env::var("SUDO_USER").ok().and_then(|name| OperatorName::parse(&name));
    match given.or_else(sudo).or_else(login) {
        Some(name) => Actor::Operator(name),
        None => Actor::System,
    }
}

fn login() -> Option<OperatorName> {
    let uid = Uid::current();
    let name = User::from_uid(uid).ok().flatten().and_then(|user| OperatorName::parse(&user.name));
    name.or_else(|| OperatorName::parse(&format!("uid {uid}")))
}
