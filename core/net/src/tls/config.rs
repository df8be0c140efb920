//! The keys of a `tls` block.

use std::path::PathBuf;

use rustls::crypto::{CryptoProvider, ring};
use rustls::version::{TLS12, TLS13};
use rustls::{ProtocolVersion, SupportedCipherSuite, SupportedProtocolVersion};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidewatch_config::Mistake;
use tidewatch_config::values::{GoDuration, Secret};

/// What servers and clients have in common.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("x-unsupported" = {"tpm": "keys are read from files or given as PEM text"}))]
pub struct TlsConfig {
    /// PEM file with the certificates that the other side's certificate is checked against. Default: the
    /// system's.
    pub ca_file: Option<PathBuf>,
    /// The same certificates as PEM text.
    pub ca_pem: Option<String>,
    /// Whether the system's certificates are trusted beside those of `ca_file` or `ca_pem`. Default: false.
    pub include_system_ca_certs_pool: bool,
    /// PEM file with the own certificate, followed by those that lead to its root.
    pub cert_file: Option<PathBuf>,
    /// The same as PEM text.
    pub cert_pem: Option<String>,
    /// PEM file with the own certificate's private key.
    pub key_file: Option<PathBuf>,
    /// The same as PEM text.
    pub key_pem: Option<Secret>,
    /// The lowest version: `"1.2"` (default) or `"1.3"`.
    pub min_version: Option<String>,
    /// The highest version: `"1.2"` or `"1.3"` (default).
    pub max_version: Option<String>,
    /// The TLS 1.2 cipher suites by their names, e.g. `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`. Those of TLS 1.3
    /// cannot be chosen. Default: all.
    pub cipher_suites: Vec<String>,
    /// The key exchange groups, best first: `X25519`, `P256`, `P384`. Default: all.
    pub curve_preferences: Vec<String>,
    /// How often to look whether `cert_file` and `key_file` have changed. Default: never.
    pub reload_interval: Option<GoDuration>,
}

/// A server's `tls` block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TlsServerConfig {
    /// What servers and clients have in common.
    #[serde(flatten)]
    pub common: TlsConfig,
    /// PEM file with the certificates that clients' certificates are checked against. A client without a
    /// certificate is refused then.
    pub client_ca_file: Option<PathBuf>,
    /// Whether a change of `client_ca_file` is noticed. Default: false.
    pub client_ca_file_reload: bool,
}

/// A client's `tls` block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TlsClientConfig {
    /// What servers and clients have in common.
    #[serde(flatten)]
    pub common: TlsConfig,
    /// No TLS at all, where the endpoint's scheme does not say otherwise. Default: false.
    pub insecure: bool,
    /// Whether to believe any certificate of the server. Default: false.
    pub insecure_skip_verify: bool,
    /// The name that is asked for and looked for in the server's certificate. Default: the endpoint's host.
    pub server_name_override: Option<String>,
}

impl TlsConfig {
    /// Mistakes that a schema cannot see.
    #[must_use]
    pub fn check(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let twice = [
            ("ca_pem", self.ca_file.is_some() && self.ca_pem.is_some(), "ca_file"),
            ("cert_pem", self.cert_file.is_some() && self.cert_pem.is_some(), "cert_file"),
            ("key_pem", self.key_file.is_some() && self.key_pem.is_some(), "key_file"),
        ];
        for (path, twice, other) in twice {
            if twice {
                mistakes.push(Mistake::new(path, format!("`{path}` and `{other}` cannot both be given")));
            }
        }
        match (self.has_cert(), self.has_key()) {
            (true, false) => mistakes.push(Mistake::new("", "a certificate is given, but not its key")),
            (false, true) => mistakes.push(Mistake::new("", "a key is given, but not its certificate")),
            _ => {}
        }
        mistakes.extend(self.versions().err());
        mistakes.extend(self.provider().err());
        mistakes
    }

    pub(super) fn has_cert(&self) -> bool {
        self.cert_file.is_some() || self.cert_pem.is_some()
    }

    fn has_key(&self) -> bool {
        self.key_file.is_some() || self.key_pem.is_some()
    }

    /// The versions from `min_version` to `max_version`.
    pub(super) fn versions(&self) -> Result<Vec<&'static SupportedProtocolVersion>, Mistake> {
        let min = version("min_version", self.min_version.as_deref())?.unwrap_or(&TLS12);
        let max = version("max_version", self.max_version.as_deref())?.unwrap_or(&TLS13);
        let number = |version: &SupportedProtocolVersion| u16::from(version.version);
        let chosen =
            |version: &&SupportedProtocolVersion| (number(min)..=number(max)).contains(&number(version));
        let versions: Vec<_> = [&TLS13, &TLS12].into_iter().filter(chosen).collect();
        match versions.is_empty() {
            true => Err(Mistake::new("max_version", "`max_version` is lower than `min_version`")),
            false => Ok(versions),
        }
    }

    /// The cryptography, cut down to `cipher_suites` and `curve_preferences`.
    pub(super) fn provider(&self) -> Result<CryptoProvider, Mistake> {
        let mut provider = ring::default_provider();
        if !self.cipher_suites.is_empty() {
            let all = std::mem::take(&mut provider.cipher_suites);
            let (tls13, tls12): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|suite| suite.version().version == ProtocolVersion::TLSv1_3);
            provider.cipher_suites = tls13;
            for (index, name) in self.cipher_suites.iter().enumerate() {
                let suite = tls12.iter().find(|suite| suite_name(suite) == *name);
                provider.cipher_suites.push(*suite.ok_or_else(|| {
                    let known: Vec<_> = tls12.iter().map(suite_name).collect();
                    Mistake::new(format!("cipher_suites[{index}]"), format!("unknown cipher suite `{name}`"))
                        .help(format!("there are {}", known.join(", ")))
                })?);
            }
        }
        if !self.curve_preferences.is_empty() {
            provider.kx_groups.clear();
            for (index, name) in self.curve_preferences.iter().enumerate() {
                provider.kx_groups.push(match name.as_str() {
                    "X25519" => ring::kx_group::X25519,
                    "P256" => ring::kx_group::SECP256R1,
                    "P384" => ring::kx_group::SECP384R1,
                    _ => {
                        let path = format!("curve_preferences[{index}]");
                        return Err(Mistake::new(path, format!("`{name}` is not a curve that can be used"))
                            .help("there are `X25519`, `P256` and `P384`"));
                    }
                });
            }
        }
        Ok(provider)
    }
}

impl TlsServerConfig {
    /// Mistakes that a schema cannot see.
    #[must_use]
    pub fn check(&self) -> Vec<Mistake> {
        let mut mistakes = self.common.check();
        if !self.common.has_cert() {
            mistakes.push(
                Mistake::new("", "a server that speaks TLS needs a certificate")
                    .help("give `cert_file` and `key_file`"),
            );
        }
        if self.client_ca_file_reload && self.client_ca_file.is_none() {
            mistakes.push(Mistake::new("client_ca_file_reload", "there is no `client_ca_file` to reload"));
        }
        mistakes
    }
}

impl TlsClientConfig {
    /// Mistakes that a schema cannot see.
    #[must_use]
    pub fn check(&self) -> Vec<Mistake> {
        let mut mistakes = self.common.check();
        if let Some(name) = &self.server_name_override
            && rustls::pki_types::ServerName::try_from(name.as_str()).is_err()
        {
            mistakes.push(Mistake::new("server_name_override", format!("`{name}` is not a name of a host")));
        }
        mistakes
    }
}

fn version(path: &str, text: Option<&str>) -> Result<Option<&'static SupportedProtocolVersion>, Mistake> {
    match text.unwrap_or_default() {
        "" => Ok(None),
        "1.2" => Ok(Some(&TLS12)),
        "1.3" => Ok(Some(&TLS13)),
        old @ ("1.0" | "1.1") => Err(Mistake::new(path, format!("TLS {old} is broken and not supported"))
            .help("use `\"1.2\"` or `\"1.3\"`")),
        other => Err(Mistake::new(path, format!("`{other}` is not a version of TLS"))
            .help("use `\"1.2\"` or `\"1.3\"`")),
    }
}

/// The IANA name, as in Go.
fn suite_name(suite: &SupportedCipherSuite) -> String {
    suite.suite().as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(config: &TlsConfig) -> Vec<String> {
        config.check().into_iter().map(|mistake| mistake.path).collect()
    }

    #[test]
    fn old_and_unknown_versions_are_mistakes() {
        for old in ["1.0", "1.1", "1.4", "tls"] {
            let config = TlsConfig { min_version: Some(old.to_owned()), ..TlsConfig::default() };
            assert_eq!(paths(&config), ["min_version"]);
        }
        let config = TlsConfig {
            min_version: Some("1.3".to_owned()),
            max_version: Some("1.2".to_owned()),
            ..TlsConfig::default()
        };
        assert_eq!(paths(&config), ["max_version"]);
        let only = TlsConfig { max_version: Some("1.2".to_owned()), ..TlsConfig::default() };
        assert_eq!(only.versions().unwrap(), [&TLS12]);
    }

    #[test]
    fn suites_and_curves_are_chosen_by_their_names_in_go() {
        let config = TlsConfig {
            cipher_suites: vec!["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256".to_owned()],
            curve_preferences: vec!["P384".to_owned(), "X25519".to_owned()],
            ..TlsConfig::default()
        };
        let provider = config.provider().unwrap();
        let tls12 = |suite: &&SupportedCipherSuite| suite.version().version == ProtocolVersion::TLSv1_2;
        assert_eq!(provider.cipher_suites.iter().filter(tls12).count(), 1);
        assert_eq!(provider.kx_groups.len(), 2);

        let config = TlsConfig { cipher_suites: vec!["RC4".to_owned()], ..TlsConfig::default() };
        assert_eq!(paths(&config), ["cipher_suites[0]"]);
        let config = TlsConfig { curve_preferences: vec!["P521".to_owned()], ..TlsConfig::default() };
        assert_eq!(paths(&config), ["curve_preferences[0]"]);
    }

    #[test]
    fn certificates_come_with_their_keys_and_from_one_place() {
        let config = TlsConfig { cert_file: Some("a.pem".into()), ..TlsConfig::default() };
        assert_eq!(config.check().len(), 1);
        let config = TlsConfig {
            ca_file: Some("a.pem".into()),
            ca_pem: Some("---".to_owned()),
            ..TlsConfig::default()
        };
        assert_eq!(paths(&config), ["ca_pem"]);
        assert_eq!(TlsServerConfig::default().check().len(), 1);
    }
}
