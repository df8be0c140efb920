//! Every key of the shared blocks reaches what it stands for.

use std::time::Duration;

use http::HeaderMap;
use serde_json::json;
use tidewatch_net::compression::Encoding;
use tidewatch_net::config::{GrpcClientConfig, GrpcServerConfig, HttpClientConfig, HttpServerConfig};
use tidewatch_net::grpc::{
    Channel, ChannelOptions, ClientKeepalive, Code, KeepaliveEnforcement, ServerKeepalive, ServerOptions,
};
use tidewatch_net::stream::Address;

mod common;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_grpc_server_as_in_the_collector() {
    let config: GrpcServerConfig = serde_json::from_value(json!({
        "endpoint": "0.0.0.0:4317",
        "transport": "tcp",
        "auth": {"authenticator": "basicauth/server"},
        "max_recv_msg_size_mib": 16,
        "max_receiving_size": "64MiB",
        "max_concurrent_streams": 16,
        "max_connections": 7,
        "read_buffer_size": "512KiB",
        "include_metadata": true,
        "keepalive": {
            "server_parameters": {
                "max_connection_idle": "11s", "max_connection_age": "12s", "max_connection_age_grace": "13s",
                "time": "30s", "timeout": "5s",
            },
            "enforcement_policy": {"min_time": "10s", "permit_without_stream": true},
        },
    }))
    .unwrap();
    assert_eq!(config.address(), Ok(Address::Tcp("0.0.0.0:4317".to_owned())));
    assert_eq!(config.auth.as_ref().unwrap().authenticator.to_string(), "basicauth/server");
    assert!(config.include_metadata);
    let options = config.options().unwrap();
    assert_eq!((options.max_message, options.max_receiving), (16 << 20, 64 << 20));
    assert_eq!(options.max_concurrent_streams, 16);
    assert_eq!(options.accept.max_connections, 7);
    assert_eq!(options.max_frame, 512 << 10);
    assert_eq!(
        options.keepalive,
        ServerKeepalive {
            max_connection_idle: Some(11 * SECOND),
            max_connection_age: Some(12 * SECOND),
            max_connection_age_grace: Some(13 * SECOND),
            time: 30 * SECOND,
            timeout: 5 * SECOND,
        }
    );
    let enforcement = KeepaliveEnforcement { min_time: 10 * SECOND, permit_without_stream: true };
    assert_eq!(options.enforcement, enforcement);
}

#[test]
fn keys_without_an_effect_are_taken_and_warned_about() {
    let grpc = schemars::schema_for!(GrpcClientConfig).to_value();
    let http = schemars::schema_for!(HttpClientConfig).to_value();
    for (schema, key) in [
        (&grpc, "balancer_name"),
        (&http, "max_conns_per_host"),
        (&http, "read_buffer_size"),
        (&http, "write_buffer_size"),
    ] {
        let warning = schema["properties"][key]["x-warning"].as_str();
        assert!(warning.is_some_and(|warning| warning.starts_with("has no effect: ")), "{key}");
    }
    let config: HttpClientConfig = serde_json::from_value(json!({
        "max_conns_per_host": 5, "read_buffer_size": 4096, "write_buffer_size": 4096,
    }))
    .unwrap();
    assert!(config.check().is_empty());
}

#[test]
fn a_grpc_client_as_in_the_collector() {
    let config: GrpcClientConfig = serde_json::from_value(json!({
        "endpoint": "https://backend:4317",
        "tls": {"insecure_skip_verify": true, "server_name_override": "other"},
        "compression": "zstd",
        "keepalive": {"time": "30s", "timeout": "5s", "permit_without_stream": true},
        "read_buffer_size": 1048576,
        "write_buffer_size": 524288,
        "wait_for_ready": true,
        "headers": {"x-token": "hunter2"},
        "authority": "front:443",
        "connections": 3,
        "balancer_name": "round_robin",
    }))
    .unwrap();
    let (address, options) = config.options().unwrap();
    assert_eq!(address, Address::Tcp("backend:4317".to_owned()));
    assert!(options.tls.is_some() && options.server_name.is_some() && options.wait_for_ready);
    assert_eq!(options.encoding, Encoding::Zstd);
    let keepalive = ClientKeepalive { time: 30 * SECOND, timeout: 5 * SECOND, permit_without_stream: true };
    assert_eq!(options.keepalive, Some(keepalive));
    assert_eq!((options.max_frame, options.join_below, options.connections), (1 << 20, 512 << 10, 3));
    assert_eq!(options.headers["x-token"], "hunter2");
    assert_eq!(options.authority.as_ref().unwrap(), "front:443");
    let printed = format!("{config:?} {options:?} {}", serde_json::to_string(&config).unwrap());
    assert!(!printed.contains("hunter2"), "{printed}");
}

#[test]
fn defaults_are_the_collectors() {
    let (_, options) =
        GrpcClientConfig { endpoint: "backend:4317".to_owned(), ..Default::default() }.options().unwrap();
    assert!(options.tls.is_some(), "TLS unless told otherwise");
    assert_eq!(options.encoding, Encoding::Gzip);
    let plain = json!({"endpoint": "backend:4317", "tls": {"insecure": true}, "compression": "none"});
    let plain: GrpcClientConfig = serde_json::from_value(plain).unwrap();
    assert!(plain.options().unwrap().1.tls.is_none());
    assert_eq!(GrpcServerConfig::default().endpoint, "localhost:4317");
    assert_eq!(HttpServerConfig::default().endpoint, "localhost:4318");
    assert_eq!(HttpServerConfig::default().options().unwrap().max_body, 20 << 20);
    assert_eq!(GrpcServerConfig::default().options().unwrap().max_message, 20 << 20);
    let larger = GrpcServerConfig { max_recv_msg_size_mib: 300, ..GrpcServerConfig::default() };
    assert_eq!(larger.options().unwrap().max_receiving, 300 << 20, "room for one message");
}

#[test]
fn an_http_server_as_in_the_collector() {
    let config: HttpServerConfig = serde_json::from_value(json!({
        "endpoint": "/run/tidewatch.sock",
        "transport": "unix",
        "max_request_body_size": 1000,
        "max_receiving_size": 2000,
        "compression_algorithms": ["", "gzip"],
        "response_headers": {"x-a": "b"},
        "read_timeout": "1s", "read_header_timeout": "2s", "write_timeout": "3s", "idle_timeout": "4s",
        "keep_alives_enabled": false,
    }))
    .unwrap();
    assert_eq!(config.address(), Ok(Address::Unix("/run/tidewatch.sock".into())));
    let options = config.options().unwrap();
    assert_eq!((options.max_body, options.max_receiving), (1000, 2000));
    assert_eq!(options.encodings, [Encoding::Identity, Encoding::Gzip]);
    assert_eq!(options.response_headers["x-a"], "b");
    assert_eq!((options.read_timeout, options.header_timeout), (Some(SECOND), 2 * SECOND));
    assert_eq!((options.write_timeout, options.idle_timeout), (Some(3 * SECOND), 4 * SECOND));
    assert!(!options.keep_alive);
}

#[test]
fn mistakes_are_found_at_their_keys() {
    let config: GrpcServerConfig = serde_json::from_value(json!({
        "endpoint": "nowhere", "tls": {"min_version": "1.1"}, "read_buffer_size": 100, "max_recv_msg_size_mib": 0,
    }))
    .unwrap();
    let paths: Vec<_> = config.check().into_iter().map(|mistake| mistake.path).collect();
    assert_eq!(paths, ["endpoint", "tls.min_version", "tls", "max_recv_msg_size_mib", "read_buffer_size"]);
    let config: GrpcClientConfig = serde_json::from_value(json!({
        "tls": {"server_name_override": "a b"}, "headers": {"x\n": "y"}, "authority": "a b",
    }))
    .unwrap();
    let paths: Vec<_> = config.check().into_iter().map(|mistake| mistake.path).collect();
    assert_eq!(paths, ["endpoint", "tls.server_name_override", "headers.x\n", "authority"]);
    let config: HttpClientConfig = serde_json::from_value(json!({"proxy_url": "nowhere"})).unwrap();
    assert_eq!(config.check()[0].path, "proxy_url");
}

#[test]
fn the_schemas_document_every_key() {
    for schema in [
        schemars::schema_for!(GrpcServerConfig),
        schemars::schema_for!(GrpcClientConfig),
        schemars::schema_for!(HttpServerConfig),
        schemars::schema_for!(HttpClientConfig),
    ] {
        let properties = schema.get("properties").unwrap().as_object().unwrap();
        assert!(!properties.is_empty());
        for (key, property) in properties {
            assert!(property.get("description").is_some(), "{key} has no description");
        }
    }
}

#[tokio::test]
async fn unix_sockets_are_served_and_taken_over_from_the_dead() {
    let dir = tempfile::tempdir().unwrap();
    let address = Address::Unix(dir.path().join("grpc.sock"));
    for _ in 0..2 {
        let server = common::start_at(&address, common::Echo, ServerOptions::default()).await;
        let channel = Channel::new(&address, ChannelOptions::default()).unwrap();
        assert!(common::echo(&channel).await);
        let error = tidewatch_net::stream::Listener::bind(&address).await.unwrap_err();
        assert!(error.to_string().contains("grpc.sock"), "{error}");
        server.stop().await;
    }
    let file = dir.path().join("data");
    std::fs::write(&file, "precious").unwrap();
    assert!(tidewatch_net::stream::Listener::bind(&Address::Unix(file.clone())).await.is_err());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
}

#[tokio::test]
async fn a_client_may_wait_for_its_server() {
    let server = common::start(common::Echo, ServerOptions::default()).await;
    let address = server.address.clone();
    server.stop().await;
    let failing = Channel::new(&address, ChannelOptions::default()).unwrap();
    let path = "/test/echo".parse().unwrap();
    let reply = failing.call(&path, &HeaderMap::new(), "x".into(), None).await;
    assert_eq!(reply.unwrap_err().code, Code::Unavailable);
    let options = ChannelOptions { wait_for_ready: true, ..ChannelOptions::default() };
    let waiting = Channel::new(&address, options).unwrap();
    let waiting = tokio::spawn(async move { waiting.call(&path, &HeaderMap::new(), "x".into(), None).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let server = common::start_at(&address, common::Echo, ServerOptions::default()).await;
    assert_eq!(waiting.await.unwrap(), Ok("x".into()));
    server.stop().await;
}

#[tokio::test]
async fn several_connections_are_used_in_turn() {
    let server = common::start(common::Echo, ServerOptions::default()).await;
    let options = ChannelOptions { connections: 3, ..ChannelOptions::default() };
    let channel = common::channel(&server, options);
    for _ in 0..6 {
        assert!(common::echo(&channel).await);
    }
    assert_eq!(server.peers(), 3);
    server.stop().await;
}
