//! One line per batch.

use super::page::Page;
use tidewatch_component::{AlertStatus, Payload};
use tidewatch_otlp::{Request, Signal};

pub(super) fn write(page: &mut Page, payload: &Payload) {
    match payload {
        Payload::Telemetry(request) => telemetry(page, request),
        Payload::Alerts(alerts) => {
            let firing = alerts.iter().filter(|alert| alert.status == AlertStatus::Firing).count();
            let resolved = alerts.len() - firing;
            page.line(format_args!("Alerts {{\"firing\": {firing}, \"resolved\": {resolved}}}"));
        }
    }
}

fn telemetry(page: &mut Page, request: &Request) {
    let canonical = request.canonical();
    let (resources, items) = (canonical.resources().count(), request.items());
    match request.signal() {
        Signal::Traces => {
            page.line(format_args!("Traces {{\"resource spans\": {resources}, \"spans\": {items}}}"));
        }
        Signal::Metrics => {
            let scopes = canonical.resources().flat_map(|resource| resource.scopes());
            let metrics: usize = scopes.map(|scope| scope.metrics().count()).sum();
            page.line(format_args!(
                "Metrics {{\"resource metrics\": {resources}, \"metrics\": {metrics}, \"data points\": {items}}}"
            ));
        }
        Signal::Logs => {
            page.line(format_args!("Logs {{\"resource logs\": {resources}, \"log records\": {items}}}"));
        }
    }
}
