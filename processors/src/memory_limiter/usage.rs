//! How much memory there is, and how much of it this process holds.

use std::{fs, path::Path};

/// Bytes of memory this process holds; none where `/proc` does not say.
pub(super) fn resident() -> Option<u64> {
    kilobytes(&fs::read_to_string("/proc/self/status").ok()?, "VmRSS:")
}

/// Bytes of memory that this process may use: what its control group allows, or what the machine has.
pub(super) fn total() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| kilobytes(&text, "MemTotal:"));
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = groups.lines().flat_map(|line| group_limits(Path::new("/sys/fs/cgroup"), line)).min();
    // Where neither is known there is nothing to compare with, and nothing is refused.
    machine.into_iter().chain(group).min().unwrap_or(u64::MAX)
}

/// The limits along one line of `/proc/self/cgroup`: of the group and of all above it.
fn group_limits(root: &Path, line: &str) -> Vec<u64> {
    let mut fields = line.splitn(3, ':').skip(1);
    let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { return Vec::new() };
    let (root, file) = match controllers {
        "" => (root.to_owned(), "memory.max"),
        "memory" => (root.join("memory"), "memory.limit_in_bytes"),
        _ => return Vec::new(),
    };
    let group = root.join(path.trim_start_matches('/'));
    group
        .ancestors()
        .take_while(|directory| directory.starts_with(&root))
        .filter_map(|directory| fs::read_to_string(directory.join(file)).ok()?.trim().parse().ok())
        .collect()
}

fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_holds_a_part_of_what_there_is() {
        let resident = resident().unwrap();
        assert!(resident > 100_000 && resident < total());
    }

    #[test]
    fn the_tightest_group_above_the_process_counts() {
        let root = tempfile::tempdir().unwrap();
        let group = root.path().join("kubepods/pod1");
        fs::create_dir_all(&group).unwrap();
        fs::write(group.join("memory.max"), "max\n").unwrap();
        fs::write(root.path().join("kubepods/memory.max"), "536870912\n").unwrap();
        assert_eq!(group_limits(root.path(), "0::/kubepods/pod1"), [536_870_912]);
        assert!(group_limits(root.path(), "4:cpu:/kubepods/pod1").is_empty());
    }
}
