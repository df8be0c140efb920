//! The renames that the semantic conventions have published.

use std::collections::HashMap;
use std::sync::OnceLock;

/// The schema file, condensed.
const TABLE: &str = include_str!("semantic_conventions.txt");

/// What schema urls of the conventions begin with; their version follows.
const FAMILY: &str = "https://opentelemetry.io/schemas/";

/// The version that data is brought to.
pub(super) const LATEST: &str = "https://opentelemetry.io/schemas/1.44.0";

/// Old names and what they are called now.
pub(super) type Names = HashMap<&'static str, &'static str>;

/// All versions with renames.
#[derive(Debug)]
pub(super) struct Published {
    versions: Vec<Version>,
    /// By how many of the versions the data knows already.
    eras: Vec<OnceLock<Era>>,
}

#[derive(Debug)]
struct Version {
    number: [u32; 3],
    changes: Vec<Change>,
}

#[derive(Debug, Clone, Copy)]
struct Change {
    scope: Scope,
    old: &'static str,
    new: &'static str,
    /// Metrics of whose points it is; empty: of all.
    metrics: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    Resources,
    Spans,
    /// Attributes of points.
    Metrics,
    /// Names of metrics.
    Metric,
}

/// What is to be renamed in data of one version.
#[derive(Debug, Default)]
pub(super) struct Era {
    before_latest: bool,
    /// Attributes of resources.
    pub(super) resources: Names,
    /// Attributes of spans.
    pub(super) spans: Names,
    /// Attributes of log records and span events.
    pub(super) records: Names,
    /// Names of metrics.
    pub(super) metrics: Names,
    /// Attributes of points of metrics without renames of their own.
    points: Names,
    /// Attributes of the points of the other metrics, by the metric's old name.
    points_of: HashMap<&'static str, Names>,
}

impl Era {
    /// Whether the data becomes data of another version.
    pub(super) fn is_before_latest(&self) -> bool {
        self.before_latest
    }

    /// Attributes of the points of a metric, by the name it has in the data.
    pub(super) fn points(&self, metric: &str) -> &Names {
        self.points_of.get(metric).unwrap_or(&self.points)
    }
}

impl Published {
    pub(super) fn new() -> Self {
        let mut versions: Vec<Version> = Vec::new();
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            match line.strip_prefix("  ") {
                None => {
                    versions.push(Version { number: number(line).unwrap_or_default(), changes: Vec::new() });
                }
                Some(change) => {
                    versions.iter_mut().last().into_iter().for_each(|last| last.changes.extend(read(change)));
                }
            }
        }
        let eras = (0..=versions.len()).map(|_| OnceLock::new()).collect();
        Self { versions, eras }
    }

    /// What is to be renamed in data that says it is of `schema_url`; none if the names are not those of the
    /// conventions. Data that says nothing may be of any version.
    pub(super) fn era(&self, schema_url: &str) -> Option<&Era> {
        let known = if schema_url.is_empty() {
            0
        } else {
            let number = number(schema_url.strip_prefix(FAMILY)?)?;
            self.versions.iter().take_while(|version| version.number <= number).count()
        };
        Some(self.eras[known].get_or_init(|| self.build(known)))
    }

    fn build(&self, known: usize) -> Era {
        let changes = || self.versions[known..].iter().flat_map(|version| &version.changes);
        let names = |scopes: &[Scope]| compose(changes().filter(|change| scopes.contains(&change.scope)));
        let of_points = |metric: &str| {
            let mut metric = metric.to_owned();
            let mut own = Vec::new();
            for change in changes() {
                match change.scope {
                    Scope::Metric if change.old == metric => change.new.clone_into(&mut metric),
                    Scope::All => own.push(change),
                    Scope::Metrics if change.metrics.is_empty() || named(change, &metric) => own.push(change),
                    _ => {}
                }
            }
            compose(own.into_iter())
        };
        let named_metrics = changes().flat_map(|change| match change.scope {
            Scope::Metric => change.old.split(','),
            _ => change.metrics.split(','),
        });
        Era {
            before_latest: known < self.versions.len(),
            resources: names(&[Scope::All, Scope::Resources]),
            spans: names(&[Scope::All, Scope::Spans]),
            records: names(&[Scope::All]),
            metrics: names(&[Scope::Metric]),
            points: of_points(""),
            points_of: named_metrics
                .filter(|metric| !metric.is_empty())
                .map(|metric| (metric, of_points(metric)))
                .collect(),
        }
    }
}

fn named(change: &Change, metric: &str) -> bool {
    change.metrics.split(',').any(|name| name == metric)
}

/// Renames one after another, as one.
fn compose<'c>(changes: impl Iterator<Item = &'c Change>) -> Names {
    let mut names = Names::new();
    for change in changes {
        names.values_mut().filter(|now| **now == change.old).for_each(|now| *now = change.new);
        names.entry(change.old).or_insert(change.new);
    }
    names.retain(|old, new| old != new);
    names
}

fn read(line: &'static str) -> Option<Change> {
    let mut words = line.split(' ');
    let scope = match words.next()? {
        "all" => Scope::All,
        "resources" => Scope::Resources,
        "spans" => Scope::Spans,
        "metrics" => Scope::Metrics,
        "metric" => Scope::Metric,
        _ => return None,
    };
    Some(Change { scope, old: words.next()?, new: words.next()?, metrics: words.next().unwrap_or_default() })
}

fn number(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split('.').map(str::parse);
    let number = [parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?];
    parts.next().is_none().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = TABLE.lines().filter(|line| line.starts_with("  ")).count();
        let published = Published::new();
        assert_eq!(published.versions.iter().map(|version| version.changes.len()).sum::<usize>(), lines);
        assert!(published.versions.is_sorted_by_key(|version| version.number));
        let latest = published.versions.last().unwrap().number;
        assert_eq!(number(LATEST.strip_prefix(FAMILY).unwrap()), Some(latest));
    }

    #[test]
    fn names_are_brought_to_the_latest_version_in_one_step() {
        let published = Published::new();
        let era = published.era("").unwrap();
        assert_eq!(era.resources["deployment.environment"], "deployment.environment.name");
        assert_eq!(era.spans["http.method"], "http.request.method");
        assert_eq!(era.spans["http.retry_count"], "http.request.resend_count", "by way of 1.15 and 1.22");
        assert_eq!(era.spans["messaging.protocol"], "network.protocol.name");
        assert_eq!(era.records["code.function"], "code.function.name");
        assert_eq!(era.records.get("http.method"), None, "that is published for spans alone");
        assert_eq!(era.metrics["http.server.duration"], "http.server.request.duration");
        assert_eq!(era.metrics["cpu.time"], "system.cpu.time");
        assert_eq!(era.metrics.get("system.cpu.time"), None, "it came back");
    }

    #[test]
    fn attributes_of_points_follow_their_metric() {
        let published = Published::new();
        let era = published.era("").unwrap();
        assert_eq!(era.points("system.cpu.time")["state"], "cpu.mode");
        assert_eq!(era.points("process.runtime.jvm.memory.usage")["pool"], "jvm.memory.pool.name");
        assert_eq!(era.points("shop.orders").get("state"), None);
        assert_eq!(era.points("shop.orders")["code.function"], "code.function.name");
    }

    #[test]
    fn data_is_brought_on_from_the_version_it_says_it_is_of() {
        let published = Published::new();
        let of = |version: &str| published.era(&format!("{FAMILY}{version}"));
        assert!(of("1.20.0").unwrap().spans.contains_key("http.method"));
        assert!(!of("1.21.0").unwrap().spans.contains_key("http.method"));
        assert!(of("1.26.0").unwrap().resources.contains_key("deployment.environment"));
        assert!(of("2.0.0").unwrap().resources.is_empty(), "newer than the table");
        assert!(of("latest").is_none());
        assert!(published.era("https://example.com/schemas/1.0.0").is_none());
    }
}
