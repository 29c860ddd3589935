use std::time::Duration;

/// Fields of `/proc/PID/stat` between the command's name and `utime`.
const BEFORE_UTIME: usize = 11;

/// `utime` and `stime` of a process that runs.
pub(super) fn of(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    let ticks = ticks(&stat.expect("the process runs")).expect("the times are in stat");
    let milliseconds = ticks * 1000 / rustix::param::clock_ticks_per_second();
    Duration::from_millis(milliseconds)
}

/// `utime` and `stime`, summed. The name before them may contain anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(BEFORE_UTIME);
    let mut next = || times.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_after_any_process_name() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 70 8 0 0 20 0";
        assert_eq!(ticks(stat), Some(78));
        assert!(of(std::process::id()) < Duration::from_secs(3600));
    }
}
