/// Measurements in ascending order.
pub(crate) struct Measurements(Vec<f64>);

impl Measurements {
    pub(crate) fn new(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// The smallest measurement that so many percent of all do not exceed; 0 without any.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let place = (self.0.len() * percent).div_ceil(100).max(1) - 1;
        self.0.get(place).copied().unwrap_or_default()
    }
}

/// Prints median, 99th percentile and maximum of some measurements.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) fn report(what: &str, unit: &str, values: Vec<f64>) {
    let values = Measurements::new(values);
    println!(
        "{what}: median {:.1} {unit}, p99 {:.1} {unit}, maximum {:.1} {unit} ({} measured)",
        values.percentile(50),
        values.percentile(99),
        values.percentile(100),
        values.0.len()
    );
}
