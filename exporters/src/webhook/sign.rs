//! Signatures of bodies.

use super::HmacConfig;
use hmac::{Hmac, Mac};
use http::{HeaderName, HeaderValue};
use sha2::Sha256;
use tidewatch_config::{Mistake, values::Secret};

pub(super) struct Signer {
    secret: Secret,
    header: HeaderName,
}

impl Signer {
    pub(super) fn new(config: &HmacConfig) -> Result<Self, Mistake> {
        if config.secret.is_empty() {
            return Err(Mistake::new("hmac.secret", "the secret is empty"));
        }
        let header = config.header.parse().map_err(|_| {
            Mistake::new("hmac.header", format!("{:?} is no name of a header", config.header))
        })?;
        Ok(Self { secret: config.secret.clone(), header })
    }

    /// The header and `sha256=<hex>`.
    pub(super) fn sign(&self, body: &[u8]) -> (HeaderName, HeaderValue) {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.expose().as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(body);
        let value = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        (self.header.clone(), value.parse().expect("hex is a header's value"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn signs_as_the_standard_says() {
        let config: HmacConfig = serde_json::from_value(serde_json::json!({"secret": "Jefe"})).unwrap();
        let (header, value) = Signer::new(&config).unwrap().sign(b"what do ya want for nothing?");
        assert_eq!(header, "x-signature-256");
        assert_eq!(value, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
