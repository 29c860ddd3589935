//! Memory, processor time and files of this process, from `/proc`.

use std::fmt;

use procfs::process::Process;
use rustix::process::{Resource, getrlimit};

use super::scrape::Scrape;
use crate::config::memory_limit;

/// Writes what `/proc` has; without it, nothing.
pub(super) fn write(scrape: &mut Scrape<'_, '_>) -> fmt::Result {
    let Ok(process) = Process::myself() else {
        return Ok(());
    };
    let gauges = [
        (
            "process_memory_limit_bytes",
            "Memory limit of the control group",
            memory_limit(),
        ),
        (
            "process_open_files",
            "Open file descriptors",
            process.fd_count().ok().map(|count| count as u64),
        ),
        (
            "process_max_files",
            "Maximum number of open file descriptors",
            getrlimit(Resource::Nofile).current,
        ),
    ];
    for (name, help, value) in gauges {
        scrape.gauge(name, help, value.map(|value| value as f64))?;
    }
    let Ok(stat) = process.stat() else {
        return Ok(());
    };
    let seconds = |ticks: u64| ticks as f64 / procfs::ticks_per_second() as f64;
    scrape.counter(
        "process_cpu_seconds",
        "Processor time of all threads",
        seconds(stat.utime + stat.stime),
    )?;
    scrape.gauge(
        "process_resident_memory_bytes",
        "Resident memory",
        (stat.rss * procfs::page_size()) as f64,
    )?;
    scrape.gauge(
        "process_threads",
        "Operating system threads",
        stat.num_threads as f64,
    )?;
    if let Ok(boot) = procfs::boot_time_secs() {
        scrape.gauge(
            "process_start_time_seconds",
            "When the process started, in seconds since 1970",
            boot as f64 + seconds(stat.starttime),
        )?;
    }
    Ok(())
}
