//! The server's side of TLS.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoClientAuth, WebPkiClientVerifier};
use tidewatch_config::Mistake;

use super::TlsServerConfig;
use super::material::client_roots;
use super::reload::Reloading;

/// How often a changed `client_ca_file` is looked for, if at all.
const CLIENT_CA_INTERVAL: Duration = Duration::from_secs(1);

impl TlsServerConfig {
    /// Reads the files. `alpn` are the protocols that clients may ask for, best first.
    ///
    /// # Errors
    ///
    /// The first mistake, or the first file that cannot be used.
    pub fn build(&self, alpn: &[&str]) -> Result<Arc<ServerConfig>, Mistake> {
        if let Some(mistake) = self.check().into_iter().next() {
            return Err(mistake);
        }
        let common = self.common.clone();
        let versions = common.versions()?;
        let provider = Arc::new(common.provider()?);
        let verifier: Arc<dyn ClientCertVerifier> = match self.client_ca_file.clone() {
            None => Arc::new(NoClientAuth),
            Some(file) => {
                let provider = Arc::clone(&provider);
                let interval = self.client_ca_file_reload.then_some(CLIENT_CA_INTERVAL);
                Arc::new(Reloading::new([file.clone()], interval, move || {
                    let roots = Arc::new(client_roots(&file)?);
                    let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider));
                    builder.build().map_err(|error| Mistake::new("client_ca_file", error.to_string()))
                })?)
            }
        };
        let files = [&common.cert_file, &common.key_file].into_iter().flatten().cloned();
        let interval = common.reload_interval.map(Duration::from).filter(|interval| !interval.is_zero());
        let signing = Arc::clone(&provider);
        let identity = Reloading::new(files.collect::<Vec<_>>(), interval, move || {
            let identity = common.identity(&signing)?;
            identity.map(Arc::new).ok_or_else(|| Mistake::new("cert_file", "the certificate is missing"))
        })?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)
            .map_err(|error| Mistake::new("", error.to_string()))?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(identity));
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Arc::new(config))
    }
}
