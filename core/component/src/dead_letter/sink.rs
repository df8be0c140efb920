//! The way of dead letters to the exporter that takes them.

use super::DeadLetter;
use crate::{Batch, Payload, Receipt};
use futures_util::future::BoxFuture;
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

/// A look for room at the least this often: a queue can make room without saying so.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Where data goes that nobody takes. Clones lead to the same place, also when a reload moves it.
#[derive(Clone, Default)]
pub struct DeadLetters {
    office: Arc<RwLock<Option<Arc<dyn Office>>>>,
}

/// What stands behind [`DeadLetters`]: the queue of one exporter.
pub trait Office: Send + Sync {
    /// Id of the exporter.
    fn exporter(&self) -> &str;

    /// Queues a letter.
    ///
    /// # Errors
    /// Gives it back where there is no room now.
    fn post(&self, letter: Batch) -> Result<(), Batch>;

    /// Resolves when there may be room again, if it was given back after this call.
    fn room(&self) -> BoxFuture<'_, ()>;
}

/// Why a letter was not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// There is no `service.dead_letter`. Final, as are the next two: whoever wanted to send it counts its items as
    /// dropped.
    #[error("there is no `service.dead_letter`")]
    NoOffice,
    /// It comes from the very exporter that takes dead letters.
    #[error("it was refused by `{0}`, which takes the dead letters")]
    OwnRefusal(String),
    /// There is no room for it now, where it cannot be waited for.
    #[error("there is no room for dead letters in the queue of `{0}`")]
    NoRoom(String),
    /// It was refused for good as a dead letter, too, or dropped there.
    #[error("it was refused as a dead letter, too: {0}")]
    Refused(String),
    /// The exporter has given up, as at a shutdown or after `max_elapsed_time`. What is still held may be sent later.
    #[error("the dead letter was not delivered: {0}")]
    Failed(String),
}

impl DeadLetters {
    /// For whoever builds the graph: from now on letters go there, or nowhere.
    pub fn connect(&self, office: Option<Arc<dyn Office>>) {
        *self.office.write().unwrap_or_else(PoisonError::into_inner) = office;
    }

    /// Keeps a letter: waits for room, and until it is on disk, or delivered where its queue is in memory. Only then the
    /// original may be let go. Dropping the future takes the letter back if nothing of it has been sent.
    ///
    /// # Errors
    /// Why it is not kept, and whether that is final.
    pub async fn send(&self, letter: &DeadLetter) -> Result<(), Unsent> {
        let payload = Payload::Telemetry(letter.to_request());
        loop {
            // Asked each time: a reload may have moved it.
            let office = self.office_for(letter)?;
            // Before the look, so that no room that comes back is missed.
            let room = office.room();
            let (receipt, ticket) = Receipt::of_durable(1);
            let batch = Batch::new(payload.clone(), letter.context.clone(), ticket);
            if office.post(batch).is_err() {
                tokio::time::timeout(LOOK_EVERY, room).await.ok();
                continue;
            }
            let verdict = receipt.await;
            if let Some(failure) = verdict.failure {
                return Err(Unsent::Failed(failure.reason));
            }
            let refused = verdict.rejected.map(|rejected| rejected.reason);
            return match refused.or(verdict.dropped.map(String::from)) {
                None => Ok(()),
                Some(reason) => Err(Unsent::Refused(reason)),
            };
        }
    }

    /// Keeps several, in order; what [`DeadLetter::refused`] makes of one batch.
    ///
    /// # Errors
    /// Of the first that is not kept; those behind it are not sent.
    pub async fn send_all(&self, letters: &[DeadLetter]) -> Result<(), Unsent> {
        for letter in letters {
            self.send(letter).await?;
        }
        Ok(())
    }

    /// Keeps a letter about items of `cause`, for whoever may not wait, such as a processor. Whoever waits for `cause`
    /// waits for the letter, too: until it is on disk, or delivered where its queue is in memory. That queue is sent
    /// out last when the agent stops.
    ///
    /// # Errors
    /// Why it is not kept: [`Unsent::NoOffice`], [`Unsent::OwnRefusal`] or [`Unsent::NoRoom`]. The items are to be
    /// counted as dropped by the caller, who also counts those that are kept: with the reason `dead_letter`.
    pub fn post(&self, letter: &DeadLetter, cause: &Batch) -> Result<(), Unsent> {
        let office = self.office_for(letter)?;
        let posted = office.post(cause.derive_letter(Payload::Telemetry(letter.to_request())));
        posted.map_err(|letter| {
            letter.end_dropped("no_room_for_dead_letter");
            Unsent::NoRoom(office.exporter().to_owned())
        })
    }

    fn office_for(&self, letter: &DeadLetter) -> Result<Arc<dyn Office>, Unsent> {
        let office = self.office.read().unwrap_or_else(PoisonError::into_inner).clone();
        let office = office.ok_or(Unsent::NoOffice)?;
        match &letter.exporter {
            Some(exporter) if *exporter == office.exporter() => Err(Unsent::OwnRefusal(exporter.clone())),
            _ => Ok(office),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DataType, Outcome, Rejection, dead_letter::TEXT};
    use bytes::Bytes;
    use std::sync::Mutex;
    use tokio::sync::Notify;

    /// An exporter's queue with room for one letter.
    #[derive(Default)]
    struct Box1 {
        held: Mutex<Option<Batch>>,
        freed: Notify,
    }

    impl Box1 {
        async fn take(&self) -> Batch {
            loop {
                let taken = self.held.lock().unwrap().take();
                match taken {
                    Some(batch) => {
                        self.freed.notify_waiters();
                        return batch;
                    }
                    None => tokio::task::yield_now().await,
                }
            }
        }
    }

    impl Office for Box1 {
        fn exporter(&self) -> &str {
            "file/dead"
        }

        fn post(&self, letter: Batch) -> Result<(), Batch> {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            if held.is_some() {
                return Err(letter);
            }
            *held = Some(letter);
            Ok(())
        }

        fn room(&self) -> BoxFuture<'_, ()> {
            Box::pin(self.freed.notified())
        }
    }

    fn letter(exporter: Option<&str>) -> DeadLetter {
        let original = Bytes::from_static(b"x");
        let letter = DeadLetter::undecodable(DataType::Logs, TEXT, original, "why", &Arc::default());
        DeadLetter { exporter: exporter.map(str::to_owned), ..letter }
    }

    fn nobodys() -> Batch {
        Batch::unattended(Payload::Alerts([].into()), Arc::default())
    }

    fn connected() -> (DeadLetters, Arc<Box1>) {
        let (letters, office) = (DeadLetters::default(), Arc::new(Box1::default()));
        letters.connect(Some(office.clone()));
        (letters, office)
    }

    #[tokio::test]
    async fn a_letter_waits_for_room_and_is_kept_when_it_is_delivered() {
        let (letters, office) = connected();
        let deliver = async {
            for _ in 0..3 {
                office.take().await.end(&Outcome::Delivered);
            }
        };
        let all = [letter(None), letter(Some("otlp")), letter(None)];
        let (sent, ()) = tokio::join!(letters.send_all(&all), deliver);
        assert_eq!(sent, Ok(()));
    }

    #[tokio::test]
    async fn a_letter_that_is_not_kept_says_why() {
        assert_eq!(DeadLetters::default().send(&letter(None)).await, Err(Unsent::NoOffice));
        let (letters, office) = connected();
        let own = letters.send(&letter(Some("file/dead"))).await;
        assert_eq!(own, Err(Unsent::OwnRefusal("file/dead".into())));
        for (outcome, expected) in [
            (Outcome::Rejected(Rejection::new(1, "no")), Unsent::Refused("no".into())),
            (Outcome::Dropped("queue_full".into()), Unsent::Refused("queue_full".into())),
            (Outcome::Failed(crate::Failure::new("late")), Unsent::Failed("late".into())),
        ] {
            let (one, end) = (letter(None), async { office.take().await.end(&outcome) });
            let (sent, ()) = tokio::join!(letters.send(&one), end);
            assert_eq!(sent, Err(expected));
        }
    }

    #[tokio::test]
    async fn a_letter_that_cannot_wait_is_waited_for_by_whoever_waits_for_its_cause() {
        let (letters, office) = connected();
        let (mut receipt, ticket) = Receipt::new(1);
        let cause = Batch::new(Payload::Alerts([].into()), Arc::default(), ticket);
        assert_eq!(letters.post(&letter(None), &cause), Ok(()));
        assert_eq!(letters.post(&letter(None), &cause), Err(Unsent::NoRoom("file/dead".into())));
        cause.end(&Outcome::Delivered);
        assert!(futures_util::poll!(&mut receipt).is_pending(), "the letter is not kept yet");
        office.take().await.end(&Outcome::Delivered);
        let verdict = receipt.await;
        assert_eq!((verdict.failure, verdict.delivered_parts), (None, 2));
        assert_eq!(verdict.dropped.as_deref(), Some("no_room_for_dead_letter"));
        let alone = DeadLetters::default();
        assert_eq!(alone.post(&letter(None), &nobodys()), Err(Unsent::NoOffice));
    }

    #[tokio::test]
    async fn a_letter_that_waits_for_room_follows_a_reload() {
        let (letters, full) = connected();
        assert!(full.post(nobodys()).is_ok());
        let next = Arc::new(Box1::default());
        let reload = async {
            letters.connect(Some(next.clone()));
            full.freed.notify_waiters();
            next.take().await.end(&Outcome::Delivered);
        };
        let one = letter(None);
        let (sent, ()) = tokio::join!(letters.send(&one), reload);
        assert_eq!(sent, Ok(()));
    }
}
