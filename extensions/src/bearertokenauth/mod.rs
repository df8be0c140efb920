//! Bearer tokens: which let in, and which we show.

mod tokens;

use self::tokens::Tokens;
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{any::Any, path::PathBuf, sync::Arc};
use tidewatch_component::{BuildContext, Extension, ExtensionFactory, Host, StartError};
use tidewatch_config::{Mistake, values::Secret};
use tidewatch_net::auth::{ClientAuthenticator, ServerAuthenticator};

/// The `bearertokenauth` type.
pub struct BearerTokenAuth;

/// Keys of `bearertokenauth`: exactly one of `token`, `tokens` and `filename`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// The header that carries the token. Default `Authorization`.
    pub header: String,
    /// What stands before the token; empty: nothing does. Default `Bearer`.
    pub scheme: String,
    /// The token.
    pub token: Option<Secret>,
    /// Several tokens: each lets in; the first is the one that clients show.
    pub tokens: Vec<Secret>,
    /// A file with a token on each line, used as `tokens`. A change of it is noticed within a second of its
    /// next use.
    pub filename: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            header: "Authorization".to_owned(),
            scheme: "Bearer".to_owned(),
            token: None,
            tokens: Vec::new(),
            filename: None,
        }
    }
}

impl ExtensionFactory for BearerTokenAuth {
    const TYPE: &'static str = "bearertokenauth";
    const ALIASES: &'static [&'static str] = &["bearer_token_auth"];
    type Config = Config;

    fn build(config: Config, _: &BuildContext) -> Result<Arc<dyn Extension>, Vec<Mistake>> {
        Ok(Arc::new(Bearer { tokens: Arc::new(Tokens::new(config)?) }))
    }
}

struct Bearer {
    tokens: Arc<Tokens>,
}

#[async_trait]
impl Extension for Bearer {
    async fn start(&self, _: Arc<dyn Host>) -> Result<(), StartError> {
        self.tokens.open()
    }

    fn provides(&self) -> Vec<Arc<dyn Any + Send + Sync>> {
        let server: Arc<dyn ServerAuthenticator> = self.tokens.clone();
        let client: Arc<dyn ClientAuthenticator> = self.tokens.clone();
        vec![Arc::new(server), Arc::new(client)]
    }
}
