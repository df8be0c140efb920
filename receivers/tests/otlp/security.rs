//! The keys of `tls` and `auth`, for both protocols.

use http::HeaderMap;
use tidewatch_net::grpc::{Channel, ChannelOptions, Code};
use tidewatch_net::stream::Address;
use tidewatch_net::tls::TlsClientConfig;
use tidewatch_otlp::Signal;

use crate::agent::{Setup, Tested};
use crate::authority::Authority;
use crate::clients::{JSON, PROTOBUF, eventually, export, export_with, logs, rpc_status, web, web_with};

async fn with_tls(tls: &str) -> Tested {
    let keys = format!("tls: {{{tls}}}");
    Setup { grpc: &keys, http: &keys, ..Setup::default() }.start().await
}

/// Whether a client of each protocol gets through.
async fn reach(agent: &Tested, tls: &TlsClientConfig) -> [bool; 2] {
    let options = ChannelOptions { tls: Some(tls.build(&["h2"]).unwrap()), ..ChannelOptions::default() };
    let address = Address::Tcp(agent.grpc.replace("127.0.0.1", "localhost"));
    let channel = Channel::new(&address, options).unwrap();
    let url = agent.url("/v1/logs").replace("http://127.0.0.1", "https://localhost");
    let request = web_with(tls).post(url).header("content-type", PROTOBUF).body(logs(1));
    [export(&channel, logs(1)).await.is_ok(), request.send().await.is_ok_and(|answer| answer.status() == 200)]
}

#[tokio::test]
async fn cert_file_and_key_file() {
    let authority = Authority::new();
    authority.sign("server", "localhost");
    let agent = with_tls(&authority.keys("server")).await;
    assert_eq!(reach(&agent, &authority.client(None)).await, [true; 2]);
    assert_eq!(reach(&agent, &Authority::new().client(None)).await, [false; 2]);
    agent.stop().await;
}

#[tokio::test]
async fn cert_pem_and_key_pem() {
    let authority = Authority::new();
    authority.sign("server", "localhost");
    let text = |name: &str| {
        let text = std::fs::read_to_string(authority.file(name)).unwrap();
        text.replace('\n', "\\n")
    };
    let tls = format!("cert_pem: \"{}\", key_pem: \"{}\"", text("server.pem"), text("server.key"));
    let agent = with_tls(&tls).await;
    assert_eq!(reach(&agent, &authority.client(None)).await, [true; 2]);
    agent.stop().await;
}

#[tokio::test]
async fn client_ca_file() {
    let authority = Authority::new();
    authority.sign("server", "localhost");
    authority.sign("client", "client");
    let tls =
        format!("{}, client_ca_file: '{}'", authority.keys("server"), authority.file("ca.pem").display());
    let agent = with_tls(&tls).await;
    assert_eq!(reach(&agent, &authority.client(Some("client"))).await, [true; 2]);
    assert_eq!(reach(&agent, &authority.client(None)).await, [false; 2]);
    let other = Authority::new();
    other.sign("client", "client");
    let stranger = other.client(Some("client"));
    let mut believing = authority.client(None);
    (believing.common.cert_file, believing.common.key_file) =
        (stranger.common.cert_file, stranger.common.key_file);
    assert_eq!(reach(&agent, &believing).await, [false; 2]);
    agent.stop().await;
}

#[tokio::test]
async fn client_ca_file_reload() {
    let (old, new) = (Authority::new(), Authority::new());
    old.sign("server", "localhost");
    new.sign("client", "client");
    let ca = old.file("ca.pem");
    let tls =
        format!("{}, client_ca_file: '{}', client_ca_file_reload: true", old.keys("server"), ca.display());
    let agent = with_tls(&tls).await;
    let mut client = new.client(Some("client"));
    client.common.ca_file = None;
    client.insecure_skip_verify = true;
    assert_eq!(reach(&agent, &client).await, [false; 2]);
    std::fs::copy(new.file("ca.pem"), &ca).unwrap();
    eventually(|| async { reach(&agent, &client).await == [true; 2] }).await;
    agent.stop().await;
}

#[tokio::test]
async fn reload_interval() {
    let (old, new) = (Authority::new(), Authority::new());
    old.sign("server", "localhost");
    new.sign("server", "localhost");
    let agent = with_tls(&format!("{}, reload_interval: 10ms", old.keys("server"))).await;
    assert_eq!(reach(&agent, &old.client(None)).await, [true; 2]);
    for name in ["server.key", "server.pem"] {
        std::fs::copy(new.file(name), old.file(name)).unwrap();
    }
    eventually(|| async { reach(&agent, &new.client(None)).await == [true; 2] }).await;
    agent.stop().await;
}

#[tokio::test]
async fn min_version_and_max_version() {
    let authority = Authority::new();
    authority.sign("server", "localhost");
    for (key, version, other) in [("min_version", "1.3", "1.2"), ("max_version", "1.2", "1.3")] {
        let agent = with_tls(&format!("{}, {key}: '{version}'", authority.keys("server"))).await;
        let mut client = authority.client(None);
        client.common.min_version = Some(version.to_owned());
        client.common.max_version = Some(version.to_owned());
        assert_eq!(reach(&agent, &client).await, [true; 2], "{key}");
        client.common.min_version = Some(other.to_owned());
        client.common.max_version = Some(other.to_owned());
        assert_eq!(reach(&agent, &client).await, [false; 2], "{key}");
        agent.stop().await;
    }
}

#[tokio::test]
async fn cipher_suites_and_curve_preferences() {
    let authority = Authority::new();
    authority.sign("server", "localhost");
    let suite = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    let tls = format!(
        "{}, max_version: '1.2', cipher_suites: [{suite}], curve_preferences: [P384]",
        authority.keys("server")
    );
    let agent = with_tls(&tls).await;
    let client = |suite: &str, curve: &str| {
        let mut client = authority.client(None);
        client.common.cipher_suites = vec![suite.to_owned()];
        client.common.curve_preferences = vec![curve.to_owned()];
        client
    };
    assert_eq!(reach(&agent, &client(suite, "P384")).await, [true; 2]);
    assert_eq!(reach(&agent, &client(suite, "X25519")).await, [false; 2]);
    let other = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
    assert_eq!(reach(&agent, &client(other, "P384")).await, [false; 2]);
    agent.stop().await;
}

#[tokio::test]
async fn files_that_are_not_there_end_the_start() {
    let agent = crate::agent::build(
        "{receivers: {otlp: {protocols: {http: {endpoint: '127.0.0.1:0', tls: {cert_file: /nowhere/a.pem, key_file: /nowhere/a.key}}}}},
          exporters: {recorder: {test: none}}, service: {pipelines: {main: {receivers: [otlp], exporters: [recorder]}}}}",
    );
    let failure = agent.unwrap().start().await.map(drop).unwrap_err();
    assert!(failure.to_string().contains("/nowhere/a.pem"), "{failure}");
}

/// What both protocols answer to these credentials.
async fn asked(agent: &Tested, authorization: Option<&str>) -> (Result<(), Code>, reqwest::Response) {
    let mut headers = HeaderMap::new();
    let mut request = web().post(agent.url("/v1/logs")).header("content-type", JSON).body("{}");
    if let Some(value) = authorization {
        headers.insert("authorization", value.parse().unwrap());
        request = request.header("authorization", value);
    }
    let reply = export_with(&agent.channel(), Signal::Logs, logs(1), &headers).await;
    (reply.map(drop).map_err(|status| status.code), request.send().await.unwrap())
}

#[tokio::test]
async fn auth() {
    for (id, extension, right, wrong, challenge) in [
        // tide:watch, and tide:wrong.
        (
            "basicauth",
            "basicauth: {htpasswd: {inline: 'tide:watch'}}",
            "Basic dGlkZTp3YXRjaA==",
            "Basic dGlkZTp3cm9uZw==",
            "Basic",
        ),
        (
            "bearertokenauth",
            "bearertokenauth: {token: hunter2}",
            "Bearer hunter2",
            "Bearer hunter3",
            "Bearer",
        ),
    ] {
        let keys = format!("auth: {{authenticator: {id}}}");
        let setup = Setup { grpc: &keys, http: &keys, extensions: extension, ..Setup::default() };
        let agent = setup.start().await;
        for stranger in [None, Some(wrong)] {
            let (grpc, http) = asked(&agent, stranger).await;
            assert_eq!(grpc, Err(Code::Unauthenticated), "{id}");
            assert_eq!(http.status(), 401, "{id}");
            assert!(http.headers()["www-authenticate"].to_str().unwrap().starts_with(challenge), "{id}");
            assert_eq!(rpc_status(http).await.code, Code::Unauthenticated as i32, "{id}");
        }
        let (grpc, http) = asked(&agent, Some(right)).await;
        assert_eq!((grpc, http.status().as_u16()), (Ok(()), 200), "{id}");
        agent.stop().await;
    }
}
