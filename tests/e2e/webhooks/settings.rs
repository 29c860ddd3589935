//! `notify-test`, and wrong settings.

use e2e::{DEADLINE, Store};
use serde_json::json;
use testkit::process::run_to_end;
use testkit::webhook_receiver::WebhookReceiver;

use super::{SECRET, Setup};

#[tokio::test]
async fn notify_test_reports_each_webhook_and_repeats_no_password() {
    let receiver = WebhookReceiver::start().await;
    let mut setup = Setup::new(Store::sqlite(), &[&receiver]).await;
    let tested = setup.command(&["notify-test"]).await;
    assert_eq!(tested.code, Some(0), "{tested:?}");
    assert_eq!(
        tested.stdout,
        "127.0.0.1: accepted the event (204 No Content)\n"
    );
    let delivery = receiver.deliveries().remove(0);
    assert_eq!(delivery.json()["type"], "test");
    assert_eq!(delivery.json()["data"], json!({}));

    let with_password = receiver.url().replace("http://", "http://ann:s3cret@");
    setup.urls = format!(
        "{with_password}?token=t0ken,http://ann:s3cret@localhost:9/t0ken,http://localhost:9/t0ken/2"
    );
    let tested = setup.command(&["notify-test"]).await;
    assert_eq!(tested.code, Some(1), "{tested:?}");
    let lines: Vec<_> = tested.stdout.lines().collect();
    for (line, expected) in [
        (lines[0], "webhook 1 of 3, 127.0.0.1: accepted the event"),
        (
            lines[1],
            "webhook 2 of 3, localhost: did not accept the event: ",
        ),
        (
            lines[2],
            "webhook 3 of 3, localhost: did not accept the event: ",
        ),
    ] {
        assert!(line.starts_with(expected), "{tested:?}");
    }
    let output = tested.stdout.clone() + &tested.stderr;
    assert!(
        !output.contains("s3cret") && !output.contains("t0ken"),
        "{tested:?}"
    );
    let authorization = "Basic YW5uOnMzY3JldA==";
    assert_eq!(
        receiver.deliveries()[1].header("authorization"),
        authorization
    );

    setup.urls = String::new();
    let unset = setup.command(&["notify-test"]).await;
    assert_eq!(unset.code, Some(2), "{unset:?}");
    assert_eq!(unset.stderr.lines().count(), 1, "{unset:?}");
}

#[tokio::test]
async fn a_wrong_webhook_setting_stops_the_start_with_one_line_without_secrets() {
    let mut setup = Setup::new(Store::sqlite(), &[]).await;
    for (urls, secrets, problem) in [
        (
            "ftp://u:s3cret@h/t0ken",
            SECRET,
            "PYFLIX_WEBHOOK_URLS: URL 1",
        ),
        ("http://h,u:s3cret@h", SECRET, "PYFLIX_WEBHOOK_URLS: URL 2"),
        ("http://h/t0ken", "", "PYFLIX_WEBHOOK_SECRET_FILE: "),
        (
            "http://h",
            "whsec_s3cret",
            "PYFLIX_WEBHOOK_SECRET_FILE: secret 1",
        ),
    ] {
        setup.urls = urls.into();
        std::fs::write(setup.secret_file(), secrets).unwrap();
        let stopped = setup.command(&[]).await;
        assert_eq!(stopped.code, Some(2), "{stopped:?}");
        assert_eq!(stopped.stderr.lines().count(), 1, "{stopped:?}");
        assert!(stopped.stderr.contains(problem), "{stopped:?}");
        assert!(
            !stopped.stderr.contains("s3cret") && !stopped.stderr.contains("t0ken"),
            "{stopped:?}"
        );
    }
    let envs = [("PYFLIX_WEBHOOK_URLS", "http://h")];
    let stopped = run_to_end("webapp", &envs, &[], DEADLINE).await;
    assert_eq!(stopped.code, Some(2), "{stopped:?}");
    assert!(
        stopped.stderr.contains("PYFLIX_WEBHOOK_SECRET_FILE"),
        "{stopped:?}"
    );
}
