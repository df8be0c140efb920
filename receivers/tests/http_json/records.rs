//! Records in bodies of requests.

use crate::agent::{LONG, Setup, Tested, body, eventually, told, web};
use serde_json::{Value as Json, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

async fn agent() -> Tested {
    Setup::default().start().await
}

async fn picky() -> Tested {
    Setup { processors: "picky", ..Setup::default() }.start().await
}

fn sample() -> Vec<String> {
    include_str!("../data/http_json/logs_sample.jsonl").lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn one_record_is_delivered_before_it_is_answered() {
    let mut agent = picky().await;
    let text = &sample()[0];
    let (status, answer) = agent.post(text.clone()).await;
    assert_eq!(
        (status, &answer["status"], &answer["message"]),
        (200, &json!("success"), &json!("1 record accepted"))
    );
    let recorded = agent.recorded.try_recv().expect("it was delivered before");
    let message = recorded.request.decode_logs();
    let record = &message.resource_logs[0].scope_logs[0].log_records[0];
    assert_eq!(body(record), serde_json::from_str::<Json>(text).unwrap());
    assert_eq!((record.time_unix_nano, record.attributes.len()), (0, 0));
    assert!(record.observed_time_unix_nano > 0);
    assert!(agent.has_no_more());
    assert_eq!(
        agent.metric(r#"otelcol_receiver_accepted_log_records{receiver="http_json",transport="http"}"#),
        Some(1)
    );
    agent.stop().await;
}

#[tokio::test]
async fn arrays_and_lines_are_one_submission() {
    let mut agent = agent().await;
    let lines = sample();
    let (as_lines, as_array) = (lines.join("\n"), format!("[{}]", lines.join(",\n")));
    for (content_type, text) in [
        ("application/x-ndjson", as_lines.clone()),
        ("application/json", as_lines.clone()),
        ("application/json", as_array),
        ("text/plain; charset=utf-8", format!("\u{feff}{}\r\n\r\n", as_lines.replace('\n', "\r\n"))),
    ] {
        let (status, answer) = agent.post_as(content_type, text).await;
        assert_eq!((status, &answer["accepted"], &answer["rejected"]), (200, &json!(15), &Json::Null));
        let bodies: Vec<Json> = agent.delivered().await.iter().map(body).collect();
        let expected: Vec<Json> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(bodies, expected);
        assert!(agent.has_no_more());
    }
    let (status, answer) = agent.post("[]").await;
    assert_eq!(
        (status, answer),
        (200, json!({"status": "success", "message": "0 records accepted", "accepted": 0}))
    );
    agent.stop().await;
}

#[tokio::test]
async fn what_a_processor_refuses_is_told_by_field_and_line() {
    let mut agent = picky().await;
    let (status, answer) = agent.post(r#"{"a": 1}"#).await;
    assert_eq!(status, 422);
    let expected = json!({
        "status": "error", "message": "1 of 1 records refused; line 1: `Etat`: is missing",
        "accepted": 0, "rejected": 1, "faults": [{"index": 0, "line": 1, "field": "Etat", "reason": "is missing"}],
    });
    assert_eq!(answer, expected);
    assert!(agent.has_no_more());

    // Of these the second cannot be read, and the others but one are refused.
    let text = "{\"Etat\": \"SUCCESS\"}\n{\"Etat\" \"FAILED\"}\n\n{\"Etat\": 1}\n{\"Etat\": \"FAILED\", \"Duree secondes\": \"abc\"}\n";
    let (status, answer) = agent.post_as("application/x-ndjson", text).await;
    assert_eq!((status, &answer["status"]), (422, &json!("partial")));
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(1), &json!(3)));
    let expected = json!([
        {"index": 1, "line": 2, "column": 9, "reason": "expected `:`"},
        {"index": 2, "line": 4, "field": "Etat", "reason": "is none of SUCCESS, FAILED"},
        {"index": 3, "line": 5, "field": "Duree secondes", "reason": "is no number"},
    ]);
    assert_eq!(answer["faults"], expected);
    assert_eq!(agent.delivered().await.iter().map(body).collect::<Vec<_>>(), [json!({"Etat": "SUCCESS"})]);
    let dropped = |node: &str, reason: &str| {
        let text = agent.running.metrics().render();
        let mut lines = text.lines().filter(|line| line.starts_with("tidewatch_dropped_items"));
        let line = lines.find(|line| {
            line.contains(&format!("node=\"{node}\"")) && line.contains(&format!("reason=\"{reason}\""))
        });
        line.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
    };
    assert_eq!((dropped("picky", "rejected"), dropped("http_json", "invalid_json")), (Some(3), Some(1)));
    agent.stop().await;
}

#[tokio::test]
async fn only_so_many_faults_are_told_but_all_are_counted() {
    let agent = picky().await;
    let (status, answer) = agent.post("{}\n".repeat(250)).await;
    assert_eq!((status, &answer["rejected"]), (422, &json!(250)));
    assert_eq!(answer["faults"].as_array().unwrap().len(), 100);
    agent.stop().await;
}

#[tokio::test]
async fn what_is_no_json_is_refused_with_the_place() {
    let mut agent = agent().await;
    for (text, line, column, reason) in [
        ("not json at all", json!(1), json!(2), "expected ident"),
        ("{\"a\": 1,\n \"b\": 2,}", json!(2), json!(9), "key must be a string"),
        ("[{\"a\": 1},\n {\"b\": }]", json!(2), json!(8), "expected value"),
        ("[{\"a\": 1},]", json!(1), json!(11), "trailing comma"),
        ("{\"a\": NaN}", json!(1), json!(7), "expected value"),
        ("{\"a\": 1e999}", json!(1), json!(11), "number out of range"),
        ("", Json::Null, Json::Null, "the body is empty"),
        (" \r\n", Json::Null, Json::Null, "the body is empty"),
        ("5", json!(1), json!(1), "this is no JSON object"),
    ] {
        let (status, answer) = agent.post(text).await;
        assert_eq!((status, &answer["status"]), (422, &json!("error")), "{text:?}");
        let fault = &answer["faults"][0];
        assert_eq!(
            (&fault["line"], &fault["column"], &fault["reason"]),
            (&line, &column, &json!(reason)),
            "{text:?}"
        );
    }
    let deep = format!("{}1{}", "{\"a\":".repeat(1000), "}".repeat(1000));
    let (status, answer) = agent.post(deep).await;
    assert_eq!((status, &answer["faults"][0]["reason"]), (422, &json!("recursion limit exceeded")));
    assert!(agent.has_no_more());
    agent.stop().await;
}

#[tokio::test]
async fn strange_records_are_taken_as_far_as_they_make_sense() {
    let mut agent = agent().await;
    let (status, _) = agent.post(r#"{"a": 1, "b": 9223372036854775808, "a": 2, "": null}"#).await;
    assert_eq!(status, 200);
    assert_eq!(
        body(&agent.delivered().await[0]),
        json!({"a": 2, "b": 9_223_372_036_854_775_808.0, "": null})
    );
    // Elements that are no records, or not UTF-8, are at fault alone.
    let (status, answer) = agent.post(&b"[{\"a\": \"\xff\"}, 7, {\"a\": 1e999}, {\"a\": []}]"[..]).await;
    assert_eq!((status, &answer["accepted"], &answer["rejected"]), (422, &json!(1), &json!(3)));
    let told: Vec<_> =
        answer["faults"].as_array().unwrap().iter().map(|fault| fault["index"].as_u64()).collect();
    assert_eq!(told, [Some(0), Some(1), Some(2)]);
    assert_eq!(answer["faults"][0]["reason"], "this is not UTF-8");
    assert_eq!(body(&agent.delivered().await[0]), json!({"a": []}));
    agent.stop().await;
}

#[tokio::test]
async fn what_is_not_delivered_is_a_500() {
    let setup = Setup { keys: "acknowledge_timeout: 300ms", exporter: "answer: hang", ..Setup::default() };
    let agent = setup.start().await;
    let (status, answer) = agent.post("{}").await;
    assert_eq!((status, &answer["status"]), (500, &json!("error")));
    assert!(answer["message"].as_str().unwrap().contains("not delivered within 300ms"), "{answer}");
    agent.stop().await;

    let once = "answer: later, retry_on_failure: {enabled: false}";
    let agent = Setup { exporter: once, ..Setup::default() }.start().await;
    let response = web().post(agent.url("/")).body("{}").send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (500, "7"));
    assert!(told(response).await.1["message"].as_str().unwrap().contains("the destination is full"));
    agent.stop().await;
}

#[tokio::test]
async fn what_the_destination_refuses_for_good_is_a_422() {
    for (exporter, accepted, status) in [("answer: reject", 0, "error"), ("answer: partly", 2, "partial")] {
        let agent = Setup { exporter, ..Setup::default() }.start().await;
        let (code, answer) = agent.post("[{}, {}, {}]").await;
        assert_eq!((code, &answer["status"], &answer["accepted"]), (422, &json!(status), &json!(accepted)));
        let reason = answer["faults"][0]["reason"].as_str().unwrap();
        assert!(reason.contains("exporter `recorder`"), "{reason}");
        agent.stop().await;
    }
}

#[tokio::test]
async fn where_there_is_no_room_the_sender_is_told_to_come_back() {
    let exporter = "answer: hang, sending_queue: {max_bytes: 100}";
    let agent = Setup { keys: "acknowledge: queued", exporter, ..Setup::default() }.start().await;
    let record = format!("{{\"a\": \"{}\"}}", "x".repeat(60));
    let refused = async || {
        let response = web().post(agent.url("/")).body(record.clone()).send().await.unwrap();
        if response.status() == 200 {
            return false;
        }
        assert_eq!(response.status(), 503);
        assert!(response.headers().contains_key("retry-after"));
        assert_eq!(told(response).await.1["status"], "error");
        true
    };
    eventually(refused).await;
    let refused =
        r#"tidewatch_receiver_refused_requests{code="UNAVAILABLE",receiver="http_json",transport="http"}"#;
    assert_eq!(agent.metric(refused), Some(1));
    assert_eq!(
        agent.metric(r#"otelcol_receiver_refused_log_records{receiver="http_json",transport="http"}"#),
        Some(1)
    );
    agent.running.hurry().call();
    agent.stop().await;
}

#[tokio::test]
async fn whatever_is_no_post_of_json_is_refused() {
    let agent = agent().await;
    for content_type in
        ["application/x-protobuf", "multipart/form-data; boundary=x", "application/json; charset=latin1"]
    {
        assert_eq!(agent.post_as(content_type, "{}").await.0, 415, "{content_type}");
    }
    let nowhere = told(web().post(agent.url("/other")).body("{}").send().await.unwrap()).await;
    assert_eq!(nowhere, (404, json!({"status": "error", "message": "there is nothing at this path"})));
    let response = web().get(agent.url("/")).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["allow"].to_str().unwrap()), (405, "POST"));
    for path in ["/files?file_path=x", "/files/trigger"] {
        assert_eq!(agent.ask(path).await.0, 404, "there is no root");
    }
    agent.stop().await;

    let agent = Setup { pipeline: "traces", ..Setup::default() }.start().await;
    let (status, answer) = agent.post("{}").await;
    assert_eq!((status, &answer["message"]), (404, &json!("no pipeline takes logs")));
    agent.stop().await;
}

#[tokio::test]
async fn bodies_may_come_in_chunks() {
    let mut agent = agent().await;
    let mut stream = TcpStream::connect(&agent.address).await.unwrap();
    let head = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    for chunk in ["3\r\n{\"a\r\n", "5\r\n\": 1}\r\n", "0\r\n\r\n"] {
        stream.write_all(chunk.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    }
    let mut answer = String::new();
    timeout(LONG, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(body(&agent.delivered().await[0]), json!({"a": 1}));
    agent.stop().await;
}

#[tokio::test]
async fn who_hangs_up_takes_nothing_back_that_is_being_sent() {
    let mut agent = Setup { exporter: "answer: hang", ..Setup::default() }.start().await;
    let mut stream = TcpStream::connect(&agent.address).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 8\r\n\r\n{\"a\": 1}").await.unwrap();
    assert_eq!(body(&agent.delivered().await[0]), json!({"a": 1}));
    drop(stream);
    let refused = r#"otelcol_receiver_refused_log_records{receiver="http_json",transport="http"}"#;
    eventually(async || agent.metric(refused) == Some(1)).await;
    let held = r#"tidewatch_held_items{kind="exporter",node="recorder",pipeline="",signal="logs"}"#;
    assert_eq!(agent.metric(held), Some(1), "it goes on");
    agent.stop().await;
}
