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
use tidewatch_telemetry::{IntCounter, IntGauge, Metrics};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::Instant,
};

/// Alerts held at most, over all groups: those that fire, and those that wait.
const CAPACITY: usize = 10_000;

/// The longest pause between two tries while the agent stops.
const STOP_PAUSE: Duration = Duration::from_secs(1);

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
    retry: RetryConfig,
    unsent: Unsent,
}

/// Alerts that the receiver was never told of, by reason.
struct Unsent {
    never_told: IntCounter,
    rejected: IntCounter,
    gave_up: IntCounter,
    stopped: IntCounter,
    /// Those it has yet to hear of.
    waiting: IntGauge,
}

impl Unsent {
    fn new(metrics: &Metrics, exporter: &str) -> Self {
        let help = "Alerts that a webhook took into a group and never told, by reason.";
        let family = metrics.counter("tidewatch_webhook_unsent_alerts", help, &["exporter", "reason"]);
        let [never_told, rejected, gave_up, stopped] =
            ["resolved_before_told", "rejected", "retries_exhausted", "stopped"]
                .map(|reason| family.with_label_values(&[exporter, reason]));
        let help = "Alerts that a webhook holds in groups and has yet to tell.";
        let waiting = metrics.gauge("tidewatch_webhook_waiting_alerts", help, &["exporter"]);
        let waiting = waiting.with_label_values(&[exporter]);
        Self { never_told, rejected, gave_up, stopped, waiting }
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
        let shared = Shared {
            unsent: Unsent::new(metrics, &receiver),
            receiver,
            grouped: grouping.joins(),
            groups: Mutex::new(Groups::new(grouping, CAPACITY)),
            changed: Notify::new(),
            body,
            sender,
            retry: delivery.retry_on_failure.clone(),
        };
        let shared = Arc::new(shared);
        Self { shared, stopping: watch::Sender::new(false), task: Mutex::default() }
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

    fn untold(&self) -> usize {
        self.shared.groups().waiting()
    }

    /// Tells what waits, as often as it takes.
    async fn stop(&self) {
        self.stopping.send_replace(true);
        let Some(task) = self.task().take() else { return };
        let mut stop = Stop { shared: &self.shared, task };
        if let Err(error) = (&mut stop.task).await {
            tracing::error!(exporter = self.shared.receiver, %error, "the webhook's task has failed");
        }
    }
}

/// The task ends with whoever waits for it, and what it has not told by then is counted.
struct Stop<'a> {
    shared: &'a Shared,
    task: JoinHandle<()>,
}

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.task.abort();
        self.shared.unsent.stopped.inc_by(self.shared.show_waiting() as u64);
    }
}

impl Shared {
    fn groups(&self) -> MutexGuard<'_, Groups> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many the receiver has yet to hear of, also for the gauge.
    fn show_waiting(&self) -> usize {
        let waiting = self.groups().waiting();
        self.unsent.waiting.set(waiting.try_into().unwrap_or(i64::MAX));
        waiting
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
        self.show_waiting();
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
                self.show_waiting();
                if *stopping.borrow() {
                    break;
                }
            }
        }
        self.tell_the_rest().await;
    }

    /// Every group that has news, due or not, until all are told; whoever stops the exporter bounds the time.
    async fn tell_the_rest(&self) {
        let mut tries = 0;
        loop {
            let rest = self.groups().take_news(Instant::now());
            if rest.is_empty() {
                return;
            }
            let mut failed = None;
            for notice in rest {
                failed = self.tell(&notice).await.err().or(failed);
            }
            let waiting = self.show_waiting();
            let Some(error) = failed else { continue };
            tracing::warn!(exporter = self.receiver, alerts = waiting, %error, "alerts are not told yet at the stop");
            let Some(pause) = self.pause(tries, Duration::ZERO) else { return };
            tokio::time::sleep(pause.min(STOP_PAUSE)).await;
            tries += 1;
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
            Ok(body) => self.sender.send(body).await,
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
