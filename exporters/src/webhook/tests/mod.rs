//! Against a real HTTP server.

mod answers;
mod grouped;
mod mistakes;
mod receiver;
mod requests;

use super::*;
use receiver::Receiver;
use serde_json::{Value, json};
use tidewatch_component::{Alert, Batch, Context, ExportError, Exported, Payload};
use tidewatch_config::ComponentId;

fn context() -> BuildContext {
    BuildContext::new(ComponentId::with_name("webhook", "ops"), &tidewatch_telemetry::Metrics::default())
}

/// A webhook to `url` with more keys.
fn try_build(url: &str, mut keys: Value) -> Result<Arc<dyn Exporter>, Vec<Mistake>> {
    keys["url"] = url.into();
    let config = serde_json::from_value(keys).map_err(|error| vec![Mistake::new("", error.to_string())])?;
    Webhook::build(config, &context()).map(|built| built.exporter)
}

fn build(url: &str, keys: Value) -> Arc<dyn Exporter> {
    try_build(url, keys).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

fn batch(alerts: &[Alert]) -> Batch {
    Batch::unattended(Payload::Alerts(alerts.into()), Arc::new(Context::default()))
}

async fn export(exporter: &Arc<dyn Exporter>, alerts: &[Alert]) -> Result<(), ExportError> {
    exporter.export(&batch(alerts)).await.map(|exported| assert_eq!(exported, Exported::default()))
}
