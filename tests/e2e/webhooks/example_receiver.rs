//! The receiver of the documentation, which verifies signatures by an implementation of its own.

use std::path::Path;
use std::process::{Command, Stdio};

use e2e::{DEADLINE, Store};
use serde_json::Value;
use testkit::process::Service;
use testkit::{skips, workspace_root};

use super::{OTHER_SECRET, SECRET, Setup};

/// Starts the receiver of the documentation; its URL.
async fn start_example(setup: &Setup) -> (Service, String) {
    let example = workspace_root().join("docs/clients/webhooks.py");
    let args = [
        example.display().to_string(),
        setup.secret_file().display().to_string(),
    ];
    let example = Service::start_program(
        setup.secrets.path(),
        Path::new("python3"),
        &[&args[0], &args[1], "0"],
    );
    let line = example.wait_for_line(|line| line.starts_with("listening on"), DEADLINE);
    let url = line.await.replace("listening on ", "");
    (example, url)
}

/// Posts an event twice with a valid signature of some seconds ago, and prints the statuses.
const SIGN_AND_POST: &str = r#"
import base64, hashlib, hmac, sys, time, urllib.error, urllib.request
url, secret, age = sys.argv[1], sys.argv[2], int(sys.argv[3])
key = base64.b64decode(secret.removeprefix("whsec_"))
timestamp = str(int(time.time()) - age)
body = b'{"type":"test","timestamp":"2026-01-01T00:00:00Z","data":{"age":%d}}' % age
signature = hmac.new(key, f"id-{age}.{timestamp}.".encode() + body, hashlib.sha256).digest()
headers = {"webhook-id": f"id-{age}", "webhook-timestamp": timestamp,
           "webhook-signature": "v1," + base64.b64encode(signature).decode()}
for _ in range(2):
    try:
        print(urllib.request.urlopen(urllib.request.Request(url, body, headers)).status)
    except urllib.error.HTTPError as error:
        print(error.code)
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_receiver_of_the_documentation_accepts_signed_events_once_and_no_others() {
    let test = "the_receiver_of_the_documentation_accepts_signed_events_once_and_no_others";
    let python = Command::new("python3")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if python.is_err() {
        skips::skip(test, "python3 is missing");
        return;
    }
    let mut setup = Setup::new(Store::sqlite(), &[]).await;
    let (example, url) = start_example(&setup).await;
    setup.urls = url.clone();
    let _syncer = setup.start("syncer");
    let line = example.wait_for_line(|line| line.contains("version.published"), DEADLINE);
    let event: Value = serde_json::from_str(&line.await).unwrap();
    assert_eq!(event["data"]["version"], 1);

    for (secret, age, expected) in [
        (SECRET, 0, "204\n204\n"),
        (SECRET, 290, "204\n204\n"),
        (SECRET, 310, "401\n401\n"),
        (SECRET, -310, "401\n401\n"),
        (OTHER_SECRET, 1, "401\n401\n"),
    ] {
        let age = age.to_string();
        let args = ["-c", SIGN_AND_POST, &url, secret, &age];
        let post = Service::start_program(setup.secrets.path(), Path::new("python3"), &args);
        post.wait_exit(DEADLINE).await;
        assert_eq!(post.output(), expected, "{age}");
    }
    let printed = example.output();
    for (age, times) in [("0", 1), ("290", 1), ("310", 0), ("1", 0)] {
        let event = format!("{{\"age\": {age}}}");
        assert_eq!(printed.matches(&event).count(), times, "{age}: {printed}");
    }
    std::fs::write(setup.secret_file(), OTHER_SECRET).unwrap();
    let refused = setup.command(&["notify-test"]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stdout.contains("401 Unauthorized"), "{refused:?}");
}
