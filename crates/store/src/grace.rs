//! What a group's sightings mean together for the vehicles' graces (§3.3).

use std::collections::BTreeMap;

use crate::row::{GraceKey, SightingRow};

/// Graces to end, then graces to start; each vehicle at most once in each, in the order of the keys, so that
/// two committers never wait for each other crosswise.
#[derive(Default)]
pub(crate) struct Sightings<'a> {
    pub(crate) ended: Vec<&'a GraceKey>,
    pub(crate) started: Vec<(&'a GraceKey, i64)>,
    /// Whether a vehicle is in both.
    pub(crate) restarted: bool,
}

#[derive(Default)]
struct Meaning {
    ended: bool,
    started: Option<i64>,
}

impl<'a> Sightings<'a> {
    /// A match ends the grace and forgets what the group saw before; the first miss after it starts another.
    pub(crate) fn gather(rows: impl Iterator<Item = &'a SightingRow>) -> Self {
        let mut meanings: BTreeMap<&GraceKey, Meaning> = BTreeMap::new();
        for row in rows {
            let meaning = meanings.entry(&row.key).or_default();
            if row.matched {
                *meaning = Meaning { ended: true, started: None };
            } else {
                meaning.started.get_or_insert(row.at_ms);
            }
        }
        let mut sightings = Self::default();
        for (key, meaning) in meanings {
            sightings.restarted |= meaning.ended && meaning.started.is_some();
            sightings.ended.extend(meaning.ended.then_some(key));
            sightings.started.extend(meaning.started.map(|at_ms| (key, at_ms)));
        }
        sightings
    }
}

#[cfg(test)]
mod tests {
    use rims_protocol::values::Plate;

    use super::*;

    fn row(plate: &str, at_ms: i64, matched: bool) -> SightingRow {
        let key = GraceKey { company: 1, environment: 1, plate_key: Plate::parse(plate).unwrap().key() };
        SightingRow { key, at_ms, matched }
    }

    #[test]
    fn the_order_within_a_group_counts() {
        let rows = [
            row("miss", 1, false),
            row("miss", 2, false),
            row("match", 1, false),
            row("match", 2, true),
            row("again", 1, true),
            row("again", 2, false),
        ];
        let sightings = Sightings::gather(rows.iter());
        let ended: Vec<&str> = sightings.ended.iter().map(|key| key.plate_key.as_str()).collect();
        let started: Vec<(&str, i64)> =
            sightings.started.iter().map(|(key, at)| (key.plate_key.as_str(), *at)).collect();
        assert_eq!(ended, ["again", "match"]);
        assert_eq!(started, [("again", 2), ("miss", 1)]);
        assert!(sightings.restarted);
        assert!(!Sightings::gather(rows[..4].iter()).restarted);
    }
}
