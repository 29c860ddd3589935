//! A headless Chromium, driven through chromedriver.

mod axe;
mod command;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
pub use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use self::command::ChromeCommand;
use crate::{
    child_process::{self, ChildProcess},
    eventually, on_path,
};

/// For a busy machine; usually it takes a second.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Browsers at a time in this process: each takes some 300 MB and most of a core.
static SLOTS: Semaphore = Semaphore::const_new(2);

/// A browser with a profile of its own; dropping it ends it.
pub struct Browser {
    client: Client,
    _driver: ChildProcess,
    // After the driver, which writes into it.
    _folder: TempDir,
    _slot: SemaphorePermit<'static>,
}

impl Browser {
    /// Starts a browser with an empty page, once one of the two slots is free.
    ///
    /// # Panics
    ///
    /// If Chromium or its driver is not installed, with a message that says how to install it.
    pub async fn start() -> Self {
        let slot = SLOTS.acquire().await.expect("it is never closed");
        let chromium = installed(&["chromium", "chromium-browser", "google-chrome"]);
        let folder = TempDir::with_prefix("browser-").expect("a temporary folder can be made");
        let (driver, port) = start_driver(folder.path()).await;

        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(&chromium, folder.path()))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap_or_else(|error| panic!("chromium did not start: {error}"));
        Self {
            client,
            _driver: driver,
            _folder: folder,
            _slot: slot,
        }
    }

    /// As [`Self::start`], with a viewport as [`Self::set_window`] makes it.
    pub async fn start_with_window(width: u32, height: u32) -> Self {
        let browser = Self::start().await;
        browser.set_window(width, height).await;
        browser
    }

    /// The WebDriver client, for everything that is not below.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Opens a page and waits until it has loaded.
    pub async fn open(&self, url: &str) {
        let opened = self.client.goto(url).await;
        opened.unwrap_or_else(|error| panic!("{url} did not open: {error}"));
    }

    /// Gives the viewport exactly this size in pixels, however small.
    pub async fn set_window(&self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await;
    }

    /// Prefers `dark` or `light`.
    pub async fn set_color_scheme(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": [feature] }),
        )
        .await;
    }

    /// The width of the viewport.
    pub async fn inner_width(&self) -> u64 {
        self.number("return window.innerWidth").await
    }

    /// The width of the page's content; more than [`Self::inner_width`] scrolls sideways.
    pub async fn scroll_width(&self) -> u64 {
        self.number("return document.documentElement.scrollWidth")
            .await
    }

    /// The errors in the console since the last call: of scripts, of loading, of the content
    /// security policy.
    pub async fn console_errors(&self) -> Vec<String> {
        let entries = self.log("browser").await;
        let errors = entries.iter().filter(|entry| entry["level"] == "SEVERE");
        errors
            .filter_map(|entry| entry["message"].as_str())
            .map(str::to_owned)
            .collect()
    }

    /// The hosts, with ports, of all requests over the network since the last call of this or of
    /// [`Self::requested_urls`].
    pub async fn requested_hosts(&self) -> BTreeSet<String> {
        let urls = self.requested_urls().await;
        urls.iter().filter_map(|url| host(url)).collect()
    }

    /// The URLs of all requests over the network since the last call, without fragments.
    pub async fn requested_urls(&self) -> Vec<String> {
        let entries = self.log("performance").await;
        entries
            .iter()
            .filter_map(|entry| requested_url(entry["message"].as_str()?))
            .collect()
    }

    /// Size in bytes, with header fields, of each response over the network that has ended since
    /// the last call of this or of [`Self::requested_urls`].
    pub async fn received_bytes(&self) -> Vec<u64> {
        let entries = self.log("performance").await;
        entries
            .iter()
            .filter_map(|entry| received_bytes(entry["message"].as_str()?))
            .collect()
    }

    /// Writes the viewport to a PNG file.
    pub async fn screenshot(&self, path: &Path) {
        let png = self
            .client
            .screenshot()
            .await
            .expect("an open page can be pictured");
        let written = std::fs::write(path, png);
        written.unwrap_or_else(|error| panic!("{} is not writable: {error}", path.display()));
    }

    /// Turns scripts on or off, from the next page on.
    pub async fn set_scripts(&self, on: bool) {
        let off = json!({ "value": !on });
        self.devtools("Emulation.setScriptExecutionDisabled", off)
            .await;
    }

    /// Presses and releases a key: a character, or one of [`Key`].
    pub async fn press(&self, key: impl Into<char>) {
        let value = key.into();
        let keys = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value });
        let pressed = self.client.perform_actions(keys).await;
        pressed.unwrap_or_else(|error| panic!("{value:?} cannot be pressed: {error}"));
    }

    /// Types a text where the focus is.
    pub async fn type_text(&self, text: &str) {
        for character in text.chars() {
            self.press(character).await;
        }
    }

    /// Runs a script; returns its value, as JSON unless it is a string.
    pub async fn eval(&self, script: &str) -> String {
        let value = self.client.execute(script, Vec::new()).await;
        match value.unwrap_or_else(|error| panic!("{script}: {error}")) {
            Value::String(text) => text,
            other => other.to_string(),
        }
    }

    /// Waits until a script returns a value, as [`Self::eval`] does.
    pub async fn wait_for_value(&self, script: &str, expected: &str, deadline: Duration) {
        eventually(deadline, async || {
            let found = self.eval(script).await;
            if found == expected {
                Ok(())
            } else {
                Err(format!("{script} is {found:?}, not {expected:?}"))
            }
        })
        .await;
    }

    /// Calls a method of the DevTools protocol.
    pub async fn devtools(&self, method: &str, params: Value) -> Value {
        let call = json!({ "cmd": method, "params": params });
        self.issue("goog/cdp/execute", call).await
    }
}

impl Browser {
    async fn number(&self, script: &str) -> u64 {
        let value = self.client.execute(script, Vec::new()).await;
        let value = value.unwrap_or_else(|error| panic!("{script}: {error}"));
        value
            .as_u64()
            .unwrap_or_else(|| panic!("{script}: {value} is not a whole number"))
    }

    async fn log(&self, kind: &str) -> Vec<Value> {
        match self.issue("se/log", json!({ "type": kind })).await {
            Value::Array(entries) => entries,
            other => panic!("the {kind} log is not a list: {other}"),
        }
    }

    async fn issue(&self, path: &'static str, body: Value) -> Value {
        let issued = self.client.issue_cmd(ChromeCommand { path, body }).await;
        issued.unwrap_or_else(|error| panic!("chromedriver refused {path}: {error}"))
    }
}

fn installed(names: &[&str]) -> PathBuf {
    on_path(names).unwrap_or_else(|| {
        panic!(
            "{} is not installed: apt-get install chromium chromium-driver",
            names[0]
        )
    })
}

/// Starts a chromedriver and returns its port. It chooses one that is free for IPv6, and exits if
/// that is in use for IPv4.
async fn start_driver(folder: &Path) -> (ChildProcess, u16) {
    let chromedriver = installed(&["chromedriver"]);
    loop {
        let mut command = child_process::supervised(&chromedriver, folder);
        command
            .arg("--port=0")
            .env("HOME", folder)
            .env("TMPDIR", folder);
        for name in [
            "XDG_CONFIG_HOME",
            "XDG_CACHE_HOME",
            "DISPLAY",
            "WAYLAND_DISPLAY",
        ] {
            command.env_remove(name);
        }
        let driver = ChildProcess::spawn("chromedriver", command);
        match driver.try_find_line(START_TIMEOUT, port_of).await {
            Ok(port) => return (driver, port),
            Err(_) if driver.text().contains("Address already in use") => {}
            Err(why) => panic!(
                "chromedriver {why} its port; it printed:\n{}",
                driver.text()
            ),
        }
    }
}

fn port_of(line: &str) -> Option<u16> {
    let rest = line.strip_prefix("ChromeDriver was started successfully on port ")?;
    rest.trim_end_matches('.').parse().ok()
}

fn capabilities(chromium: &Path, folder: &Path) -> serde_json::Map<String, Value> {
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let options = json!({
        "binary": chromium,
        "args": [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--force-color-profile=srgb",
            "--hide-scrollbars",
            profile,
        ],
    });
    let capabilities = json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
    });
    serde_json::from_value(capabilities).expect("the capabilities are an object")
}

/// The URL of a request that went to the network, from an entry of the performance log.
fn requested_url(entry: &str) -> Option<String> {
    let entry: Value = serde_json::from_str(entry).ok()?;
    let message = &entry["message"];
    let url = match message["method"].as_str()? {
        "Network.requestWillBeSent" => message["params"]["request"]["url"].as_str()?,
        "Network.webSocketCreated" => message["params"]["url"].as_str()?,
        _ => return None,
    };
    Some(url.to_owned())
}

/// The size of a response that came over the network, from an entry of the performance log.
fn received_bytes(entry: &str) -> Option<u64> {
    let entry: Value = serde_json::from_str(entry).ok()?;
    let message = &entry["message"];
    let is_end = message["method"] == "Network.loadingFinished";
    let bytes = message["params"]["encodedDataLength"].as_u64();
    bytes.filter(|bytes| is_end && *bytes > 0)
}

fn host(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let port = url.port_or_known_default()?;
    Some(format!("{}:{port}", url.host_str()?))
}
