/// Prints median, 99th percentile and maximum of some measurements.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) fn report(what: &str, unit: &str, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let at = |share: usize| {
        let place = (values.len() * share).div_ceil(100).max(1) - 1;
        values.get(place).copied().unwrap_or_default()
    };
    println!(
        "{what}: median {:.1} {unit}, p99 {:.1} {unit}, maximum {:.1} {unit} ({} measured)",
        at(50),
        at(99),
        at(100),
        values.len()
    );
}
