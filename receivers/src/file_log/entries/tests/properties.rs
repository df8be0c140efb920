//! What holds for all files: it does not matter in which pieces they are read, or how often somebody starts again.

use super::kit::{File, NOW, read};
use crate::file_log::entries::Requests;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn configs() -> impl Strategy<Value = Json> {
    let container = json!([
        {"type": "container", "max_log_size": 100},
        {"type": "json_parser", "if": "body contains '{'", "on_error": "send_quiet"},
    ]);
    let configs = [
        json!({}),
        json!({"max_log_size": 16}),
        json!({"max_log_size": 16, "max_log_size_behavior": "truncate"}),
        json!({"encoding": "utf-16le", "max_log_size": 32}),
        json!({"encoding": "utf-16be"}),
        json!({"encoding": "big5", "multiline": {"line_start_pattern": "^\\d"}}),
        json!({"encoding": "utf-8-raw"}),
        json!({"encoding": "nop", "max_log_size": 16}),
        json!({"multiline": {"line_start_pattern": "^\\d"}, "max_log_size": 40}),
        json!({"multiline": {"line_start_pattern": "^\\d", "omit_pattern": true}}),
        json!({"multiline": {"line_end_pattern": "a$"}, "max_log_size": 40}),
        json!({"multiline": {"line_end_pattern": "\\d$", "omit_pattern": true}}),
        json!({"operators": container, "force_flush_period": "1s"}),
        json!({"operators": [{"type": "json_parser", "on_error": "drop_quiet"}]}),
        json!({"header": {"pattern": "^a", "metadata_operators": [{"type": "regex_parser", "regex": "a(?P<a>.*)", "on_error": "send_quiet"}]}}),
    ];
    prop::sample::select(configs.to_vec()).prop_map(|mut config| {
        config["include_file_record_number"] = true.into();
        config["include_file_record_offset"] = true.into();
        config
    })
}

fn contents() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => "[ a1é{\\r]{0,12}\n".prop_map(String::into_bytes),
        1 => any::<Vec<u8>>(),
        1 => "[a0-9]{0,60}".prop_map(String::into_bytes),
        1 => Just(b"{\"a\": 1}\n".to_vec()),
        4 => "2024-01-02T03:04:0[0-9]Z (stdout|stderr) [PF] [a-z{]{0,40}\n".prop_map(String::into_bytes),
        1 => Just("\u{feff}a\n\n".encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Reads a file that grows, starts again now and then, and takes up little at once.
fn read_in_pieces(config: Json, content: &[u8], steps: &[(usize, bool, usize)]) -> Vec<Json> {
    let mut file = File::new(config);
    let mut all = Vec::new();
    let mut end = 0;
    for (more, restart, room) in steps.iter().cycle() {
        let before = file.consumed;
        file.out = Requests::new(*room);
        if end == content.len() {
            file.flush(content);
            all.extend(file.records());
            if file.consumed == content.len() as u64 {
                return all;
            }
        } else {
            end = (end + more).min(content.len());
            file.feed(&content[..end]);
            all.extend(file.records());
            let pending = (end as u64 - file.consumed) as usize;
            assert!(*room < 1000 || pending <= file.pattern.window(), "{pending}");
        }
        assert!(file.consumed >= before, "never backwards");
        if *restart {
            file.restart();
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_and_restarts_make_no_difference(
        config in configs(),
        content in contents(),
        steps in prop::collection::vec((1..80usize, any::<bool>(), prop_oneof![Just(1usize), Just(200), Just(100_000)]), 1..8),
    ) {
        let whole = read(config.clone(), &content);
        prop_assert_eq!(read_in_pieces(config, &content, &steps), whole);
    }

    #[test]
    fn nothing_is_lost_between_lines(lines in prop::collection::vec("[a-z]{1,20}", 1..50), steps in prop::collection::vec((1..40usize, any::<bool>(), Just(1000)), 1..5)) {
        let content = lines.join("\n");
        let bodies: Vec<_> = read_in_pieces(json!({}), content.as_bytes(), &steps).iter().map(|record| record["body"].as_str().unwrap().to_owned()).collect();
        prop_assert_eq!(bodies, lines);
    }

    #[test]
    fn nothing_makes_operators_panic(
        line in "[ -~é]{0,80}",
        regex in "[a-z0-9()?P<>:*+\\[\\]\\\\^$|{},.]{0,20}",
        field in "(body|attributes|resource)([.][a-z]|\\[\"[a-z.]\"\\]){0,3}",
    ) {
        let config = json!({"operators": [
            {"type": "regex_parser", "regex": format!("(?P<a>.*){regex}"), "on_error": "send_quiet"},
            {"type": "copy", "from": field, "to": "attributes.c", "on_error": "send_quiet"},
            {"type": "move", "from": field, "to": "attributes.m.m", "on_error": "send_quiet"},
            {"type": "container", "on_error": "send_quiet"},
        ]});
        if let Ok(pattern) = super::kit::build(config, &tidewatch_telemetry::Metrics::default()) {
            let mut file = File::at("/a.log", &pattern);
            file.entries.flush(line.as_bytes(), 0, NOW, &mut file.out);
            file.records();
        }
    }
}
