//! Every change at once, one request per alert.

use super::{
    format::{Body, Message},
    grouping::By,
    sender::Sender,
};
use std::sync::{Mutex, PoisonError};
use tidewatch_component::{
    Alert, AlertKind, AlertStatus, Batch, ExportError, Exported, Exporter, Order, Payload, Rejection,
    async_trait,
};

pub(super) struct Immediate {
    receiver: String,
    resolved: bool,
    body: Body,
    sender: Sender,
    /// The alerts of the batch under way that need no further try, with the reason of the refused ones.
    settled: Mutex<Vec<(String, Option<String>)>>,
}

impl Immediate {
    pub(super) fn new(receiver: String, resolved: bool, body: Body, sender: Sender) -> Self {
        Self { receiver, resolved, body, sender, settled: Mutex::default() }
    }

    /// Sends one alert. The reason, where it is refused for good.
    async fn tell(&self, alert: &Alert) -> Result<Option<String>, ExportError> {
        let group_labels = By::Alert.labels(alert);
        let alerts = std::slice::from_ref(alert);
        let message =
            Message { receiver: &self.receiver, group_labels: &group_labels, grouped: false, alerts };
        let body = match self.body.render(&message) {
            Ok(body) => body,
            Err(reason) => return Ok(Some(reason)),
        };
        match self.sender.send(body).await {
            Ok(()) => Ok(None),
            Err(ExportError::Permanent { reason, .. }) => Ok(Some(reason)),
            Err(retryable) => Err(retryable),
        }
    }

    fn settled(&self) -> std::sync::MutexGuard<'_, Vec<(String, Option<String>)>> {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Exporter for Immediate {
    async fn export(&self, batch: &Batch) -> Result<Exported, ExportError> {
        let Payload::Alerts(alerts) = &batch.payload else {
            return Err(ExportError::permanent("a webhook takes only alerts"));
        };
        let mut before = self.settled().clone();
        let mut rejected: Option<Rejection> = None;
        for (index, alert) in alerts.iter().enumerate() {
            if alert.status == AlertStatus::Resolved && !self.resolved {
                continue;
            }
            let change = change(alert);
            let known = before.iter().position(|(settled, _)| *settled == change);
            let refused = match known.map(|index| before.swap_remove(index)) {
                Some((_, refused)) => refused,
                None => {
                    let refused =
                        self.tell(alert).await.map_err(|error| left(error, alerts.len() - index))?;
                    self.settled().push((change, refused.clone()));
                    refused
                }
            };
            if let Some(reason) = refused {
                rejected.get_or_insert(Rejection::new(0, reason)).items += 1;
            }
        }
        self.settled().clear();
        match rejected {
            Some(all) if all.items == alerts.len() => Err(ExportError::permanent(all.reason)),
            rejected => Ok(Exported { rejected }),
        }
    }

    fn order(&self) -> Order {
        Order::Total
    }
}

/// A failure in the midst of a batch says how much of it is still to be told.
fn left(error: ExportError, alerts: usize) -> ExportError {
    match error {
        ExportError::Retryable { reason, after, refused } if alerts > 1 => {
            let reason = format!("{reason}; {alerts} alerts of the batch are not told yet");
            ExportError::Retryable { reason, after, refused }
        }
        other => other,
    }
}

/// What makes an alert one that was told already. Events of one series differ in anything they say.
fn change(alert: &Alert) -> String {
    match alert.kind {
        AlertKind::State => {
            format!("{} {:?} {} {}", alert.fingerprint, alert.status, alert.starts_at, alert.severity)
        }
        AlertKind::Event => format!("{alert:?}"),
    }
}
