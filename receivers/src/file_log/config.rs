use super::{entries::EntriesConfig, glob::Globs, ordering::OrderingConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;
use tidewatch_component::{Acknowledge, AcknowledgeConfig};
use tidewatch_config::{
    Mistake,
    values::{ByteSize, GoDuration},
};

/// Reads the lines of files that grow.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FileLogConfig {
    /// The files to read, as globs: `*`, `?`, `[a-z]`, `{one,other}`, and `**` for any folders. Required.
    pub include: Vec<String>,
    /// Those among them not to read, as globs. Default: none.
    pub exclude: Vec<String>,
    /// Leave out files that nobody has changed for so long. Default: no age is too old.
    pub exclude_older_than: Option<GoDuration>,
    /// Which of them to read, by what their names say. Default: all.
    pub ordering_criteria: Option<OrderingConfig>,
    /// Where to begin with files that are there at the very first start: `end` (default) or `beginning`. Files that
    /// appear later are read from their beginning.
    pub start_at: StartAt,
    /// How often to look at what does not tell of its changes by itself (network file systems). Default 200ms.
    pub poll_interval: GoDuration,
    /// How many of its first bytes tell a file from others, at least 16. Default 1000 bytes.
    pub fingerprint_size: ByteSize,
    /// The most files that are open at once. Others are opened when they change. Default 1024.
    #[schemars(range(min = 2))]
    pub max_concurrent_files: usize,
    /// Compressed files: none of them is read (empty, the default); `gzip` or `zstd`: all are; `auto`: those that
    /// begin like one.
    pub compression: Compression,
    /// Delete a file once all of it is delivered. Needs `start_at: beginning`. Default false.
    pub delete_after_read: bool,
    /// Read a file only while nobody holds an exclusive lock on it (`flock`). Default false.
    pub acquire_fs_lock: bool,
    /// The extension that keeps how far each file is delivered, such as `file_storage`. Default: none, and a restart
    /// begins as if it were the first start.
    pub storage: Option<String>,
    /// What a file is done with: `auto` (default), `queued`, `durable` or `delivered`. The position in a file moves on
    /// only then.
    pub acknowledge: Acknowledge,
    /// How long to wait for that before the same lines are handed over again. Default: for ever.
    pub acknowledge_timeout: Option<GoDuration>,
    /// What is made of a file's bytes.
    #[serde(flatten)]
    pub(crate) entries: EntriesConfig,
    /// As in the Collector.
    #[schemars(extend("x-warning" = "has no effect: files are read in turns, however many there are"))]
    pub max_batches: Option<u64>,
    /// As in the Collector.
    #[schemars(extend("x-warning" = "has no effect: buffers are as large as they have to be"))]
    pub initial_buffer_size: Option<ByteSize>,
    /// As in the Collector.
    #[schemars(extend("x-warning" = "has no effect: positions of files that are gone are kept for a day"))]
    pub polls_to_archive: Option<u64>,
    /// As in the Collector.
    #[schemars(extend("x-warning" = "has no effect: what is not delivered is always handed over again, for as long as it takes"))]
    pub retry_on_failure: Option<serde_json::Value>,
}

/// Where to begin with a file that is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StartAt {
    /// With what is written from now on.
    #[default]
    End,
    /// With its first byte.
    Beginning,
}

/// How files are compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// They are not.
    #[default]
    #[serde(rename = "")]
    None,
    /// All are compressed with gzip.
    Gzip,
    /// All are compressed with zstd.
    Zstd,
    /// Those that begin like gzip or zstd are.
    Auto,
}

impl Default for FileLogConfig {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            exclude_older_than: None,
            ordering_criteria: None,
            start_at: StartAt::End,
            poll_interval: GoDuration::from_millis(200),
            fingerprint_size: ByteSize::bytes(1000),
            max_concurrent_files: 1024,
            compression: Compression::None,
            delete_after_read: false,
            acquire_fs_lock: false,
            storage: None,
            acknowledge: Acknowledge::Auto,
            acknowledge_timeout: None,
            entries: EntriesConfig::default(),
            max_batches: None,
            initial_buffer_size: None,
            polls_to_archive: None,
            retry_on_failure: None,
        }
    }
}

/// A file has all the time of the world.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);
/// Fewer first bytes than this tell nothing.
const MIN_FINGERPRINT: usize = 16;
/// The most first bytes that are compared.
const MAX_FINGERPRINT: usize = 1 << 20;

impl FileLogConfig {
    pub(super) fn acknowledge(&self) -> AcknowledgeConfig {
        AcknowledgeConfig {
            acknowledge: self.acknowledge,
            acknowledge_timeout: self.acknowledge_timeout.unwrap_or(FOR_EVER.into()),
        }
    }

    /// The globs, if nothing is wrong with the keys about files.
    pub(super) fn check(&self) -> Result<Globs, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        if self.include.is_empty() {
            let mistake = Mistake::new("include", "no file is named that could be read");
            mistakes.push(mistake.help("e.g. `include: [/var/log/myapp/*.log]`"));
        }
        if !(MIN_FINGERPRINT..=MAX_FINGERPRINT).contains(&self.fingerprint_size.as_usize()) {
            let message = format!("a fingerprint has between {MIN_FINGERPRINT} bytes and 1MiB");
            mistakes.push(Mistake::new("fingerprint_size", message));
        }
        if self.poll_interval < GoDuration::from_millis(1) {
            mistakes.push(Mistake::new("poll_interval", "there is no polling without a pause"));
        }
        if self.max_concurrent_files < 2 {
            mistakes.push(Mistake::new("max_concurrent_files", "at least 2 files are open at once"));
        }
        if self.delete_after_read && self.start_at == StartAt::End {
            let message = "files would be deleted that nobody has read";
            mistakes.push(Mistake::new("delete_after_read", message).help("set `start_at: beginning`, too"));
        }
        if self.entries.header.is_some() && self.start_at == StartAt::End {
            let message = "who begins at a file's end never sees its header";
            mistakes.push(Mistake::new("header", message).help("set `start_at: beginning`, too"));
        }
        let globs = Globs::new(&self.include, &self.exclude).map_err(|more| mistakes.extend(more));
        if let Some(ordering) = &self.ordering_criteria {
            mistakes.extend(ordering.check());
        }
        match globs {
            Ok(globs) if mistakes.is_empty() => Ok(globs),
            _ => Err(mistakes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file_log::FileLog;
    use tidewatch_component::{BuildContext, ReceiverFactory};
    use tidewatch_telemetry::Metrics;

    fn mistakes(config: serde_json::Value) -> Vec<String> {
        let config = serde_json::from_value(config).unwrap();
        let context = BuildContext::new("file_log".parse().unwrap(), &Metrics::default());
        let mistakes = FileLog::build(config, &context).err().into_iter().flatten();
        mistakes.map(|mistake| mistake.path).collect()
    }

    #[test]
    fn each_mistake_is_told_at_its_key() {
        assert!(mistakes(serde_json::json!({"include": ["/var/log/*.log"]})).is_empty());
        let wrong = serde_json::json!({
            "fingerprint_size": 15, "poll_interval": "0s", "max_concurrent_files": 1, "delete_after_read": true,
            "header": {"pattern": "^#", "metadata_operators": []}, "exclude": ["["],
            "ordering_criteria": {"sort_by": [{"sort_type": "mtime"}], "top_n": 0}, "storage": "file_storage",
        });
        let keys = [
            "include",
            "fingerprint_size",
            "poll_interval",
            "max_concurrent_files",
            "delete_after_read",
            "header",
            "exclude[0]",
            "ordering_criteria.top_n",
            "storage",
        ];
        let told = mistakes(wrong);
        assert!(keys.iter().all(|key| told.iter().any(|path| path == key)), "{told:?}");
    }

    #[test]
    fn keys_of_the_collector_that_change_nothing_warn() {
        let schema = schemars::schema_for!(FileLogConfig).to_value();
        for key in ["max_batches", "initial_buffer_size", "polls_to_archive", "retry_on_failure"] {
            assert!(schema["properties"][key]["x-warning"].is_string(), "{key}");
        }
    }

    #[test]
    fn a_file_waits_for_ever_unless_a_time_is_set() {
        let config = |json| serde_json::from_value::<FileLogConfig>(json).unwrap().acknowledge();
        assert!(
            Duration::from(config(serde_json::json!({})).acknowledge_timeout) > Duration::from_secs(1 << 31)
        );
        let short = config(serde_json::json!({"acknowledge_timeout": "1s", "acknowledge": "queued"}));
        assert_eq!(
            (short.acknowledge_timeout, short.acknowledge),
            (GoDuration::from_secs(1), Acknowledge::Queued)
        );
    }
}
