use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{ops::RangeInclusive, path::PathBuf, time::Duration};
use tidewatch_config::{Mistake, values::GoDuration};
use tidewatch_store::StoreOptions;
use tidewatch_telemetry::Metrics;

/// Keys of `file_storage`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Where queues and state are kept, for one agent alone. Default `/var/lib/tidewatch`.
    pub directory: PathBuf,
    /// Whether the directory is made if it is missing, with those above it. Default true.
    pub create_directory: bool,
    /// Permissions of directories that are made, in octal, less the umask. Default `"0750"`.
    pub directory_permissions: String,
    /// How long to wait at the start for another agent to let go of the directory. Default 1s.
    pub timeout: GoDuration,
    /// When data is on the disk itself: `always` (default) before it counts as written, at an `interval`, or
    /// `never`, when the operating system likes. As in the Collector, true is `always` and false is `never`.
    #[schemars(extend("x-warnings" = {"false": NEVER, "never": NEVER}))]
    pub fsync: Fsync,
    /// With `fsync: interval`: how often, from 1ms to 1m. Default 100ms.
    pub fsync_interval: GoDuration,
    /// How the data of queues is stored: `none` (default) or `zstd`.
    pub compression: Compression,
    /// Whether a state file that cannot be read is put aside, so that the agent starts without what it
    /// remembered; otherwise it does not start. Default true.
    pub recreate: bool,
    /// When the state file gives unused room back.
    pub compaction: CompactionConfig,
}

/// Intervals of syncs that make sense.
const INTERVALS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(60);

/// What may be lost, for whoever chose it.
const NEVER: &str = "means that a power failure or a crash of the system loses acknowledged data; a crash of the agent \
                     alone does not";

/// When data is on the disk itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Fsync {
    /// In our words.
    Level(FsyncLevel),
    /// As in the Collector: `always` or `never`.
    Collector(bool),
}

/// When data is on the disk itself, in our words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FsyncLevel {
    /// Before it counts as written.
    Always,
    /// Every `fsync_interval`.
    Interval,
    /// When the operating system likes.
    Never,
}

/// How the data of queues is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// As it came.
    #[default]
    None,
    /// Compressed.
    Zstd,
}

/// When the state file gives unused room back to the disk. What it does not give back it uses again; queues give
/// theirs back by themselves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CompactionConfig {
    /// When the agent starts. Default false.
    pub on_start: bool,
    /// While it runs.
    #[schemars(extend("x-warning" = "has no effect: unused room in the file is used again"))]
    pub on_rebound: bool,
    /// Where to compact.
    #[schemars(extend("x-warning" = "has no effect: the file is compacted where it is"))]
    pub directory: Option<String>,
    /// Entries moved at once.
    #[schemars(extend("x-warning" = "has no effect: the file is compacted in steps of its own size"))]
    pub max_transaction_size: Option<u64>,
    /// With `on_rebound`.
    #[schemars(extend("x-warning" = "has no effect, as `on_rebound` has none"))]
    pub rebound_needed_threshold_mib: Option<u64>,
    /// With `on_rebound`.
    #[schemars(extend("x-warning" = "has no effect, as `on_rebound` has none"))]
    pub rebound_trigger_threshold_mib: Option<u64>,
    /// With `on_rebound`.
    #[schemars(extend("x-warning" = "has no effect, as `on_rebound` has none"))]
    pub check_interval: Option<GoDuration>,
    /// Whether files of an interrupted compaction are removed.
    #[schemars(extend("x-warning" = "has no effect: compaction leaves no files behind"))]
    pub cleanup_on_start: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            directory: "/var/lib/tidewatch".into(),
            create_directory: true,
            directory_permissions: "0750".to_owned(),
            timeout: GoDuration::from_secs(1),
            fsync: Fsync::Level(FsyncLevel::Always),
            fsync_interval: GoDuration::from_millis(100),
            compression: Compression::None,
            recreate: true,
            compaction: CompactionConfig::default(),
        }
    }
}

impl Config {
    /// For the extension `name`.
    ///
    /// # Errors
    /// What a schema cannot see.
    pub(super) fn options(self, name: String, metrics: Metrics) -> Result<StoreOptions, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        if self.directory.as_os_str().is_empty() {
            mistakes.push(Mistake::new("directory", "a directory has a name"));
        }
        if !INTERVALS.contains(&self.fsync_interval.get()) {
            let mistake = Mistake::new("fsync_interval", "an interval is from 1ms to 1m");
            mistakes.push(mistake.help("`fsync: always` has none, `fsync: never` leaves it to the system"));
        }
        let permissions = permissions(&self.directory_permissions);
        match permissions {
            Some(directory_permissions) if mistakes.is_empty() => Ok(StoreOptions {
                name,
                create_directory: self.create_directory,
                directory_permissions,
                lock_timeout: self.timeout.get(),
                fsync: self.fsync.into(),
                fsync_interval: self.fsync_interval.get(),
                compression: self.compression.into(),
                recreate: self.recreate,
                compact: self.compaction.on_start,
                metrics,
                ..StoreOptions::new(self.directory)
            }),
            Some(_) => Err(mistakes),
            None => {
                let mistake = Mistake::new("directory_permissions", "permissions are three octal digits");
                mistakes.push(mistake.help("write `\"0750\"`, with at least `7` for the owner"));
                Err(mistakes)
            }
        }
    }
}

/// The agent must be able to use what it makes.
fn permissions(text: &str) -> Option<u32> {
    let mode = u32::from_str_radix(text.trim_start_matches("0o"), 8).ok()?;
    (mode <= 0o777 && mode & 0o700 == 0o700).then_some(mode)
}

impl From<Fsync> for tidewatch_store::Fsync {
    fn from(fsync: Fsync) -> Self {
        match fsync {
            Fsync::Level(FsyncLevel::Always) | Fsync::Collector(true) => Self::Always,
            Fsync::Level(FsyncLevel::Interval) => Self::Interval,
            Fsync::Level(FsyncLevel::Never) | Fsync::Collector(false) => Self::Never,
        }
    }
}

impl From<Compression> for tidewatch_store::Compression {
    fn from(compression: Compression) -> Self {
        match compression {
            Compression::None => Self::None,
            Compression::Zstd => Self::Zstd,
        }
    }
}
