use crate::harness::{done, rims, run};

/// Wrong input: exit code 2, one line on standard error that has the hint, nothing on standard output.
fn refused(arguments: &[&str], hint: &str) {
    let (code, stdout, stderr) = run(rims(arguments), "");
    assert_eq!(code, 2, "{arguments:?}: {stderr}");
    assert_eq!(stdout, "");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("error: ") && stderr.contains(hint), "{stderr}");
}

#[test]
fn wrong_input_exits_2_with_one_clear_line() {
    for group in [&[][..], &["admin"], &["admin", "user"], &["admin", "--config", "x", "master-key"]] {
        refused(group, "a command is missing (see --help)");
    }
    refused(&["sandbocks"], "sandbocks");
    refused(&["sandbox", "--api", "here"], "--api");
    refused(&["sandbox", "--port", "1"], "--port");
    refused(&["serve"], "--config");
    refused(&["serve", "--config", "/nonexistent/rims.toml"], "/nonexistent/rims.toml");
    refused(&["codes", "nonsense"], "licence");
    refused(&["seal"], "RIMS_SECRET_KEY");
    refused(&["token"], "RIMS_AUTH_KEY");
    for url in ["not a url", "ftp://x", "127.0.0.1:8114", "http://"] {
        refused(&["token", "--url", url], "http:// or https://");
    }
    refused(&["token", "--timeout-ms", "0"], "--timeout-ms");
    refused(&["sandbox", "--database-url", "mysql://x"], "database URL");
    refused(
        &["admin", "--config", "x", "user", "create", "s01", "--brno", "12", "--company", "x"],
        "10 digits",
    );
    for user_id in [" ", "s\n01"] {
        refused(&["admin", "--config", "x", "user", "approve", user_id], "user id");
    }
    let create = ["admin", "--config", "x", "user", "create", "s01", "--brno", "1234567890", "--company"];
    for company in ["", " ", "에이크미\n"] {
        refused(&[&create[..], &[company]].concat(), "company's name");
    }
    refused(&["admin", "--config", "x", "user", "state", "s01", "7"], "5.6");
    refused(&["admin", "--config", "x", "keys", "allow", "s01", "operations", "everywhere"], "everywhere");
    refused(&["link", "R25-843"], "R25-000000843");
    refused(&["link", "R25-000000843", "--base", "rims.kotsa.or.kr"], "http:// or https://");
    refused(&["link", "R25-000000843", "--base", "https://example.com/?a=1"], "without ? and #");
    let replay = ["admin", "--config", "x", "webhook", "replay", "s01", "7"];
    refused(&replay, "--message");
    refused(&[&replay[..], &["--message", "7"]].concat(), "msg_");
    refused(&[&replay[..], &["--message", "msg_7", "--failed"]].concat(), "--failed");
    refused(&["admin", "--config", "x", "rental", "confirm", "25-1"], "R25-000000843");
    refused(&["verify", "--url", "http://x"], "--licence, --name, --class is missing");
    refused(&["rental", "confirm", "--licence", "1", "--name", "x"], "--class is missing");
    refused(&["schedule", "--every", "weekly"], "--driver FILE or --stdin");
    refused(&["anomaly"], "licence number: a value is missing");
    refused(&["verify", "--driver", "x.json", "--licence", "1"], "--licence");
    refused(&["verify", "--licence", "1", "--name", "x", "--class", "99"], "rims codes classes");
    refused(&["verify", "--licence", "1", "--name", "x", "--class", "12", "--from", "soon"], "yyyymmdd");
    refused(&["verify", "--licence", "1", "--name", "x", "--class", "12", "--sector", "bus"], "rental, dapi");
    refused(&["verify", "--licence", "1", "--name", "x", "--class", "12"], "RIMS_AUTH_KEY");
    refused(
        &["verify", "--licence", "1", "--name", "x", "--class", "12", "--profile", "nobody"],
        "rims login",
    );
    refused(&["schedule", "--licence", "1", "--name", "x", "--class", "12", "--every", "day"], "weekly");
    refused(&["result", "R25-1"], "R25-000000843");
    refused(&["user", "s01", "12"], "10 digits");
    refused(&["history", "--by", "name"], "rims codes search");
    refused(&["login", "--profile", "../x", "--url", "http://x"], "letters");
    refused(&["why", "nonsense"], "rims codes");
    refused(&["completions", "csh"], "csh");
}

#[test]
fn every_command_has_an_example() {
    let commands: &[&[&str]] = &[
        &[],
        &["sandbox"],
        &["sandbox", "credentials"],
        &["serve"],
        &["simulate"],
        &["migrate"],
        &["admin"],
        &["admin", "user"],
        &["admin", "user", "create"],
        &["admin", "user", "approve"],
        &["admin", "user", "reject"],
        &["admin", "user", "state"],
        &["admin", "user", "list"],
        &["admin", "keys"],
        &["admin", "keys", "issue"],
        &["admin", "keys", "rotate"],
        &["admin", "keys", "revoke"],
        &["admin", "keys", "approve"],
        &["admin", "keys", "allow"],
        &["admin", "delegation"],
        &["admin", "delegation", "grant"],
        &["admin", "delegation", "revoke"],
        &["admin", "webhook"],
        &["admin", "webhook", "add"],
        &["admin", "webhook", "list"],
        &["admin", "webhook", "disable"],
        &["admin", "webhook", "messages"],
        &["admin", "webhook", "replay"],
        &["admin", "rental"],
        &["admin", "rental", "show"],
        &["admin", "rental", "confirm"],
        &["admin", "rental", "cancel"],
        &["admin", "master-key"],
        &["admin", "master-key", "create"],
        &["admin", "master-key", "rotate"],
        &["admin", "master-key", "reseal"],
        &["login"],
        &["verify"],
        &["batch"],
        &["rental"],
        &["rental", "confirm"],
        &["schedule"],
        &["number"],
        &["result"],
        &["history"],
        &["user"],
        &["anomaly"],
        &["why"],
        &["doctor"],
        &["completions"],
        &["man"],
        &["link"],
        &["token"],
        &["seal"],
        &["open"],
        &["codes"],
    ];
    for command in commands {
        let help = done(&[command, &["--help"][..]].concat());
        assert!(help.contains("Example: ") || help.contains("Examples:"), "{command:?}\n{help}");
    }
}

#[test]
fn a_server_that_accepts_and_stays_silent_does_not_hold_token_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mut command = rims(&["token", "--url", &url, "--timeout-ms", "200"]);
    command.env("RIMS_AUTH_KEY", "x");
    let (code, stdout, stderr) = run(command, "");
    assert!(code == 1 && stdout.is_empty() && stderr.contains("no answer in time"), "{stderr}");
    drop(silent);
}

#[test]
fn codes_prints_the_tables() {
    let all = done(&["codes"]);
    for section in ["5.1 errors", "5.9 similarity", "5.13 search"] {
        assert!(all.contains(section), "{section}");
    }
    let licence = done(&["codes", "5.2"]);
    assert!(licence.contains("기간 중 정지 면허") && licence.contains("suspended within the period"));
    assert!(!licence.contains("5.3"));
    let json: serde_json::Value = serde_json::from_str(&done(&["codes", "regions", "--json"])).unwrap();
    assert_eq!(json[0]["rows"].as_array().unwrap().len(), 18);
}
