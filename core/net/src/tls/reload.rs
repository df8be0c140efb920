//! What is read from files again when they change.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use tidewatch_config::Mistake;

/// A value that is read from files. It is used when somebody connects, so that it is then that the files are
/// looked at, at most once in `interval`. Files that cannot be used leave the value as it was.
pub(super) struct Reloading<T: ?Sized> {
    files: Vec<PathBuf>,
    interval: Option<Duration>,
    load: Box<dyn Fn() -> Result<Arc<T>, Mistake> + Send + Sync>,
    state: Mutex<State<T>>,
}

struct State<T: ?Sized> {
    value: Arc<T>,
    looked: Instant,
    /// When the files were modified, and their sizes.
    stamps: Vec<Option<(SystemTime, u64)>>,
}

impl<T: ?Sized> Reloading<T> {
    /// Reads the value for the first time. Without an interval it stays what it is.
    pub(super) fn new(
        files: impl IntoIterator<Item = PathBuf>,
        interval: Option<Duration>,
        load: impl Fn() -> Result<Arc<T>, Mistake> + Send + Sync + 'static,
    ) -> Result<Self, Mistake> {
        let files: Vec<PathBuf> = files.into_iter().collect();
        let stamps = stamps(&files);
        let state = Mutex::new(State { value: load()?, looked: Instant::now(), stamps });
        Ok(Self { files, interval, load: Box::new(load), state })
    }

    fn get(&self) -> Arc<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if self.interval.is_some_and(|interval| state.looked.elapsed() >= interval) {
            state.looked = Instant::now();
            let stamps = stamps(&self.files);
            if stamps != state.stamps {
                match (self.load)() {
                    Ok(value) => (state.value, state.stamps) = (value, stamps),
                    Err(mistake) => {
                        tracing::warn!(error = mistake.message, "changed TLS files cannot be used yet");
                    }
                }
            }
        }
        Arc::clone(&state.value)
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Option<(SystemTime, u64)>> {
    let stamp = |file: &PathBuf| {
        let metadata = std::fs::metadata(file).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    files.iter().map(stamp).collect()
}

impl<T: ?Sized> fmt::Debug for Reloading<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloading").field("files", &self.files).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Reloading<CertifiedKey> {
    fn resolve(&self, _client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.get())
    }
}

impl ResolvesClientCert for Reloading<CertifiedKey> {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.get())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for Reloading<dyn ClientCertVerifier> {
    /// Hints are optional, and those of a value that may change cannot be lent out.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.get().verify_client_cert(certificate, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.get().verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.get().verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.get().supported_verify_schemes()
    }
}
