use super::*;
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path, process::Command};
use tidewatch_component::{Alert, Context, Payload};
use tidewatch_config::ComponentId;
use tidewatch_otlp::{
    Request, Signal, json,
    testing::{realistic_logs, realistic_metrics, realistic_traces},
};

fn config(path: &Path) -> FileConfig {
    serde_json::from_value(serde_json::json!({ "path": path })).unwrap()
}

fn context() -> BuildContext {
    BuildContext::new(ComponentId::new("file"), &tidewatch_telemetry::Metrics::default())
}

fn build(config: FileConfig) -> Arc<dyn Exporter> {
    File::build(config, &context()).map_err(|mistakes| panic!("{mistakes:?}")).unwrap().exporter
}

async fn started(config: FileConfig) -> Arc<dyn Exporter> {
    let exporter = build(config);
    exporter.start().await.unwrap();
    exporter
}

fn mistakes(config: FileConfig) -> Vec<Mistake> {
    File::build(config, &context()).err().unwrap_or_default()
}

fn alert(name: &str) -> Alert {
    let labels = BTreeMap::from([("host.name".to_owned(), "host-a".to_owned())]);
    Alert { value: Some(92.0), ..Alert::firing(name, "critical", labels, 1_767_607_380_000_000_000) }
}

fn batch(payload: Payload) -> Batch {
    Batch::unattended(payload, Arc::new(Context::default()))
}

fn alerts(names: &[&str]) -> Batch {
    batch(Payload::Alerts(names.iter().map(|name| alert(name)).collect()))
}

async fn write(exporter: &Arc<dyn Exporter>, names: &[&str]) {
    assert_eq!(exporter.export(&alerts(names)).await, Ok(Exported::default()));
}

/// The names of the alerts in a file: every line must be one alert.
fn names(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "a half line: {text}");
    text.lines().map(|line| serde_json::from_str::<Alert>(line).unwrap().name).collect()
}

#[tokio::test]
async fn telemetry_is_one_line_of_otlp_json_per_batch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let exporter = started(config(&path)).await;
    let requests: [Request; 3] =
        [(&realistic_logs(3)).into(), (&realistic_traces(2)).into(), (&realistic_metrics(4)).into()];
    for request in &requests {
        let batch = batch(Payload::Telemetry(request.clone()));
        assert_eq!(exporter.export(&batch).await, Ok(Exported::default()));
    }
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    for (line, request) in lines.iter().zip(&requests) {
        let wire = json::decode(request.signal(), line.as_bytes()).unwrap();
        assert_eq!(&Request::check(request.signal(), wire.into()).unwrap().request, request);
    }
    assert!(lines[0].contains("\"resourceLogs\"") && requests[0].signal() == Signal::Logs);
}

#[tokio::test]
async fn an_expression_makes_the_line_of_a_log_record() {
    use tidewatch_otlp::write::{Attributes, LogRecord, LogsWriter, Map, Value};
    let map = Map::from_iter([("value", Value::Double(92.0)), ("unit", Value::Null), ("id", Value::Int(7))]);
    let bodies = [Value::from("two\nlines"), Value::Map(map), Value::Null, Value::List(vec![true.into()])];
    let mut logs = LogsWriter::default();
    let group = logs.group(&Attributes::new(&Map::new()), "");
    bodies.iter().for_each(|body| logs.push(group, &LogRecord { body, ..LogRecord::default() }));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bodies.jsonl");
    let exporter = started(FileConfig { line: Some("body".into()), ..config(&path) }).await;
    let request = batch(Payload::Telemetry(logs.finish().unwrap()));
    assert_eq!(exporter.export(&request).await, Ok(Exported::default()));
    let expected = "two\\nlines\n{\"value\":92.0,\"unit\":null,\"id\":7}\n[true]\n";
    assert_eq!(fs::read_to_string(path).unwrap(), expected);
}

#[tokio::test]
async fn alerts_are_json_lines_appended_to_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.jsonl");
    write(&started(config(&path)).await, &["One", "Two"]).await;
    write(&started(config(&path)).await, &["Three"]).await;
    assert_eq!(names(&path), ["One", "Two", "Three"]);
    let first = fs::read_to_string(&path).unwrap();
    assert_eq!(serde_json::from_str::<Alert>(first.lines().next().unwrap()).unwrap(), alert("One"));

    let erased = started(FileConfig { append: Some(false), ..config(&path) }).await;
    write(&erased, &["Four"]).await;
    assert_eq!(names(&path), ["Four"]);
}

#[tokio::test]
async fn a_template_makes_the_line_of_an_alert() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    let body =
        "{% if name != 'Quiet' %}{{ {'ts': starts_at, 'rule': name, 'value': value} | tojson }}\n{% endif %}";
    let built = File::build(FileConfig { body: Some(body.into()), ..config(&path) }, &context()).unwrap();
    assert_eq!(built.delivery.signals, Some(vec![DataType::Alerts]));
    built.exporter.start().await.unwrap();
    write(&built.exporter, &["One", "Quiet", "Two"]).await;
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "{\"ts\":\"2026-01-05T10:03:00Z\",\"rule\":\"One\",\"value\":92.0}\n\
         {\"ts\":\"2026-01-05T10:03:00Z\",\"rule\":\"Two\",\"value\":92.0}\n"
    );
}

#[tokio::test]
async fn an_alert_that_the_template_cannot_take_is_rejected_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    let body = "{{ name }} {{ 1 // (name | length - 3) }}";
    let exporter = started(FileConfig { body: Some(body.into()), ..config(&path) }).await;
    let exported = exporter.export(&alerts(&["Four", "One", "Seven"])).await.unwrap();
    let rejected = exported.rejected.unwrap();
    assert_eq!(rejected.items, 1);
    assert!(rejected.reason.contains("line 1 of the template"), "{}", rejected.reason);
    assert_eq!(fs::read_to_string(&path).unwrap(), "Four 1\nSeven 0\n");
}

#[test]
fn mistakes_stand_at_their_keys() {
    let path = Path::new("out");
    let paths = |config| mistakes(config).into_iter().map(|mistake| mistake.path).collect::<Vec<_>>();
    assert_eq!(paths(FileConfig { body: Some("{{ nmae }}".into()), ..config(path) }), ["body"]);
    assert_eq!(
        paths(FileConfig { directory_permissions: "rwx".into(), ..config(path) }),
        ["directory_permissions"]
    );
    let rotation = Some(RotationConfig { max_megabytes: 0, ..RotationConfig::default() });
    assert_eq!(
        paths(FileConfig { rotation, append: Some(false), ..config(path) }),
        ["rotation.max_megabytes", "append"]
    );
    let mut with_logs = FileConfig { body: Some("{{ name }}".into()), ..config(path) };
    with_logs.delivery.signals = Some(vec![DataType::Alerts, DataType::Logs]);
    assert_eq!(paths(with_logs), ["signals"]);
    let mut bodies = FileConfig { line: Some("body".into()), ..config(path) };
    bodies.delivery.signals = Some(vec![DataType::Alerts, DataType::Logs]);
    assert_eq!(paths(bodies), ["signals"]);
    let both = FileConfig { line: Some("boddy".into()), body: Some("{{ name }}".into()), ..config(path) };
    assert_eq!(paths(both), ["line", "line"]);
    assert_eq!(paths(config(Path::new(""))), ["path"]);
}

#[tokio::test]
async fn a_file_that_was_moved_or_removed_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (folder.path().join("out"), folder.path().join("out.1"));
    let exporter = started(config(&path)).await;
    write(&exporter, &["One"]).await;
    fs::rename(&path, &moved).unwrap();
    write(&exporter, &["Two"]).await;
    assert_eq!((names(&moved), names(&path)), (vec!["One".to_owned()], vec!["Two".to_owned()]));
    fs::remove_file(&path).unwrap();
    write(&exporter, &["Three"]).await;
    assert_eq!(names(&path), ["Three"]);
}

#[tokio::test]
async fn a_full_file_is_put_aside_and_old_backups_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let rotation = RotationConfig { max_megabytes: 1, max_backups: 2, ..RotationConfig::default() };
    let exporter = started(FileConfig { rotation: Some(rotation), ..config(&path) }).await;
    let large = |letter: &str| letter.repeat(700 << 10);
    let batches = ["a", "b", "c", "d", "e"].map(large);
    for name in &batches {
        write(&exporter, &[name]).await;
    }
    write(&exporter, &["small"]).await;
    assert_eq!(names(&path), [batches[4].as_str(), "small"], "what still fits is added");
    let mut backups: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    backups.retain(|other| *other != path);
    backups.sort();
    let kept: Vec<_> = backups.iter().flat_map(|backup| names(backup)).collect();
    assert_eq!(kept, batches[2..4], "the newest two");
}

#[tokio::test]
async fn directories_are_made_with_their_permissions_where_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/out");
    let error = build(config(&path)).start().await.unwrap_err();
    assert!(error.0.contains("No such file or directory"), "{error}");
    let asked = FileConfig { create_directory: true, directory_permissions: "0700".into(), ..config(&path) };
    write(&started(asked).await, &["One"]).await;
    assert_eq!(fs::metadata(folder.path().join("a")).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(names(&path), ["One"]);
}

#[tokio::test]
async fn half_a_line_of_a_crash_does_not_spoil_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    fs::write(&path, "{\"name\":\"Ha").unwrap();
    write(&started(config(&path)).await, &["One"]).await;
    let text = fs::read_to_string(&path).unwrap();
    let (half, rest) = text.split_once('\n').unwrap();
    assert_eq!(half, "{\"name\":\"Ha");
    assert_eq!(serde_json::from_str::<Alert>(rest).unwrap().name, "One");
}

#[tokio::test]
async fn a_full_disk_is_worth_another_try() {
    let exporter = started(config(Path::new("/dev/full"))).await;
    let error = exporter.export(&alerts(&["One"])).await.unwrap_err();
    assert!(matches!(error, ExportError::Retryable { refused: false, .. }));
    assert!(error.to_string().starts_with("cannot write to /dev/full: No space left"), "{error}");
}

/// A limit on the size of files makes the kernel take the first part of a write and refuse the rest, as a
/// disk does that fills up. The limit is for a whole process, so the test runs itself once more under it.
#[tokio::test]
async fn a_write_cut_short_leaves_no_half_line() {
    let Some(path) = std::env::var_os("LIMITED_FILE").map(PathBuf::from) else {
        let folder = tempfile::tempdir().unwrap();
        let script = "trap '' XFSZ; ulimit -f 4; exec \"$0\" --exact file::tests::a_write_cut_short_leaves_no_half_line";
        let run = Command::new("bash")
            .args(["-c", script])
            .arg(std::env::current_exe().unwrap())
            .env("LIMITED_FILE", folder.path().join("out"))
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success() && output.contains("1 passed"), "{output}");
        return;
    };
    let exporter = started(config(&path)).await;
    let long = "x".repeat(2000);
    write(&exporter, &[&long]).await;
    let before = fs::read(&path).unwrap();
    let error = exporter.export(&alerts(&["Short", &long])).await.unwrap_err();
    assert!(matches!(error, ExportError::Retryable { .. }) && error.to_string().contains("File too large"));
    assert_eq!(fs::read(&path).unwrap(), before);
    // Somebody makes room.
    fs::write(&path, "").unwrap();
    write(&exporter, &["Short", &long]).await;
    assert_eq!(names(&path), ["Short", &long]);
}

#[tokio::test(start_paused = true)]
async fn the_disk_gets_what_was_written_at_every_interval() {
    let folder = tempfile::tempdir().unwrap();
    let mut appender = Appender::new(folder.path().join("out"), Directory::Must, None, false);
    appender.open(false).unwrap();
    appender.append(b"one\n").unwrap();
    let appender = Arc::new(Mutex::new(appender));
    let flusher = tokio::spawn(flush_now_and_then(appender.clone(), Duration::from_secs(1)));
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(!appender.lock().await.sync().unwrap(), "there is nothing left to bring to the disk");
    flusher.abort();

    let mut synced = Appender::new(folder.path().join("out"), Directory::Must, None, true);
    synced.open(false).unwrap();
    synced.append(b"two\n").unwrap();
    assert!(!synced.sync().unwrap(), "fsync: every export has brought its lines to the disk");
}
