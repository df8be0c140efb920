//! Compares items that were sent with items that arrived.

use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write};

/// At most so many items are described.
const SHOWN: usize = 5;

/// An item's leaves by their paths.
type Leaves = BTreeMap<String, String>;

/// What is wrong, in words; empty where every item that was sent arrived once and nothing else did.
pub(crate) fn differences(sent: &[Value], arrived: &[Value]) -> String {
    let mut arrived: Vec<Leaves> = arrived.iter().map(leaves).collect();
    let mut missing: Vec<Leaves> = sent.iter().map(leaves).collect();
    missing.retain(|item| match arrived.iter().position(|other| other == item) {
        Some(index) => {
            arrived.swap_remove(index);
            false
        }
        None => true,
    });
    if missing.is_empty() && arrived.is_empty() {
        return String::new();
    }
    let mut text = format!("{} did not arrive, {} were not sent like this\n", missing.len(), arrived.len());
    for item in missing.iter().take(SHOWN) {
        let nearest = arrived.iter().map(|other| changes(item, other)).min_by_key(Vec::len);
        writeln!(text, "sent: {}", short(item)).ok();
        for change in nearest.into_iter().flatten() {
            writeln!(text, "  {change}").ok();
        }
    }
    for item in arrived.iter().take(if missing.is_empty() { SHOWN } else { 0 }) {
        writeln!(text, "not sent: {}", short(item)).ok();
    }
    text
}

fn short(item: &Leaves) -> String {
    format!("{item:?}").chars().take(500).collect()
}

fn changes(sent: &Leaves, arrived: &Leaves) -> Vec<String> {
    let mut paths: Vec<&String> = sent.keys().chain(arrived.keys()).collect();
    paths.sort();
    paths.dedup();
    let pairs = paths.into_iter().map(|path| (path, sent.get(path), arrived.get(path)));
    let different = pairs.filter(|(_, sent, arrived)| sent != arrived);
    different.map(|(path, sent, arrived)| format!("{path}: sent {sent:?}, arrived {arrived:?}")).collect()
}

fn leaves(item: &Value) -> Leaves {
    let mut leaves = Leaves::new();
    collect(item, String::new(), &mut leaves);
    leaves
}

fn collect(value: &Value, path: String, leaves: &mut Leaves) {
    let leaf = match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                collect(value, format!("{path}/{key}"), leaves);
            }
            return;
        }
        Value::Array(list) if !list.is_empty() => {
            for (index, value) in list.iter().enumerate() {
                collect(value, format!("{path}/{index}"), leaves);
            }
            return;
        }
        // Every language writes numbers in its own way.
        Value::String(number) if path.ends_with("/double") => {
            format!("{:?}", number.parse::<f64>().unwrap_or_else(|_| panic!("{path} is {number}")))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    leaves.insert(path, leaf);
}

#[test]
fn differences_are_found() {
    let item = |value: &str| serde_json::json!({"a": {"b": {"double": value}}, "list": [], "n": 1});
    assert_eq!(differences(&[item("1e3"), item("nan")], &[item("NaN"), item("1000")]), "");
    let text = differences(&[item("1"), item("2")], &[item("1"), item("3")]);
    assert!(text.contains("/a/b/double: sent Some(\"2.0\"), arrived Some(\"3.0\")"), "{text}");
    assert!(differences(&[item("1"), item("1")], &[item("1")]).starts_with("1 did not arrive"));
    assert!(differences(&[], &[item("1")]).contains("not sent: "));
}
