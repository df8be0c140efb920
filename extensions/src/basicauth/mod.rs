//! HTTP basic authentication: who may come in, or who we are.

mod client;
mod htpasswd;
mod server;

use self::{client::Client, server::Server};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{any::Any, path::PathBuf, sync::Arc};
use tidewatch_component::{BuildContext, Extension, ExtensionFactory, Host, StartError};
use tidewatch_config::{Mistake, values::Secret};
use tidewatch_net::auth::{ClientAuthenticator, ServerAuthenticator};

/// The `basicauth` type.
pub struct BasicAuth;

/// Keys of `basicauth`: exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Makes it an authenticator for servers: who is let in.
    pub htpasswd: Option<HtpasswdConfig>,
    /// Makes it an authenticator for clients: what they say.
    pub client_auth: Option<ClientAuthConfig>,
}

/// Who is let in: lines of `user:hash` as `htpasswd -B` writes them, or `user:password`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HtpasswdConfig {
    /// A file with such lines. A change of it is noticed within a second of its next use.
    pub file: Option<PathBuf>,
    /// Such lines. They win over those of `file`.
    pub inline: Option<Secret>,
}

/// What clients say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClientAuthConfig {
    /// The name.
    pub username: Option<String>,
    /// A file that holds the name, instead of `username`. A change of it is noticed.
    pub username_file: Option<PathBuf>,
    /// The password.
    pub password: Option<Secret>,
    /// A file that holds the password, instead of `password`. A change of it is noticed.
    pub password_file: Option<PathBuf>,
}

enum Basic {
    Server(Arc<Server>),
    Client(Arc<Client>),
}

impl ExtensionFactory for BasicAuth {
    const TYPE: &'static str = "basicauth";
    const ALIASES: &'static [&'static str] = &["basic_auth"];
    type Config = Config;

    fn build(config: Config, _: &BuildContext) -> Result<Arc<dyn Extension>, Vec<Mistake>> {
        let basic = match (config.htpasswd, config.client_auth) {
            (Some(htpasswd), None) => Basic::Server(Arc::new(Server::new(htpasswd)?)),
            (None, Some(client)) => Basic::Client(Arc::new(Client::new(client)?)),
            (Some(_), Some(_)) => {
                let mistake =
                    Mistake::new("client_auth", "`client_auth` and `htpasswd` cannot both be given");
                return Err(vec![mistake.help("make it two extensions: one for servers, one for clients")]);
            }
            (None, None) => {
                let mistake = Mistake::new("", "there are no credentials");
                return Err(vec![
                    mistake.help("give `htpasswd` (for servers) or `client_auth` (for clients)"),
                ]);
            }
        };
        Ok(Arc::new(basic))
    }
}

#[async_trait]
impl Extension for Basic {
    async fn start(&self, _: Arc<dyn Host>) -> Result<(), StartError> {
        match self {
            Self::Server(server) => server.open(),
            Self::Client(client) => client.open(),
        }
    }

    fn provides(&self) -> Vec<Arc<dyn Any + Send + Sync>> {
        match self {
            Self::Server(server) => {
                let authenticator: Arc<dyn ServerAuthenticator> = server.clone();
                vec![Arc::new(authenticator)]
            }
            Self::Client(client) => {
                let authenticator: Arc<dyn ClientAuthenticator> = client.clone();
                vec![Arc::new(authenticator)]
            }
        }
    }
}
