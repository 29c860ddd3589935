//! The accessibility engine axe, run on the page that is open.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::Browser;
use crate::workspace_root;

/// Calls back with the rules that are broken, each with the elements that break it. The size of
/// targets is off by default.
const RUN: &str = "
    const done = arguments[arguments.length - 1];
    const rules = { 'target-size': { enabled: true } };
    axe.run(document, { resultTypes: ['violations'], rules }).then(
        ({ violations }) => done(violations.map(({ id, help, nodes }) =>
            `${id}: ${help}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`)),
        (error) => done([`axe failed: ${error}`]));
";

impl Browser {
    /// The rules that the open page breaks, with the elements.
    ///
    /// # Panics
    ///
    /// Also when axe cannot be fetched.
    pub async fn accessibility_violations(&self) -> Vec<String> {
        let loaded = self.client.execute(source(), Vec::new()).await;
        loaded.unwrap_or_else(|error| panic!("axe cannot be loaded: {error}"));
        let found = self.client.execute_async(RUN, vec![json!({})]).await;
        let found = found.unwrap_or_else(|error| panic!("axe did not run: {error}"));
        let Value::Array(found) = found else {
            panic!("axe returned no list: {found}");
        };
        let found = found.iter().filter_map(Value::as_str);
        found.map(str::to_owned).collect()
    }
}

fn source() -> &'static str {
    static SOURCE: OnceLock<String> = OnceLock::new();
    SOURCE.get_or_init(|| {
        let script = workspace_root().join("scripts/fetch-axe");
        let fetch = Command::new(&script)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .output();
        let fetch =
            fetch.unwrap_or_else(|error| panic!("{} did not run: {error}", script.display()));
        let path = String::from_utf8_lossy(&fetch.stdout).trim_end().to_owned();
        std::fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!(
                "no axe in {path:?}: {error}: {}",
                String::from_utf8_lossy(&fetch.stderr)
            )
        })
    })
}
