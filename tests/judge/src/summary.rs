//! One row for each scenario.

use crate::causes::Cause;
use std::{
    collections::BTreeMap,
    fmt::{self, Display},
};

/// What became of all numbers of a scenario.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// The scenario.
    pub scenario: &'static str,
    /// How often what it is about happened.
    pub rounds: u64,
    /// Numbers that were acknowledged to their senders, or written to files.
    pub acknowledged: u64,
    /// Numbers that arrived.
    pub delivered: u64,
    /// Numbers that the sink refused for good after they were acknowledged.
    pub refused_by_sink: u64,
    /// Acknowledged numbers that are nowhere.
    pub lost: u64,
    /// Numbers that arrived more than once, by cause.
    pub duplicated: BTreeMap<Cause, usize>,
    /// Numbers that arrived after a later one of the same request or file.
    pub reordered: u64,
    /// Whether every promise holds.
    pub holds: bool,
    /// What the random choices came from.
    pub seed: u64,
}

/// The summaries of many scenarios, as a table.
pub struct Table<'a>(pub &'a [Summary]);

impl Display for Table<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles = ["rounds", "acknowledged", "delivered", "refused by sink", "lost", "reordered"];
        let [a, b, c, d, e, f] = titles;
        writeln!(
            formatter,
            "| {:<14} | {a} | {b} | {c} | {d} | {e} | duplicated | {f} | verdict | seed |",
            "scenario"
        )?;
        writeln!(formatter, "|---|--:|--:|--:|--:|--:|---|--:|---|--:|")?;
        for row in self.0 {
            let Summary {
                scenario,
                rounds,
                acknowledged,
                delivered,
                refused_by_sink,
                lost,
                reordered,
                seed,
                ..
            } = row;
            let duplicated: Vec<String> =
                row.duplicated.iter().map(|(cause, count)| format!("{count} {cause}")).collect();
            let duplicated = if duplicated.is_empty() { "0".to_owned() } else { duplicated.join(", ") };
            let verdict = if row.holds { "holds" } else { "BROKEN" };
            writeln!(
                formatter,
                "| {scenario:<14} | {rounds} | {acknowledged} | {delivered} | {refused_by_sink} | {lost} | \
                 {duplicated} | {reordered} | {verdict} | {seed} |"
            )?;
        }
        Ok(())
    }
}
