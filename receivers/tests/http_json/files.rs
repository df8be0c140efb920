//! Files that requests name.

use crate::agent::{Setup, Tested, body, build, eventually, told, web};
use serde_json::{Value as Json, json};
use std::{fmt::Write, path::Path};
use tempfile::TempDir;
use tidewatch_otlp::proto::common::v1::any_value::Value;
use tokio::{io::AsyncWriteExt, net::TcpStream};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/http_json");

/// Keys of an agent that reads files of `root`.
fn reading(root: &Path, more: &str) -> String {
    format!("files: {{root: '{}', {more}}}", root.display())
}

async fn with(root: &Path, more: &str) -> Tested {
    Setup { keys: &reading(root, more), processors: "picky", ..Setup::default() }.start().await
}

/// `count` records, numbered.
fn many(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        writeln!(text, "{{\"Etat\": \"SUCCESS\", \"number\": {number}}}").unwrap();
        text
    })
}

#[tokio::test]
async fn a_file_is_read_from_its_first_line_to_its_last() {
    let mut agent = with(Path::new(DATA), "").await;
    let (status, answer) = agent.ask("/files?file_path=logs_sample.jsonl").await;
    let expected = json!({
        "status": "completed",
        "results": {"total": 15, "successful": 15, "failed": 0},
        "message": "logs_sample.jsonl: 15 of 15 records accepted",
    });
    assert_eq!((status, answer), (200, expected));
    let records = agent.delivered().await;
    let lines = include_str!("../data/http_json/logs_sample.jsonl").lines();
    let expected: Vec<Json> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.iter().map(body).collect::<Vec<_>>(), expected);
    for record in &records {
        let [attribute] = record.attributes.as_slice() else { panic!("{:?}", record.attributes) };
        let value = attribute.value.as_ref().unwrap().value.as_ref();
        assert_eq!(attribute.key, "log.file.path");
        assert_eq!(value, Some(&Value::StringValue("logs_sample.jsonl".into())));
    }
    agent.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_told_by_line_and_field() {
    let mut agent = with(Path::new(DATA), "").await;
    let (status, answer) = agent.ask("/files?file_path=logs_bad.jsonl").await;
    assert_eq!((status, &answer["status"]), (200, &json!("completed")));
    assert_eq!(answer["results"], json!({"total": 4, "successful": 0, "failed": 4}));
    let expected = json!([
        {"index": 0, "line": 1, "field": "Etat", "reason": "is missing"},
        {"index": 1, "line": 2, "field": "Etat", "reason": "is none of SUCCESS, FAILED"},
        {"index": 2, "line": 3, "field": "Duree secondes", "reason": "is no number"},
        {"index": 3, "line": 4, "column": 2, "reason": "expected ident"},
    ]);
    assert_eq!(answer["faults"], expected);
    assert!(agent.has_no_more());
    agent.stop().await;
}

#[tokio::test]
async fn good_lines_among_bad_ones_are_delivered() {
    let root = tempfile::tempdir().unwrap();
    let long = "x".repeat(2000);
    let text = format!(
        "\u{feff}{{\"Etat\": \"FAILED\"}}\r\n\n[1]\n{{\"long\": \"{long}\"}}\n{{}}\n{{\"Etat\": \"SUCCESS\"}}"
    );
    std::fs::write(root.path().join("mixed.jsonl"), text).unwrap();
    let mut agent = with(root.path(), "max_record_size: 1KiB").await;
    let (status, answer) = agent.ask("/files?file_path=mixed.jsonl").await;
    assert_eq!((status, &answer["results"]), (200, &json!({"total": 5, "successful": 2, "failed": 3})));
    let told: Vec<_> = answer["faults"].as_array().unwrap().iter().map(|fault| &fault["line"]).collect();
    assert_eq!(told, [3, 4, 5]);
    assert_eq!(answer["faults"][1]["reason"], "the line is longer than 1024 bytes");
    assert_eq!(
        agent.delivered().await.iter().map(body).collect::<Vec<_>>(),
        [json!({"Etat": "FAILED"}), json!({"Etat": "SUCCESS"})]
    );
    agent.stop().await;
}

#[tokio::test]
async fn a_large_file_is_handed_over_in_parts_and_in_order() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("many.jsonl"), many(25_000)).unwrap();
    let mut agent = with(root.path(), "").await;
    let (status, answer) = agent.ask("/files?file_path=many.jsonl").await;
    assert_eq!(
        (status, &answer["results"]),
        (200, &json!({"total": 25_000, "successful": 25_000, "failed": 0}))
    );
    let (mut numbers, mut parts) = (Vec::new(), 0);
    while numbers.len() < 25_000 {
        numbers.extend(agent.delivered().await.iter().filter_map(|record| body(record)["number"].as_u64()));
        parts += 1;
    }
    assert!(numbers.into_iter().eq(0..25_000));
    assert!(parts >= 3, "{parts}");
    agent.stop().await;
}

#[tokio::test]
async fn the_trigger_reads_its_file() {
    let keys = "path: /ingest/file, trigger: {path: ingest/trigger, file: logs_sample.jsonl}";
    let agent = with(Path::new(DATA), keys).await;
    let get = told(web().get(agent.url("/ingest/trigger")).send().await.unwrap()).await;
    for (status, answer) in [get, agent.ask("/ingest/trigger").await] {
        assert_eq!((status, &answer["results"]["successful"]), (200, &json!(15)));
    }
    assert_eq!(agent.ask("/ingest/file?file_path=logs_sample.jsonl").await.0, 200);
    assert_eq!(agent.ask("/files?file_path=logs_sample.jsonl").await.0, 404);
    let response = web().put(agent.url("/ingest/trigger")).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.headers()["allow"].to_str().unwrap()),
        (405, "GET, POST")
    );
    let response = web().get(agent.url("/ingest/file?file_path=logs_sample.jsonl")).send().await.unwrap();
    assert_eq!(response.status(), 405);
    agent.stop().await;
    // It may come later.
    let root = tempfile::tempdir().unwrap();
    let agent = with(root.path(), "trigger: {file: later.jsonl}").await;
    assert_eq!(agent.ask("/files/trigger").await.0, 404);
    std::fs::write(root.path().join("later.jsonl"), many(3)).unwrap();
    assert_eq!(agent.ask("/files/trigger").await.1["results"]["total"], 3);
    agent.stop().await;
}

#[tokio::test]
async fn only_files_in_the_root_are_read() {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("root");
    std::fs::create_dir_all(root.join("sub folder")).unwrap();
    std::fs::write(outer.path().join("secret.jsonl"), many(1)).unwrap();
    std::fs::write(root.join("sub folder/ä.jsonl"), many(1)).unwrap();
    std::os::unix::fs::symlink("../secret.jsonl", root.join("link")).unwrap();
    let mut agent = with(&root, "").await;
    let whole = root.join("sub folder/ä.jsonl").display().to_string();
    for path in ["sub+folder/%C3%A4.jsonl".to_owned(), whole.replace(' ', "%20").replace('ä', "%c3%a4")] {
        let (status, answer) = agent.ask(&format!("/files?file_path={path}")).await;
        assert_eq!((status, &answer["results"]["successful"]), (200, &json!(1)), "{path}: {answer}");
        agent.delivered().await;
    }
    for (query, status, says) in [
        ("?file_path=none.jsonl", 404, "there is no such file"),
        ("?file_path=../secret.jsonl", 403, "`..` is not allowed"),
        ("?file_path=%2e%2e/secret.jsonl", 403, "`..` is not allowed"),
        ("?file_path=link", 403, "outside of the folder"),
        ("?file_path=/etc/passwd", 403, "outside of the folder"),
        ("?file_path=sub%20folder", 422, "no regular file"),
        ("?file_path=a%00b", 422, "cannot be read"),
        ("?file_path=", 422, "`file_path` is missing"),
        ("", 422, "`file_path` is missing"),
        ("?file_path=a&file_path=b", 422, "more than once"),
    ] {
        let (code, answer) = agent.ask(&format!("/files{query}")).await;
        assert_eq!((code, &answer["status"]), (status, &json!("error")), "{query}");
        assert!(answer["message"].as_str().unwrap().contains(says), "{query}: {answer}");
    }
    assert!(agent.has_no_more());
    agent.stop().await;
}

#[tokio::test]
async fn a_root_has_to_be_there() {
    let root = tempfile::tempdir().unwrap();
    let missing = reading(&root.path().join("missing"), "");
    let yaml = Setup { keys: &missing, ..Setup::default() }.yaml("none", "127.0.0.1:0");
    let Err(failure) = build(&yaml).unwrap().start().await else { panic!("it started") };
    assert!(failure.to_string().contains("`files.root`"), "{failure}");
}

#[tokio::test]
async fn a_file_that_is_not_delivered_says_how_far_it_came() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("a.jsonl"), many(10)).unwrap();
    for (keys, exporter, status, says) in [
        ("acknowledge_timeout: 300ms", "answer: hang", 500, "not delivered within 300ms"),
        ("", "answer: later, retry_on_failure: {enabled: false}", 500, "the destination is full"),
        (
            "acknowledge_timeout: 300ms",
            "answer: hang, sending_queue: {max_bytes: 10}",
            503,
            "no room within 300ms",
        ),
    ] {
        let keys = format!("{keys}{} {}", if keys.is_empty() { "" } else { "," }, reading(root.path(), ""));
        let agent = Setup { keys: &keys, exporter, ..Setup::default() }.start().await;
        let ask = async || agent.ask("/files?file_path=a.jsonl").await;
        // The first of all always has room.
        let (code, answer) = if status == 503 {
            let first = ask();
            let (_, second) = tokio::join!(first, async {
                let held =
                    r#"tidewatch_held_items{kind="exporter",node="recorder",pipeline="",signal="logs"}"#;
                eventually(async || agent.metric(held) == Some(10)).await;
                ask().await
            });
            second
        } else {
            ask().await
        };
        assert_eq!((code, &answer["status"]), (status, &json!("error")), "{answer}");
        assert_eq!(answer["results"], json!({"total": 0, "successful": 0, "failed": 0}));
        assert!(answer["message"].as_str().unwrap().contains(says), "{answer}");
        agent.running.hurry().call();
        agent.stop().await;
    }
}

#[tokio::test]
async fn a_file_without_records_needs_no_room() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("empty.jsonl"), "").unwrap();
    std::fs::write(root.path().join("bad.jsonl"), "\n{\n\n}").unwrap();
    let keys = format!("acknowledge: queued, {}", reading(root.path(), ""));
    let exporter = "answer: hang, sending_queue: {max_bytes: 10}";
    let agent = Setup { keys: &keys, exporter, ..Setup::default() }.start().await;
    eventually(async || agent.post("{}").await.0 == 503).await;
    for (file, failed) in [("empty.jsonl", 0), ("bad.jsonl", 2)] {
        let (status, answer) = agent.ask(&format!("/files?file_path={file}")).await;
        assert_eq!(
            (status, &answer["results"]),
            (200, &json!({"total": failed, "successful": 0, "failed": failed}))
        );
    }
    agent.running.hurry().call();
    agent.stop().await;
}

#[tokio::test]
async fn nobody_s_hanging_up_ends_the_reading() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("many.jsonl"), many(25_000)).unwrap();
    let mut agent = with(root.path(), "").await;
    let mut stream = TcpStream::connect(&agent.address).await.unwrap();
    stream
        .write_all(b"POST /files?file_path=many.jsonl HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
        .await
        .unwrap();
    let mut records = agent.delivered().await.len();
    drop(stream);
    while records < 25_000 {
        records += agent.delivered().await.len();
    }
    let accepted = r#"otelcol_receiver_accepted_log_records{receiver="http_json",transport="http"}"#;
    eventually(async || agent.metric(accepted) == Some(25_000)).await;
    agent.stop().await;
}

#[tokio::test]
async fn a_stop_ends_the_reading_between_two_parts() {
    let root: TempDir = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("many.jsonl"), many(200_000)).unwrap();
    let mut agent = with(root.path(), "").await;
    let url = agent.url("/files?file_path=many.jsonl");
    let asked = tokio::spawn(async move { told(web().post(url).send().await.unwrap()).await });
    let mut records = agent.delivered().await.len();
    let Tested { running, mut recorded, .. } = agent;
    running.stop().await;
    let (status, answer) = asked.await.unwrap();
    while let Ok(more) = recorded.try_recv() {
        records += more.request.items();
    }
    // Whatever was told to be taken was delivered, however far it came.
    assert_eq!(answer["results"]["successful"], json!(records));
    assert!(
        (status, records) == (200, 200_000) || (status == 503 && records < 200_000),
        "{status} {records}"
    );
}
