//! TLS and mutual TLS with certificates made for the purpose.

mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{Echo, Server, call, echo, eventually, start};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use tempfile::TempDir;
use tidewatch_config::values::GoDuration;
use tidewatch_net::config::{GrpcClientConfig, GrpcCompression, GrpcServerConfig};
use tidewatch_net::grpc::{Channel, Code};
use tidewatch_net::stream::Address;
use tidewatch_net::tls::{TlsClientConfig, TlsConfig, TlsServerConfig};

/// A directory with an authority, and what it has signed.
struct Authority {
    dir: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "test authority");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { dir, issuer }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes `NAME.pem` and `NAME.key`.
    fn sign(&self, name: &str, host: &str, change: impl FnOnce(&mut CertificateParams)) {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.file(&format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.file(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    fn identity(&self, name: &str) -> TlsConfig {
        TlsConfig {
            cert_file: Some(self.file(&format!("{name}.pem"))),
            key_file: Some(self.file(&format!("{name}.key"))),
            ..TlsConfig::default()
        }
    }

    fn trusted(&self) -> TlsClientConfig {
        let common = TlsConfig { ca_file: Some(self.file("ca.pem")), ..TlsConfig::default() };
        TlsClientConfig { common, ..TlsClientConfig::default() }
    }
}

async fn server(tls: TlsServerConfig) -> Server {
    let config = GrpcServerConfig { tls: Some(tls), ..GrpcServerConfig::default() };
    start(Echo, config.options().unwrap()).await
}

fn client(server: &Server, tls: TlsClientConfig) -> Channel {
    let Address::Tcp(address) = &server.address else { panic!("not TCP") };
    let endpoint = address.replace("127.0.0.1", "localhost");
    let compression = GrpcCompression::None;
    let config = GrpcClientConfig { endpoint, tls, compression, ..GrpcClientConfig::default() };
    let (address, options) = config.options().unwrap();
    Channel::new(&address, options).unwrap()
}

/// Why a call fails.
async fn failure(channel: &Channel) -> String {
    let status = call(channel, "/test/echo", bytes::Bytes::new()).await.unwrap_err();
    assert_eq!(status.code, Code::Unavailable, "{status}");
    status.message
}

#[tokio::test]
async fn a_client_believes_only_its_authority_and_the_right_name() {
    let authority = Authority::new();
    authority.sign("server", "localhost", |_| {});
    let common = authority.identity("server");
    let server = server(TlsServerConfig { common, ..TlsServerConfig::default() }).await;
    assert!(echo(&client(&server, authority.trusted())).await);

    let stranger = failure(&client(&server, Authority::new().trusted())).await;
    assert!(stranger.contains("invalid peer certificate"), "{stranger}");
    let other = TlsClientConfig { server_name_override: Some("other".into()), ..authority.trusted() };
    let other = failure(&client(&server, other)).await;
    assert!(other.contains("not valid for name"), "{other}");
    let believing = TlsClientConfig { insecure_skip_verify: true, ..TlsClientConfig::default() };
    assert!(echo(&client(&server, believing)).await);
    let plain = TlsClientConfig { insecure: true, ..TlsClientConfig::default() };
    let plain = failure(&client(&server, plain)).await;
    assert!(plain.ends_with("does the other side want TLS?"), "{plain}");
    server.stop().await;
}

#[tokio::test]
async fn a_servers_certificate_can_be_its_own_authority() {
    let authority = Authority::new();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::ExplicitNoCa;
    let key = KeyPair::generate().unwrap();
    std::fs::write(authority.file("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::copy(authority.file("ca.pem"), authority.file("server.pem")).unwrap();
    std::fs::write(authority.file("server.key"), key.serialize_pem()).unwrap();
    let server = server(TlsServerConfig { common: authority.identity("server"), ..Default::default() }).await;
    assert!(echo(&client(&server, authority.trusted())).await);
    server.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_handshake_is_explained() {
    let authority = Authority::new();
    authority.sign("server", "localhost", |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let secure = server(TlsServerConfig { common: authority.identity("server"), ..Default::default() }).await;
    let own = failure(&client(&secure, authority.trusted())).await;
    assert!(own.contains("basicConstraints=CA:FALSE"), "{own}");
    secure.stop().await;
    let plain = start(Echo, GrpcServerConfig::default().options().unwrap()).await;
    let plain_server = failure(&client(&plain, authority.trusted())).await;
    assert!(plain_server.ends_with("does the other side speak TLS?"), "{plain_server}");
    plain.stop().await;
}

#[tokio::test]
async fn another_name_can_be_expected() {
    let authority = Authority::new();
    authority.sign("server", "collector.internal", |_| {});
    let common = authority.identity("server");
    let server = server(TlsServerConfig { common, ..TlsServerConfig::default() }).await;
    assert!(!echo(&client(&server, authority.trusted())).await);
    let name = Some("collector.internal".to_owned());
    let tls = TlsClientConfig { server_name_override: name, ..authority.trusted() };
    assert!(echo(&client(&server, tls)).await);
    server.stop().await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    authority.sign("server", "localhost", |params| params.not_after = date_time_ymd(2001, 1, 1));
    let common = authority.identity("server");
    let server = server(TlsServerConfig { common, ..TlsServerConfig::default() }).await;
    let expired = failure(&client(&server, authority.trusted())).await;
    assert!(expired.contains("expired"), "{expired}");
    server.stop().await;
}

#[tokio::test]
async fn versions_have_to_meet() {
    let authority = Authority::new();
    authority.sign("server", "localhost", |_| {});
    let common = TlsConfig { min_version: Some("1.3".into()), ..authority.identity("server") };
    let server = server(TlsServerConfig { common, ..TlsServerConfig::default() }).await;
    let mut old = authority.trusted();
    old.common.max_version = Some("1.2".into());
    assert!(!echo(&client(&server, old)).await);
    assert!(echo(&client(&server, authority.trusted())).await);
    server.stop().await;
}

fn identified(authority: &Authority, by: &Authority, name: &str) -> TlsClientConfig {
    let mut tls = authority.trusted();
    let identity = by.identity(name);
    (tls.common.cert_file, tls.common.key_file) = (identity.cert_file, identity.key_file);
    tls
}

#[tokio::test]
async fn mutual_tls_lets_in_only_whom_its_authority_knows() {
    let authority = Authority::new();
    authority.sign("server", "localhost", |_| {});
    authority.sign("client", "client", |_| {});
    let tls = TlsServerConfig {
        common: authority.identity("server"),
        client_ca_file: Some(authority.file("ca.pem")),
        ..TlsServerConfig::default()
    };
    let server = server(tls).await;
    assert!(echo(&client(&server, identified(&authority, &authority, "client"))).await);
    assert!(!echo(&client(&server, authority.trusted())).await);
    let stranger = Authority::new();
    stranger.sign("client", "client", |_| {});
    assert!(!echo(&client(&server, identified(&authority, &stranger, "client"))).await);
    server.stop().await;
}

#[tokio::test]
async fn changed_certificates_are_taken_up_and_broken_ones_are_not() {
    let (old, new) = (Authority::new(), Authority::new());
    old.sign("server", "localhost", |_| {});
    new.sign("server", "localhost", |_| {});
    let reload_interval = Some(GoDuration::from_millis(1));
    let common = TlsConfig { reload_interval, ..old.identity("server") };
    let server = server(TlsServerConfig { common, ..TlsServerConfig::default() }).await;
    assert!(echo(&client(&server, old.trusted())).await);

    let replace = |name: &str, from: &Path| std::fs::copy(from, old.file(name)).unwrap();
    std::fs::write(old.file("server.pem"), "not a certificate").unwrap();
    assert!(echo(&client(&server, old.trusted())).await, "the old one is used on");
    replace("server.pem", &new.file("server.pem"));
    assert!(echo(&client(&server, old.trusted())).await, "a certificate without its key is not used");
    replace("server.key", &new.file("server.key"));
    eventually(|| async { echo(&client(&server, new.trusted())).await }).await;
    server.stop().await;
}

#[tokio::test]
async fn a_changed_client_authority_is_taken_up() {
    let (old, new) = (Authority::new(), Authority::new());
    old.sign("server", "localhost", |_| {});
    new.sign("client", "client", |_| {});
    let tls = TlsServerConfig {
        common: old.identity("server"),
        client_ca_file: Some(old.file("ca.pem")),
        client_ca_file_reload: true,
    };
    let mut trusted = identified(&old, &new, "client");
    trusted.common.ca_pem = std::fs::read_to_string(old.file("ca.pem")).ok();
    trusted.common.ca_file = None;
    let server = server(tls).await;
    assert!(!echo(&client(&server, trusted.clone())).await);
    std::fs::copy(new.file("ca.pem"), old.file("ca.pem")).unwrap();
    eventually(|| async { echo(&client(&server, trusted.clone())).await }).await;
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_handshake_holds_nobody_up() {
    let authority = Authority::new();
    authority.sign("server", "localhost", |_| {});
    let common = authority.identity("server");
    let config = GrpcServerConfig {
        tls: Some(TlsServerConfig { common, ..TlsServerConfig::default() }),
        ..GrpcServerConfig::default()
    };
    let mut options = config.options().unwrap();
    options.accept.handshake_timeout = Duration::from_millis(50);
    let server = start(Echo, options).await;
    let Address::Tcp(address) = &server.address else { panic!("not TCP") };
    let mut silent = tokio::net::TcpStream::connect(address).await.unwrap();
    let mut rest = Vec::new();
    let closed = tokio::io::AsyncReadExt::read_to_end(&mut silent, &mut rest);
    tokio::time::timeout(Duration::from_secs(60), closed).await.unwrap().ok();
    server.stop().await;
}

#[test]
fn errors_name_the_key_and_the_file() {
    let authority = Authority::new();
    authority.sign("server", "localhost", |_| {});
    authority.sign("other", "localhost", |_| {});
    let build = |common: TlsConfig| {
        let config = TlsServerConfig { common, ..TlsServerConfig::default() };
        config.build(&["h2"]).map_err(|mistake| (mistake.path, mistake.message)).unwrap_err()
    };
    let (path, message) =
        build(TlsConfig { cert_file: Some("/nowhere/cert.pem".into()), ..authority.identity("server") });
    assert_eq!(path, "cert_file");
    assert!(message.starts_with("cannot read /nowhere/cert.pem: "), "{message}");
    let swapped = authority.file("server.key");
    let (path, message) = build(TlsConfig { cert_file: Some(swapped), ..authority.identity("server") });
    assert_eq!(path, "cert_file");
    assert!(message.contains("server.key has no certificate"), "{message}");
    let other = Some(authority.file("other.key"));
    let (path, message) = build(TlsConfig { key_file: other, ..authority.identity("server") });
    assert_eq!(path, "cert_file");
    assert!(message.contains("certificate and key"), "{message}");
}
