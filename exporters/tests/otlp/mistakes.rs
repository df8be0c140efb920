//! What is wrong with a configuration is said before anything starts.

use crate::agent::{build, yaml};

fn mistakes(kind: &str, keys: &str) -> String {
    build(&yaml("alarm: {}", kind, keys, "")).err().unwrap_or_default()
}

#[test]
fn keys_of_the_collector_that_cannot_be_honoured_say_so() {
    for (kind, keys, key) in [
        ("otlp", "middlewares: [{id: limiter}]", "middlewares"),
        ("otlp", "tls: {tpm: {enabled: true}}", "tpm"),
        ("otlp_http", "profiles_endpoint: 'http://backend/v1/profiles'", "profiles_endpoint"),
        ("otlp_http", "cookies: {enabled: true}", "cookies"),
        ("otlp_http", "middlewares: [{id: limiter}]", "middlewares"),
    ] {
        let said = mistakes(kind, &format!("endpoint: 'http://backend:4317', {keys}"));
        assert!(said.contains(&format!("the Collector's key `{key}` is not supported here")), "{said}");
        assert!(said.contains("= help: "), "{said}");
    }
}

#[test]
fn values_that_cannot_work_are_named() {
    for (kind, keys, says) in [
        ("otlp", "", "the endpoint is missing"),
        ("otlp", "endpoint: nowhere", "the port is missing"),
        ("otlp", "endpoint: 'ftp://backend:1'", "the scheme `ftp` is unknown"),
        ("otlp", "endpoint: 'a:1', compression: lz4", "lz4"),
        ("otlp", "endpoint: 'a:1', read_buffer_size: 10", "a frame has between 16 KiB and 16 MiB"),
        ("otlp", "endpoint: 'a:1', connections: 0", "connections"),
        ("otlp", "endpoint: 'a:1', authority: 'a b'", "this is not `host` or `host:port`"),
        ("otlp", "endpoint: 'a:1', auth: {authenticator: basicauth}", "there is no extension `basicauth`"),
        ("otlp", "endpoint: 'a:1', sending_queue: {storage: disk}", "there is no extension `disk`"),
        ("otlp", "endpoint: 'a:1', tls: {cert_file: a.pem}", "a certificate is given, but not its key"),
        ("otlp", "endpoint: 'a:1', sending_queue: {max_bytes: 0}", "a queue needs room for at least 1 byte"),
        ("otlp_http", "", "neither `endpoint` nor this is given"),
        ("otlp_http", "endpoint: nowhere", "URL"),
        ("otlp_http", "endpoint: 'http://a', logs_endpoint: 'a/b'", "`a/b` is no URL"),
        ("otlp_http", "endpoint: 'http://a', encoding: xml", "xml"),
        ("otlp_http", "endpoint: 'http://a', compression_params: {level: 10}", "gzip has no level 10"),
        ("otlp_http", "endpoint: 'http://a', headers: {a b: c}", "`a b` is not a name of a header"),
    ] {
        let said = mistakes(kind, keys);
        assert!(said.contains(says), "{kind} {keys}: {said}");
    }
    let said = mistakes("otlp_http", "endpoint: nowhere");
    assert!(said.contains("1 error"), "the endpoint is named once: {said}");
    assert_eq!(mistakes("otlp", "endpoint: 'a:1'"), "");
}
