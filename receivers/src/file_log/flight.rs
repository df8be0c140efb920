//! A request on its way: handed over until it is done with, however long that takes.

use super::{
    meters::Meters,
    round::{Load, Stretch},
};
use rand::Rng;
use std::{sync::Arc, time::Duration};
use tidewatch_component::{Context, DataType, Intake, Origin, Payload, Verdict};
use tokio::{sync::watch, time::Instant};

/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The deadline of a stop, once there is one.
pub(super) type Stop = watch::Receiver<Option<Instant>>;

/// Resolves when there is one.
pub(super) async fn stopping(stop: &mut Stop) {
    // Without a sender nobody is left who could want anything.
    drop(stop.wait_for(Option::is_some).await);
}

/// Hands a request over until it is done with. None: the receiver stopped before.
pub(super) async fn fly(intake: Intake, load: Load, meters: Meters, mut stop: Stop) -> Option<Vec<Stretch>> {
    let Load { request, stretches } = load;
    let context = Arc::new(context(intake.receiver(), &stretches));
    let mut pause = FIRST_PAUSE;
    loop {
        let payload = Payload::Telemetry(request.clone());
        let permit = tokio::select! {
            permit = intake.admit_when_possible(DataType::Logs, payload.memory()) => permit,
            () = stopping(&mut stop) => return None,
        };
        let verdict = intake.acknowledged(intake.submit(permit, payload, context.clone())).await;
        let Verdict { failure: Some(failure), .. } = verdict else { return Some(stretches) };
        if stop.borrow().is_some() {
            return None;
        }
        tracing::warn!(
            receiver = intake.receiver(),
            items = request.items(),
            reason = failure.reason,
            "lines were not delivered; they are handed over again"
        );
        meters.repeated.inc();
        let random = rand::rng().random_range(0.5..1.0);
        tokio::select! {
            () = tokio::time::sleep(failure.retry_after.unwrap_or_default().max(pause.mul_f64(random))) => {}
            () = stopping(&mut stop) => return None,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn context(receiver: &str, stretches: &[Stretch]) -> Context {
    let receiver: Arc<str> = receiver.into();
    let origin = |stretch: &Stretch| Origin {
        receiver: receiver.clone(),
        partition: Some(stretch.partition.clone()),
        positions: Some((stretch.from, stretch.to.offset.saturating_sub(1))),
    };
    Context { origins: stretches.iter().map(origin).collect(), ..Context::default() }
}
