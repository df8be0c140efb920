//! Medians of several rounds, and what they have to be.

use super::{Row, SENDERS};
use crate::table::{head, line, median};
use std::fmt::Write;

const HEAD: [&str; 11] = [
    "agent",
    "queue",
    "requests / s",
    "items / s",
    "answer p50 ms",
    "p99 ms",
    "CPU s / million",
    "peak MB",
    "refused",
    "missing",
    "runs",
];

/// Items of a request.
const ITEMS: f64 = 100.0;
/// Beside the same queue in memory, and beside what the disk allows.
const OF_MEMORY: f64 = 0.5;
const OF_DISK: f64 = 0.8;

/// A line for each agent and queue, and Tidewatch's rate beside the two limits.
pub(super) fn medians(rows: &[Row]) -> String {
    let mut table = head(&HEAD);
    let mut seen = Vec::new();
    for row in rows {
        if seen.contains(&(&row.agent, &row.queue)) {
            continue;
        }
        seen.push((&row.agent, &row.queue));
        let runs = runs(rows, &row.agent, &row.queue);
        let of = |value: fn(&Row) -> f64| median(runs.iter().map(|row| value(row)).collect());
        let refused: u64 = runs.iter().map(|row| row.tally.refused + row.tally.failed).sum();
        let missing: i128 =
            runs.iter().map(|row| i128::from(row.tally.accepted) - i128::from(row.arrived)).sum();
        table += &line(&[
            row.agent.clone(),
            row.queue.clone(),
            format!("{:.0}", of(|row| row.requests_per_second)),
            format!("{:.0}", of(|row| row.accepted_per_second)),
            format!("{:.2}", of(|row| row.answer_us.p50 as f64 / 1e3)),
            format!("{:.2}", of(|row| row.answer_us.p99 as f64 / 1e3)),
            format!("{:.2}", of(|row| row.cpu_seconds_per_million)),
            format!("{:.0}", of(|row| row.peak_memory_mb)),
            refused.to_string(),
            missing.to_string(),
            runs.len().to_string(),
        ]);
    }
    table + &verdict(rows)
}

fn verdict(rows: &[Row]) -> String {
    let rate =
        |queue| median(runs(rows, "tidewatch", queue).iter().map(|row| row.accepted_per_second).collect());
    let (memory, disk) = (rate("memory"), rate("disk-always"));
    let fsyncs = median(rows.iter().map(|row| row.fsyncs_per_second).collect());
    let allowed = fsyncs * SENDERS as f64 * ITEMS;
    let limit = (memory * OF_MEMORY).min(allowed * OF_DISK);
    if limit.is_nan() || disk.is_nan() {
        return String::new();
    }
    let mut text = String::new();
    writeln!(text, "\nThe disk by itself: {fsyncs:.0} appends of {SENDERS} requests, each synced, a second.")
        .and_then(|()| {
            writeln!(text, "So it allows {allowed:.0} items / s; 80% of that: {:.0}.", allowed * OF_DISK)
        })
        .and_then(|()| writeln!(text, "Half of the queue in memory: {:.0} items / s.", memory * OF_MEMORY))
        .and_then(|()| {
            let word = if disk >= limit { "holds" } else { "DOES NOT HOLD" };
            writeln!(text, "On disk, `fsync: always`: {disk:.0} items / s, at least {limit:.0}: {word}.")
        })
        .expect("a string takes all");
    text
}

fn runs<'a>(rows: &'a [Row], agent: &str, queue: &str) -> Vec<&'a Row> {
    rows.iter().filter(|row| row.agent == agent && row.queue == queue).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{latency::Latency, load::Tally};

    fn row(queue: &str, rate: f64, fsyncs: f64) -> Row {
        Row {
            agent: "tidewatch".into(),
            queue: queue.into(),
            tally: Tally { accepted: 100, ..Tally::default() },
            arrived: 90,
            requests_per_second: rate / 100.0,
            accepted_per_second: rate,
            answer_us: Latency::default().percentiles(),
            cpu_seconds_per_million: 2.0,
            peak_memory_mb: 10.0,
            fsyncs_per_second: fsyncs,
        }
    }

    #[test]
    fn the_lower_limit_counts() {
        // Half of memory: 50,000; the disk allows 1,600 for each sync.
        let slow_disk = [row("memory", 100_000.0, 10.0), row("disk-always", 13_000.0, 10.0)];
        assert!(medians(&slow_disk).contains("13000 items / s, at least 12800: holds"));
        let fast_disk = [row("memory", 100_000.0, 1000.0), row("disk-always", 49_000.0, 1000.0)];
        assert!(medians(&fast_disk).contains("49000 items / s, at least 50000: DOES NOT HOLD"));
    }

    #[test]
    fn without_both_there_is_no_verdict() {
        let table = medians(&[row("disk-always", 1.0, 1.0)]);
        assert!(!table.contains("hold"), "{table}");
        assert!(
            table.contains("| tidewatch | disk-always | 0 | 1 | 0.00 | 0.00 | 2.00 | 10 | 0 | 10 | 1 |"),
            "{table}"
        );
    }
}
