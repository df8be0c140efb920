//! The keys of an HTTP server.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidewatch_config::Mistake;
use tidewatch_config::values::{ByteSize, GoDuration, Secret};

use super::endpoint::{self, Transport};
use super::{headers, limit, under};
use crate::accept::AcceptOptions;
use crate::auth::AuthConfig;
use crate::compression::Encoding;
use crate::http::{Cors, ServerOptions};
use crate::stream::Address;
use crate::tls::TlsServerConfig;

/// An HTTP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("x-unsupported" = {
    "dialer": "a server does not dial",
    "middlewares": "there are no middleware extensions",
}))]
pub struct HttpServerConfig {
    /// Where to listen: `host:port`, or a path for `transport: unix`. Default: `localhost:4318`.
    pub endpoint: String,
    /// What the endpoint is an address of. Default: `tcp`.
    pub transport: Transport,
    /// TLS. Default: none.
    pub tls: Option<TlsServerConfig>,
    /// Which web pages may send here. Default: none.
    pub cors: Option<Cors>,
    /// Who lets requests in. Default: everybody is let in.
    pub auth: Option<AuthConfig>,
    /// The largest body, before and after decompression. Default: 20MiB.
    pub max_request_body_size: ByteSize,
    /// What may be held of bodies that are not complete yet, all connections together; beyond it requests are told
    /// to come back. There is always room for one body. Default: 256MiB.
    pub max_receiving_size: ByteSize,
    /// Connections at once; more wait to be accepted. Default: 10,000.
    pub max_connections: usize,
    /// Whether the headers of requests go on with their data as metadata. Default: false.
    pub include_metadata: bool,
    /// Headers of every answer.
    pub response_headers: BTreeMap<String, Secret>,
    /// How bodies may be compressed. Default: `["", gzip, zstd, zlib, snappy, deflate]`; without the empty name
    /// an uncompressed body is still accepted.
    pub compression_algorithms: Vec<String>,
    /// How long a body may take in all. Default: 0, as long as it takes; one that stands still for 30s is given
    /// up in any case.
    pub read_timeout: GoDuration,
    /// How long a request's header may take. Default: 1m.
    pub read_header_timeout: GoDuration,
    /// How long a client may read nothing of an answer; 0 is for ever. Default: 30s.
    pub write_timeout: GoDuration,
    /// How long a connection may be without a request. Default: 1m.
    pub idle_timeout: GoDuration,
    /// Whether a connection serves more than one request. Default: true.
    pub keep_alives_enabled: bool,
}

impl Default for HttpServerConfig {
    fn default() -> Self {
        let options = ServerOptions::default();
        let names = ["", "gzip", "zstd", "zlib", "snappy", "deflate"];
        Self {
            endpoint: "localhost:4318".to_owned(),
            transport: Transport::Tcp,
            tls: None,
            cors: None,
            auth: None,
            max_request_body_size: ByteSize::bytes(options.max_body as u64),
            max_receiving_size: ByteSize::bytes(options.max_receiving as u64),
            max_connections: options.accept.max_connections,
            include_metadata: false,
            response_headers: BTreeMap::new(),
            compression_algorithms: names.map(str::to_owned).to_vec(),
            read_timeout: GoDuration::ZERO,
            read_header_timeout: options.header_timeout.into(),
            write_timeout: options.write_timeout.unwrap_or_default().into(),
            idle_timeout: options.idle_timeout.into(),
            keep_alives_enabled: true,
        }
    }
}

impl HttpServerConfig {
    /// Mistakes that a schema cannot see.
    #[must_use]
    pub fn check(&self) -> Vec<Mistake> {
        let mut mistakes: Vec<_> = self.address().err().into_iter().collect();
        mistakes.extend(under("tls", self.tls.iter().flat_map(TlsServerConfig::check)));
        mistakes.extend(under("cors", self.cors.iter().flat_map(Cors::check)));
        let headers = headers::parse("response_headers", &self.response_headers);
        mistakes.extend(headers.err().into_iter().flatten());
        for (index, name) in self.compression_algorithms.iter().enumerate() {
            if Encoding::from_name(name.as_bytes()).is_none() {
                let path = format!("compression_algorithms[{index}]");
                mistakes.push(
                    Mistake::new(path, format!("`{name}` is not a compression that is known here"))
                        .help("there are `gzip`, `zstd`, `zlib`, `deflate`, `snappy` and `x-snappy-framed`"),
                );
            }
        }
        for (path, zero) in [
            ("max_request_body_size", self.max_request_body_size.get() == 0),
            ("max_connections", self.max_connections == 0),
        ] {
            if zero {
                mistakes.push(Mistake::new(path, "with 0 nothing could come in"));
            }
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
        let tls = self.tls.as_ref().map(|tls| tls.build(&["h2", "http/1.1"])).transpose();
        let tls = tls.map_err(|mistake| under("tls", [mistake]).collect::<Vec<_>>())?;
        let defaults = ServerOptions::default();
        let names = self.compression_algorithms.iter();
        Ok(ServerOptions {
            accept: AcceptOptions { max_connections: self.max_connections, tls, ..defaults.accept },
            max_body: self.max_request_body_size.as_usize(),
            max_receiving: self.max_receiving_size.max(self.max_request_body_size).as_usize(),
            encodings: names.filter_map(|name| Encoding::from_name(name.as_bytes())).collect(),
            header_timeout: limit(Some(self.read_header_timeout)).unwrap_or(defaults.header_timeout),
            read_timeout: limit(Some(self.read_timeout)),
            write_timeout: limit(Some(self.write_timeout)),
            // As in Go, where no time for an idle connection is the time for a header.
            idle_timeout: limit(Some(self.idle_timeout))
                .or(limit(Some(self.read_header_timeout)))
                .unwrap_or(Duration::from_secs(60)),
            keep_alive: self.keep_alives_enabled,
            cors: self.cors.clone().filter(|cors| !cors.allowed_origins.is_empty()),
            response_headers: headers::parse("response_headers", &self.response_headers)?,
            ..defaults
        })
    }
}
