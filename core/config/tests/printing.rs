//! The configuration and its schema, printed.

mod common;

use common::{catalog, exporter, read};
use serde_json::{Value as Json, json};
use tidewatch_config::{print_config, print_schema};

const SECRETS: &str = "    endpoint: postgres://me:hunter2@db/x?a=${env:PORT}
    token: ${env:PASSWORD}
    headers: {Authorization: Bearer hunter2, X-Api-Key: hunter2, plain: 'a$$${env:PORT}', on: 'yes', 'a: b': ''}
    sending_queue: {queue_size: '${env:PORT}'}
    extra: {list: [{a: 1, b: [2, x]}, [3]], empty: {}, none: [], password: hunter2, text: \"a\\nb\"}";

#[test]
fn the_configuration_is_printed_without_secrets() {
    let printed = print_config(&read(&exporter(SECRETS)));
    assert!(!printed.contains("hunter2") && !printed.contains("w: ord"), "{printed}");
    assert_eq!(
        printed,
        r#"receivers:
  otlp: {}
exporters:
  otlp:
    endpoint: "postgres://[REDACTED]@db/x?[REDACTED]"
    token: "[REDACTED]"
    headers:
      Authorization: "[REDACTED]"
      X-Api-Key: "[REDACTED]"
      plain: a$8080
      "on": "yes"
      "a: b": ""
    sending_queue:
      queue_size: 8080
    extra:
      list:
        - a: 1
          b: [2, x]
        - - 3
      empty: {}
      none: []
      password: "[REDACTED]"
      text: "a\nb"
service:
  pipelines:
    main:
      receivers: [otlp]
      exporters: [otlp]
"#
    );
}

#[test]
fn what_is_printed_is_a_configuration_that_prints_the_same() {
    let printed = print_config(&read(&exporter(SECRETS)));
    let again = read(&printed);
    assert!(again.config.is_some(), "{}", again.diagnostics);
    assert_eq!(print_config(&again), printed);
}

/// Every `$ref` of the schema.
fn references<'a>(schema: &'a Json, found: &mut Vec<&'a str>) {
    match schema {
        Json::Object(map) => {
            found.extend(map.get("$ref").and_then(Json::as_str));
            map.values().for_each(|inner| references(inner, found));
        }
        Json::Array(items) => items.iter().for_each(|inner| references(inner, found)),
        _ => {}
    }
}

#[test]
fn the_schema_is_one_document_for_all_components() {
    let schema = print_schema(&catalog());
    let mut found = Vec::new();
    references(&schema, &mut found);
    assert!(found.len() > 10);
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("references stay in the document");
        assert!(schema.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let exporters = &schema["properties"]["exporters"]["patternProperties"];
    let own = &exporters["^(otlp_http|otlphttp)(/.+)?$"]["anyOf"][0]["$ref"];
    assert_eq!(own, "#/$defs/exporters.otlp_http");
    let otlp = &schema["$defs"]["exporters.otlp"];
    assert_eq!(otlp["additionalProperties"], false, "objects are closed");
    assert!(otlp["properties"]["compress"].is_object(), "older names are keys");
    let reference = r"\$\{.+\}";
    assert_eq!(
        schema["$defs"]["exporters.otlp.Queue"],
        json!({
            "type": ["object", "null"],
            "properties": {
                "enabled": { "type": ["boolean", "string"], "default": true, "pattern": reference },
                "queue_size": {
                    "type": ["integer", "string"],
                    "format": "uint32",
                    "minimum": 1,
                    "maximum": 100_000,
                    "default": 1000,
                    "pattern": reference,
                },
                "size": { "type": ["string", "integer", "null"], "format": "byte-size", "minimum": 0, "default": null },
            },
            "x-unsupported": { "storage": "the queue is held in memory" },
            "additionalProperties": false,
        })
    );
}
