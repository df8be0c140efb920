use super::{
    system::tests::{files, write},
    *,
};
use crate::testing;
use tempfile::TempDir;

const MIB: usize = 1 << 20;

/// A limiter on a machine of the test's making.
fn limiter(json: &str, root: &TempDir, context: &BuildContext) -> MemoryLimiterProcessor {
    let config: MemoryLimiterConfig = serde_json::from_str(json).unwrap();
    MemoryLimiterProcessor::new(&config, context, System::at(root.path())).unwrap()
}

fn build(json: &str, context: &BuildContext) -> Arc<dyn Processor> {
    MemoryLimiter::build(serde_json::from_str(json).unwrap(), context).ok().unwrap()
}

/// Writes how much memory the process has.
fn resident(root: &TempDir, mib: usize) {
    write(root, "proc/self/status", &format!("VmRSS:\t{} kB\nVmSwap:\t0 kB\n", mib * 1024));
}

/// A container of 1000 MiB of which all hold so much.
fn container(mib: usize) -> TempDir {
    files(&[
        ("proc/self/cgroup", "0::/\n"),
        ("sys/fs/cgroup/memory.max", &(1000 * MIB).to_string()),
        ("sys/fs/cgroup/memory.current", &(mib * MIB).to_string()),
        ("sys/fs/cgroup/memory.stat", "inactive_file 0\nactive_file 0\n"),
    ])
}

#[test]
fn this_process_above_its_soft_limit_refuses_and_counts() {
    let context = testing::context("memory_limiter");
    let limiter = build(r#"{"limit_mib": 2, "spike_limit_mib": 1, "check_interval": "3s"}"#, &context);
    let refusal = limiter.admit(100).unwrap_err();
    assert_eq!(refusal.retry_after, Duration::from_secs(3));
    let metrics = context.metrics.render();
    let labels = r#"pipeline="main",processor="memory_limiter"}"#;
    for line in [
        format!("otelcol_processor_refused_batches{{{labels} 1"),
        format!("otelcol_processor_refused_bytes{{{labels} 100"),
        format!("tidewatch_memory_limiter_refusing{{{labels} 1"),
        format!("tidewatch_memory_limiter_limit_bytes{{limit=\"hard\",{labels} {}", 2 * MIB),
        format!("tidewatch_memory_limiter_limit_bytes{{limit=\"soft\",{labels} {MIB}"),
    ] {
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
}

#[test]
fn this_process_below_its_soft_limit_takes_everything() {
    let context = testing::context("memory_limiter");
    for json in
        [r#"{"limit_mib": 1000000}"#, r#"{"limit_percentage": 99, "spike_limit_percentage": 1}"#, "{}"]
    {
        assert_eq!(build(json, &context).admit(100), Ok(()), "{json}");
    }
}

#[test]
fn memory_is_looked_at_once_per_interval_and_taken_again_well_below_the_limit() {
    let root = files(&[]);
    let context = testing::context("memory_limiter");
    let limiter = limiter(r#"{"limit_mib": 100}"#, &root, &context);
    let start = Instant::now();
    let admits = |millis| limiter.admit_at(start + Duration::from_millis(millis), 1).is_ok();
    resident(&root, 80);
    assert!(admits(0), "80 MiB are the soft limit itself");
    resident(&root, 81);
    assert!(admits(999), "not looked at yet");
    assert!(!admits(1000));
    resident(&root, 79);
    assert!(!admits(2000), "too near to take data again");
    resident(&root, 76);
    assert!(!admits(2999), "not looked at yet");
    assert!(admits(3000));
    let metrics = context.metrics.render();
    assert!(
        metrics
            .contains(r#"otelcol_processor_refused_batches{pipeline="main",processor="memory_limiter"} 3"#)
    );
}

#[test]
fn what_queues_hold_counts_where_the_process_does_not_show_it() {
    let root = files(&[]);
    resident(&root, 1);
    let context = testing::context("memory_limiter");
    let limiter = limiter(r#"{"limit_mib": 100}"#, &root, &context);
    let queue = Budget::within(Some(context.memory.clone()), 200 * MIB);
    let held = queue.reserve(81 * MIB).unwrap();
    let start = Instant::now();
    assert!(limiter.admit_at(start, 1).is_err());
    drop(held);
    assert!(limiter.admit_at(start + Duration::from_secs(1), 1).is_ok());
}

#[test]
fn percentages_are_of_the_container_and_all_that_is_in_it_counts() {
    let context = testing::context("memory_limiter");
    let keys = r#"{"limit_percentage": 50, "spike_limit_percentage": 10}"#;
    assert!(limiter(keys, &container(400), &context).admit(1).is_ok());
    assert!(limiter(keys, &container(401), &context).admit(1).is_err());
    // A limit in MiB is the process' own.
    assert!(limiter(r#"{"limit_mib": 100}"#, &container(401), &context).admit(1).is_ok());
    let root = container(0);
    resident(&root, 401);
    assert!(limiter(keys, &root, &context).admit(1).is_err());
}

#[test]
fn a_container_that_is_given_more_memory_takes_more() {
    let root = container(900);
    let context = testing::context("memory_limiter");
    let limiter = limiter("{}", &root, &context);
    let start = Instant::now();
    assert!(limiter.admit_at(start, 1).is_err());
    write(&root, "sys/fs/cgroup/memory.max", &(2000 * MIB).to_string());
    assert!(limiter.admit_at(start + Duration::from_secs(1), 1).is_ok());
}

#[test]
fn a_system_that_says_nothing_refuses_nothing() {
    let root = files(&[]);
    let context = testing::context("memory_limiter");
    assert!(limiter("{}", &root, &context).admit(1).is_ok());
}
