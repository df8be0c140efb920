//! Certificates made for the purpose.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use tempfile::TempDir;
use tidewatch_net::tls::{TlsClientConfig, TlsConfig};

/// A directory with an authority, and what it has signed.
pub(crate) struct Authority {
    dir: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "test authority");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { dir, issuer }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes `NAME.pem` and `NAME.key` for a host.
    pub(crate) fn sign(&self, name: &str, host: &str) {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.file(&format!("{name}.key")), key.serialize_pem()).unwrap();
        std::fs::write(self.file(&format!("{name}.pem")), certificate.pem()).unwrap();
    }

    /// `cert_file` and `key_file` in flow style.
    pub(crate) fn keys(&self, name: &str) -> String {
        let file = |suffix: &str| self.file(&format!("{name}.{suffix}")).display().to_string();
        format!("cert_file: '{}', key_file: '{}'", file("pem"), file("key"))
    }

    /// A client that trusts this authority, with an own certificate or none.
    pub(crate) fn client(&self, name: Option<&str>) -> TlsClientConfig {
        let own = |suffix: &str| name.map(|name| self.file(&format!("{name}.{suffix}")));
        let common = TlsConfig {
            ca_file: Some(self.file("ca.pem")),
            cert_file: own("pem"),
            key_file: own("key"),
            ..TlsConfig::default()
        };
        TlsClientConfig { common, ..TlsClientConfig::default() }
    }
}
