//! The keys of an HTTP client.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidewatch_config::Mistake;
use tidewatch_config::values::{ByteSize, GoDuration, Secret};

use super::{headers, limit, under};
use crate::auth::AuthConfig;
use crate::compression::{self, Encoding};
use crate::http::HttpClient;
use crate::tls::TlsClientConfig;

/// An HTTP client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("x-unsupported" = {
    "cookies": "no cookies are kept",
    "middlewares": "there are no middleware extensions",
}))]
pub struct HttpClientConfig {
    /// The URL to send to.
    pub endpoint: String,
    /// The proxy's URL. Default: what `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` in the environment say.
    pub proxy_url: Option<String>,
    /// TLS, for `https` URLs.
    pub tls: TlsClientConfig,
    /// How long a request may take until its answer is complete; 0 is for ever. Default: 0.
    pub timeout: GoDuration,
    /// Headers of every request.
    pub headers: BTreeMap<String, Secret>,
    /// Who adds credentials. Default: nobody.
    pub auth: Option<AuthConfig>,
    /// How bodies are compressed. Default: not at all.
    pub compression: HttpCompression,
    /// How hard they are compressed.
    pub compression_params: CompressionParams,
    /// Connections that are kept open without a request; 0 is no limit. Default: 100.
    pub max_idle_conns: usize,
    /// The same per host, where it is less. Default: as many as `max_idle_conns` says.
    pub max_idle_conns_per_host: Option<usize>,
    /// How long a connection is kept open without a request; 0 is for ever. Default: 90s.
    pub idle_conn_timeout: GoDuration,
    /// Whether each request has a connection of its own. Default: false.
    pub disable_keep_alives: bool,
    /// Pings an HTTP/2 server that was silent for this long. Default: 0, never.
    pub http2_read_idle_timeout: GoDuration,
    /// Gives the connection up if a ping is not answered in this time. Default: 15s.
    pub http2_ping_timeout: GoDuration,
    /// How many redirects are followed, of those that keep the body (307 and 308). Default: 10.
    pub max_redirects: usize,
    /// Whether HTTP/2 is asked for on TLS. Default: true.
    pub force_attempt_http2: bool,
    /// The Collector's bound on connections; `sending_queue.num_consumers` bounds requests under way here.
    #[schemars(extend("x-warning" = "has no effect: `sending_queue.num_consumers` bounds requests under way at once"))]
    pub max_conns_per_host: Option<usize>,
    /// The Collector's buffer of a connection; here they size themselves.
    #[schemars(extend("x-warning" = "has no effect: the buffers of connections size themselves"))]
    pub read_buffer_size: Option<ByteSize>,
    /// The Collector's buffer of a connection; here they size themselves.
    #[schemars(extend("x-warning" = "has no effect: the buffers of connections size themselves"))]
    pub write_buffer_size: Option<ByteSize>,
}

/// How HTTP bodies are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HttpCompression {
    /// Not at all.
    #[default]
    #[serde(alias = "")]
    None,
    /// Gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// Zlib, called `deflate` in HTTP.
    #[serde(alias = "zlib")]
    Deflate,
    /// Snappy, framed.
    #[serde(alias = "x-snappy-framed")]
    Snappy,
}

/// How hard bodies are compressed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CompressionParams {
    /// gzip and deflate: 0 to 9; zstd: 1 to 22. Default: the compression's own.
    pub level: Option<i32>,
}

impl Default for HttpClientConfig {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            proxy_url: None,
            tls: TlsClientConfig::default(),
            timeout: GoDuration::ZERO,
            headers: BTreeMap::new(),
            auth: None,
            compression: HttpCompression::None,
            compression_params: CompressionParams::default(),
            max_idle_conns: 100,
            max_idle_conns_per_host: None,
            idle_conn_timeout: GoDuration::from_secs(90),
            disable_keep_alives: false,
            http2_read_idle_timeout: GoDuration::ZERO,
            http2_ping_timeout: GoDuration::from_secs(15),
            max_redirects: 10,
            force_attempt_http2: true,
            max_conns_per_host: None,
            read_buffer_size: None,
            write_buffer_size: None,
        }
    }
}

/// No answer that is of any use is larger.
const MAX_RESPONSE: usize = 4 << 20;

impl HttpClientConfig {
    /// Mistakes that a schema cannot see. The endpoint is looked at if there is one: not every component has it.
    #[must_use]
    pub fn check(&self) -> Vec<Mistake> {
        let mut mistakes: Vec<_> = under("tls", self.tls.check()).collect();
        mistakes.extend(headers::parse("headers", &self.headers).err().into_iter().flatten());
        if !self.endpoint.is_empty() {
            mistakes.extend(check_url("endpoint", &self.endpoint));
        }
        if let Some(proxy) = &self.proxy_url {
            mistakes.extend(check_url("proxy_url", proxy));
        }
        let encoding = self.encoding();
        if let Some(level) = self.compression_params.level {
            let known = match encoding {
                Encoding::Zstd => (1..=22).contains(&level),
                Encoding::Identity | Encoding::Snappy => false,
                _ => compression::compress(encoding, Some(level), b"").is_ok(),
            };
            if !known {
                let text = format!("{} has no level {level}", encoding.name());
                mistakes.push(Mistake::new("compression_params.level", text));
            }
        }
        mistakes
    }

    /// The client; the authenticator is for the caller to find. Reads the files of `tls`.
    ///
    /// # Errors
    ///
    /// The mistakes, and files that cannot be used.
    pub fn client(&self) -> Result<HttpClient, Vec<Mistake>> {
        let mistakes = self.check();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let alpn: &[&str] = if self.force_attempt_http2 { &["h2", "http/1.1"] } else { &["http/1.1"] };
        let tls = self.tls.build(alpn).map_err(|mistake| under("tls", [mistake]).collect::<Vec<_>>())?;
        let limits = [Some(self.max_idle_conns), self.max_idle_conns_per_host];
        let idle = limits.into_iter().flatten().filter(|limit| *limit > 0).min().unwrap_or(usize::MAX);
        let mut builder = Client::builder()
            .tls_backend_preconfigured(Arc::unwrap_or_clone(tls))
            .user_agent(concat!("tidewatch/", env!("CARGO_PKG_VERSION")))
            .pool_max_idle_per_host(if self.disable_keep_alives { 0 } else { idle })
            .pool_idle_timeout(limit(Some(self.idle_conn_timeout)))
            .redirect(redirects(self.max_redirects));
        if let Some(timeout) = limit(Some(self.timeout)) {
            builder = builder.timeout(timeout);
        }
        if let Some(interval) = limit(Some(self.http2_read_idle_timeout)) {
            builder = builder.http2_keep_alive_interval(interval).http2_keep_alive_while_idle(true);
        }
        if let Some(timeout) = limit(Some(self.http2_ping_timeout)) {
            builder = builder.http2_keep_alive_timeout(timeout);
        }
        if let Some(url) = &self.proxy_url {
            let proxy =
                Proxy::all(url).map_err(|error| vec![Mistake::new("proxy_url", error.to_string())])?;
            builder = builder.proxy(proxy);
        }
        let client = builder.build().map_err(|error| vec![Mistake::new("", error.to_string())])?;
        Ok(HttpClient {
            client,
            headers: headers::parse("headers", &self.headers)?,
            encoding: self.encoding(),
            level: self.compression_params.level,
            max_response: MAX_RESPONSE,
            authenticator: None,
        })
    }

    fn encoding(&self) -> Encoding {
        match self.compression {
            HttpCompression::None => Encoding::Identity,
            HttpCompression::Gzip => Encoding::Gzip,
            HttpCompression::Zstd => Encoding::Zstd,
            HttpCompression::Deflate => Encoding::Deflate,
            HttpCompression::Snappy => Encoding::Snappy,
        }
    }
}

/// Follows redirects that keep method and body. After the others a request would arrive without what it carries, and
/// be taken for delivered.
fn redirects(count: usize) -> Policy {
    Policy::custom(move |attempt| match attempt.status() {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
            if attempt.previous().len() <= count =>
        {
            attempt.follow()
        }
        _ => attempt.stop(),
    })
}

/// Whether this is a URL with `http` or `https` and a host.
fn check_url(path: &str, url: &str) -> Option<Mistake> {
    let url = reqwest::Url::parse(url).ok();
    let good = url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    (!good).then(|| Mistake::new(path, "this is not a URL").help("a URL looks like `https://host:port/path`"))
}
