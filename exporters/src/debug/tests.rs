use super::*;
use std::{collections::BTreeMap, path::Path};
use tidewatch_component::{Alert, AlertStatus, Context};
use tidewatch_config::ComponentId;
use tidewatch_otlp::{
    Request,
    proto::{
        collector::metrics::v1::ExportMetricsServiceRequest,
        common::v1::{AnyValue, KeyValue, any_value::Value},
        metrics::v1::{
            Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data, number_data_point,
        },
    },
    testing::{realistic_logs, realistic_metrics, realistic_traces},
};

fn context() -> BuildContext {
    BuildContext::new(ComponentId::new("debug"), &tidewatch_telemetry::Metrics::default())
}

fn batch(payload: Payload) -> Batch {
    Batch::unattended(payload, Arc::new(Context::default()))
}

fn alerts() -> Payload {
    let labels = BTreeMap::from([
        ("host.name".to_owned(), "host-a".to_owned()),
        ("team".to_owned(), "core".to_owned()),
    ]);
    let mut firing = Alert::firing("CpuLoadHigh", "critical", labels, 1_767_607_380_000_000_000);
    firing.value = Some(92.0);
    firing.summary = "cpu_load=92 is too high".into();
    let resolved =
        Alert { status: AlertStatus::Resolved, ends_at: Some(1_767_607_440_000_000_000), ..firing.clone() };
    Payload::Alerts([firing, resolved].into())
}

fn telemetry(request: impl Into<Request>) -> Payload {
    Payload::Telemetry(request.into())
}

#[test]
fn basic_counts() {
    let line = |payload| render(&payload, Verbosity::Basic, false);
    assert_eq!(line(telemetry(&realistic_traces(3))), "Traces {\"resource spans\": 1, \"spans\": 3}\n");
    assert_eq!(line(telemetry(&realistic_logs(4))), "Logs {\"resource logs\": 1, \"log records\": 4}\n");
    assert_eq!(
        line(telemetry(&realistic_metrics(5))),
        "Metrics {\"resource metrics\": 1, \"metrics\": 5, \"data points\": 50}\n"
    );
    assert_eq!(line(alerts()), "Alerts {\"firing\": 1, \"resolved\": 1}\n");
}

#[test]
fn normal_is_one_line_per_item() {
    let text = |payload| render(&payload, Verbosity::Normal, false);
    let logs = text(telemetry(&realistic_logs(4)));
    assert_eq!(logs.lines().count(), 4);
    let first = logs.lines().next().unwrap();
    assert!(
        first.starts_with(
            "2025-10-09T08:53:20.000000000Z INFO order 0 accepted, queued for shipping http.method="
        ),
        "{first}"
    );
    let spans = text(telemetry(&realistic_traces(3)));
    assert_eq!(
        spans.lines().filter(|line| line.contains(" 1ms Ok http.request.method=")).count(),
        3,
        "{spans}"
    );
    assert_eq!(text(telemetry(&realistic_metrics(5))).lines().count(), 50);
}

#[test]
fn a_point_reads_like_prometheus() {
    let point = NumberDataPoint {
        attributes: vec![KeyValue {
            key: "host.name".into(),
            value: Some(AnyValue { value: Some(Value::StringValue("a".into())) }),
            ..KeyValue::default()
        }],
        value: Some(number_data_point::Value::AsDouble(92.5)),
        ..NumberDataPoint::default()
    };
    let metric = Metric {
        name: "cpu_load".into(),
        unit: "1".into(),
        data: Some(Data::Gauge(Gauge { data_points: vec![point] })),
        ..Metric::default()
    };
    let scope_metrics = vec![ScopeMetrics { metrics: vec![metric], ..ScopeMetrics::default() }];
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }],
    };
    assert_eq!(render(&telemetry(&request), Verbosity::Normal, false), "cpu_load{host.name=a}=92.5 1 [-]\n");
}

#[test]
fn alerts_are_coloured_by_severity_on_a_terminal_only() {
    assert_eq!(
        render(&alerts(), Verbosity::Normal, false),
        "2026-01-05T10:03:00.000000000Z FIRING CpuLoadHigh critical value=92 cpu_load=92 is too high {host.name=host-a, team=core}\n\
         2026-01-05T10:04:00.000000000Z RESOLVED CpuLoadHigh critical after 60s {host.name=host-a, team=core}\n"
    );
    let coloured = render(&alerts(), Verbosity::Normal, true);
    assert!(coloured.contains("\x1b[0m\x1b[31mFIRING\x1b[0m CpuLoadHigh \x1b[31mcritical\x1b[0m"));
    assert!(coloured.contains("\x1b[0m\x1b[32mRESOLVED\x1b[0m"));
}

#[test]
fn detailed_shows_every_field_in_the_collectors_form() {
    let text = |payload| render(&payload, Verbosity::Detailed, false);
    let logs = text(telemetry(&realistic_logs(2)));
    for line in [
        "ResourceLogs #0",
        "ScopeLogs #0",
        "LogRecord #1",
        "Timestamp: 2025-10-09T08:53:20.000000000Z",
        "SeverityNumber: INFO(9)",
        "Body: Str(order 0 accepted, queued for shipping)",
    ] {
        assert!(logs.lines().any(|found| found == line), "{line} in {logs}");
    }
    assert!(logs.contains("     -> duration_us: Int("));
    let spans = text(telemetry(&realistic_traces(1)));
    assert!(spans.contains("    Kind           : Server\n") && spans.contains("    Status code    : Ok\n"));
    let metrics = text(telemetry(&realistic_metrics(40)));
    for line in ["     -> DataType: Sum\n", "AggregationTemporality: ", "Buckets #0, Count: ", "Value: "] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    let alerts = text(alerts());
    assert!(alerts.contains("Alert #1\n    name: CpuLoadHigh\n"), "{alerts}");
    assert!(
        alerts.contains("    ends_at: 2026-01-05T10:04:00Z\n") && alerts.contains("     -> team: core\n")
    );
}

#[test]
fn output_paths_and_the_internal_logger_exclude_each_other() {
    let config = DebugConfig {
        use_internal_logger: true,
        output_paths: vec!["stderr".into()],
        ..DebugConfig::default()
    };
    assert_eq!(Debug::build(config, &context()).err().unwrap()[0].path, "output_paths");
    let config = DebugConfig { output_paths: vec![], ..DebugConfig::default() };
    assert_eq!(Debug::build(config, &context()).err().unwrap()[0].path, "output_paths");
}

async fn exporter(paths: &[&Path], context: &BuildContext, config: DebugConfig) -> Arc<dyn Exporter> {
    let output_paths = paths.iter().map(|path| path.to_str().unwrap().to_owned()).collect();
    let config = DebugConfig { output_paths, ..config };
    let exporter = Debug::build(config, context).unwrap().exporter;
    exporter.start().await.unwrap();
    exporter
}

#[tokio::test]
async fn batches_are_appended_in_order_and_the_unshown_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    std::fs::write(&path, "before\n").unwrap();
    let context = context();
    let config = DebugConfig { sampling_initial: 2, sampling_thereafter: 0, ..DebugConfig::default() };
    let exporter = exporter(&[&path], &context, config).await;
    for items in [1, 2, 40] {
        assert_eq!(exporter.export(&batch(telemetry(&realistic_logs(items)))).await, Ok(Exported::default()));
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "before");
    assert!(lines[1].ends_with("\"log records\": 1}") && lines[2].ends_with("\"log records\": 2}"));
    let metrics = context.metrics.render();
    assert!(
        metrics.contains("tidewatch_debug_unwritten_items{exporter=\"debug\",reason=\"sampled\"} 40"),
        "{metrics}"
    );
}

#[tokio::test]
async fn an_output_that_fails_holds_nothing_back_and_is_counted() {
    let context = context();
    let exporter = exporter(&[Path::new("/dev/full")], &context, DebugConfig::default()).await;
    assert_eq!(exporter.export(&batch(alerts())).await, Ok(Exported::default()));
    let metrics = context.metrics.render();
    assert!(metrics.contains("reason=\"output_failed\"} 2"), "{metrics}");
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_ends_the_start() {
    let config = DebugConfig { output_paths: vec!["/nowhere/out".into()], ..DebugConfig::default() };
    let exporter = Debug::build(config, &context()).unwrap().exporter;
    assert!(exporter.start().await.unwrap_err().0.starts_with("/nowhere/out: "));
}
