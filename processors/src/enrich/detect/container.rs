use super::{Found, Machine, found, text};

/// How many digits a container's id has: it is a SHA-256.
const ID_LENGTH: usize = 64;

/// The container that the agent runs in: from its control groups (v1), or from the files that the container runtime
/// mounts into it, such as `hostname` (v2).
pub(super) fn detect(machine: &Machine) -> Result<Found, String> {
    let groups = machine.file("proc/self/cgroup").unwrap_or_default();
    let container = groups.lines().filter_map(|line| line.rsplit('/').next()).find_map(id).map(str::to_owned);
    let container = container.or_else(|| {
        let mounts = machine.file("proc/self/mountinfo")?;
        let own = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];
        mounts.lines().find_map(|line| {
            // The mounted file's place on its file system, and where it is mounted.
            let mut fields = line.split(' ').skip(3);
            let (from, to) = (fields.next()?, fields.next()?);
            own.contains(&to).then_some(())?;
            from.split('/').find_map(id).map(str::to_owned)
        })
    });
    let container = container.ok_or("/proc/self/cgroup and /proc/self/mountinfo name no container")?;
    Ok(found([("container.id", text(Some(container)))]))
}

/// The id in a name such as `docker-<id>.scope` or `<id>`.
fn id(name: &str) -> Option<&str> {
    let name = name.strip_suffix(".scope").unwrap_or(name);
    let id = name.rsplit(['-', ':']).next()?;
    (id.len() == ID_LENGTH && id.bytes().all(|digit| digit.is_ascii_hexdigit())).then_some(id)
}
