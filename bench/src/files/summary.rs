//! Medians of several rounds, and what they have to be.

use super::Row;
use crate::table::{head, line, median};

const HEAD: [&str; 10] = [
    "cell",
    "agent",
    "CPU s / million lines",
    "% of a core",
    "lines / s",
    "all arrived after ms",
    "peak MB",
    "missing",
    "twice",
    "runs",
];

/// Of the Collector's CPU time for a line, and of a core for idle files.
const OF_COLLECTOR: f64 = 0.25;
const OF_CORE: f64 = 2.0;

pub(super) fn medians(rows: &[Row]) -> String {
    let mut table = head(&HEAD);
    let mut verdicts = String::new();
    let mut seen = Vec::new();
    for row in rows {
        if seen.contains(&(&row.cell, &row.agent)) {
            continue;
        }
        seen.push((&row.cell, &row.agent));
        let runs = runs(rows, &row.cell, &row.agent);
        let of = |value: fn(&Row) -> f64| median(runs.iter().map(|row| value(row)).collect());
        let sum = |value: fn(&Row) -> u64| runs.iter().map(|row| value(row)).sum::<u64>().to_string();
        table += &line(&[
            row.cell.clone(),
            row.agent.clone(),
            number(of(cost), 2),
            number(of(share), 2),
            number(of(rate), 0),
            number(of(|row| row.until_all_arrived_ms), 0),
            number(of(|row| row.peak_memory_mb), 0),
            sum(|row| row.lines.saturating_sub(row.arrived)),
            sum(|row| row.arrived.saturating_sub(row.lines)),
            runs.len().to_string(),
        ]);
        if row.agent == "tidewatch" {
            verdicts += &verdict(rows, &row.cell);
        }
    }
    table + "\n" + &verdicts
}

fn verdict(rows: &[Row], cell: &str) -> String {
    let of = |agent, value: fn(&Row) -> f64| median(runs(rows, cell, agent).into_iter().map(value).collect());
    let word = |holds| if holds { "holds" } else { "DOES NOT HOLD" };
    if cell == "idle" {
        let share = of("tidewatch", share);
        return format!("{cell}: {share:.2}% of a core, less than {OF_CORE}%: {}.\n", word(share < OF_CORE));
    }
    let ratio = of("tidewatch", cost) / of("collector", cost);
    if ratio.is_nan() {
        return String::new();
    }
    format!(
        "{cell}: {ratio:.2} of the Collector's CPU, at most {OF_COLLECTOR}: {}.\n",
        word(ratio <= OF_COLLECTOR)
    )
}

/// CPU seconds for a million lines.
fn cost(row: &Row) -> f64 {
    if row.lines == 0 { f64::NAN } else { row.cpu_seconds * 1e6 / row.lines as f64 }
}

/// Per cent of a core, while files grow or idle.
fn share(row: &Row) -> f64 {
    if row.seconds > 0.0 { row.cpu_seconds / row.seconds * 100.0 } else { f64::NAN }
}

/// Lines a second, written or, if they were there already, delivered.
fn rate(row: &Row) -> f64 {
    let seconds = if row.seconds > 0.0 { row.seconds } else { row.until_all_arrived_ms / 1e3 };
    if row.lines == 0 { f64::NAN } else { row.lines as f64 / seconds }
}

fn number(value: f64, digits: usize) -> String {
    if value.is_nan() { String::new() } else { format!("{value:.digits$}") }
}

fn runs<'a>(rows: &'a [Row], cell: &str, agent: &str) -> Vec<&'a Row> {
    rows.iter().filter(|row| row.cell == cell && row.agent == agent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cell: &str, agent: &str, cpu_seconds: f64) -> Row {
        Row {
            agent: agent.into(),
            cell: cell.into(),
            lines: if cell == "idle" { 0 } else { 1_000_000 },
            arrived: if cell == "idle" { 0 } else { 999_999 },
            seconds: 50.0,
            cpu_seconds,
            ..Row::default()
        }
    }

    #[test]
    fn a_quarter_of_the_collector_is_the_limit() {
        let table = medians(&[row("plain", "tidewatch", 2.5), row("plain", "collector", 10.0)]);
        assert!(table.contains("| plain | tidewatch | 2.50 | 5.00 | 20000 | 0 | 0 | 1 | 0 | 1 |"), "{table}");
        assert!(table.contains("plain: 0.25 of the Collector's CPU, at most 0.25: holds"), "{table}");
        let table = medians(&[row("plain", "tidewatch", 2.6), row("plain", "collector", 10.0)]);
        assert!(table.contains("DOES NOT HOLD"), "{table}");
    }

    #[test]
    fn idle_files_have_a_share_and_no_lines() {
        let table = medians(&[row("idle", "tidewatch", 1.0)]);
        assert!(table.contains("| idle | tidewatch |  | 2.00 |  | 0 | 0 | 0 | 0 | 1 |"), "{table}");
        assert!(table.contains("idle: 2.00% of a core, less than 2%: DOES NOT HOLD"), "{table}");
    }
}
