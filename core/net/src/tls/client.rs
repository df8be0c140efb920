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
            trust: self.trust(&provider)?,
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

    fn trust(&self, provider: &Arc<CryptoProvider>) -> Result<Trust, Mistake> {
        if self.insecure_skip_verify {
            return Ok(Trust::Anybody);
        }
        let roots = self.common.roots()?;
        if roots.is_empty() {
            return Ok(Trust::Nobody);
        }
        let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        builder.build().map(Trust::Signed).map_err(|error| Mistake::new("ca_file", error.to_string()))
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

/// Whose certificates are believed.
#[derive(Debug)]
enum Trust {
    /// Whoever's certificate was signed by a trusted root.
    Signed(Arc<WebPkiServerVerifier>),
    /// Anybody's.
    Anybody,
    /// Nobody's, for want of roots. That is a mistake only once TLS is spoken.
    Nobody,
}

/// Says of a CA's certificate, which `openssl req -x509` makes unless told otherwise, what to do instead.
fn explain(error: Error) -> Error {
    match format!("{error:?}").contains("CaUsedAsEndEntity") {
        true => Error::General(
            "the server's certificate is a CA's own; issue one for the server with basicConstraints=CA:FALSE"
                .into(),
        ),
        false => error,
    }
}

/// Checks the server's certificate, under another name than it was asked by if need be, or not at all. That the
/// server has the certificate's key is checked in any case.
#[derive(Debug)]
struct Verifier {
    trust: Trust,
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
        match &self.trust {
            Trust::Signed(verifier) => {
                verifier.verify_server_cert(certificate, intermediates, name, ocsp, now).map_err(explain)
            }
            Trust::Anybody => Ok(ServerCertVerified::assertion()),
            Trust::Nobody => Err(Error::General(
                "the system has no root certificates to trust: give `ca_file` or install ca-certificates"
                    .into(),
            )),
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
