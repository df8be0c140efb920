//! Where the lines go.

use std::{
    fs::File,
    io::{self, ErrorKind, IsTerminal, Write},
};

/// All outputs of one exporter.
#[derive(Default)]
pub(super) struct Outputs {
    all: Vec<Output>,
}

pub(super) struct Output {
    name: String,
    sink: Sink,
    colours: bool,
    /// Of a failure, only the first is worth a log line.
    failing: bool,
}

enum Sink {
    Stdout,
    Stderr,
    File(File),
    /// Whoever read it has gone.
    Closed,
}

impl Output {
    /// `stdout`, `stderr` or a file, which is made where it does not exist.
    pub(super) fn open(name: &str) -> io::Result<Self> {
        let (sink, terminal) = match name {
            "stdout" => (Sink::Stdout, io::stdout().is_terminal()),
            "stderr" => (Sink::Stderr, io::stderr().is_terminal()),
            path => {
                let file = File::options().append(true).create(true).open(path)?;
                let terminal = file.is_terminal();
                (Sink::File(file), terminal)
            }
        };
        let colours = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Ok(Self { name: name.to_owned(), sink, colours, failing: false })
    }

    fn write(&mut self, exporter: &str, text: &str) -> bool {
        let written = match &mut self.sink {
            Sink::Stdout => write_whole(io::stdout().lock(), text),
            Sink::Stderr => write_whole(io::stderr().lock(), text),
            Sink::File(file) => write_whole(file, text),
            Sink::Closed => return false,
        };
        match written {
            Ok(()) => self.failing = false,
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                tracing::warn!(
                    exporter,
                    output = self.name,
                    "nobody reads this output any more; it is closed"
                );
                self.sink = Sink::Closed;
                return false;
            }
            Err(error) => {
                if !self.failing {
                    tracing::warn!(exporter, output = self.name, %error, "cannot write to this output");
                }
                self.failing = true;
            }
        }
        !self.failing
    }
}

fn write_whole(mut to: impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}

impl Outputs {
    pub(super) fn add(&mut self, output: Output) {
        self.all.push(output);
    }

    /// Writes what `render` makes, with colours or without, to every output. False when one has failed.
    pub(super) fn write(&mut self, exporter: &str, render: impl Fn(bool) -> String) -> bool {
        let mut texts = [None, None];
        let mut whole = true;
        for output in &mut self.all {
            let text = texts[usize::from(output.colours)].get_or_insert_with(|| render(output.colours));
            whole &= output.write(exporter, text);
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_output_fails_and_does_not_hold_back_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let mut outputs = Outputs::default();
        outputs.add(Output::open("/dev/full").unwrap());
        outputs.add(Output::open(path.to_str().unwrap()).unwrap());
        assert!(!outputs.write("debug", |colours| format!("colours: {colours}\n")));
        assert_eq!(std::fs::read_to_string(path).unwrap(), "colours: false\n");
    }

    #[test]
    fn a_pipe_without_a_reader_is_closed() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let file = File::from(std::os::fd::OwnedFd::from(writer));
        let output = Output { name: "pipe".into(), sink: Sink::File(file), colours: false, failing: false };
        let mut outputs = Outputs { all: vec![output] };
        assert!(!outputs.write("debug", |_| "line\n".into()));
        assert!(matches!(outputs.all[0].sink, Sink::Closed));
        assert!(!outputs.write("debug", |_| "line\n".into()));
    }
}
