use super::{Found, Machine, found, text};
use std::path::Path;

/// The agent's own process. Its arguments are left out: they may hold secrets.
pub(super) fn detect(machine: &Machine) -> Result<Found, String> {
    let executable =
        std::env::current_exe().map_err(|error| format!("the executable is not known: {error}"))?;
    let name = executable.file_name().and_then(|name| name.to_str());
    let status = machine.file("proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let mut fields = status.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(other, _)| *other == name).and_then(|(_, value)| value.split_whitespace().next())
    };
    let command = std::env::args_os().next().and_then(|command| command.into_string().ok());
    Ok(found([
        ("process.pid", Some(std::process::id().into())),
        ("process.parent_pid", field("PPid").and_then(|pid| pid.parse::<i64>().ok()).map(Into::into)),
        ("process.executable.name", text(name)),
        ("process.executable.path", text(executable.to_str())),
        ("process.command", text(command.filter(|command| Path::new(command).file_name().is_some()))),
        ("process.owner", text(field("Uid").and_then(|uid| owner(machine, uid)))),
    ]))
}

/// The name of a user.
fn owner(machine: &Machine, uid: &str) -> Option<String> {
    let users = machine.file("etc/passwd")?;
    let mut users = users.lines().map(|line| line.split(':'));
    let mut user = users.find(|user| user.clone().nth(2) == Some(uid))?;
    user.next().map(str::to_owned)
}
