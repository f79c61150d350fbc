//! Actors and addresses as they are stored.

use std::net::{IpAddr, Ipv6Addr};

use rims_domain::audit::Requester;
use rims_domain::{Actor, CredentialId, OperatorName, PersonId};

use crate::error::StoreError;

const SYSTEM: i16 = 0;
const CREDENTIAL: i16 = 1;
const PERSON: i16 = 2;
const OPERATOR: i16 = 3;

/// `audit.actor_kind`.
pub(crate) fn kind(actor: &Actor) -> i16 {
    match actor {
        Actor::System => SYSTEM,
        Actor::Credential(_) => CREDENTIAL,
        Actor::Person(_) => PERSON,
        Actor::Operator(_) => OPERATOR,
    }
}

/// The actor of a row's three columns.
pub(crate) fn actor(kind: i16, id: i64, name: Option<&str>) -> Result<Actor, StoreError> {
    match (kind, name) {
        (SYSTEM, None) => Ok(Actor::System),
        (CREDENTIAL, None) => Ok(Actor::Credential(CredentialId(id))),
        (PERSON, None) => Ok(Actor::Person(PersonId(id))),
        (OPERATOR, Some(name)) => {
            OperatorName::parse(name).map(Actor::Operator).ok_or(StoreError::Corrupt("audit.actor_name"))
        }
        _ => Err(StoreError::Corrupt("audit.actor_kind")),
    }
}

/// A requester in a batch entry: kind and row.
pub(super) fn encode_requester(requester: Requester) -> (u8, i64) {
    match requester {
        Requester::System => (0, 0),
        Requester::Credential(id) => (1, id.0),
        Requester::Person(id) => (2, id.0),
    }
}

/// 16 bytes, IPv4 mapped.
pub(crate) fn encode_address(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// The address of such bytes.
pub(crate) fn decode_address(bytes: [u8; 16]) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical()
}
