//! The agent's own accounts, read from its `/metrics` and checked.

use crate::{Result, agent::Agent};
use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

/// One reading of all metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Books {
    samples: Vec<Sample>,
}

#[derive(Debug, Clone, PartialEq)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// What a node is called: kind, pipeline, id, and the signal of this account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node(pub [String; 4]);

/// The account of one node and signal, in items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Came in.
    pub came_in: u64,
    /// Made here.
    pub created: u64,
    /// Found on the disk at the start.
    pub recovered: u64,
    /// Went out.
    pub out: u64,
    /// Dropped, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Held.
    pub held: u64,
}

impl Node {
    /// Whether its id is one of these.
    pub fn is_one_of(&self, ids: &[&str]) -> bool {
        ids.contains(&self.0[2].as_str())
    }
}

impl Account {
    /// Whether it has seen nothing.
    pub fn is_empty(&self) -> bool {
        self.came_in
            + self.created
            + self.recovered
            + self.out
            + self.dropped.values().sum::<u64>()
            + self.held
            == 0
    }

    /// Whether `in + created + recovered = out + dropped + held`.
    pub fn is_balanced(&self) -> bool {
        self.came_in + self.created + self.recovered
            == self.out + self.dropped.values().sum::<u64>() + self.held
    }
}

impl fmt::Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { came_in, created, recovered, out, held, .. } = self;
        let dropped: BTreeMap<_, _> = self.dropped.iter().filter(|(_, items)| **items > 0).collect();
        write!(
            formatter,
            "in {came_in} + created {created} + recovered {recovered} : out {out} + dropped {dropped:?} + held {held}"
        )
    }
}

impl fmt::Display for Node {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<&str> = self.0.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        formatter.write_str(&parts.join(" "))
    }
}

/// How long an agent may take to come to rest.
const REST_WITHIN: Duration = Duration::from_secs(30);
const BETWEEN_READINGS: Duration = Duration::from_millis(300);

impl Books {
    /// Reads them once.
    ///
    /// # Errors
    /// When the agent does not answer with metrics.
    pub async fn read(agent: &Agent) -> Result<Self> {
        Self::parse(&agent.metrics().await?)
    }

    /// Reads them until nothing moves and nothing is held, except by the nodes in `may_hold`, or the agent
    /// has had time enough for that: then the last reading is returned, and says what is held.
    ///
    /// # Errors
    /// As [`Books::read`].
    pub async fn at_rest(agent: &Agent, may_hold: &[&str]) -> Result<Self> {
        let started = Instant::now();
        let mut last = Self::read(agent).await?.accounts();
        loop {
            tokio::time::sleep(BETWEEN_READINGS).await;
            let books = Self::read(agent).await?;
            let accounts = books.accounts();
            let is_empty =
                accounts.iter().all(|(node, account)| account.held == 0 || node.is_one_of(may_hold));
            if (is_empty && accounts == last) || started.elapsed() > REST_WITHIN {
                return Ok(books);
            }
            last = accounts;
        }
    }

    /// Reads the Prometheus text format, as far as agents write it.
    ///
    /// # Errors
    /// At the first line that is not in it.
    pub fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let samples = lines.map(|line| sample(line).ok_or_else(|| format!("no sample: {line}").into()));
        Ok(Self { samples: samples.collect::<Result<_>>()? })
    }

    /// The account of every node and signal.
    pub fn accounts(&self) -> BTreeMap<Node, Account> {
        let mut accounts: BTreeMap<Node, Account> = BTreeMap::new();
        for Sample { name, labels, value } in &self.samples {
            let label = |key: &str| labels.get(key).cloned().unwrap_or_default();
            let node = Node([label("kind"), label("pipeline"), label("node"), label("signal")]);
            let value = *value as u64;
            match name.as_str() {
                "tidewatch_node_items" => {
                    let account = accounts.entry(node).or_default();
                    match label("book").as_str() {
                        "in" => account.came_in += value,
                        "created" => account.created += value,
                        "recovered" => account.recovered += value,
                        _ => account.out += value,
                    }
                }
                "tidewatch_dropped_items" => {
                    *accounts.entry(node).or_default().dropped.entry(label("reason")).or_default() += value;
                }
                "tidewatch_held_items" => accounts.entry(node).or_default().held += value,
                _ => {}
            }
        }
        accounts
    }

    /// The sum of a metric over all series with this value of a label.
    pub fn sum(&self, name: &str, label: &str, value: &str) -> u64 {
        let wanted = self.samples.iter().filter(|sample| {
            sample.name == name && sample.labels.get(label).is_some_and(|found| found == value)
        });
        wanted.map(|sample| sample.value as u64).sum()
    }
}

fn sample(line: &str) -> Option<Sample> {
    let (series, value) = match line.rfind('}') {
        Some(end) => (&line[..end], line[end + 1..].trim()),
        None => line.split_once(' ')?,
    };
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    Some(Sample {
        name: name.to_owned(),
        labels: self::labels(labels)?,
        value: value.split(' ').next()?.parse().ok()?,
    })
}

fn labels(mut text: &str) -> Option<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    while !text.is_empty() {
        let (key, rest) = text.split_once("=\"")?;
        let mut value = String::new();
        let mut characters = rest.char_indices();
        let end = loop {
            match characters.next()? {
                (end, '"') => break end,
                (_, '\\') => match characters.next()?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, other) => value.push(other),
            }
        };
        labels.insert(key.to_owned(), value);
        text = rest[end + 1..].trim_start_matches(',');
    }
    Some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"
# HELP tidewatch_node_items Items.
# TYPE tidewatch_node_items counter
tidewatch_node_items{book="in",kind="exporter",node="otlp",pipeline="",signal="logs"} 10
tidewatch_node_items{book="out",kind="exporter",node="otlp",pipeline="",signal="logs"} 7
tidewatch_dropped_items{kind="exporter",node="otlp",pipeline="",reason="a \"b\", c",signal="logs"} 2
tidewatch_held_items{kind="exporter",node="otlp",pipeline="",signal="logs"} 1
otelcol_exporter_sent_log_records{exporter="otlp"} 7
process_start_time_seconds 1.7e9
"#;

    #[test]
    fn accounts_are_read_and_weighed() {
        let books = Books::parse(PAGE).unwrap();
        let accounts = books.accounts();
        let (node, account) = accounts.first_key_value().unwrap();
        assert_eq!(node.to_string(), "exporter otlp logs");
        assert_eq!(account.dropped, BTreeMap::from([(r#"a "b", c"#.to_owned(), 2)]));
        assert!(account.is_balanced(), "{account}");
        assert!(!Account { created: 1, ..account.clone() }.is_balanced());
        assert_eq!(books.sum("otelcol_exporter_sent_log_records", "exporter", "otlp"), 7);
    }

    #[test]
    fn what_is_no_metric_is_an_error() {
        assert!(Books::parse("<html>").is_err());
    }
}
