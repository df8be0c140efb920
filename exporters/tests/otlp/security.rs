//! TLS, mutual TLS and credentials.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use tempfile::TempDir;
use tidewatch_net::tls::{TlsConfig, TlsServerConfig};

use crate::agent::{NEVER, Tested, build, logs, yaml};
use crate::backend::{Answer, Backend};

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
    fn sign(&self, name: &str, host: &str) {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.file(&format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.file(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    async fn backend(&self, clients_too: bool) -> Backend {
        let common = TlsConfig {
            cert_file: Some(self.file("server.pem")),
            key_file: Some(self.file("server.key")),
            ..TlsConfig::default()
        };
        let client_ca_file = clients_too.then(|| self.file("ca.pem"));
        let tls = TlsServerConfig { common, client_ca_file, ..TlsServerConfig::default() };
        Backend::start_at("127.0.0.1:0", Some(&tls), |_, _| Answer::TAKEN).await
    }

    fn ca(&self) -> String {
        format!("ca_file: '{}'", self.file("ca.pem").display())
    }

    fn identity(&self, name: &str) -> String {
        let file = |suffix: &str| self.file(&format!("{name}.{suffix}")).display().to_string();
        format!("cert_file: '{}', key_file: '{}'", file("pem"), file("key"))
    }
}

/// Whether each of the exporters reaches the destination with these keys of `tls`.
async fn reach(backend: &Backend, tls: &str) -> [bool; 2] {
    let port = backend.address.split(':').next_back().unwrap();
    let mut reached = [false; 2];
    for (kind, reached) in ["otlp", "otlp_http"].into_iter().zip(&mut reached) {
        let keys = format!("endpoint: 'https://localhost:{port}', tls: {{{tls}}}, {NEVER}");
        let agent = Tested::start(kind, &keys).await;
        *reached = agent.send(logs(1)).await.is_ok();
        agent.stop().await;
    }
    reached
}

#[tokio::test]
async fn a_destination_is_believed_if_its_authority_is() {
    let authority = Authority::new();
    authority.sign("server", "localhost");
    let backend = authority.backend(false).await;
    assert_eq!(reach(&backend, &authority.ca()).await, [true; 2]);
    assert_eq!(backend.seen()[1].version, http::Version::HTTP_2, "asked for on TLS");
    assert_eq!(reach(&backend, &Authority::new().ca()).await, [false; 2]);
    assert_eq!(reach(&backend, "").await, [false; 2]);
    assert_eq!(reach(&backend, "insecure_skip_verify: true").await, [true; 2]);
}

#[tokio::test]
async fn server_name_override() {
    let authority = Authority::new();
    authority.sign("server", "collector.internal");
    let backend = authority.backend(false).await;
    assert_eq!(reach(&backend, &authority.ca()).await, [false; 2]);
    let named = format!("{}, server_name_override: collector.internal", authority.ca());
    assert_eq!(reach(&backend, &named).await, [true; 2]);
}

#[tokio::test]
async fn mutual_tls() {
    let authority = Authority::new();
    authority.sign("server", "localhost");
    authority.sign("client", "client");
    let backend = authority.backend(true).await;
    assert_eq!(reach(&backend, &authority.ca()).await, [false; 2]);
    let own = format!("{}, {}", authority.ca(), authority.identity("client"));
    assert_eq!(reach(&backend, &own).await, [true; 2]);
    let stranger = Authority::new();
    stranger.sign("client", "client");
    let strange = format!("{}, {}", authority.ca(), stranger.identity("client"));
    assert_eq!(reach(&backend, &strange).await, [false; 2]);
}

#[tokio::test]
async fn files_that_are_not_there_end_the_start() {
    for kind in ["otlp", "otlp_http"] {
        let keys = "endpoint: 'https://localhost:1', tls: {ca_file: /nowhere/ca.pem}";
        let agent = build(&yaml("alarm: {}", kind, keys, "")).unwrap();
        let failure = agent.start().await.map(drop).unwrap_err();
        assert!(failure.to_string().contains("/nowhere/ca.pem"), "{failure}");
    }
}

#[tokio::test]
async fn credentials() {
    for (id, extension, says) in [
        (
            "basicauth",
            "basicauth: {client_auth: {username: tide, password: watch}}",
            "Basic dGlkZTp3YXRjaA==",
        ),
        ("bearertokenauth", "bearertokenauth: {token: hunter2}", "Bearer hunter2"),
    ] {
        for kind in ["otlp", "otlp_http"] {
            let backend = Backend::start(|_, _| Answer::TAKEN).await;
            let keys = format!("endpoint: 'http://{}', auth: {{authenticator: {id}}}", backend.address);
            let agent = Tested::start_with(kind, &keys, extension).await;
            agent.send(logs(1)).await.unwrap();
            assert_eq!(backend.seen()[0].headers["authorization"], says, "{kind}");
            agent.stop().await;
        }
    }
}
