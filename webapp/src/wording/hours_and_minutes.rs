/// A duration such as “2 h 4 min”.
pub(crate) fn hours_and_minutes(minutes: u16) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_hours_and_minutes_without_zeros() {
        assert_eq!(hours_and_minutes(124), "2 h 4 min");
        assert_eq!(hours_and_minutes(120), "2 h");
        assert_eq!(hours_and_minutes(45), "45 min");
    }
}
