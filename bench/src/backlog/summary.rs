//! Medians of several rounds, and what they have to be.

use super::Row;
use crate::table::{head, line, median};

const HEAD: [&str; 13] = [
    "agent",
    "records a request",
    "requests, MB",
    "on disk, MB",
    "filled, items / s",
    "filling, peak MB",
    "listening after ms",
    "drained, items / s",
    "draining, CPU s / million",
    "draining, peak MB",
    "out of order",
    "missing",
    "runs",
];

/// Milliseconds until the successor listens, and megabytes of memory that it may take.
const LISTENING: f64 = 1000.0;
const MEMORY: f64 = 150.0;

pub(super) fn medians(rows: &[Row]) -> String {
    let mut table = head(&HEAD);
    let mut broken = String::new();
    let mut seen = Vec::new();
    for row in rows {
        let key = (&row.agent, row.records_per_request);
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        let runs: Vec<&Row> =
            rows.iter().filter(|row| (&row.agent, row.records_per_request) == key).collect();
        let of = |value: fn(&Row) -> f64| median(runs.iter().map(|row| value(row)).collect());
        let late: u64 = runs.iter().map(|row| row.late).sum();
        let missing: i128 = runs.iter().map(|row| i128::from(row.accepted) - i128::from(row.arrived)).sum();
        table += &line(&[
            row.agent.clone(),
            row.records_per_request.to_string(),
            format!("{:.0}", of(|row| row.accepted_megabytes)),
            format!("{:.0}", of(|row| row.disk_megabytes)),
            format!("{:.0}", of(|row| row.filled_per_second)),
            format!("{:.0}", of(|row| row.filling_peak_memory_mb)),
            format!("{:.0}", of(|row| row.listening_ms)),
            format!("{:.0}", of(|row| row.drained_per_second)),
            format!("{:.2}", of(|row| row.draining_cpu_seconds_per_million)),
            format!("{:.0}", of(|row| row.draining_peak_memory_mb)),
            late.to_string(),
            missing.to_string(),
            runs.len().to_string(),
        ]);
        if row.agent == "tidewatch" {
            let mut check = |holds: bool, what: &str| {
                if !holds {
                    broken +=
                        &format!("DOES NOT HOLD, {} records a request: {what}.\n", row.records_per_request);
                }
            };
            check(of(|row| row.listening_ms) < LISTENING, "listens within a second");
            check(of(|row| row.draining_peak_memory_mb) < MEMORY, "drains in less than 150 MB");
            check(late == 0, "drains in order");
            check(missing == 0, "everything arrives, once");
        }
    }
    table + "\n" + &broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            agent: "tidewatch".into(),
            records_per_request: 100,
            accepted: 1000,
            refused: 0,
            accepted_megabytes: 1.0,
            disk_megabytes: 1.0,
            filled_per_second: 1.0,
            filling_peak_memory_mb: 10.0,
            listening_ms: 20.0,
            arrived: 1000,
            late: 0,
            drained_per_second: 1.0,
            draining_cpu_seconds_per_million: 1.0,
            draining_peak_memory_mb: 100.0,
        }
    }

    #[test]
    fn what_does_not_hold_is_said() {
        assert!(!medians(&[row()]).contains("HOLD"));
        let bad = [
            Row { listening_ms: 1000.0, ..row() },
            Row { draining_peak_memory_mb: 150.0, ..row() },
            Row { late: 1, ..row() },
            Row { arrived: 1001, ..row() },
        ];
        for row in bad {
            assert_eq!(medians(std::slice::from_ref(&row)).matches("DOES NOT HOLD").count(), 1, "{row:?}");
        }
    }
}
