//! Dead letters in files.

use flate2::read::MultiGzDecoder;
use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    vec,
};
use tidewatch_component::DeadLetter;
use tidewatch_otlp::{Request, Signal, json, proto::logs::v1::LogRecord};

/// No line that the file exporter writes of dead letters is longer, in bytes.
const LONGEST_LINE: u64 = 256 << 20;

/// The letters of one file, in order. Other log records and lines of other signals are passed over.
pub(super) struct Letters {
    name: String,
    lines: Box<dyn BufRead>,
    number: usize,
    /// Of the line at hand.
    records: vec::IntoIter<LogRecord>,
}

/// A dead letter, or what is no whole one.
pub(super) struct Found {
    pub(super) place: Place,
    /// None where the line is none of OTLP/JSON.
    pub(super) record: Option<LogRecord>,
    pub(super) letter: Result<DeadLetter, String>,
}

/// A line of a file.
pub(super) struct Place {
    file: String,
    line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

impl Letters {
    /// # Errors
    /// That the file cannot be opened.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let lines = lines(path).map_err(|error| format!("cannot read {name}: {error}"))?;
        Ok(Self { name, lines, number: 0, records: Vec::new().into_iter() })
    }

    /// The next line; empty at the end.
    fn read_line(&mut self) -> Result<Vec<u8>, String> {
        let mut line = Vec::new();
        let read = (&mut self.lines).take(LONGEST_LINE).read_until(b'\n', &mut line);
        let read = read.map_err(|error| format!("cannot read {}: {error}", self.name))?;
        self.number += 1;
        if read as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
            return Err(format!("{}: no line of dead letters is that long", self.place()));
        }
        Ok(line)
    }

    fn place(&self) -> Place {
        Place { file: self.name.clone(), line: self.number }
    }
}

/// The log records of a line of OTLP/JSON.
fn records(line: &[u8]) -> Result<Vec<LogRecord>, String> {
    if line.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let wire = json::decode(Signal::Logs, line).map_err(|error| format!("no line of OTLP/JSON: {error}"))?;
    let checked = Request::check(Signal::Logs, wire.into()).map_err(|error| error.to_string())?;
    let resources = checked.request.decode_logs().resource_logs.into_iter();
    let scopes = resources.flat_map(|resource| resource.scope_logs);
    Ok(scopes.flat_map(|scope| scope.log_records).collect())
}

impl Iterator for Letters {
    type Item = Result<Found, String>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            for record in self.records.by_ref() {
                let Some(letter) = DeadLetter::from_record(&record) else { continue };
                let place = Place { file: self.name.clone(), line: self.number };
                return Some(Ok(Found { place, record: Some(record), letter }));
            }
            let line = match self.read_line() {
                Ok(line) if line.is_empty() => return None,
                Ok(line) => line,
                Err(error) => return Some(Err(error)),
            };
            match records(&line) {
                Ok(records) => self.records = records.into_iter(),
                Err(error) => {
                    return Some(Ok(Found { place: self.place(), record: None, letter: Err(error) }));
                }
            }
        }
    }
}

fn lines(path: &Path) -> io::Result<Box<dyn BufRead>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path)?;
    Ok(match path.extension().and_then(|end| end.to_str()) {
        Some("gz") => Box::new(BufReader::new(MultiGzDecoder::new(file))),
        Some("zst") => Box::new(BufReader::new(zstd::Decoder::new(file)?)),
        _ => Box::new(BufReader::new(file)),
    })
}
