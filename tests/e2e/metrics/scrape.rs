//! Scraping `/metrics` of a program.

use std::collections::{BTreeMap, BTreeSet};

use e2e::{DEADLINE, get};
use testkit::http::Response;
use testkit::process::Service;

/// The setting that makes a program serve its metrics on a free port.
pub(crate) const LISTEN: (&str, &str) = ("PYFLIX_METRICS_LISTEN", "127.0.0.1:0");

/// The metrics of a program at one moment.
pub(crate) struct Scrape {
    /// The value of each series, such as `pyflix_state{state="held"}`.
    pub(crate) samples: BTreeMap<String, f64>,
    /// The names that queries use, such as `pyflix_sync_runs_total`.
    pub(crate) names: BTreeSet<String>,
    /// The type of each family.
    pub(crate) families: BTreeMap<String, String>,
    pub(crate) response: Response,
}

/// The address that a program logs, without `http://`.
pub(crate) async fn address(program: &Service) -> String {
    let is_address = |line: &str| line.contains("metrics are at http://");
    let line = program.wait_for_line(is_address, DEADLINE).await;
    let address = line.split("metrics are at http://").nth(1).unwrap();
    address.split('/').next().unwrap().to_owned()
}

pub(crate) async fn scrape(address: &str) -> Scrape {
    let response = get(&format!("http://{address}/metrics")).await;
    let lines = || response.body.lines();
    let families: BTreeMap<_, _> = lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .collect();
    let names = families.iter().flat_map(|(name, kind)| {
        let suffixes: &[&str] = match kind.as_str() {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_count", "_sum"],
            "info" => &["_info"],
            "gauge" => &[""],
            other => panic!("{name} is a {other}"),
        };
        suffixes.iter().map(move |suffix| format!("{name}{suffix}"))
    });
    Scrape {
        samples: lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| {
                let (series, value) = line.rsplit_once(' ').unwrap();
                (series.to_owned(), value.parse().unwrap())
            })
            .collect(),
        names: names.collect(),
        families,
        response,
    }
}

impl Scrape {
    /// The sum of the series of a metric that have all of these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels: Vec<_> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{value}\""))
            .collect();
        let series = self.samples.iter().filter(|(series, _)| {
            let (metric, rest) = series.split_once('{').unwrap_or((series, ""));
            metric == name && labels.iter().all(|label| rest.contains(label))
        });
        series.map(|(_, value)| value).sum()
    }
}
