//! `completions`, `man`.

use std::process::Command;

use crate::harness::done;

#[test]
fn completions_of_every_shell_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = done(&["completions", shell]);
        for word in ["batch", "doctor", "--resume"] {
            assert!(script.contains(word.trim_start_matches("--")), "{shell}: {word}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rims.bash");
    std::fs::write(&path, done(&["completions", "bash"])).unwrap();
    let checked = Command::new("bash").arg("-n").arg(&path).status().unwrap();
    assert!(checked.success(), "bash reads its script");
}

#[test]
fn man_pages_of_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("man1");
    done(&["man", target.to_str().unwrap()]);
    for page in ["rims.1", "rims-batch.1", "rims-rental-confirm.1", "rims-admin-keys-issue.1"] {
        let text = std::fs::read_to_string(target.join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
    }
}
