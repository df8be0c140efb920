//! The keys of a gRPC client.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidewatch_config::Mistake;
use tidewatch_config::values::{ByteSize, GoDuration, Secret};

use super::{endpoint, headers, limit, under};
use crate::auth::AuthConfig;
use crate::compression::Encoding;
use crate::grpc::{ChannelOptions, ClientKeepalive};
use crate::stream::Address;
use crate::tls::TlsClientConfig;

/// A gRPC client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("x-unsupported" = {
    "middlewares": "there are no middleware extensions",
}))]
pub struct GrpcClientConfig {
    /// The server: `host:port`, with `https://` or `http://` before it if need be, or `unix:///path`.
    pub endpoint: String,
    /// TLS. Default: TLS that trusts the system's certificates; `insecure: true` or `http://` for none.
    pub tls: TlsClientConfig,
    /// Who adds credentials. Default: nobody.
    pub auth: Option<AuthConfig>,
    /// How messages are compressed. Default: `gzip`.
    pub compression: GrpcCompression,
    /// Pings while calls are open. Default: none.
    pub keepalive: Option<ClientKeepaliveConfig>,
    /// The most that is read at once, which is the largest frame that the server may send: between 16 KiB and
    /// 16 MiB. Default: 16KiB.
    pub read_buffer_size: ByteSize,
    /// A message below this size is copied behind its prefix, to be written at once. Default: 64KiB.
    pub write_buffer_size: ByteSize,
    /// Whether calls wait for a connection, instead of failing when there is none. Default: false.
    pub wait_for_ready: bool,
    /// Headers of every call.
    pub headers: BTreeMap<String, Secret>,
    /// What is sent as `:authority`. Default: the endpoint.
    pub authority: Option<String>,
    /// How many connections are used in turn. Default: 1.
    #[schemars(range(min = 1, max = 64))]
    pub connections: usize,
    /// The Collector's way to spread calls; `connections` is the one here.
    #[schemars(extend("x-warning" = "has no effect: `connections: N` spreads calls over the addresses of a name"))]
    pub balancer_name: Option<String>,
}

/// How gRPC messages are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GrpcCompression {
    /// Gzip.
    #[default]
    Gzip,
    /// Zstandard.
    Zstd,
    /// Snappy, framed.
    Snappy,
    /// Not at all.
    #[serde(alias = "")]
    None,
}

/// Pings while calls are open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClientKeepaliveConfig {
    /// Pings a server that was silent for this long. Default: 10s.
    pub time: Option<GoDuration>,
    /// Gives the connection up if a ping is not answered in this time. Default: 20s.
    pub timeout: Option<GoDuration>,
    /// Whether to ping without an open call. Default: false.
    pub permit_without_stream: bool,
}

impl Default for GrpcClientConfig {
    fn default() -> Self {
        let options = ChannelOptions::default();
        Self {
            endpoint: String::new(),
            tls: TlsClientConfig::default(),
            auth: None,
            compression: GrpcCompression::Gzip,
            keepalive: None,
            read_buffer_size: ByteSize::bytes(options.max_frame.into()),
            write_buffer_size: ByteSize::bytes(options.join_below as u64),
            wait_for_ready: false,
            headers: BTreeMap::new(),
            authority: None,
            connections: 1,
            balancer_name: None,
        }
    }
}

impl GrpcClientConfig {
    /// Mistakes that a schema cannot see.
    #[must_use]
    pub fn check(&self) -> Vec<Mistake> {
        let mut mistakes: Vec<_> = self.target().err().into_iter().collect();
        mistakes.extend(under("tls", self.tls.check()));
        mistakes.extend(headers::parse("headers", &self.headers).err().into_iter().flatten());
        if self.authority.as_ref().is_some_and(|authority| authority.parse::<http::uri::Authority>().is_err())
        {
            mistakes.push(Mistake::new("authority", "this is not `host` or `host:port`"));
        }
        if !(16 << 10..16 << 20).contains(&self.read_buffer_size.get()) {
            let text = "a frame has between 16 KiB and 16 MiB, the latter excluded";
            mistakes.push(Mistake::new("read_buffer_size", text));
        }
        if self.connections == 0 {
            mistakes.push(Mistake::new("connections", "with 0 nothing could be sent"));
        }
        mistakes
    }

    /// Where to connect to, and whether with TLS.
    fn target(&self) -> Result<(Address, bool), Mistake> {
        if self.endpoint.is_empty() {
            return Err(Mistake::new("endpoint", "the endpoint is missing").help("e.g. `localhost:4317`"));
        }
        let (address, tls) = endpoint::connect(&self.endpoint)?;
        Ok((address, tls.unwrap_or(!self.tls.insecure)))
    }

    /// Where to connect to, and the channel's options; the authenticator is for the caller to find. Reads the
    /// files of `tls`.
    ///
    /// # Errors
    ///
    /// The mistakes, and files that cannot be used.
    pub fn options(&self) -> Result<(Address, ChannelOptions), Vec<Mistake>> {
        let mistakes = self.check();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let (address, secure) = self.target().map_err(|mistake| vec![mistake])?;
        let in_tls = |mistake| under("tls", [mistake]).collect::<Vec<_>>();
        let defaults = ChannelOptions::default();
        let keepalive = self.keepalive.as_ref().map(|keepalive| {
            let defaults = ClientKeepalive::default();
            ClientKeepalive {
                time: keepalive.time.map_or(defaults.time, Duration::from).max(Duration::from_secs(1)),
                timeout: limit(keepalive.timeout).unwrap_or(defaults.timeout),
                permit_without_stream: keepalive.permit_without_stream,
            }
        });
        let options = ChannelOptions {
            authority: self.authority.as_ref().and_then(|authority| authority.parse().ok()),
            encoding: match self.compression {
                GrpcCompression::Gzip => Encoding::Gzip,
                GrpcCompression::Zstd => Encoding::Zstd,
                GrpcCompression::Snappy => Encoding::Snappy,
                GrpcCompression::None => Encoding::Identity,
            },
            connections: self.connections,
            max_frame: self.read_buffer_size.get() as u32,
            join_below: self.write_buffer_size.as_usize(),
            wait_for_ready: self.wait_for_ready,
            headers: headers::parse("headers", &self.headers)?,
            tls: match secure {
                true => Some(self.tls.build(&["h2"]).map_err(in_tls)?),
                false => None,
            },
            server_name: self.tls.server_name().map_err(in_tls)?,
            keepalive,
            ..defaults
        };
        Ok((address, options))
    }
}
