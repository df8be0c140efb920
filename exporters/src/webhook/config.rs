//! Keys of `webhook`.

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use tidewatch_component::DeliveryConfig;
use tidewatch_config::values::{GoDuration, Secret};
use tidewatch_net::{
    auth::AuthConfig,
    config::{HttpClientConfig, HttpCompression},
    tls::TlsClientConfig,
};

/// Keys of `webhook`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WebhookConfig {
    /// Where alerts go. A secret: such URLs often hold a token. Default with `format: pagerduty`:
    /// `https://events.pagerduty.com/v2/enqueue`; else required.
    pub url: Option<Secret>,
    /// `POST` (default), `PUT` or `PATCH`.
    pub method: Method,
    /// What is sent: `json` (default), `alertmanager`, `slack` or `pagerduty`.
    pub format: Format,
    /// A minijinja template that makes the body, instead of `format`. It sees the fields of the first alert,
    /// all of them as `record`, `alerts`, `status`, `group_labels`, `receiver`, `now()`, `uuid4()`, and the
    /// filter `tojson`.
    pub body: Option<String>,
    /// What is sent when. Default: every change at once.
    pub send: SendConfig,
    /// Signs the body.
    pub hmac: Option<HmacConfig>,
    /// For `format: pagerduty`.
    pub pagerduty: Option<PagerDutyConfig>,
    /// Headers of every request.
    pub headers: BTreeMap<String, Secret>,
    /// TLS, for `https` URLs.
    pub tls: TlsClientConfig,
    /// The proxy's URL. Default: what `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` in the environment say.
    pub proxy_url: Option<String>,
    /// Who adds credentials. Default: nobody.
    pub auth: Option<AuthConfig>,
    /// How bodies are compressed. Default: not at all.
    pub compression: HttpCompression,
    /// Whether each request has a connection of its own. Default: false.
    pub disable_keep_alives: bool,
    /// Queue, retry, signals, and the timeout: here that of each request.
    #[serde(flatten)]
    pub delivery: DeliveryConfig,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        let client = HttpClientConfig::default();
        Self {
            url: None,
            method: Method::Post,
            format: Format::Json,
            body: None,
            send: SendConfig::default(),
            hmac: None,
            pagerduty: None,
            headers: client.headers,
            tls: client.tls,
            proxy_url: client.proxy_url,
            auth: client.auth,
            compression: client.compression,
            disable_keep_alives: client.disable_keep_alives,
            delivery: DeliveryConfig::default(),
        }
    }
}

/// How a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Adds.
    #[default]
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
}

/// Whose form the body has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// An alert as it is; of a group, an array of them.
    #[default]
    Json,
    /// Prometheus Alertmanager's webhook, version 4.
    Alertmanager,
    /// A Slack incoming webhook.
    Slack,
    /// Events API v2 of `PagerDuty`: one event per alert.
    #[serde(rename = "pagerduty")]
    PagerDuty,
}

/// What is sent when, in Alertmanager's words.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SendConfig {
    /// Whether the end of an alert is told. Default true.
    pub resolved: bool,
    /// Alerts with the same values of these labels leave in one request: names of labels, `name` (or
    /// `alertname`) and `severity`; `[]` is one group of all, `['...']` takes every label. Default: every alert
    /// leaves alone.
    pub group_by: Option<Vec<String>>,
    /// How long the first alert of a group waits for others. Default 30s with `group_by`, else 0s.
    pub group_wait: Option<GoDuration>,
    /// The least time between two requests of one group. Default 5m with `group_by`, else 0s.
    pub group_interval: Option<GoDuration>,
    /// Alerts that still fire are told again after this time; 0: never. Default 4h with `group_by`, else 0s.
    pub repeat_interval: Option<GoDuration>,
}

impl Default for SendConfig {
    fn default() -> Self {
        Self { resolved: true, group_by: None, group_wait: None, group_interval: None, repeat_interval: None }
    }
}

/// Signs bodies, so that the receiver knows who they are from.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct HmacConfig {
    /// The key that both sides know.
    pub secret: Secret,
    /// The header of the signature, `sha256=<hex>` over the body before it is compressed. Default
    /// `X-Signature-256`.
    #[serde(default = "signature_header")]
    pub header: String,
    /// `sha256` (default).
    #[serde(default)]
    pub algorithm: Algorithm,
}

fn signature_header() -> String {
    "X-Signature-256".into()
}

/// How bodies are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// HMAC-SHA256.
    #[default]
    Sha256,
}

/// What `PagerDuty` needs.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct PagerDutyConfig {
    /// The integration key of the service.
    pub routing_key: Secret,
}
