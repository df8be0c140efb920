//! What authenticators, which are extensions, do for servers and clients.

use std::fmt;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tidewatch_config::ComponentId;

/// Which authenticator is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-unsupported" = {"request_params": "authenticators see headers only"}))]
pub struct AuthConfig {
    /// The id of the extension, e.g. `basicauth/server`.
    pub authenticator: ComponentId,
}

/// Lets requests in or does not.
pub trait ServerAuthenticator: Send + Sync {
    /// Looks at a request's headers.
    ///
    /// # Errors
    ///
    /// Why the request is not let in.
    fn authenticate(&self, headers: &HeaderMap) -> Result<(), AuthError>;
}

/// Gives requests their credentials.
pub trait ClientAuthenticator: Send + Sync {
    /// The headers that every request gets, as they are now.
    fn headers(&self) -> Vec<(HeaderName, HeaderValue)>;
}

/// Why a request is not let in: HTTP status 401, gRPC status `UNAUTHENTICATED`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct AuthError {
    /// For the caller: no word about what would have been right.
    pub message: String,
    /// What HTTP says in `WWW-Authenticate`, e.g. `Basic realm="tidewatch"`.
    pub challenge: Option<HeaderValue>,
}

impl fmt::Debug for dyn ServerAuthenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerAuthenticator")
    }
}

impl fmt::Debug for dyn ClientAuthenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientAuthenticator")
    }
}
