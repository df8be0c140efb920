use super::{Found, Machine, found, text};

/// The host and its operating system. In a container, `host.name` is the container's.
pub(super) fn detect(machine: &Machine) -> Result<Found, String> {
    let name = machine.line("proc/sys/kernel/hostname").ok_or("/proc/sys/kernel/hostname cannot be read")?;
    let release = machine.file("etc/os-release").or_else(|| machine.file("usr/lib/os-release"));
    let release = release.unwrap_or_default();
    Ok(found([
        ("host.name", text(Some(name))),
        ("host.id", text(machine.line("etc/machine-id").or_else(|| machine.line("var/lib/dbus/machine-id")))),
        ("host.arch", text(Some(architecture(std::env::consts::ARCH)))),
        ("os.type", text(Some(std::env::consts::OS))),
        ("os.name", text(field(&release, "NAME"))),
        ("os.version", text(field(&release, "VERSION_ID"))),
        ("os.description", text(field(&release, "PRETTY_NAME"))),
    ]))
}

/// As the semantic conventions call it.
fn architecture(rust: &str) -> &str {
    match rust {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" => "arm32",
        "powerpc" => "ppc32",
        "powerpc64" => "ppc64",
        other => other,
    }
}

/// A value of `os-release`, whose quotes are those of a shell.
fn field<'t>(release: &'t str, name: &str) -> Option<&'t str> {
    let mut fields = release.lines().filter_map(|line| line.split_once('='));
    let (_, value) = fields.find(|(other, _)| *other == name)?;
    let value = value.trim().trim_matches(['"', '\'']);
    (!value.is_empty()).then_some(value)
}
