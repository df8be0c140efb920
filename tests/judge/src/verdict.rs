//! What is found, and what of it breaks a promise.

use crate::{
    books::Books,
    causes::{Cause, Causes},
    numbers::{Numbers, some},
    process::Memory,
    sender::Sent,
    sink::Record,
    summary::Summary,
};
use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    sync::atomic::Ordering::Relaxed,
};

/// The judgement of one scenario.
#[derive(Debug, Default)]
pub struct Verdict {
    /// The scenario.
    pub scenario: &'static str,
    /// How often what it is about happened; 0: once.
    pub rounds: u64,
    flows: Vec<FlowRow>,
    facts: Vec<(String, String)>,
    broken: Vec<String>,
}

/// Numbers from their senders through the agent to a sink.
pub struct Flow<'a> {
    /// For the reader.
    pub name: &'a str,
    /// What the senders saw.
    pub sent: &'a Sent,
    /// What the sink saw.
    pub record: &'a Record,
    /// The receiver's id.
    pub receiver: &'a str,
    /// The exporter's id.
    pub exporter: &'a str,
}

#[derive(Debug)]
struct FlowRow {
    name: String,
    acknowledged: u64,
    refused: u64,
    delivered: u64,
    refused_by_sink: u64,
    lost: u64,
    duplicated: BTreeMap<Cause, usize>,
    reordered: u64,
}

const MIB: u64 = 1024 * 1024;

impl Verdict {
    /// Nothing found yet.
    pub fn new(scenario: &'static str) -> Self {
        Self { scenario, ..Self::default() }
    }

    /// Writes something down.
    pub fn fact(&mut self, name: impl Display, value: impl Display) {
        self.facts.push((name.to_string(), value.to_string()));
    }

    /// Writes down a promise, and whether it holds.
    pub fn promise(&mut self, holds: bool, promise: impl Display) {
        if !holds {
            self.broken.push(promise.to_string());
        }
    }

    /// No promise is broken.
    pub fn is_good(&self) -> bool {
        self.broken.is_empty()
    }

    /// Nothing acknowledged is lost, nobody was refused for good whom the sink did not refuse, and no number
    /// arrived twice without a reason that the outside can see.
    pub fn nothing_lost(&mut self, flow: &Flow<'_>) {
        self.nothing_lost_but(flow, &Numbers::new(0));
    }

    /// The same, where these numbers need not arrive: they are found elsewhere, or the agent says that it had to
    /// drop them.
    pub fn nothing_lost_but(&mut self, flow: &Flow<'_>, excused: &Numbers) {
        let Flow { name, sent, record, .. } = flow;
        let missing = |set: &Numbers| -> Vec<u64> {
            set.iter()
                .filter(|number| !record.accepted.contains(*number) && !excused.contains(*number))
                .collect()
        };
        let mut lost = missing(&sent.acknowledged);
        let in_part = missing(&sent.acknowledged_in_part);
        lost.extend(in_part.iter().filter(|number| !record.refused.contains(**number)));
        self.none(name, "acknowledged and lost", &lost);
        let no_reason: Vec<u64> =
            sent.refused.iter().filter(|number| !record.refused.contains(*number)).collect();
        self.none(name, "refused for good, though the sink never refused them", &no_reason);
        let causes = Causes::find(sent, record);
        self.none(name, "delivered twice for no reason", causes.with(Cause::Unexplained));
        let altered = record.altered.load(Relaxed);
        self.promise(altered == 0, format!("{name}: every record arrives as it was sent: {altered} do not"));
        let refused_by_sink = sent
            .acknowledged
            .iter()
            .filter(|number| record.refused.contains(*number) && !record.accepted.contains(*number));
        self.flows.push(FlowRow {
            name: (*name).to_owned(),
            acknowledged: sent.acknowledged.len() + sent.acknowledged_in_part.len(),
            refused: sent.refused.len(),
            delivered: record.accepted.len(),
            refused_by_sink: refused_by_sink.count() as u64,
            lost: lost.len() as u64,
            duplicated: causes.counts(),
            reordered: record.reordered.load(Relaxed),
        });
        self.fact(format!("{name}, answers to senders"), format!("{:?}", sent.answers()));
        self.fact(format!("{name}, answers of the sink"), format!("{:?}", record.answers()));
        if !causes.with(Cause::Unexplained).is_empty() {
            self.fact(format!("{name}, repeats, in ms since the start"), &record.times);
        }
        if !causes.with(Cause::Killed).is_empty() {
            let Causes { most_per_kill, most_requests_per_kill, longest_before_kill, .. } = causes;
            self.fact(
                format!("{name}, sent again after a kill"),
                format!(
                    "at most {most_per_kill} for one kill, which had come in {most_requests_per_kill} requests, \
                     at most {longest_before_kill} ms before"
                ),
            );
        }
    }

    /// Every number of the senders has an end that its sender knows.
    pub fn all_settled(&mut self, flow: &Flow<'_>, total: u64) {
        let open: Vec<u64> = (0..total).filter(|number| !flow.sent.is_settled(*number)).collect();
        self.none(flow.name, "without an end", &open);
    }

    /// What the agent counts at its edges is what was seen there.
    pub fn edges_agree(&mut self, books: &Books, flow: &Flow<'_>) {
        let Flow { name, sent, record, receiver, exporter } = flow;
        let accepted = books.sum("otelcol_receiver_accepted_log_records", "receiver", receiver);
        let least = sent.acknowledged_items.load(Relaxed);
        let most = least + sent.doubtful_items.load(Relaxed);
        self.within(name, "receiver accepted", accepted, (least, most));
        let exported = books.sum("otelcol_exporter_sent_log_records", "exporter", exporter);
        self.within(name, "exporter sent", exported, (record.heard_items(), record.heard_items()));
    }

    /// `in + created + recovered = out + dropped + held` for every node, with nothing held any more, except where `may_hold`
    /// names the node.
    pub fn books_exact(&mut self, books: &Books, may_hold: &[&str]) {
        let accounts = books.accounts();
        self.promise(!accounts.is_empty(), "the agent keeps books");
        for (node, account) in accounts {
            self.promise(account.is_balanced(), format!("books of {node} balance: {account}"));
            let is_empty = account.held == 0 || node.is_one_of(may_hold);
            self.promise(is_empty, format!("{node} holds nothing at rest: {account}"));
            if !account.is_empty() {
                self.fact(node, account);
            }
        }
    }

    /// Memory stayed below a bound.
    pub fn memory_below(&mut self, memory: Memory, bound: u64) {
        let (peak, bound) = (memory.peak / MIB, bound / MIB);
        self.promise(peak <= bound, format!("peak resident memory {peak} MiB is at most {bound} MiB"));
        self.fact("memory", format!("peak {peak} MiB, now {} MiB, bound {bound} MiB", memory.now / MIB));
    }

    /// Everything in one row.
    pub fn summary(&self, seed: u64) -> Summary {
        let sum = |column: fn(&FlowRow) -> u64| self.flows.iter().map(column).sum();
        let mut duplicated = BTreeMap::new();
        for (cause, count) in self.flows.iter().flat_map(|flow| &flow.duplicated) {
            *duplicated.entry(*cause).or_default() += count;
        }
        Summary {
            scenario: self.scenario,
            rounds: self.rounds.max(1),
            acknowledged: sum(|flow| flow.acknowledged),
            delivered: sum(|flow| flow.delivered),
            refused_by_sink: sum(|flow| flow.refused_by_sink),
            lost: sum(|flow| flow.lost),
            duplicated,
            reordered: sum(|flow| flow.reordered),
            holds: self.is_good(),
            seed,
        }
    }

    /// No number is so.
    pub fn none(&mut self, flow: &str, what: &str, numbers: &[u64]) {
        let count = numbers.len();
        self.promise(
            count == 0,
            format!("{flow}: no number is {what}: {count}, {}", some(numbers.iter().copied())),
        );
    }

    fn within(&mut self, flow: &str, what: &str, counted: u64, (least, most): (u64, u64)) {
        let seen = if least == most { format!("{least}") } else { format!("{least} to {most}") };
        self.promise(
            (least..=most).contains(&counted),
            format!("{flow}: {what} counts {counted}, seen from outside {seen}"),
        );
        self.fact(format!("{flow}, {what}"), format!("{counted} (outside: {seen})"));
    }
}

impl Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let result = if self.is_good() { "holds" } else { "BROKEN" };
        writeln!(formatter, "{}: {result}", self.scenario)?;
        if !self.flows.is_empty() {
            let [a, b, c, d, e, f] =
                ["acknowledged", "refused", "delivered", "lost", "duplicated", "reordered"];
            writeln!(formatter, "  {:<24}{a:>13}{b:>9}{c:>11}{d:>7}{e:>12}{f:>11}", "flow")?;
        }
        for row in &self.flows {
            let FlowRow { name, acknowledged, refused, delivered, lost, reordered, .. } = row;
            let duplicated: usize = row.duplicated.values().sum();
            writeln!(
                formatter,
                "  {name:<24}{acknowledged:>13}{refused:>9}{delivered:>11}{lost:>7}{duplicated:>12}{reordered:>11}"
            )?;
            for (cause, count) in &row.duplicated {
                writeln!(formatter, "    duplicated, {cause}: {count}")?;
            }
            if row.refused_by_sink > 0 {
                writeln!(
                    formatter,
                    "    acknowledged, and then refused by the sink: {}",
                    row.refused_by_sink
                )?;
            }
        }
        for (name, value) in &self.facts {
            writeln!(formatter, "  {name}: {value}")?;
        }
        for promise in &self.broken {
            writeln!(formatter, "  BROKEN {promise}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{items::Contents, protocol::Protocol};

    fn judge(delivered: &[u64], acknowledged: &[u64]) -> Verdict {
        let (sent, record) = (Sent::new(Protocol::Grpc, 10), Record::new(10, 10));
        sent.acknowledged.extend(acknowledged.iter().copied());
        for &number in delivered {
            record.accept(&Contents { numbers: vec![number], ..Contents::default() });
        }
        let mut verdict = Verdict::new("test");
        verdict.nothing_lost(&Flow {
            name: "flow",
            sent: &sent,
            record: &record,
            receiver: "otlp",
            exporter: "otlp",
        });
        verdict
    }

    #[test]
    fn what_is_acknowledged_must_arrive() {
        assert!(judge(&[1, 2, 3], &[1, 2]).is_good());
        let verdict = judge(&[1], &[1, 2]);
        assert!(
            verdict.to_string().contains("BROKEN flow: no number is acknowledged and lost: 1, such as 2")
        );
    }

    #[test]
    fn what_arrives_twice_needs_a_reason() {
        assert!(!judge(&[1, 1], &[1]).is_good());
    }
}
