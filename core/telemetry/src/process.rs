//! What the agent's process costs, under the Collector's names, read at the moment of the scrape.
//!
//! The Collector's `otelcol_process_runtime_*` describe Go's heap and have no counterpart here.

use crate::Metrics;
use prometheus::{
    Counter, Gauge, Opts,
    core::{Collector, Desc},
    proto::MetricFamily,
};
use std::time::Instant;

/// The kernel tells programs CPU time in hundredths of a second (`USER_HZ`), whatever it counts in itself.
const TICKS_PER_SECOND: f64 = 100.0;

/// Adds uptime (seconds, from here on), CPU time (seconds) and resident memory (bytes) of this process to
/// `/metrics`. Only the uptime is known outside of Linux.
///
/// # Panics
/// When called twice for the same metrics.
pub fn register(metrics: &Metrics) {
    let started = Instant::now();
    let uptime = move || Some(started.elapsed().as_secs_f64());
    let readings: [Reading; 3] = [
        Reading::counter("otelcol_process_uptime", "Uptime of the process, in seconds.", uptime),
        Reading::counter("otelcol_process_cpu_seconds", "CPU user and system time, in seconds.", || {
            cpu_seconds(&std::fs::read_to_string("/proc/self/stat").ok()?)
        }),
        Reading::gauge("otelcol_process_memory_rss", "Resident memory, in bytes.", || {
            resident_bytes(&std::fs::read_to_string("/proc/self/status").ok()?)
        }),
    ];
    readings.into_iter().for_each(|reading| metrics.register_collector(Box::new(reading)));
}

/// One number that is asked for when somebody wants to know it.
struct Reading {
    make: Box<dyn Fn(f64) -> Box<dyn Collector> + Send + Sync>,
    read: Box<dyn Fn() -> Option<f64> + Send + Sync>,
    desc: Vec<Desc>,
}

impl Reading {
    fn counter(
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> Option<f64> + Send + Sync + 'static,
    ) -> Self {
        Self::new(read, move |value| {
            let counter = Counter::new(name, help).expect("a valid counter");
            counter.inc_by(value);
            Box::new(counter)
        })
    }

    fn gauge(
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> Option<f64> + Send + Sync + 'static,
    ) -> Self {
        Self::new(read, move |value| {
            let gauge = Gauge::with_opts(Opts::new(name, help)).expect("a valid gauge");
            gauge.set(value);
            Box::new(gauge)
        })
    }

    fn new(
        read: impl Fn() -> Option<f64> + Send + Sync + 'static,
        make: impl Fn(f64) -> Box<dyn Collector> + Send + Sync + 'static,
    ) -> Self {
        let desc = make(0.0).desc().into_iter().cloned().collect();
        Self { make: Box::new(make), read: Box::new(read), desc }
    }
}

impl Collector for Reading {
    fn desc(&self) -> Vec<&Desc> {
        self.desc.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        (self.read)().map(|value| (self.make)(value).collect()).unwrap_or_default()
    }
}

/// User and system time from `/proc/self/stat`. Fields are counted from the last `)`: the program's name,
/// before it, may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map_while(|field| field.parse::<f64>().ok());
    Some((times.next()? + times.next()?) / TICKS_PER_SECOND)
}

/// `VmRSS` from `/proc/self/status`.
fn resident_bytes(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_files_are_read() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 99 1000 10";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds("nothing"), None);
        assert_eq!(resident_bytes("Name:\tx\nVmRSS:\t    12 kB\n"), Some(12288.0));
        assert_eq!(resident_bytes("Name:\tx\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_scrape_tells_about_this_process() {
        let metrics = Metrics::default();
        register(&metrics);
        let text = metrics.render();
        let value = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(&format!("{name} ")));
            line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        };
        assert!(value("otelcol_process_memory_rss").is_some_and(|bytes| bytes > 100_000.0), "{text}");
        assert!(value("otelcol_process_cpu_seconds").is_some(), "{text}");
        assert!(value("otelcol_process_uptime").is_some_and(|seconds| seconds >= 0.0), "{text}");
        assert!(text.contains("# TYPE otelcol_process_uptime counter"), "{text}");
        assert!(text.contains("# TYPE otelcol_process_memory_rss gauge"), "{text}");
    }
}
