//! Lines like those of a service, and files that get them.

use crate::Result;
use jiff::Timestamp;
use std::{fmt::Write as _, fs::File, io::Write, path::Path};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Plain,
    Json,
}

impl Format {
    /// Of the agents' configurations for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Json => "json",
        }
    }
}

/// Files that get lines in turns.
pub(super) struct Writers {
    format: Format,
    files: Vec<(File, String)>,
    /// Written so far.
    pub(super) lines: u64,
}

/// Written at once to one file.
const CHUNK: usize = 256 << 10;

impl Writers {
    pub(super) fn create(directory: &Path, count: usize, format: Format) -> Result<Self> {
        let file = |number| {
            Ok((File::create_new(directory.join(format!("service-{number:04}.log")))?, String::new()))
        };
        Ok(Self { format, files: (0..count).map(file).collect::<Result<_>>()?, lines: 0 })
    }

    /// Appends so many lines, to one file after another.
    pub(super) fn write(&mut self, lines: u64) -> Result<()> {
        let time = format!("{:.3}", Timestamp::now());
        let count = self.files.len() as u64;
        for number in self.lines..self.lines + lines {
            let (file, text) = &mut self.files[(number % count) as usize];
            line(self.format, &time, number, text);
            if text.len() > CHUNK {
                file.write_all(text.as_bytes())?;
                text.clear();
            }
        }
        self.lines += lines;
        for (file, text) in self.files.iter_mut().filter(|(_, text)| !text.is_empty()) {
            file.write_all(text.as_bytes())?;
            text.clear();
        }
        Ok(())
    }
}

fn line(format: Format, time: &str, number: u64, text: &mut String) {
    let level = ["DEBUG", "INFO", "INFO", "INFO", "WARN", "ERROR"][(number % 6) as usize];
    let (worker, user, duration) = (number % 16, number * 7919 % 1_000_000, number * 104_729 % 500_000);
    match format {
        Format::Plain => writeln!(
            text,
            "{time} {level} [worker-{worker}] order {number} accepted, queued for shipping user=u-{user:06} \
             route=/api/v1/orders/{{id}} region=eu-west-1 duration_us={duration}"
        ),
        Format::Json => writeln!(
            text,
            r#"{{"time":"{time}","level":"{level}","thread":"worker-{worker}","message":"order {number} accepted, queued for shipping","user":"u-{user:06}","route":"/api/v1/orders/{{id}}","region":"eu-west-1","duration_us":{duration}}}"#
        ),
    }
    .expect("a string takes all");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Directory;
    use serde_json::Value;

    #[test]
    fn lines_go_to_the_files_in_turns() {
        let name = format!("tidewatch-bench-lines-{}", std::process::id());
        let directory = Directory::new(&std::env::temp_dir(), &name).unwrap();
        let mut files = Writers::create(&directory, 3, Format::Json).unwrap();
        files.write(4).unwrap();
        files.write(3).unwrap();
        let counts = (0..3).map(|number| {
            let text = std::fs::read_to_string(directory.join(format!("service-{number:04}.log"))).unwrap();
            let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            lines.collect::<Vec<_>>().len()
        });
        assert_eq!((counts.collect::<Vec<_>>(), files.lines), (vec![3, 2, 2], 7));
    }
}
