//! The keys of a gRPC server.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidewatch_config::Mistake;
use tidewatch_config::values::{ByteSize, GoDuration};

use super::endpoint::{self, Transport};
use super::{limit, under};
use crate::accept::AcceptOptions;
use crate::auth::AuthConfig;
use crate::grpc::{KeepaliveEnforcement, ServerKeepalive, ServerOptions};
use crate::stream::Address;
use crate::tls::TlsServerConfig;

/// A gRPC server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("x-unsupported" = {
    "write_buffer_size": "answers are small and leave at once",
    "dialer": "a server does not dial",
    "middlewares": "there are no middleware extensions",
}))]
pub struct GrpcServerConfig {
    /// Where to listen: `host:port`, or a path for `transport: unix`. Default: `localhost:4317`.
    pub endpoint: String,
    /// What the endpoint is an address of. Default: `tcp`.
    pub transport: Transport,
    /// TLS. Default: none.
    pub tls: Option<TlsServerConfig>,
    /// Who lets calls in. Default: everybody is let in.
    pub auth: Option<AuthConfig>,
    /// The largest message, before and after decompression, in MiB. Default: 20.
    #[schemars(range(max = 2048))]
    pub max_recv_msg_size_mib: u32,
    /// What may be held of messages that are not complete yet, all connections together; beyond it calls are told
    /// to come back. There is always room for one message. Default: 256MiB.
    pub max_receiving_size: ByteSize,
    /// Calls that a client may have open on a connection. Default: 1024.
    pub max_concurrent_streams: u32,
    /// Connections at once; more wait to be accepted. Default: 10,000.
    pub max_connections: usize,
    /// The most that is read at once, which is the largest frame that clients may send: between 16 KiB and
    /// 16 MiB. Default: 128KiB.
    pub read_buffer_size: ByteSize,
    /// How long connections live, and how often clients may ping.
    pub keepalive: KeepaliveConfig,
    /// Whether the headers of calls go on with their data as metadata. Default: false.
    pub include_metadata: bool,
}

/// How long connections live, and how often clients may ping.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct KeepaliveConfig {
    /// How long connections live.
    pub server_parameters: ServerParametersConfig,
    /// How often clients may ping.
    pub enforcement_policy: EnforcementPolicyConfig,
}

/// How long connections live.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServerParametersConfig {
    /// Closes a connection that had no call for this long. Default: never.
    pub max_connection_idle: Option<GoDuration>,
    /// Closes a connection of this age, give or take a tenth, gracefully. Default: never.
    pub max_connection_age: Option<GoDuration>,
    /// How long calls may go on beyond `max_connection_age`. Default: as long as they want.
    pub max_connection_age_grace: Option<GoDuration>,
    /// Pings a client that was silent for this long. Default: 2h.
    pub time: Option<GoDuration>,
    /// Closes the connection if a ping is not answered in this time. Default: 20s.
    pub timeout: Option<GoDuration>,
}

/// How often clients may ping; who pings more often is disconnected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EnforcementPolicyConfig {
    /// The least time between pings. Default: 5m.
    pub min_time: Option<GoDuration>,
    /// Whether clients may ping without an open call. Default: false.
    pub permit_without_stream: bool,
}

impl Default for GrpcServerConfig {
    fn default() -> Self {
        let options = ServerOptions::default();
        Self {
            endpoint: "localhost:4317".to_owned(),
            transport: Transport::Tcp,
            tls: None,
            auth: None,
            max_recv_msg_size_mib: 20,
            max_receiving_size: ByteSize::bytes(options.max_receiving as u64),
            max_concurrent_streams: options.max_concurrent_streams,
            max_connections: options.accept.max_connections,
            read_buffer_size: ByteSize::bytes(options.max_frame.into()),
            keepalive: KeepaliveConfig::default(),
            include_metadata: false,
        }
    }
}

/// The sizes that HTTP/2 allows a frame to have.
const FRAME_SIZES: std::ops::Range<u64> = 16 << 10..16 << 20;

impl GrpcServerConfig {
    /// Mistakes that a schema cannot see.
    #[must_use]
    pub fn check(&self) -> Vec<Mistake> {
        let mut mistakes: Vec<_> = self.address().err().into_iter().collect();
        mistakes.extend(under("tls", self.tls.iter().flat_map(TlsServerConfig::check)));
        for (path, zero) in [
            ("max_recv_msg_size_mib", self.max_recv_msg_size_mib == 0),
            ("max_concurrent_streams", self.max_concurrent_streams == 0),
            ("max_connections", self.max_connections == 0),
        ] {
            if zero {
                mistakes.push(Mistake::new(path, "with 0 nothing could come in"));
            }
        }
        if !FRAME_SIZES.contains(&self.read_buffer_size.get()) {
            let text = "a frame has between 16 KiB and 16 MiB, the latter excluded";
            mistakes.push(Mistake::new("read_buffer_size", text));
        }
        mistakes
    }

    /// Where to listen.
    ///
    /// # Errors
    ///
    /// If the endpoint is not an address.
    pub fn address(&self) -> Result<Address, Mistake> {
        endpoint::listen(&self.endpoint, self.transport)
    }

    /// The server's options; the authenticator is for the caller to find. Reads the files of `tls`.
    ///
    /// # Errors
    ///
    /// The mistakes, and files that cannot be used.
    pub fn options(&self) -> Result<ServerOptions, Vec<Mistake>> {
        let mistakes = self.check();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let tls = self.tls.as_ref().map(|tls| tls.build(&["h2"])).transpose();
        let tls = tls.map_err(|mistake| under("tls", [mistake]).collect::<Vec<_>>())?;
        let defaults = ServerOptions::default();
        let max_message = (self.max_recv_msg_size_mib as usize) << 20;
        let parameters = &self.keepalive.server_parameters;
        let policy = &self.keepalive.enforcement_policy;
        Ok(ServerOptions {
            accept: AcceptOptions { max_connections: self.max_connections, tls, ..defaults.accept },
            max_message,
            max_receiving: self.max_receiving_size.as_usize().max(max_message),
            max_concurrent_streams: self.max_concurrent_streams,
            max_frame: self.read_buffer_size.get() as u32,
            keepalive: ServerKeepalive {
                max_connection_idle: limit(parameters.max_connection_idle),
                max_connection_age: limit(parameters.max_connection_age),
                max_connection_age_grace: limit(parameters.max_connection_age_grace),
                time: limit(parameters.time).unwrap_or(defaults.keepalive.time),
                timeout: limit(parameters.timeout).unwrap_or(defaults.keepalive.timeout),
            },
            enforcement: KeepaliveEnforcement {
                min_time: policy.min_time.map_or(defaults.enforcement.min_time, Duration::from),
                permit_without_stream: policy.permit_without_stream,
            },
            ..defaults
        })
    }
}
