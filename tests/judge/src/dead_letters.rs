//! Dead letters, as the `file` exporter writes them: lines of OTLP/JSON.

use crate::{Result, items, numbers::Numbers};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::Value;
use std::{io, path::Path};

/// The numbers in a file of dead letters of the exporters with this name, such as `judge` of `otlp/judge`. No file is
/// an empty one.
///
/// # Errors
/// At a letter that cannot be read. A last line that a kill has cut short is no letter.
pub fn numbers(file: &Path, exporter: &str, limit: u64) -> Result<Numbers> {
    let numbers = Numbers::new(limit);
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(numbers),
        Err(error) => return Err(error.into()),
    };
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let request: Value = serde_json::from_str(line)?;
        for record in records(&request) {
            let is_ours = attribute(record, "dead_letter.exporter")
                .and_then(|id| id.split('/').nth(1))
                .is_some_and(|name| name == exporter);
            if is_ours {
                let original =
                    record["body"]["bytesValue"].as_str().ok_or("a dead letter without its original")?;
                numbers.extend(items::read(&BASE64_STANDARD.decode(original)?)?.numbers);
            }
        }
    }
    Ok(numbers)
}

/// The log records of a request.
pub fn records(request: &Value) -> impl Iterator<Item = &Value> {
    each(&request["resourceLogs"])
        .flat_map(|resource| each(&resource["scopeLogs"]).flat_map(|scope| each(&scope["logRecords"])))
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// A record's attribute that is a text.
fn attribute<'a>(record: &'a Value, key: &str) -> Option<&'a str> {
    each(&record["attributes"]).find(|pair| pair["key"] == key)?["value"]["stringValue"].as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_one_exporter_are_read() {
        let original = BASE64_STANDARD.encode(items::request(5..7, 0));
        let letter = |exporter: &str| {
            serde_json::json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [{
                "eventName": "tidewatch.dead_letter",
                "body": {"bytesValue": original},
                "attributes": [{"key": "dead_letter.exporter", "value": {"stringValue": exporter}}],
            }]}]}]})
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dead.jsonl");
        assert!(numbers(&file, "judge", 10).unwrap().is_empty());
        std::fs::write(&file, format!("{}\n{}\n{{\"cut", letter("otlp/other"), letter("otlp/judge")))
            .unwrap();
        assert_eq!(numbers(&file, "judge", 10).unwrap().iter().collect::<Vec<_>>(), [5, 6]);
        assert!(numbers(&file, "third", 10).unwrap().is_empty());
    }
}
