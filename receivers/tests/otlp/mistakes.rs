//! What is wrong with a configuration is said before anything starts.

use crate::agent::mistakes;

#[test]
fn keys_of_the_collector_that_cannot_be_honoured_say_so() {
    for (protocols, key) in [
        ("grpc: {write_buffer_size: 32768}", "write_buffer_size"),
        ("grpc: {middlewares: [{id: limiter}]}", "middlewares"),
        ("grpc: {dialer: {timeout: 1s}}", "dialer"),
        ("http: {middlewares: [{id: limiter}]}", "middlewares"),
        ("http: {dialer: {timeout: 1s}}", "dialer"),
        ("http: {auth: {authenticator: basicauth, request_params: [token]}}", "request_params"),
        ("grpc: {tls: {cert_file: a, key_file: b, tpm: {enabled: true}}}", "tpm"),
    ] {
        let said = mistakes(protocols);
        assert!(said.contains(&format!("the Collector's key `{key}` is not supported here")), "{said}");
        assert!(said.contains("= help: "), "{said}");
    }
}

#[test]
fn values_that_cannot_work_are_named() {
    for (protocols, says) in [
        ("", "at least one protocol is needed"),
        ("grpc: {endpoint: nowhere}", "the port is missing"),
        ("grpc: {transport: udp}", "udp"),
        ("grpc: {max_recv_msg_size_mib: 0}", "with 0 nothing could come in"),
        ("grpc: {max_concurrent_streams: 0}", "with 0 nothing could come in"),
        ("grpc: {read_buffer_size: 10}", "a frame has between 16 KiB and 16 MiB"),
        ("grpc: {keepalive: {server_parameters: {time: soon}}}", "duration"),
        ("grpc: {tls: {}}", "a server that speaks TLS needs a certificate"),
        ("grpc: {tls: {min_version: '1.1'}}", "TLS 1.1 is broken and not supported"),
        ("grpc: {auth: {authenticator: basicauth}}", "there is no extension `basicauth`"),
        ("http: {max_request_body_size: 0}", "with 0 nothing could come in"),
        ("http: {compression_algorithms: [lz4]}", "`lz4` is not a compression that is known here"),
        ("http: {cors: {allowed_origins: ['*.*']}}", "an origin can have one `*` only"),
        ("http: {response_headers: {a b: c}}", "`a b` is not a name of a header"),
        ("http: {traces_url_path: '/x', logs_url_path: 'x'}", "two signals cannot share a path"),
        ("http: {metrics_url_path: ''}", "is no path"),
        ("http: {max_body: 1}", "unknown key `max_body`"),
    ] {
        let said = mistakes(protocols);
        assert!(said.contains(says), "{protocols}: {said}");
    }
    assert_eq!(mistakes("grpc: , http: "), "");
}
