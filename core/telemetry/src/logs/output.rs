//! Where lines go.

use std::{
    fs::{File, OpenOptions},
    io::{self, IsTerminal, Write},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

/// Where lines go, and where it is said that one could not be written.
pub(super) struct Outputs {
    lines: Vec<Output>,
    errors: Vec<Output>,
}

struct Output {
    name: String,
    sink: Sink,
    color: bool,
    /// The last line could not be written; said once, not for every line.
    failing: AtomicBool,
}

enum Sink {
    Stderr,
    Stdout,
    File(File),
}

impl Outputs {
    /// Opens `stderr`, `stdout` or files, which are appended to.
    pub(super) fn open(lines: &[String], errors: &[String]) -> io::Result<Self> {
        let open = |names: &[String]| names.iter().map(|name| Output::open(name)).collect::<io::Result<_>>();
        Ok(Self { lines: open(lines)?, errors: open(errors)? })
    }

    /// Writes a line, made with or without colours, everywhere.
    pub(super) fn write(&self, line: impl Fn(bool) -> String) {
        for output in &self.lines {
            match output.write(&line(output.color)) {
                Ok(()) => output.failing.store(false, Relaxed),
                Err(error) if !output.failing.swap(true, Relaxed) => self.complain(&output.name, &error),
                Err(_) => {}
            }
        }
    }

    fn complain(&self, name: &str, error: &io::Error) {
        for output in &self.errors {
            // There is no other place to say that this fails, too.
            output.write(&format!("the log cannot be written to {name}: {error}\n")).ok();
        }
    }
}

impl Output {
    fn open(name: &str) -> io::Result<Self> {
        let (sink, is_terminal) = match name {
            "stderr" => (Sink::Stderr, io::stderr().is_terminal()),
            "stdout" => (Sink::Stdout, io::stdout().is_terminal()),
            path => {
                let opened = OpenOptions::new().create(true).append(true).open(path);
                let explain = |error: io::Error| {
                    io::Error::new(error.kind(), format!("cannot open the log file {path}: {error}"))
                };
                (Sink::File(opened.map_err(explain)?), false)
            }
        };
        let color = is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Ok(Self { name: name.to_owned(), sink, color, failing: AtomicBool::new(false) })
    }

    /// One write, so that lines of several threads do not mix.
    fn write(&self, line: &str) -> io::Result<()> {
        match &self.sink {
            Sink::Stderr => io::stderr().lock().write_all(line.as_bytes()),
            Sink::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(line.as_bytes())?;
                stdout.flush()
            }
            Sink::File(file) => (&*file).write_all(line.as_bytes()),
        }
    }
}
