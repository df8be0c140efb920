//! How much memory there is, and how much of it is held, as the kernel says.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The kernel's files.
pub(super) struct System {
    root: PathBuf,
}

/// What this process may use, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Capacity {
    pub(super) bytes: u64,
    /// The process' own control group, where that is what sets the limit.
    pub(super) group: Option<Group>,
}

/// A control group that accounts for memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    directory: PathBuf,
    files: &'static Files,
}

/// What the files of a version of control groups are called.
#[derive(Debug, PartialEq, Eq)]
struct Files {
    limit: &'static str,
    usage: &'static str,
    /// Of `memory.stat`: file pages, which the kernel takes back when it needs them.
    cache: [&'static str; 2],
}

static V1: Files = Files {
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    cache: ["total_inactive_file", "total_active_file"],
};
static V2: Files =
    Files { limit: "memory.max", usage: "memory.current", cache: ["inactive_file", "active_file"] };

impl System {
    /// The machine's own files are below `/`.
    pub(super) fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Bytes that this process holds, in memory and in swap; none where the kernel does not say.
    pub(super) fn held(&self) -> Option<u64> {
        let status = self.read("proc/self/status")?;
        Some(kilobytes(&status, "VmRSS:")? + kilobytes(&status, "VmSwap:").unwrap_or(0))
    }

    /// The tightest limit of the control groups around this process, or else the machine's memory. None where neither
    /// is known.
    pub(super) fn capacity(&self) -> Option<Capacity> {
        let machine = self.read("proc/meminfo").and_then(|text| kilobytes(&text, "MemTotal:"));
        let mut capacity = machine.map(|bytes| Capacity { bytes, group: None });
        let groups = self.read("proc/self/cgroup").unwrap_or_default();
        for line in groups.lines() {
            // From the process' own group upwards.
            for (depth, group) in self.groups(line).enumerate() {
                let Some(bytes) = group.limit() else { continue };
                if capacity.as_ref().is_none_or(|tightest| bytes < tightest.bytes) {
                    capacity = Some(Capacity { bytes, group: (depth == 0).then_some(group) });
                }
            }
        }
        capacity
    }

    /// The groups that one line of `/proc/self/cgroup` names: the process' own, and those around it. Inside of a
    /// container the names may be the host's; its own group is then what it sees as the root.
    fn groups(&self, line: &str) -> impl Iterator<Item = Group> + use<> {
        let mut fields = line.splitn(3, ':').skip(1);
        let controllers = fields.next().unwrap_or("?");
        let path = fields.next().unwrap_or_default().trim_start_matches('/').to_owned();
        let root = self.root.join("sys/fs/cgroup");
        let known = match controllers {
            "" => Some((root, &V2)),
            _ if controllers.split(',').any(|one| one == "memory") => Some((root.join("memory"), &V1)),
            _ => None,
        };
        known.into_iter().flat_map(move |(root, files)| {
            let own = root.join(&path);
            let around = own.ancestors().take_while(|directory| directory.starts_with(&root));
            let groups = around.map(|directory| Group { directory: directory.to_owned(), files });
            groups.filter(|group| group.directory.join(files.limit).exists()).collect::<Vec<_>>()
        })
    }

    fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }
}

impl Group {
    fn limit(&self) -> Option<u64> {
        // `max`, or a number beyond any machine's memory, is no limit.
        number(&self.directory.join(self.files.limit))
    }

    /// Bytes that everything in the group holds, without the pages of files, which are given back on demand.
    pub(super) fn held(&self) -> Option<u64> {
        let usage = number(&self.directory.join(self.files.usage))?;
        let stat = fs::read_to_string(self.directory.join("memory.stat")).unwrap_or_default();
        let value = |key: &str| {
            let mut lines = stat.lines().filter_map(|line| line.split_once(' '));
            lines.find(|(name, _)| *name == key).and_then(|(_, value)| value.parse::<u64>().ok())
        };
        let cache = self.files.cache.iter().filter_map(|key| value(key)).sum();
        Some(usage.saturating_sub(cache))
    }
}

fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use tempfile::TempDir;

    const MIB: u64 = 1 << 20;

    /// A folder with the kernel's files in it.
    pub(in super::super) fn files(files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            write(&root, path, text);
        }
        root
    }

    pub(in super::super) fn write(root: &TempDir, path: &str, text: &str) {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn capacity(all: &[(&str, &str)]) -> Option<(u64, Option<u64>)> {
        let root = files(all);
        let capacity = System::at(root.path()).capacity()?;
        Some((capacity.bytes / MIB, capacity.group.and_then(|group| group.held())))
    }

    const MACHINE: (&str, &str) = ("proc/meminfo", "MemTotal:        1048576 kB\nMemFree:   5 kB\n");

    #[test]
    fn this_process_holds_a_part_of_what_there_is() {
        let system = System::at("/");
        let held = system.held().unwrap();
        assert!(held > 100_000 && held < system.capacity().unwrap().bytes);
    }

    #[test]
    fn a_process_holds_what_is_in_memory_and_in_swap() {
        let root = files(&[("proc/self/status", "Name:\tx\nVmRSS:\t    100 kB\nVmSwap:\t      28 kB\n")]);
        assert_eq!(System::at(root.path()).held(), Some(128 * 1024));
        assert_eq!(System::at("/nowhere").held(), None);
        assert_eq!(System::at("/nowhere").capacity(), None);
    }

    #[test]
    fn without_a_group_the_machine_counts() {
        assert_eq!(capacity(&[MACHINE]), Some((1024, None)));
        let unlimited = [
            MACHINE,
            ("proc/self/cgroup", "0::/user.slice\n"),
            ("sys/fs/cgroup/user.slice/memory.max", "max\n"),
        ];
        assert_eq!(capacity(&unlimited), Some((1024, None)));
    }

    #[test]
    fn a_group_of_ones_own_counts_with_all_it_holds_but_file_pages() {
        let container = [
            MACHINE,
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "536870912\n"),
            ("sys/fs/cgroup/memory.current", "1000\n"),
            ("sys/fs/cgroup/memory.stat", "anon 500\ninactive_file 300\nactive_file 150\nfile 450\n"),
        ];
        assert_eq!(capacity(&container), Some((512, Some(550))));
    }

    #[test]
    fn the_tightest_group_counts_and_neighbours_do_not() {
        let pod = [
            MACHINE,
            ("proc/self/cgroup", "0::/kubepods/pod1/agent\n"),
            ("sys/fs/cgroup/kubepods/pod1/agent/memory.max", "max\n"),
            ("sys/fs/cgroup/kubepods/pod1/agent/memory.current", "1\n"),
            ("sys/fs/cgroup/kubepods/pod1/memory.max", "268435456\n"),
            ("sys/fs/cgroup/kubepods/pod1/memory.current", "2\n"),
            ("sys/fs/cgroup/kubepods/memory.max", "536870912\n"),
        ];
        assert_eq!(capacity(&pod), Some((256, None)));
    }

    #[test]
    fn version_one_is_read_too_also_by_the_hosts_names() {
        let host = "11:cpu,cpuacct:/docker/f00\n4:memory:/docker/f00\n0::/\n";
        let container = [
            MACHINE,
            ("proc/self/cgroup", host),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "134217728\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "900\n"),
            (
                "sys/fs/cgroup/memory/memory.stat",
                "inactive_file 1\ntotal_inactive_file 200\ntotal_active_file 100\n",
            ),
        ];
        assert_eq!(capacity(&container), Some((128, Some(600))));
        let unlimited = [
            MACHINE,
            ("proc/self/cgroup", "4:memory:/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ];
        assert_eq!(capacity(&unlimited), Some((1024, None)));
    }
}
