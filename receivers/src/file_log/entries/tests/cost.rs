//! What records cost. Run with
//! `cargo test --release -p tidewatch-receivers --lib -- --ignored --nocapture lines_cost_little`.

use super::kit::{File, NOW};
use crate::file_log::entries::Requests;
use serde_json::{Value as Json, json};
use tidewatch_otlp::{Request, Signal};

/// Nanoseconds that this thread has had a processor.
fn processor_time() -> u64 {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    statistics.split(' ').next().unwrap().parse().unwrap()
}

fn measure(what: &str, config: Json, line: &str) {
    const LINES: usize = 1_000_000;
    let content = line.repeat(LINES);
    let mut file = File::new(config);
    let mut items = 0;
    let started = processor_time();
    while file.consumed < content.len() as u64 {
        let from = file.consumed as usize;
        let to = content.len().min(from + (256 << 10));
        let piece = &content.as_bytes()[from..to];
        let progress = match to == content.len() {
            true => file.entries.flush(piece, file.consumed, NOW, &mut file.out),
            false => file.entries.feed(piece, file.consumed, NOW, &mut file.out),
        };
        file.consumed = progress.consumed;
        if file.out.is_full() || file.consumed == content.len() as u64 {
            items += file.out.finish().map_or(0, |request| request.items());
            file.out = Requests::new(1 << 20);
        }
    }
    let spent = processor_time() - started;
    assert_eq!(items, LINES);
    println!("{what}: {} bytes a line, {} ns", line.len(), spent / LINES as u64);
}

#[test]
#[ignore = "a measurement, for release builds"]
fn lines_cost_little() {
    let plain = "2025-01-15 10:30:45,120 INFO [http-nio-8080-exec-6] shop.cart: item 4711 put into cart of user 42, 3 items now\n";
    let json = "{\"time\":\"2025-01-15 10:30:45,120\",\"level\":\"INFO\",\"message\":\"Transaction 42 created: $149.99\",\"user\":42,\"path\":\"/cart\"}\n";
    let cri = format!("2023-06-22T10:27:25.813799277Z stdout F {plain}");
    let docker = json!({"log": plain, "stream": "stdout", "time": "2024-03-30T08:31:20.545192187Z"})
        .to_string()
        + "\n";
    let timestamp =
        json!({"parse_from": "attributes.time", "layout": "%Y-%m-%d %H:%M:%S,%L", "location": "UTC"});
    let severity = json!({"parse_from": "attributes.level"});
    let regex = "^(?P<time>[^ ]+ [^ ]+) (?P<level>[A-Z]+) (?P<message>.*)$";
    measure("plain", json!({}), plain);
    measure("plain, windows-1252", json!({"encoding": "windows-1252"}), plain);
    measure("multiline", json!({"multiline": {"line_start_pattern": "^\\d{4}-"}}), plain);
    measure("json_parser", json!({"operators": [{"type": "json_parser"}]}), json);
    measure(
        "json_parser with time and severity",
        json!({"operators": [{"type": "json_parser", "timestamp": timestamp, "severity": severity}]}),
        json,
    );
    measure(
        "regex_parser with time and severity",
        json!({"operators": [{"type": "regex_parser", "regex": regex, "timestamp": timestamp, "severity": severity}]}),
        plain,
    );
    measure("container, containerd", json!({"operators": [{"type": "container"}]}), &cri);
    measure("container, docker", json!({"operators": [{"type": "container"}]}), &docker);

    let mut file = File::new(json!({}));
    file.flush(plain.repeat(100_000).as_bytes());
    let request = file.out.finish().unwrap();
    let started = processor_time();
    let checked = Request::check(Signal::Logs, request.bytes().clone()).unwrap();
    println!(
        "a check of what is written would add {} ns",
        (processor_time() - started) / checked.request.items() as u64
    );
}
