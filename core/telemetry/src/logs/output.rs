//! Where lines go.

use super::queue::Queue;
use prometheus::IntCounterVec;
use std::{
    cell::Cell,
    fs::{File, OpenOptions},
    io::{self, IsTerminal, Write},
    sync::Arc,
};

/// Where lines go.
pub(super) struct Outputs(Vec<Way>);

/// The way to an output.
struct Way {
    output: String,
    queue: Queue,
    color: bool,
}

struct Output {
    name: String,
    sink: Sink,
    color: bool,
}

enum Sink {
    Stderr,
    Stdout,
    File(File),
}

impl Outputs {
    /// Opens `stderr`, `stdout` or files, which are appended to; `errors` are told when a line could not be
    /// written. `lost` counts lines by output.
    pub(super) fn open(lines: &[String], errors: &[String], lost: &IntCounterVec) -> io::Result<Self> {
        let open =
            |names: &[String]| names.iter().map(|name| Output::open(name)).collect::<io::Result<Vec<_>>>();
        let lines = open(lines)?;
        let errors = Arc::new(open(errors)?);
        let way = |output: Output| {
            let (name, color) = (output.name.clone(), output.color);
            let queue = Queue::start(lost.with_label_values(&[&name]), output.writer(errors.clone()))?;
            Ok(Way { output: name, queue, color })
        };
        Ok(Self(lines.into_iter().map(way).collect::<io::Result<_>>()?))
    }

    /// Sends a line, made with or without colours, everywhere.
    pub(super) fn write(&self, line: impl Fn(bool) -> String) {
        self.0.iter().for_each(|way| way.queue.push(line(way.color)));
    }

    /// The ways there, by the output's name.
    pub(super) fn queues(&self) -> Vec<(String, Queue)> {
        self.0.iter().map(|way| (way.output.clone(), way.queue.clone())).collect()
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
        Ok(Self { name: name.to_owned(), sink, color })
    }

    /// Writes lines; that it fails is said once, not for every line.
    fn writer(self, errors: Arc<Vec<Self>>) -> impl Fn(&str) + Send + 'static {
        let failing = Cell::new(false);
        move |line| match self.write(line) {
            Ok(()) => failing.set(false),
            Err(error) if !failing.replace(true) => {
                let complaint = format!("the log cannot be written to {}: {error}\n", self.name);
                // There is no other place to say that this fails, too.
                errors.iter().for_each(|output| drop(output.write(&complaint)));
            }
            Err(_) => {}
        }
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
