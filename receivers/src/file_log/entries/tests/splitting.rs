use super::kit::{File, bodies, build, read};
use serde_json::{Value as Json, json};
use tidewatch_telemetry::Metrics;

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn lines_become_bodies() {
    assert_eq!(bodies(json!({}), "a\nb\r\n\n  c d \t\nä"), ["a", "b", "c d", "ä"]);
    let keep = json!({"preserve_leading_whitespaces": true});
    assert_eq!(bodies(keep, "  a \n \n"), ["  a"]);
    let keep = json!({"preserve_trailing_whitespaces": true});
    assert_eq!(bodies(keep, "  a \r\n"), ["a "]);
    let keep = json!({"preserve_trailing_whitespaces": true, "preserve_leading_whitespaces": true});
    assert_eq!(bodies(keep, " a \r\n \n\n"), [" a ", " "]);
}

#[test]
fn a_byte_order_mark_is_no_text() {
    assert_eq!(bodies(json!({}), b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n"), ["a", "\u{feff}b"]);
    assert_eq!(bodies(json!({"encoding": "utf-16"}), utf16("\u{feff}a\n", u16::to_le_bytes)), ["a"]);
    assert_eq!(bodies(json!({"encoding": "utf-16be"}), utf16("\u{feff}a\n", u16::to_be_bytes)), ["a"]);
    assert!(bodies(json!({}), b"\xef\xbb\xbf").is_empty());
}

#[test]
fn encodings_are_decoded() {
    let text = "  zażółć 😀 \r\nsecond\n";
    let lines = ["zażółć 😀", "second"];
    assert_eq!(bodies(json!({"encoding": "utf-16le"}), utf16(text, u16::to_le_bytes)), lines);
    assert_eq!(bodies(json!({"encoding": "UTF-16BE"}), utf16(text, u16::to_be_bytes)), lines);
    assert_eq!(bodies(json!({"encoding": "big5"}), b"\xa6\xec\xb8m\n\xa4\xa4"), ["位置", "中"]);
    assert_eq!(bodies(json!({"encoding": "windows-1252"}), b"\x80 1\n"), ["€ 1"]);
}

#[test]
fn bytes_that_are_no_text_are_replaced_and_counted_or_stay_bytes() {
    let metrics = Metrics::default();
    let mut file = File::at("/a.log", &build(json!({}), &metrics).unwrap());
    file.feed(b"good\nb\xffad\ngood again\n");
    let bodies: Vec<_> = file.records().iter().map(|record| record["body"].clone()).collect();
    assert_eq!(bodies, ["good", "b\u{fffd}ad", "good again"]);
    assert!(
        metrics.render().contains(r#"tidewatch_file_log_undecodable_entries_total{receiver="file_log"} 1"#)
    );
    let raw: Vec<_> = read(json!({"encoding": "utf-8-raw"}), b"good\nb\xff\n")
        .iter()
        .map(|record| record["body"].clone())
        .collect();
    assert_eq!(raw, [json!("good"), json!({"bytes": "62ff"})]);
    let nop = read(json!({"encoding": "nop", "max_log_size": 4}), b"a\nbcd\xff ");
    let nop: Vec<_> = nop.iter().map(|record| record["body"]["bytes"].as_str().unwrap().to_owned()).collect();
    assert_eq!(nop, ["610a6263", "64ff20"]);
}

#[test]
fn entries_begin_where_a_pattern_says() {
    let config = json!({"multiline": {"line_start_pattern": "^\\d{4}-\\d{2}"}});
    let content = "lost\n2024-01 a\n  at x\n2024-02 b\n2024-03 c\n  at y\n";
    let entries = ["lost", "2024-01 a\n  at x", "2024-02 b", "2024-03 c\n  at y"];
    assert_eq!(bodies(config.clone(), content), entries);
    let mut file = File::new(config);
    file.feed(content.as_bytes());
    assert_eq!(file.records().len(), 3, "the last one may go on");
    let omit = json!({"multiline": {"line_start_pattern": "LOGSTART \\d+ ", "omit_pattern": true}});
    assert_eq!(
        bodies(omit, "LOGSTART 123 log1\nLOGSTART 234 log2 LOGSTART 1 log3"),
        ["log1", "log2", "log3"]
    );
}

#[test]
fn entries_end_where_a_pattern_says() {
    let config = json!({"multiline": {"line_end_pattern": "LOGEND \\d+"}});
    let content = "log1 LOGEND 1\nlog2\nmore LOGEND 2\nrest";
    assert_eq!(bodies(config.clone(), content), ["log1 LOGEND 1", "log2\nmore LOGEND 2", "rest"]);
    let mut file = File::new(config);
    file.feed(&content.as_bytes()[..13]);
    assert_eq!(file.records().len(), 0, "the number may go on");
    let omit = json!({"multiline": {"line_end_pattern": ";$", "omit_pattern": true}});
    assert_eq!(bodies(omit, "a;\nb;b\nc;\n"), ["a", "b;b\nc"]);
}

#[test]
fn patterns_are_matched_in_any_encoding() {
    let text = "2024 ä\n位置\n2025 b\n";
    let config =
        |encoding: &str| json!({"encoding": encoding, "multiline": {"line_start_pattern": "^20\\d\\d"}});
    assert_eq!(bodies(config("utf-16le"), utf16(text, u16::to_le_bytes)), ["2024 ä\n位置", "2025 b"]);
    let big5 = b"2024 \xa6\xec\n\xb8m\n2025 b\n";
    assert_eq!(bodies(config("big5"), big5), ["2024 位\n置", "2025 b"]);
    assert_eq!(bodies(config("windows-1252"), b"2024 \x80\n2025\n"), ["2024 €", "2025"]);
    let end = json!({"encoding": "utf-16be", "multiline": {"line_end_pattern": "END$"}});
    assert_eq!(bodies(end, utf16("ä END\nb END\n", u16::to_be_bytes)), ["ä END", "b END"]);
}

#[test]
fn long_entries_are_split() {
    let metrics = Metrics::default();
    let mut file = File::at("/a.log", &build(json!({"max_log_size": 8}), &metrics).unwrap());
    file.feed("12345678\r\n123456789012345678901\nääääää\nshort\n".as_bytes());
    let bodies: Vec<_> =
        file.records().iter().map(|record| record["body"].as_str().unwrap().to_owned()).collect();
    assert_eq!(bodies, ["12345678", "12345678", "90123456", "78901", "ääää", "ää", "short"]);
    assert!(
        metrics
            .render()
            .contains(r#"tidewatch_file_log_long_entries_total{behavior="split",receiver="file_log"} 3"#)
    );
}

#[test]
fn long_entries_are_cut_where_that_is_wanted() {
    let config =
        json!({"max_log_size": 8, "max_log_size_behavior": "truncate", "include_file_record_number": true});
    let content = "12345678\r\n123456789012345678901\nshort\n1234567890";
    let numbered = |records: &[Json]| -> Vec<(String, u64)> {
        let one = |record: &Json| {
            let number = record["attributes"]["log.file.record_number"].as_u64().unwrap();
            (record["body"].as_str().unwrap().to_owned(), number)
        };
        records.iter().map(one).collect()
    };
    let all = [
        ("12345678".to_owned(), 1),
        ("12345678".to_owned(), 2),
        ("short".to_owned(), 3),
        ("12345678".to_owned(), 4),
    ];
    assert_eq!(numbered(&read(config.clone(), content)), all);
    // In pieces, with restarts in the midst of what is left out.
    let mut file = File::new(config);
    let mut records = Vec::new();
    for end in 0..=content.len() {
        file.feed(&content.as_bytes()[..end]);
        file.restart();
    }
    file.flush(content.as_bytes());
    records.extend(file.records());
    assert_eq!(numbered(&records), all);
    let multiline = json!({"max_log_size": 8, "max_log_size_behavior": "truncate",
        "multiline": {"line_start_pattern": "^#"}});
    assert_eq!(bodies(multiline, "#2345678\nrest\nrest\n#b\n"), ["#2345678", "#b"]);
}

#[test]
fn a_line_without_an_end_takes_no_memory() {
    // A thousand times as long as an entry may be, in pieces.
    for behavior in ["split", "truncate"] {
        let mut file = File::new(json!({"max_log_size": 1 << 16, "max_log_size_behavior": behavior}));
        let (mut pending, mut offset, mut longest) = (Vec::new(), 0, 0);
        for _ in 0..1000 {
            pending.resize(pending.len() + (1 << 16), b'x');
            let progress = file.entries.feed(&pending, offset, 1, &mut file.out);
            pending.drain(..(progress.consumed - offset) as usize);
            offset = progress.consumed;
            longest = longest.max(pending.len());
            file.out.finish();
        }
        assert!(longest <= file.pattern.window(), "{longest}");
        assert!(offset > 990 << 16);
    }
}

#[test]
fn what_has_no_end_waits_as_long_as_it_should() {
    let after = |config: Json, content: &str| File::new(config).feed(content.as_bytes()).flush_after;
    assert_eq!(after(json!({}), "a\nb").map(|after| after.as_millis()), Some(500));
    assert_eq!(after(json!({}), "a\n"), None);
    assert_eq!(after(json!({"force_flush_period": "2s"}), "b").map(|after| after.as_secs()), Some(2));
    assert_eq!(after(json!({"force_flush_period": "0s"}), "b"), None);
}
