//! The keys that servers and clients share with the Collector's `configgrpc`, `confighttp` and `confignet`, and
//! the options that they become.
//!
//! Every key does what it says. What a key of the Collector's cannot mean here is refused with the reason
//! (`x-unsupported` in the schema).

mod endpoint;
mod grpc_client;
mod grpc_server;
mod headers;
mod http_client;
mod http_server;

pub use endpoint::Transport;
pub use grpc_client::{ClientKeepaliveConfig, GrpcClientConfig, GrpcCompression};
pub use grpc_server::{EnforcementPolicyConfig, GrpcServerConfig, KeepaliveConfig, ServerParametersConfig};
pub use http_client::{CompressionParams, HttpClientConfig, HttpCompression};
pub use http_server::HttpServerConfig;

use std::time::Duration;

use tidewatch_config::Mistake;
use tidewatch_config::values::GoDuration;

/// The mistakes of a block that stands under `key`.
fn under(key: &str, mistakes: impl IntoIterator<Item = Mistake>) -> impl Iterator<Item = Mistake> {
    mistakes.into_iter().map(move |mistake| Mistake {
        path: match mistake.path.as_str() {
            "" => key.to_owned(),
            path => format!("{key}.{path}"),
        },
        ..mistake
    })
}

/// Zero means that there is no limit.
fn limit(duration: Option<GoDuration>) -> Option<Duration> {
    duration.map(Duration::from).filter(|duration| !duration.is_zero())
}
