//! What the operating system knows and allows: memory, signals, open files.

use crate::Result;
use rustix::process::{Pid, Resource, Rlimit, Signal};

/// Resident memory of a process, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// Now.
    pub now: u64,
    /// The most there ever was.
    pub peak: u64,
}

/// Reads a process's memory from `/proc` (Linux).
///
/// # Errors
/// When the process is gone or the system has no `/proc`.
pub fn memory(pid: u32) -> Result<Memory> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib = |key: &str| -> Result<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).ok_or("no such line")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    };
    Ok(Memory { now: kib("VmRSS:")?, peak: kib("VmHWM:")? })
}

/// Sends a process a signal.
///
/// # Errors
/// When it is gone.
pub fn signal(pid: u32, signal: Signal) -> Result<()> {
    let pid = Pid::from_raw(i32::try_from(pid)?).ok_or("process 0")?;
    Ok(rustix::process::kill_process(pid, signal)?)
}

/// Raises the limit of open files, for this process and the agents it starts, as far as the system
/// allows, and says how far that is.
pub fn raise_open_files() -> u64 {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match rustix::process::setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum.unwrap_or(u64::MAX),
        Err(_) => limit.current.unwrap_or(u64::MAX),
    }
}
