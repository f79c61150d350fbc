//! The master key file.

use std::path::Path;

use rims_store::{KeyFileError, MasterKeys};

use crate::fixture::{keys, random};

/// A file only its owner may read.
fn write_private(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    set_mode(path, 0o600);
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn keys_come_back_from_their_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.toml");
    let mut keys = keys(1);
    keys.save_new(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(keys.save_new(&path).is_err(), "a file that exists is never overwritten");

    keys.rotate(&mut random(3)).unwrap();
    keys.replace(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let loaded = MasterKeys::load(&path).unwrap();
    assert_eq!((loaded.current(), loaded.versions().collect::<Vec<_>>()), (2, vec![1, 2]));
    let again = folder.path().join("again.toml");
    loaded.save_new(&again).unwrap();
    assert_eq!(std::fs::read_to_string(&again).unwrap(), text);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.toml");
    keys(1).save_new(&path).unwrap();
    for mode in [0o640, 0o604, 0o660] {
        set_mode(&path, mode);
        assert!(matches!(MasterKeys::load(&path), Err(KeyFileError::Exposed { .. })), "{mode:o}");
    }
}

#[test]
fn anything_else_is_refused_without_showing_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.toml");
    let key = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    for text in [
        String::new(),
        "not toml".to_owned(),
        format!("lookup = \"{key}\"\ncurrent = 2\n[keys]\n1 = \"{key}\"\n"),
        format!("lookup = \"{key}\"\ncurrent = 1\nmore = 1\n[keys]\n1 = \"{key}\"\n"),
        format!("lookup = \"{key}\"\ncurrent = 1\n[keys]\n1 = \"QUFB\"\n"),
        format!("lookup = \"{key}\"\ncurrent = 1\n[keys]\nx = \"{key}\"\n"),
        format!("lookup = \"{key}\ncurrent = 1\n[keys]\n1 = \"{key}\"\n"),
    ] {
        write_private(&path, &text);
        let error = MasterKeys::load(&path).unwrap_err();
        assert!(matches!(error, KeyFileError::Malformed { .. }), "{text}: {error}");
        assert!(!format!("{error} {error:?}").contains(&key[..8]));
    }
    let missing = MasterKeys::load(&folder.path().join("none"));
    assert!(matches!(missing, Err(KeyFileError::File { .. })));
}

#[test]
fn debug_shows_no_key() {
    assert_eq!(format!("{:?}", keys(1)), "MasterKeys { current: 1, .. }");
}
