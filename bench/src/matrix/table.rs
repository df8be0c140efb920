//! Medians of several rounds, as a Markdown table.

use super::run::Row;
use crate::table::median;
use std::{
    collections::{BTreeSet, HashSet},
    fmt::Write,
};

const HEAD: &str = "\
| cell | agent | CPU s / million | accepted / s | peak MB | p50 ms | p99 ms | refused | missing | runs |
|---|---|---|---|---|---|---|---|---|---|
";

/// One line for each cell and agent. `refused` and `missing` (accepted, and not arrived) are sums.
pub(super) fn medians(rows: &[Row]) -> String {
    let mut seen = HashSet::new();
    let cells = rows.iter().map(|row| &row.cell).filter(|cell| seen.insert(*cell));
    let mut table = HEAD.to_owned();
    for cell in cells {
        let agents: BTreeSet<_> = rows.iter().filter(|row| row.cell == *cell).map(|row| &row.agent).collect();
        for agent in agents {
            let runs: Vec<&Row> =
                rows.iter().filter(|row| row.cell == *cell && row.agent == *agent).collect();
            let of = |value: fn(&Row) -> f64| median(runs.iter().map(|row| value(row)).collect());
            let refused: u64 = runs.iter().map(|row| row.tally.refused + row.tally.failed).sum();
            let missing: i128 =
                runs.iter().map(|row| i128::from(row.tally.accepted) - i128::from(row.arrived)).sum();
            writeln!(
                table,
                "| {cell} | {agent} | {:.2} | {:.0} | {:.1} | {:.2} | {:.2} | {refused} | {missing} | {} |",
                of(|row| row.cpu_seconds_per_million),
                of(|row| row.accepted_per_second),
                of(|row| row.peak_memory_mb),
                of(|row| row.end_to_end_us.p50 as f64 / 1e3),
                of(|row| row.end_to_end_us.p99 as f64 / 1e3),
                runs.len(),
            )
            .expect("a string takes all");
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{latency::Latency, load::Tally};

    fn row(agent: &str, cpu: f64, arrived: u64) -> Row {
        Row {
            agent: agent.into(),
            cell: "forward logs".into(),
            tally: Tally { accepted: 100, ..Tally::default() },
            arrived,
            accepted_per_second: 50.0,
            cpu_seconds_per_million: cpu,
            peak_memory_mb: 10.0,
            request_us: Latency::default().percentiles(),
            end_to_end_us: Latency::default().percentiles(),
        }
    }

    #[test]
    fn the_middle_run_counts_and_everything_missing_is_summed() {
        let rows = [row("a", 9.0, 100), row("a", 1.0, 90), row("a", 2.0, 99), row("b", 3.0, 100)];
        let table = medians(&rows);
        assert!(
            table.contains("| forward logs | a | 2.00 | 50 | 10.0 | 0.00 | 0.00 | 0 | 11 | 3 |"),
            "{table}"
        );
        assert!(table.contains("| forward logs | b | 3.00 |"), "{table}");
    }
}
