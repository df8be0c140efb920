//! Panics, which are bugs, go to the log like everything else.

use std::{backtrace::Backtrace, panic};

/// Logs every panic from now on; with its stack where `RUST_BACKTRACE` asks for it.
pub(crate) fn log() {
    panic::set_hook(Box::new(|info| {
        let message = info.payload_as_str().unwrap_or("no message");
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        let stack = Backtrace::capture().to_string();
        tracing::error!(panic = message, location, thread, stack, "a bug in the agent: please report it");
    }));
}

#[cfg(test)]
mod tests {
    use tidewatch_config::service::{LogEncoding, Logs};

    #[test]
    fn a_panic_is_in_the_log() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("agent.log");
        let config = Logs {
            output_paths: vec![path.display().to_string()],
            encoding: LogEncoding::Json,
            ..Logs::default()
        };
        let metrics = tidewatch_telemetry::Metrics::default();
        let installed =
            tidewatch_telemetry::logs::install(&config, &metrics).expect("the only log of this process");
        super::log();
        std::thread::spawn(|| panic!("the sky fell")).join().expect_err("it panicked");
        drop(installed);
        let log = std::fs::read_to_string(path).expect("the log");
        let line: serde_json::Value = serde_json::from_str(&log).expect("one line");
        assert_eq!((&line["level"], &line["panic"]), (&"error".into(), &"the sky fell".into()));
        assert!(line["location"].as_str().is_some_and(|location| location.contains("panics.rs:")), "{line}");
    }
}
