//! Groups, told by a task of their own.

use super::{
    format::{Body, Message},
    grouping::Grouping,
    groups::{Groups, Inserted, Notice},
    sender::Sender,
};
use rand::Rng;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tidewatch_component::{
    Alert, Batch, DeliveryConfig, ExportError, Exported, Exporter, Order, Payload, RetryConfig, StartError,
    async_trait,
};
use tidewatch_telemetry::{IntCounter, Metrics};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::Instant,
};

/// Alerts held at most, over all groups: those that fire, and those that wait.
const CAPACITY: usize = 10_000;

pub(super) struct Notifier {
    shared: Arc<Shared>,
    stopping: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    receiver: String,
    grouped: bool,
    groups: Mutex<Groups>,
    changed: Notify,
    body: Body,
    sender: Sender,
    /// None: an answer may take for ever.
    timeout: Option<Duration>,
    retry: RetryConfig,
    unsent: Unsent,
}

/// Alerts that the receiver was never told of, by reason.
struct Unsent {
    never_told: IntCounter,
    rejected: IntCounter,
    gave_up: IntCounter,
    stopped: IntCounter,
}

impl Unsent {
    fn new(metrics: &Metrics, exporter: &str) -> Self {
        let help = "Alerts that a webhook took into a group and never told, by reason.";
        let family = metrics.counter("tidewatch_webhook_unsent_alerts", help, &["exporter", "reason"]);
        let [never_told, rejected, gave_up, stopped] =
            ["resolved_before_told", "rejected", "retries_exhausted", "stopped"]
                .map(|reason| family.with_label_values(&[exporter, reason]));
        Self { never_told, rejected, gave_up, stopped }
    }
}

impl Notifier {
    pub(super) fn new(
        receiver: String,
        grouping: Grouping,
        body: Body,
        sender: Sender,
        delivery: &DeliveryConfig,
        metrics: &Metrics,
    ) -> Self {
        let timeout: Duration = delivery.timeout.0.into();
        let shared = Shared {
            unsent: Unsent::new(metrics, &receiver),
            receiver,
            grouped: grouping.joins(),
            groups: Mutex::new(Groups::new(grouping, CAPACITY)),
            changed: Notify::new(),
            body,
            sender,
            timeout: (!timeout.is_zero()).then_some(timeout),
            retry: delivery.retry_on_failure.clone(),
        };
        Self { shared: Arc::new(shared), stopping: watch::Sender::new(false), task: Mutex::default() }
    }

    fn task(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Exporter for Notifier {
    async fn start(&self) -> Result<(), StartError> {
        self.stopping.send_replace(false);
        let task = tokio::spawn(self.shared.clone().run(self.stopping.subscribe()));
        *self.task() = Some(task);
        Ok(())
    }

    /// Alerts are taken over: they are held in memory until they are told.
    async fn export(&self, batch: &Batch) -> Result<Exported, ExportError> {
        let Payload::Alerts(alerts) = &batch.payload else {
            return Err(ExportError::permanent("a webhook takes only alerts"));
        };
        self.shared.take(alerts)
    }

    fn order(&self) -> Order {
        Order::Total
    }

    async fn stop(&self) {
        self.stopping.send_replace(true);
        let Some(task) = self.task().take() else { return };
        if let Err(error) = task.await {
            tracing::error!(exporter = self.shared.receiver, %error, "the webhook's task has failed");
        }
    }
}

impl Shared {
    fn groups(&self) -> MutexGuard<'_, Groups> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, alerts: &[Alert]) -> Result<Exported, ExportError> {
        let now = Instant::now();
        let mut groups = self.groups();
        let mut full = false;
        for alert in alerts {
            match groups.insert(alert, now) {
                Inserted::Held => {}
                Inserted::NeverTold => self.unsent.never_told.inc(),
                Inserted::Full => {
                    full = true;
                    break;
                }
            }
        }
        drop(groups);
        self.changed.notify_one();
        if full {
            return Err(ExportError::retryable(format!("{CAPACITY} alerts are held in groups already")));
        }
        Ok(Exported::default())
    }

    async fn run(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        loop {
            let due = self.groups().next_due();
            tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => break,
                () = self.changed.notified() => {}
                () = until(due) => {}
            }
            while let Some(notice) = self.take_due() {
                if let Err(error) = self.tell(&notice).await {
                    self.try_again(&notice, &error);
                }
                if *stopping.borrow() {
                    break;
                }
            }
        }
        let last = self.groups().take_news(Instant::now());
        for notice in last {
            if let Err(error) = self.tell(&notice).await {
                let alerts = notice.news.iter().filter(|news| **news).count();
                self.unsent.stopped.inc_by(alerts as u64);
                tracing::error!(exporter = self.receiver, alerts, %error, "alerts were not told before the stop");
            }
        }
    }

    fn take_due(&self) -> Option<Notice> {
        self.groups().take_due(Instant::now())
    }

    /// Tells a group: in one request, or in one per alert that is new.
    async fn tell(&self, notice: &Notice) -> Result<(), ExportError> {
        if self.body.holds_one_alert() {
            for (member, _) in notice.members.iter().zip(&notice.news).filter(|(_, news)| **news) {
                self.request(notice, std::slice::from_ref(member)).await?;
            }
        } else {
            self.request(notice, &notice.members).await?;
        }
        self.groups().finished(notice);
        Ok(())
    }

    async fn request(&self, notice: &Notice, members: &[(String, Alert)]) -> Result<(), ExportError> {
        let alerts: Vec<Alert> = members.iter().map(|(_, alert)| alert.clone()).collect();
        let message = Message {
            receiver: &self.receiver,
            group_labels: &notice.labels,
            grouped: self.grouped,
            alerts: &alerts,
        };
        let sent = match self.body.render(&message) {
            Ok(body) => self.send(body).await,
            Err(reason) => Err(ExportError::permanent(reason)),
        };
        match sent {
            Err(retryable @ ExportError::Retryable { .. }) => return Err(retryable),
            Err(error) => {
                self.unsent.rejected.inc_by(alerts.len() as u64);
                tracing::error!(exporter = self.receiver, alerts = alerts.len(), %error, "alerts were refused");
            }
            Ok(()) => {}
        }
        let mut groups = self.groups();
        for (id, alert) in members {
            groups.settled(&notice.key, id, alert);
        }
        Ok(())
    }

    async fn send(&self, body: Vec<u8>) -> Result<(), ExportError> {
        let sending = self.sender.send(body);
        let Some(timeout) = self.timeout else { return sending.await };
        let late = |_| Err(ExportError::retryable(format!("no answer within {timeout:?}")));
        tokio::time::timeout(timeout, sending).await.unwrap_or_else(late)
    }

    fn try_again(&self, notice: &Notice, error: &ExportError) {
        let asked = match error {
            ExportError::Retryable { after, .. } => *after,
            ExportError::Permanent { .. } => None,
        };
        let pause = |tries, since| self.pause(tries, since).map(|pause| pause.max(asked.unwrap_or_default()));
        let again = self.groups().failed(&notice.key, Instant::now(), pause);
        let alerts = notice.news.iter().filter(|news| **news).count();
        if again {
            tracing::warn!(exporter = self.receiver, alerts, %error, "alerts were not told; they are tried again");
            return;
        }
        tracing::error!(exporter = self.receiver, alerts, %error, "alerts were not told and are given up");
        self.unsent.gave_up.inc_by(alerts as u64);
        let mut groups = self.groups();
        for (id, alert) in &notice.members {
            groups.settled(&notice.key, id, alert);
        }
        groups.finished(notice);
    }

    /// The pause before the next try; none to give up.
    fn pause(&self, tries: u32, since: Duration) -> Option<Duration> {
        let retry = &self.retry;
        let limit: Duration = retry.max_elapsed_time.into();
        if !retry.enabled || (!limit.is_zero() && since >= limit) {
            return None;
        }
        let initial = Duration::from(retry.initial_interval).as_secs_f64();
        let longest = Duration::from(retry.max_interval).as_secs_f64();
        let pause = (initial * retry.multiplier.powf(tries.into())).min(longest);
        let spread = retry.randomization_factor * rand::rng().random_range(-1.0..=1.0);
        Some(Duration::from_secs_f64(pause * (1.0 + spread).max(0.0)))
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
