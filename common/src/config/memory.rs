//! Whether the settings fit the memory limit of the control group, such as that of a container.

use std::fs;
use std::path::Path;

use bytesize::ByteSize;

/// Memory of a syncer beside what `PYFLIX_PROVIDER_MAX_BYTES` allows: 20 MiB of a sync, and the
/// program itself.
const OVERHEAD_BYTES: u64 = 40 << 20;

/// Values from here on mean no limit in version 1 of the interface.
const NO_LIMIT_BYTES: u64 = 1 << 62;

/// A warning if `limit` is below what a sync may use.
pub(super) fn warning(provider_max_bytes: u64, limit: Option<u64>) -> Option<String> {
    let needed = provider_max_bytes.saturating_add(OVERHEAD_BYTES);
    let limit = limit.filter(|limit| *limit < needed)?;
    let [max, needed, limit] =
        [provider_max_bytes, needed, limit].map(|bytes| ByteSize::b(bytes).display().iec());
    Some(format!(
        "PYFLIX_PROVIDER_MAX_BYTES ({max}) allows a sync to use {needed} of memory, but this process is killed above {limit}: \
         raise the memory limit of its container (SYNCER_MEMORY_LIMIT in .env with Docker Compose), or lower the setting"
    ))
}

/// The memory limit of this process in bytes, by the text of `/proc/self/cgroup` and the folder
/// `/sys/fs/cgroup`, in either version of the interface; `None` without a limit.
pub(super) fn limit(groups: &str, root: &Path) -> Option<u64> {
    let limits = groups.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, group) = (fields.next()?, fields.next()?);
        let (folder, file) = if controllers.is_empty() {
            (root.to_owned(), "memory.max")
        } else if controllers.split(',').any(|name| name == "memory") {
            (root.join("memory"), "memory.limit_in_bytes")
        } else {
            return None;
        };
        // The limits of parent groups count, too. In a container only the root may be visible.
        let groups = Path::new(group).ancestors();
        let limits = groups.filter_map(|group| {
            let group = group.strip_prefix("/").unwrap_or(group);
            let text = fs::read_to_string(folder.join(group).join(file)).ok()?;
            text.trim().parse::<u64>().ok()
        });
        limits.min()
    });
    limits.min().filter(|limit| *limit < NO_LIMIT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn the_limit_is_the_lowest_of_the_group_and_those_above() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        write(root, "memory.max", "max\n");
        assert_eq!(limit("0::/\n", root), None);
        write(root, "a/b/memory.max", "2000\n");
        assert_eq!(limit("0::/a/b\n", root), Some(2000));
        write(root, "a/memory.max", "1000\n");
        assert_eq!(limit("0::/a/b\n", root), Some(1000));
        assert_eq!(limit("0::/elsewhere\n", root), None);
        // Version 1, as in a container that sees its own group as the root.
        write(root, "memory/memory.limit_in_bytes", "3000\n");
        let groups = "5:cpu,cpuacct:/a\n4:memory:/docker/0123\n0::/\n";
        assert_eq!(limit(groups, root), Some(3000));
        let none = "9223372036854771712\n";
        write(root, "memory/docker/memory.limit_in_bytes", none);
        assert_eq!(limit(groups, root), Some(3000));
        write(root, "memory/memory.limit_in_bytes", none);
        assert_eq!(limit(groups, root), None);
        assert_eq!(limit("nonsense", root), None);
    }

    #[test]
    fn a_limit_below_what_a_sync_may_use_is_a_warning_with_both_figures() {
        assert_eq!(warning(16 << 20, None), None);
        assert_eq!(warning(16 << 20, Some(512 << 20)), None);
        assert_eq!(warning(472 << 20, Some(512 << 20)), None);
        let warning = warning(1 << 30, Some(512 << 20)).unwrap();
        for part in [
            "PYFLIX_PROVIDER_MAX_BYTES (1.0 GiB)",
            "512.0 MiB",
            "SYNCER_MEMORY_LIMIT",
        ] {
            assert!(warning.contains(part), "{part}: {warning}");
        }
    }
}
