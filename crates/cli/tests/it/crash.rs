//! kill -9 under load: every verification that was answered is there after the restart.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::Signal;

use crate::harness::{Serving, s01, sealed_driver, stored_licences, token, verify};

const CLIENTS: usize = 16;
/// Each round is killed after so many answers, so that the kill falls into the middle of the load.
const ROUNDS: [usize; 4] = [40, 150, 333, 700];

#[test]
fn every_answered_verification_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let answered = Mutex::new(BTreeSet::new());
    let next = AtomicU32::new(0);
    for enough in ROUNDS {
        let sandbox = Serving::sandbox(Some(folder.path()));
        let before = answered.lock().unwrap().len();
        load(&sandbox, &next, &answered, before + enough);
        let (code, _) = sandbox.end();
        assert_eq!(code, -1, "it was killed");
    }
    let stored = stored_licences(folder.path());
    let answered = answered.into_inner().unwrap();
    assert!(answered.len() >= ROUNDS.iter().sum());
    let lost: Vec<&String> = answered.difference(&stored).collect();
    assert!(lost.is_empty(), "{} of {} answered verifications are lost", lost.len(), answered.len());
}

/// Verifies new licences from many clients until `enough` were answered; then the server is killed.
fn load(sandbox: &Serving, next: &AtomicU32, answered: &Mutex<BTreeSet<String>>, enough: usize) {
    let (auth_key, secret_key) = s01();
    let api = sandbox.address("api");
    let held = token(&api, &auth_key);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let http = reqwest::blocking::Client::new();
                loop {
                    let number = format!("11{:08}00", next.fetch_add(1, Ordering::Relaxed));
                    let body = sealed_driver(&secret_key, &number);
                    let Ok(answer) = verify(&http, &api, &held, body) else { return };
                    assert_eq!(answer["body"]["f_rtn_code"], "00", "{answer}");
                    let mut answered = answered.lock().unwrap();
                    answered.insert(number);
                    if answered.len() == enough {
                        sandbox.signal(Signal::SIGKILL);
                    }
                }
            });
        }
    });
}
