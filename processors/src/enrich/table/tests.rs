use super::*;
use crate::enrich::config::TableConfig;
use serde_json::{Value as Json, json};
use tidewatch_otlp::views::ValueView;

const HOSTS: &str = "host,env,team\nhost-a,prod,core\nhost-b,dev,mlops\n";

fn spec(config: Json) -> Spec {
    let config: TableConfig = serde_json::from_value(config).expect("keys");
    Spec::new(config).expect("no mistakes")
}

fn csv_spec() -> Spec {
    spec(json!({"from": {"csv": "-"}, "match": {"host.name": "host"}, "add": {"env": "env", "team": "team"}}))
}

fn found(table: &Table, key: &[ValueView<'_>]) -> Option<String> {
    let mut wanted = Key::default();
    key.iter().for_each(|part| wanted.push(*part));
    table.get(&wanted).map(|row| row.to_json().to_string())
}

/// What a CSV file that cannot be used is said to have.
fn broken(spec: &Spec, text: &str) -> String {
    Table::read(spec, text.as_bytes(), None).expect_err("a fault").to_string()
}

#[test]
fn a_csv_file_has_its_columns_in_the_first_line() {
    let table = Table::read(&csv_spec(), HOSTS.as_bytes(), None).expect("a table");
    assert_eq!(table.len(), 2);
    let row = found(&table, &[ValueView::Str("host-b")]);
    assert_eq!(row.as_deref(), Some(r#"{"env":"dev","team":"mlops"}"#));
    assert_eq!(found(&table, &[ValueView::Str("host-c")]), None);
}

#[test]
fn cells_may_be_quoted_and_lines_end_in_either_way() {
    let text = "\u{feff}host;env;team\r\n\"a;\"\"1\"\"\";\"two\r\nlines\";\"\"\r\n\r\n b ;;x\"y\r\nc;p;\"q\"";
    let spec = spec(json!({"from": {"csv": "-", "delimiter": ";"}, "match": {"h": "host"}, "add": "all"}));
    let table = Table::read(&spec, text.as_bytes(), None).expect("a table");
    let row = |key| found(&table, &[ValueView::Str(key)]).expect("a row");
    assert_eq!(row("a;\"1\""), r#"{"host":"a;\"1\"","env":"two\r\nlines"}"#, "an empty cell adds nothing");
    assert_eq!(row(" b "), r#"{"host":" b ","team":"x\"y"}"#);
    assert_eq!(row("c"), r#"{"host":"c","env":"p","team":"q"}"#);
}

#[test]
fn what_is_wrong_with_a_csv_file_has_its_place() {
    let spec = csv_spec();
    let cases = [
        ("", "1:1: the file is empty: its first line has to name the columns"),
        ("host,,team\n", "1:6: column 2 has no name"),
        ("host,env,host\n", "1:10: columns 1 and 3 are both called `host`"),
        ("host,env,team\na,b\n", "2:4: the row has 2 cells, but the first line names 3 columns"),
        ("host,env,team\nä,b,c,d\n", "2:7: the row has 4 cells, but the first line names 3 columns"),
        ("host,env,team\na,\"b,c\n", "2:3: the quoted cell has no end"),
        (
            "host,env,team\na,\"b\"c,d\n",
            "2:6: there is text behind a quoted cell: a quote within one is written twice (`\"\"`)",
        ),
        ("host,env,team\na,b,c\nb,b,c\na,d,e\n", "4:1: there is a row of the same `host` already, in line 2"),
        ("host,env,team\n,b,c\n", "2:1: the row has no `host` to be found by"),
        ("hosts,env,team\na,b,c\n", "2:1: the table has no column `host`; it has `hosts`, `env`, `team`"),
        ("host,env\na,b\n", "1:1: the table has no column `team`; it has `host`, `env`"),
    ];
    for (text, expected) in cases {
        assert_eq!(broken(&spec, text), expected, "{text:?}");
    }
    let fault = Table::read(&spec, b"host,env,team\na,\xff,c\n", None).expect_err("a fault");
    assert_eq!(fault.to_string(), "2:3: the file is not UTF-8");
    // A column that is missing is shown where it is named, when the agent starts.
    let fault = Table::read(&spec, b"host,env\na,b\n", None).expect_err("a fault");
    assert_eq!(fault.key.as_deref(), Some("add.team"));
}

#[test]
fn json_and_yaml_are_lists_of_rows_or_rows_by_their_keys() {
    let of = |kind: &str, text: &str| {
        let from = json!({ kind: "-" });
        let spec = spec(
            json!({"from": from, "match": {"host.name": "host"}, "add": {"env": "env", "disks": "disks"}}),
        );
        let table = Table::read(&spec, text.as_bytes(), None).expect("a table");
        found(&table, &[ValueView::Str("a")]).expect("a row")
    };
    let expected = r#"{"env":"prod","disks":[1,2.5,{"x":true}]}"#;
    let row = r#"{"env": "prod", "disks": [1, 2.5, {"x": true}], "other": null}"#;
    assert_eq!(of("json", &format!(r#"[{{"host": "a", {}]"#, &row[1..])), expected);
    assert_eq!(of("json", &format!(r#"{{"a": {row}}}"#)), expected);
    assert_eq!(of("yaml", "- host: a\n  env: prod\n  disks: [1, 2.5, {x: true}]\n"), expected);
    assert_eq!(of("yaml", "a:\n  env: prod\n  disks: [1, 2.5, {x: true}]\n"), expected);
}

#[test]
fn what_is_wrong_with_a_json_file_has_its_place() {
    let spec = spec(json!({"from": {"json": "-"}, "match": {"h": "host"}, "add": {"env": "env"}}));
    let cases = [
        ("[\n  {\"host\": \"a\",}\n]", "2:16: trailing comma"),
        ("[{\"host\": \"a\"}", "1:14: EOF while parsing a list"),
        ("[]]", "1:3: trailing characters"),
        ("[{\"host\": \"a, ]\", \"env\": 1},\n [1]]", "2:2: a row is an object, this is a list"),
        (
            "[{\"host\": \"\\\"a\", \"env\": [1, 2]},\n {\"host\": \"b\"}, {\"host\": \"\\\"a\"}]",
            "2:17: there is a row of the same `host` already, in line 1",
        ),
        (
            "{\"a\": {\"env\": 1},\n \"b\": {},\n \"a\": {}}",
            "3:2: there is a row of the same `host` already, in line 1",
        ),
        ("{\"a\": {\"host\": 1}}", "1:2: the row has a `host` of its own, which its key is already"),
        ("[{\"host\": [1]}]", "1:2: rows are found by texts, numbers and booleans; `host` is something else"),
        ("[{\"host\": 1, \"env\": 1}, {\"env\": 1}]", "1:25: the row has no `host` to be found by"),
        ("[{\"env\": 1}]", "1:2: the table has no column `host`; it has `env`"),
    ];
    for (text, expected) in cases {
        assert_eq!(broken(&spec, text), expected, "{text:?}");
    }
    assert!(broken(&spec, "7").starts_with("1:1: invalid type: integer `7`, expected a list of rows"));
    assert!(Table::read(&spec, b"[]", None).is_ok(), "nobody is in it yet");
}

#[test]
fn what_is_wrong_with_a_yaml_file_has_its_place() {
    let spec = spec(json!({"from": {"yaml": "-"}, "match": {"h": "host"}, "add": {"env": "env"}}));
    assert_eq!(
        broken(&spec, "- {host: a, env: b}\n- {host: c, env\n"),
        "2:16: this is not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'"
    );
    assert_eq!(broken(&spec, "a: {env: 1}\nb: {env: 1}\na: {env: 2}\n"), "3:1: the key `a` is written twice");
    assert_eq!(
        broken(&spec, "- {host: 7, env: b}\n- env: c\n  host: '7'\n"),
        "2:3: there is a row of the same `host` already, in line 1"
    );
    assert!(broken(&spec, "just text").starts_with("1:1: a table is a list of rows"));
    assert!(broken(&spec, "").contains("but this is nothing"));
}

#[test]
fn numbers_and_their_texts_are_the_same_key() {
    let rows = json!([{"n": 7, "v": "int"}, {"n": "8", "v": "text"}, {"n": 2.5, "v": "double"}, {"n": true, "v": "bool"},
        {"n": 1e3, "v": "whole"}, {"n": 0, "v": "zero"}]);
    let spec = spec(json!({"from": {"inline": rows}, "match": {"n": "n"}, "add": {"v": "v"}}));
    let table = Table::inline(&spec, &rows).expect("a table");
    let row = |key| found(&table, &[key]).map(|row| row[6..row.len() - 2].to_owned());
    for (keys, expected) in [
        ([ValueView::Int(7), ValueView::Str("7"), ValueView::Double(7.0)], "int"),
        ([ValueView::Int(8), ValueView::Str("8"), ValueView::Double(8.0)], "text"),
        ([ValueView::Int(1000), ValueView::Str("1000"), ValueView::Double(1e3)], "whole"),
    ] {
        for key in keys {
            assert_eq!(row(key).as_deref(), Some(expected), "{key:?}");
        }
    }
    assert_eq!(row(ValueView::Str("2.5")).as_deref(), Some("double"));
    assert_eq!(row(ValueView::Double(-0.0)).as_deref(), Some("zero"));
    assert_eq!(row(ValueView::Bool(true)).as_deref(), Some("bool"));
    assert_eq!(row(ValueView::Str("7.0")), None, "a text is taken as it is");
    assert_eq!((row(ValueView::Bytes(b"7")), row(ValueView::Empty)), (None, None));
}

#[test]
fn several_columns_must_all_match_and_are_not_run_together() {
    let text = "a,b,v\nx,yz,1\nxy,z,2\n";
    let spec = spec(json!({"from": {"csv": "-"}, "match": {"p": "a", "q": "b"}, "add": {"v": "v"}}));
    let table = Table::read(&spec, text.as_bytes(), None).expect("a table");
    let row = |a, b| found(&table, &[ValueView::Str(a), ValueView::Str(b)]);
    assert_eq!(row("x", "yz").as_deref(), Some(r#"{"v":"1"}"#));
    assert_eq!(row("xy", "z").as_deref(), Some(r#"{"v":"2"}"#));
    assert_eq!(row("xyz", ""), None);
    assert_eq!(
        broken(&spec, "a,b,v\nx,y,1\nx,y,2\n"),
        "3:1: there is a row of the same `a` and `b` already, in line 2"
    );
}

#[test]
fn tables_are_bounded() {
    let config = |from: Json| json!({"from": from, "match": {"h": "host"}, "add": {"env": "env"}});
    let rows = spec(config(json!({"csv": "-", "max_rows": 2})));
    assert_eq!(
        broken(&rows, "host,env\na,1\nb,1\nc,1\n"),
        "4:1: the table has more than 2 rows (`max_rows`)"
    );
    let bytes = spec(config(json!({"csv": "-", "max_bytes": "1KiB"})));
    let text = (0..100).fold("host,env\n".to_owned(), |text, row| text + &format!("{row},1\n"));
    assert!(broken(&bytes, &text).ends_with("the table takes more than 4096 bytes of memory (`max_bytes`)"));
}

#[test]
fn a_file_that_may_have_been_cut_off_is_not_taken() {
    let spec = csv_spec();
    let whole = Table::read(&spec, HOSTS.as_bytes(), None).expect("a table");
    let cut = &HOSTS[..HOSTS.len() - 3];
    let fault = Table::read(&spec, cut.as_bytes(), Some(&whole)).expect_err("a fault");
    assert!(fault.to_string().starts_with("3:15: the last line has no end, as it had before"), "{fault}");
    // Where files end without a line break, nothing can be said.
    let without = Table::read(&spec, cut.as_bytes(), None).expect("a table");
    assert!(Table::read(&spec, &HOSTS.as_bytes()[..HOSTS.len() - 1], Some(&without)).is_ok());
}
