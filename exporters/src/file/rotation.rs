//! Putting a full file aside: names and ages of backups, as lumberjack has them.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tidewatch_config::Mistake;

/// When a file is put aside, and how long such backups stay.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RotationConfig {
    /// The largest file, in MiB. Default 100.
    #[schemars(range(min = 1))]
    pub max_megabytes: u64,
    /// Backups older than this many days are removed; 0: age does not matter. Default 0.
    pub max_days: u64,
    /// The newest so many backups are kept; 0: all. Default 100.
    pub max_backups: usize,
    /// True: the times in the names of backups are local, not UTC. Default false.
    pub localtime: bool,
}

impl Default for RotationConfig {
    fn default() -> Self {
        Self { max_megabytes: 100, max_days: 0, max_backups: 100, localtime: false }
    }
}

impl RotationConfig {
    pub(super) fn check(&self) -> Option<Mistake> {
        (self.max_megabytes == 0)
            .then(|| Mistake::new("rotation.max_megabytes", "a file needs room for at least 1 MiB"))
    }
}

/// `telemetry-2026-01-05T10-03-00.000.jsonl`
const TIME: &str = "%Y-%m-%dT%H-%M-%S%.3f";

pub(super) struct Rotation {
    pub(super) max_bytes: u64,
    max_days: u64,
    max_backups: usize,
    zone: TimeZone,
}

impl Rotation {
    pub(super) fn new(config: &RotationConfig) -> Self {
        Self {
            max_bytes: config.max_megabytes.saturating_mul(1 << 20),
            max_days: config.max_days,
            max_backups: config.max_backups,
            zone: if config.localtime { TimeZone::system() } else { TimeZone::UTC },
        }
    }

    /// Renames the file.
    pub(super) fn put_aside(&self, path: &Path, now: Timestamp) -> io::Result<PathBuf> {
        let mut at = now;
        let mut backup = self.backup(path, at);
        // Two in one millisecond must not replace each other.
        while backup.exists() {
            at += jiff::SignedDuration::from_millis(1);
            backup = self.backup(path, at);
        }
        fs::rename(path, &backup)?;
        Ok(backup)
    }

    fn backup(&self, path: &Path, at: Timestamp) -> PathBuf {
        let (start, end) = around_time(path);
        path.with_file_name(format!("{start}{}{end}", at.to_zoned(self.zone.clone()).strftime(TIME)))
    }

    /// Removes backups that are too many or too old.
    pub(super) fn clean(&self, path: &Path, now: Timestamp) -> io::Result<()> {
        let mut backups = backups(path)?;
        backups.sort_by(|(one, _), (other, _)| other.cmp(one));
        let now = now.to_zoned(self.zone.clone()).datetime();
        for (index, (time, backup)) in backups.into_iter().enumerate() {
            let too_many = self.max_backups > 0 && index >= self.max_backups;
            let age = now.duration_since(time).as_hours() / 24;
            let too_old = self.max_days > 0 && u64::try_from(age).is_ok_and(|days| days >= self.max_days);
            if too_many || too_old {
                fs::remove_file(backup)?;
            }
        }
        Ok(())
    }
}

/// What a backup's name has before and after its time.
fn around_time(path: &Path) -> (String, String) {
    let part = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let end = path.extension().map(|end| format!(".{}", part(Some(end)))).unwrap_or_default();
    (format!("{}-", part(path.file_stem())), end)
}

fn backups(path: &Path) -> io::Result<Vec<(DateTime, PathBuf)>> {
    let (start, end) = around_time(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let time = name.to_str().and_then(|name| name.strip_prefix(&start)?.strip_suffix(&end));
        if let Some(time) = time.and_then(|time| DateTime::strptime(TIME, time).ok()) {
            found.push((time, entry.path()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn two_backups_of_one_moment_have_two_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        let rotation = Rotation::new(&RotationConfig::default());
        let now: Timestamp = "2026-01-05T10:03:00Z".parse().unwrap();
        for _ in 0..2 {
            fs::write(&path, "x").unwrap();
            rotation.put_aside(&path, now).unwrap();
        }
        let expected = ["out-2026-01-05T10-03-00.000.jsonl", "out-2026-01-05T10-03-00.001.jsonl"];
        assert_eq!(names(folder.path()), expected);
    }

    #[test]
    fn the_newest_stay_and_strangers_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let backups =
            ["out-2026-01-01T00-00-00.000", "out-2026-01-04T00-00-00.000", "out-2026-01-05T00-00-00.000"];
        for name in backups.iter().chain(&["out", "out-notes", "other-2020-01-01T00-00-00.000"]) {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let now: Timestamp = "2026-01-05T12:00:00Z".parse().unwrap();
        let clean = |max_days, max_backups| {
            let config = RotationConfig { max_days, max_backups, ..RotationConfig::default() };
            Rotation::new(&config).clean(&folder.path().join("out"), now).unwrap();
            names(folder.path())
        };
        assert_eq!(clean(0, 0).len(), 6);
        let strangers = ["other-2020-01-01T00-00-00.000", "out"];
        assert_eq!(clean(3, 0), [&strangers[..], &backups[1..], &["out-notes"]].concat());
        assert_eq!(clean(0, 1), [&strangers[..], &backups[2..], &["out-notes"]].concat());
    }
}
