/// Such as “2 h 4 min”.
pub(crate) fn running_time(minutes: u16) -> String {
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
    fn a_running_time_is_in_hours_and_minutes() {
        assert_eq!(running_time(124), "2 h 4 min");
        assert_eq!(running_time(120), "2 h");
        assert_eq!(running_time(45), "45 min");
    }
}
