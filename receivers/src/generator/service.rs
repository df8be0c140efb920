//! The services of the shop and what they serve.

use rand_distr::Normal;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::HashSet;
use tidewatch_config::{Mistake, values::GoDuration};

/// A service of the shop.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ServiceConfig {
    /// `service.name`.
    pub name: String,
    /// Mean of its latency; a fifth of it is the standard deviation. Default 100ms.
    #[serde(default = "ServiceConfig::default_latency")]
    pub latency: GoDuration,
    /// Its endpoints, each a method and a route, all equally busy. Default: `GET /`, `POST /`, `DELETE /`.
    #[serde(default = "ServiceConfig::default_endpoints")]
    pub endpoints: Vec<String>,
}

impl ServiceConfig {
    /// The services that are there if a configuration names none.
    pub(super) fn shop() -> Vec<Self> {
        let service = |name: &str, milliseconds, endpoints: [&str; 3]| Self {
            name: name.to_owned(),
            latency: GoDuration::from_millis(milliseconds),
            endpoints: endpoints.map(str::to_owned).into(),
        };
        vec![
            service("checkout", 150, ["GET /cart", "POST /checkout", "DELETE /cart/{item}"]),
            service("payments", 200, ["GET /payments/{id}", "POST /payments", "DELETE /payments/{id}"]),
            service("search", 50, ["GET /search", "POST /search/saved", "DELETE /search/saved/{id}"]),
        ]
    }

    fn default_latency() -> GoDuration {
        GoDuration::from_millis(100)
    }

    fn default_endpoints() -> Vec<String> {
        ["GET /", "POST /", "DELETE /"].map(str::to_owned).into()
    }
}

/// A service that has been checked.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) name: String,
    /// Milliseconds.
    pub(super) latency: Normal<f64>,
    pub(super) endpoints: Vec<Endpoint>,
}

/// One endpoint of a service.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) method: String,
    pub(super) route: String,
    /// The status of its successes.
    pub(super) ok: u16,
}

/// Bounds the series of one service.
const MAX_ENDPOINTS: usize = 1000;

impl Service {
    pub(super) fn all(configs: &[ServiceConfig], mistakes: &mut Vec<Mistake>) -> Vec<Self> {
        let mut names = HashSet::new();
        let mut services = Vec::new();
        for (index, config) in configs.iter().enumerate() {
            let path = |key: &str| format!("services[{index}].{key}");
            if config.name.is_empty() {
                mistakes.push(Mistake::new(path("name"), "a service has a name"));
            } else if !names.insert(&config.name) {
                mistakes.push(Mistake::new(path("name"), "another service has this name"));
            }
            if config.endpoints.is_empty() || config.endpoints.len() > MAX_ENDPOINTS {
                let message = format!("a service has between 1 and {MAX_ENDPOINTS} endpoints");
                mistakes.push(Mistake::new(path("endpoints"), message));
            }
            let mut endpoints = Vec::new();
            for (number, text) in config.endpoints.iter().enumerate() {
                match Endpoint::parse(text) {
                    Some(endpoint) => endpoints.push(endpoint),
                    None => mistakes.push(
                        Mistake::new(
                            path(&format!("endpoints[{number}]")),
                            "an endpoint is a method and a route",
                        )
                        .help("write it like `GET /cart/{item}`"),
                    ),
                }
            }
            let mean = config.latency.get().as_secs_f64() * 1e3;
            let latency = Normal::new(mean, mean / 5.0).expect("a duration is finite");
            services.push(Self { name: config.name.clone(), latency, endpoints });
        }
        services
    }
}

impl Endpoint {
    fn parse(text: &str) -> Option<Self> {
        let (method, route) = text.split_once(' ')?;
        let valid = !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase());
        let ok = match method {
            "POST" => 201,
            "DELETE" => 204,
            _ => 200,
        };
        (valid && route.starts_with('/')).then(|| Self { method: method.into(), route: route.into(), ok })
    }
}
