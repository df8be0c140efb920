//! Certificates and keys, from files or from the configuration.

use std::path::Path;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use tidewatch_config::Mistake;

use super::TlsConfig;

impl TlsConfig {
    /// The own certificate and its key, if they are given.
    pub(super) fn identity(&self, provider: &CryptoProvider) -> Result<Option<CertifiedKey>, Mistake> {
        let Some((chain, path)) = certificates("cert", self.cert_file.as_deref(), self.cert_pem.as_deref())?
        else {
            return Ok(None);
        };
        let key = match (&self.key_file, &self.key_pem) {
            (Some(file), _) => {
                PrivateKeyDer::from_pem_file(file).map_err(|error| in_file("key_file", file, &error))?
            }
            (None, Some(pem)) => PrivateKeyDer::from_pem_slice(pem.expose().as_bytes())
                .map_err(|error| Mistake::new("key_pem", format!("this is not a private key: {error}")))?,
            (None, None) => return Err(Mistake::new(path, "the certificate's key is missing")),
        };
        let identity = CertifiedKey::from_der(chain, key, provider);
        identity.map(Some).map_err(|error| Mistake::new(path, format!("certificate and key: {error}")))
    }

    /// What the other side's certificate is checked against; empty if the system's certificates are wanted and
    /// there are none.
    pub(super) fn roots(&self) -> Result<RootCertStore, Mistake> {
        let given = certificates("ca", self.ca_file.as_deref(), self.ca_pem.as_deref())?;
        let mut roots = RootCertStore::empty();
        if given.is_none() || self.include_system_ca_certs_pool {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        if let Some((certificates, path)) = given {
            add(&mut roots, certificates, path)?;
        }
        Ok(roots)
    }
}

/// What clients' certificates are checked against.
pub(super) fn client_roots(file: &Path) -> Result<RootCertStore, Mistake> {
    let mut roots = RootCertStore::empty();
    if let Some((certificates, _)) = certificates("client_ca", Some(file), None)? {
        add(&mut roots, certificates, "client_ca_file")?;
    }
    Ok(roots)
}

fn add(
    roots: &mut RootCertStore,
    certificates: Vec<CertificateDer<'static>>,
    path: &str,
) -> Result<(), Mistake> {
    certificates.into_iter().try_for_each(|certificate| {
        roots.add(certificate).map_err(|error| Mistake::new(path, format!("a root certificate: {error}")))
    })
}

/// At least one certificate, and the key that it came from: `NAME_file` or `NAME_pem`.
fn certificates(
    name: &'static str,
    file: Option<&Path>,
    pem: Option<&str>,
) -> Result<Option<(Vec<CertificateDer<'static>>, &'static str)>, Mistake> {
    let (file_key, pem_key) = match name {
        "ca" => ("ca_file", "ca_pem"),
        "cert" => ("cert_file", "cert_pem"),
        _ => ("client_ca_file", "client_ca_pem"),
    };
    let (certificates, path, place) = match (file, pem) {
        (Some(file), _) => {
            let certificates = CertificateDer::pem_file_iter(file)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| in_file(file_key, file, &error))?;
            (certificates, file_key, format!("{} has", file.display()))
        }
        (None, Some(pem)) => {
            let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| Mistake::new(pem_key, format!("this is not PEM: {error}")))?;
            (certificates, pem_key, "this has".to_owned())
        }
        (None, None) => return Ok(None),
    };
    match certificates.is_empty() {
        true => Err(Mistake::new(path, format!("{place} no certificate in PEM form"))),
        false => Ok(Some((certificates, path))),
    }
}

fn in_file(path: &str, file: &Path, error: &rustls::pki_types::pem::Error) -> Mistake {
    use rustls::pki_types::pem::Error;
    let text = match error {
        Error::Io(error) => format!("cannot read {}: {error}", file.display()),
        Error::NoItemsFound => format!("{} has nothing of the kind in PEM form", file.display()),
        error => format!("{} is not PEM: {error}", file.display()),
    };
    Mistake::new(path, text)
}
