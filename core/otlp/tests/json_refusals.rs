//! What is not OTLP/JSON, and what is said about it.

use tidewatch_otlp::{MAX_DEPTH, Signal, json};

fn refusal(text: impl AsRef<[u8]>) -> String {
    json::decode(Signal::Logs, text.as_ref()).unwrap_err().to_string()
}

/// Where and why a log record of these fields is refused, without the line and column.
fn record_refusal(fields: &str) -> (String, String) {
    let text = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{}},{{{fields}}}]}}]}}]}}"#);
    let error = json::decode(Signal::Logs, text.as_bytes()).expect_err(fields);
    assert_eq!(error.position.unwrap().0, 1, "{fields}");
    let path = error.path.strip_prefix("resourceLogs[0].scopeLogs[0].logRecords[1]").expect(fields);
    (path.to_owned(), error.message)
}

#[test]
fn texts_that_are_not_one_json_object() {
    assert_eq!(refusal(""), "the text is not a JSON object");
    assert_eq!(refusal("[]"), "the text is not a JSON object");
    assert_eq!(refusal("null"), "the text is not a JSON object");
    assert_eq!(refusal("{"), "EOF while parsing an object at line 1 column 1");
    assert_eq!(refusal("{} x"), "trailing characters at line 1 column 4");
    assert_eq!(refusal("{}{}"), "trailing characters at line 1 column 3");
    assert_eq!(refusal(b"{\"a\":\"\xff\"}"), "the text is not UTF-8 at byte 6");
    assert_eq!(
        refusal("{\n \"resourceLogs\": [1]}"),
        "resourceLogs[0]: expected an object, found 1 at line 2 column 19"
    );
    assert_eq!(refusal("{\"resourceLogs\":[{},]}"), "resourceLogs[1]: trailing comma at line 1 column 21");
}

#[test]
fn values_that_do_not_fit_their_field() {
    let cases = [
        (r#""timeUnixNano":-1"#, ".timeUnixNano", "expected an unsigned 64-bit integer, found -1"),
        (r#""timeUnixNano":1.5"#, ".timeUnixNano", "expected an unsigned 64-bit integer, found 1.5"),
        (r#""timeUnixNano":18446744073709551616"#, ".timeUnixNano", "found 18446744073709552000"),
        (r#""timeUnixNano":"1 ""#, ".timeUnixNano", "found a string"),
        (r#""timeUnixNano":" 1""#, ".timeUnixNano", "found a string"),
        (r#""timeUnixNano":"+1""#, ".timeUnixNano", "found a string"),
        (r#""timeUnixNano":"""#, ".timeUnixNano", "found a string"),
        (r#""timeUnixNano":true"#, ".timeUnixNano", "found a boolean"),
        (r#""timeUnixNano":[]"#, ".timeUnixNano", "found an array"),
        (r#""timeUnixNano":{}"#, ".timeUnixNano", "found an object"),
        (r#""flags":4294967296"#, ".flags", "expected an unsigned 32-bit integer, found 4294967296"),
        (r#""severityNumber":"INFO""#, ".severityNumber", "expected the number or name of an enum value"),
        (r#""severityNumber":2147483648"#, ".severityNumber", "found 2147483648"),
        (r#""severityText":7"#, ".severityText", "expected a string, found 7"),
        (r#""attributes":{}"#, ".attributes", "expected an array, found an object"),
        (r#""attributes":"x""#, ".attributes", "expected an array, found a string"),
        (
            r#""attributes":[{"value":{"boolValue":"true"}}]"#,
            ".attributes[0].value.boolValue",
            "expected a boolean",
        ),
        (r#""body":"text""#, ".body", "expected an object, found a string"),
        (
            r#""body":{"intValue":"9223372036854775808"}"#,
            ".body.intValue",
            "expected a signed 64-bit integer",
        ),
        (r#""body":{"doubleValue":"nan"}"#, ".body.doubleValue", "expected a number, found a string"),
        (r#""body":{"doubleValue":1e400}"#, ".body.doubleValue", "number out of range"),
        (r#""body":{"bytesValue":"*"}"#, ".body.bytesValue", "expected a base64 string"),
        (r#""body":{"stringValue":"","intValue":1}"#, ".body.intValue", "stringValue is set already"),
        (r#""body":{"arrayValue":{"values":[{},[]]}}"#, ".body.arrayValue.values[1]", "found an array"),
        (r#""traceId":"5b8e""#.trim_end_matches('"'), ".traceId", "EOF while parsing a string"),
        (r#""traceId":"5b8"#, ".traceId", "EOF while parsing a string"),
        (r#""traceId":"5b8""#, ".traceId", "the id is not hexadecimal: Odd number of digits"),
        (r#""spanId":"xyz0""#, ".spanId", "the id is not hexadecimal: Invalid character 'x' at position 0"),
        (r#""severityText":"\ud800""#, ".severityText", "unexpected end of hex escape"),
        (r#""severityText":"\udc00""#, ".severityText", "lone leading surrogate in hex escape"),
        (r#""unknown":"\udc00""#, "", "lone leading surrogate in hex escape"),
    ];
    for (fields, path, message) in cases {
        let (found_path, found) = record_refusal(fields);
        assert_eq!(found_path, path, "{fields}");
        assert!(found.contains(message), "{fields}: {found}");
    }
}

#[test]
fn messages_may_nest_as_deep_as_on_the_wire() {
    // The body of a record is the fourth message below the request, and each array adds two.
    let nested = |arrays: usize| {
        let (open, close) = (r#"{"arrayValue":{"values":["#.repeat(arrays), "]}}".repeat(arrays));
        format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{open}{{}}{close}}}]}}]}}]}}"#)
    };
    let most = (MAX_DEPTH - 4) / 2;
    let wire = json::decode(Signal::Logs, nested(most).as_bytes()).unwrap();
    assert_eq!(json::encode(Signal::Logs, &wire).unwrap(), nested(most).as_bytes());
    tidewatch_otlp::Request::check(Signal::Logs, wire.into()).unwrap();
    assert!(refusal(nested(most + 1)).contains("messages are nested more than 64 deep"));
    assert!(refusal(nested(100_000)).contains("messages are nested more than 64 deep"));
}

#[test]
fn unknown_fields_nest_to_a_limit_too() {
    let nested = |arrays: usize| format!(r#"{{"unknown":{}{}}}"#, "[".repeat(arrays), "]".repeat(arrays));
    assert_eq!(json::decode(Signal::Logs, nested(100).as_bytes()), Ok(Vec::new()));
    assert!(refusal(nested(100_000)).contains("recursion limit exceeded"));
}

#[test]
fn bytes_that_are_not_a_request_cannot_be_written() {
    let cases: [(&[u8], &str); 6] = [
        (&[0x0a], "the protobuf is malformed or cut off"),
        (&[0x0a, 0x05, 0x00], "the protobuf is malformed or cut off"),
        (&[0x0b, 0x0c], "the protobuf is malformed or cut off"),
        (&[0x08, 0x01], "resourceLogs: the wire type is not the field's"),
        (&[0x0a, 0x03, 0x1a, 0x01, 0xff], "resourceLogs[0].schemaUrl: the text is not UTF-8"),
        (&[0x0a, 0x02, 0x12, 0x05], "resourceLogs[0]: the protobuf is malformed or cut off"),
    ];
    for (wire, message) in cases {
        assert_eq!(json::encode(Signal::Logs, wire).unwrap_err().to_string(), message);
    }
}
