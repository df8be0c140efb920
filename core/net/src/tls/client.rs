//! The client's side of TLS.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tidewatch_config::Mistake;

use super::TlsClientConfig;
use super::reload::Reloading;

impl TlsClientConfig {
    /// Reads the files. `alpn` are the protocols to ask for, best first.
    ///
    /// # Errors
    ///
    /// The first mistake, or the first file that cannot be used.
    pub fn build(&self, alpn: &[&str]) -> Result<Arc<ClientConfig>, Mistake> {
        if let Some(mistake) = self.check().into_iter().next() {
            return Err(mistake);
        }
        let common = self.common.clone();
        let versions = common.versions()?;
        let provider = Arc::new(common.provider()?);
        let verifier = Arc::new(Verifier {
            inner: match self.insecure_skip_verify {
                true => None,
                false => {
                    let roots = Arc::new(common.roots()?);
                    let builder = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
                    Some(builder.build().map_err(|error| Mistake::new("ca_file", error.to_string()))?)
                }
            },
            name: self.server_name()?,
            provider: Arc::clone(&provider),
        });
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions)
            .map_err(|error| Mistake::new("", error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = if common.has_cert() {
            let files = [&common.cert_file, &common.key_file].into_iter().flatten().cloned();
            let interval = common.reload_interval.map(Duration::from).filter(|interval| !interval.is_zero());
            let identity = Reloading::new(files.collect::<Vec<_>>(), interval, move || {
                let identity = common.identity(&provider)?;
                identity.map(Arc::new).ok_or_else(|| Mistake::new("cert_file", "the certificate is missing"))
            })?;
            builder.with_client_cert_resolver(Arc::new(identity))
        } else {
            builder.with_no_client_auth()
        };
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Arc::new(config))
    }

    /// `server_name_override`, if it is given.
    ///
    /// # Errors
    ///
    /// If it is not a name of a host.
    pub fn server_name(&self) -> Result<Option<ServerName<'static>>, Mistake> {
        let name = self.server_name_override.clone().map(ServerName::try_from).transpose();
        name.map_err(|error| Mistake::new("server_name_override", error.to_string()))
    }
}

/// Checks the server's certificate, under another name than it was asked by if need be, or not at all. That the
/// server has the certificate's key is checked in any case.
#[derive(Debug)]
struct Verifier {
    inner: Option<Arc<WebPkiServerVerifier>>,
    name: Option<ServerName<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let name = self.name.as_ref().unwrap_or(name);
        match &self.inner {
            None => Ok(ServerCertVerified::assertion()),
            Some(inner) => inner.verify_server_cert(certificate, intermediates, name, ocsp, now),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
