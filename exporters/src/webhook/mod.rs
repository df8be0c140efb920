//! `webhook`: alerts to whoever has a URL.

mod config;
mod format;
mod grouping;
mod groups;
mod immediate;
mod notifier;
mod sender;
mod sign;
#[cfg(test)]
mod tests;

use crate::{authenticator::authenticator, template::Template};
pub use config::{Algorithm, Format, HmacConfig, Method, PagerDutyConfig, SendConfig, WebhookConfig};
use format::Body;
use grouping::Grouping;
use immediate::Immediate;
use notifier::Notifier;
use reqwest::Url;
use sender::Sender;
use sign::Signer;
use std::{sync::Arc, time::Duration};
use tidewatch_component::{
    BuildContext, BuiltExporter, DataType, DeliveryConfig, Exporter, ExporterFactory, SignalSet, Timeout,
};
use tidewatch_config::Mistake;
use tidewatch_net::config::HttpClientConfig;

/// The `webhook` exporter.
pub struct Webhook;

const PAGERDUTY_URL: &str = "https://events.pagerduty.com/v2/enqueue";

impl ExporterFactory for Webhook {
    const TYPE: &'static str = "webhook";
    const TAKES: SignalSet = SignalSet::of(&[DataType::Alerts]);
    const CAN_TAKE: SignalSet = Self::TAKES;
    type Config = WebhookConfig;

    fn build(config: WebhookConfig, context: &BuildContext) -> Result<BuiltExporter, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let body = collect(&mut mistakes, body(&config));
        let sender = sender(&config, context, &mut mistakes);
        let grouping = Grouping::new(&config.send);
        let (Some(body), Some(sender), []) = (body, sender, mistakes.as_slice()) else {
            return Err(mistakes);
        };
        let receiver = context.id.to_string();
        let exporter: Arc<dyn Exporter> = match grouping {
            Some(grouping) => {
                let delivery = &config.delivery;
                Arc::new(Notifier::new(receiver, grouping, body, sender, delivery, &context.metrics))
            }
            None => Arc::new(Immediate::new(receiver, config.send.resolved, body, sender)),
        };
        // It holds for each request; a batch may be many.
        let delivery = DeliveryConfig { timeout: Timeout(Duration::ZERO.into()), ..config.delivery };
        Ok(BuiltExporter { exporter, delivery })
    }
}

fn collect<T>(mistakes: &mut Vec<Mistake>, result: Result<T, Mistake>) -> Option<T> {
    result.map_err(|mistake| mistakes.push(mistake)).ok()
}

fn body(config: &WebhookConfig) -> Result<Body, Mistake> {
    if let Some(source) = &config.body {
        if config.format != Format::Json {
            return Err(Mistake::new(
                "body",
                "a `body` takes the place of `format`; only one can be written",
            ));
        }
        return Template::compile("body", source, &format::TEMPLATE_NAMES)
            .map(|template| Body::Template(Box::new(template)));
    }
    Ok(match config.format {
        Format::Json => Body::Json,
        Format::Alertmanager => Body::Alertmanager,
        Format::Slack => Body::Slack,
        Format::PagerDuty => {
            let key = config.pagerduty.as_ref().map(|pagerduty| pagerduty.routing_key.clone());
            let key = key.filter(|key| !key.is_empty());
            let missing = || Mistake::new("pagerduty.routing_key", "PagerDuty needs a routing key");
            Body::PagerDuty { routing_key: key.ok_or_else(missing)? }
        }
    })
}

fn sender(config: &WebhookConfig, context: &BuildContext, mistakes: &mut Vec<Mistake>) -> Option<Sender> {
    let url = collect(mistakes, url(config));
    let authenticator = authenticator(config.auth.as_ref(), context, mistakes);
    let signer = config.hmac.as_ref().map(Signer::new).transpose();
    let signer = collect(mistakes, signer)?;
    let keys = HttpClientConfig {
        proxy_url: config.proxy_url.clone(),
        tls: config.tls.clone(),
        headers: config.headers.clone(),
        compression: config.compression,
        disable_keep_alives: config.disable_keep_alives,
        // Whoever is sent elsewhere would take the alerts, and the headers, with him.
        max_redirects: 0,
        ..HttpClientConfig::default()
    };
    let client = keys.client().map_err(|more| mistakes.extend(more)).ok()?;
    let client = match authenticator {
        Some(authenticator) => client.with_authenticator(authenticator),
        None => client,
    };
    Some(Sender::new(client, url?, config.method, signer, config.delivery.timeout.0.into()))
}

fn url(config: &WebhookConfig) -> Result<Url, Mistake> {
    let text = match &config.url {
        Some(url) => url.expose(),
        None if config.body.is_none() && config.format == Format::PagerDuty => PAGERDUTY_URL,
        None => return Err(Mistake::new("url", "the URL is missing")),
    };
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| Mistake::new("url", "this is not a URL").help("a URL looks like `https://host/path`"))
}
