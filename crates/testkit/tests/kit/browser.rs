//! The headless browser.

use testkit::{browser::Browser, source::Source};

#[tokio::test]
async fn a_browser_reports_width_color_scheme_errors_and_hosts() {
    let source = Source::start().await;
    let browser = Browser::start().await;
    browser.set_window(360, 640).await;
    browser.set_color_scheme("dark").await;
    browser.open(&format!("{}/films", source.url())).await;
    assert_eq!(
        (browser.inner_width().await, browser.scroll_width().await),
        (360, 360)
    );
    let dark = "return matchMedia('(prefers-color-scheme: dark)').matches";
    assert_eq!(
        browser.client().execute(dark, Vec::new()).await.unwrap(),
        true
    );

    let widen = "document.body.innerHTML = '<div style=\"width: 900px\">wide</div>'";
    browser.client().execute(widen, Vec::new()).await.unwrap();
    assert!(browser.scroll_width().await > 899);

    let host = source.url().replace("http://", "");
    assert_eq!(browser.requested_hosts().await, [host].into());
    browser.open(&format!("{}/people", source.url())).await;
    let bytes = browser.received_bytes().await;
    let body = serde_json::to_vec(&source.catalogue().people).unwrap();
    assert!(
        bytes.iter().any(|bytes| *bytes > body.len() as u64),
        "{bytes:?}"
    );
    // The browser requests an icon, which the source does not have.
    browser.console_errors().await;
    browser.open(&format!("{}/nothing", source.url())).await;
    let errors = browser.console_errors().await;
    assert!(
        errors.iter().any(|error| error.contains("404")),
        "{errors:?}"
    );

    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("page.png");
    browser.screenshot(&picture).await;
    assert!(std::fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
}
