//! State alerts, one slot for each fingerprint, kept until the destination has taken them.

use indexmap::IndexMap;
use std::{
    collections::{HashSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};
use tidewatch_component::{Alert, AlertStatus};
use tidewatch_store::{Change, State, StateError};

/// Transitions of one alert that may wait. More than a firing and a resolve wait only while a
/// destination is away and the alert flaps.
const MAX_WAITING: usize = 8;

/// Alerts that may wait. What comes after is dropped, and counted.
const MAX_SLOTS: usize = 65_536;
/// Alerts in one request.
const MAX_REQUEST: usize = 1_000;

/// How a slot is written: a list of alerts as JSON, the next to leave first.
const VERSION: u16 = 1;

/// The alerts that a destination has not taken yet.
pub(crate) struct Outbox {
    held: Mutex<Held>,
    max_bytes: usize,
    closed: AtomicBool,
    /// Where the slots survive a restart: an entry for each, by fingerprint.
    state: Option<State>,
}

#[derive(Default)]
struct Held {
    slots: IndexMap<String, VecDeque<Alert>>,
    bytes: usize,
    /// Transitions that are left to the next start.
    kept: usize,
}

impl Outbox {
    /// One that holds about `max_bytes` of alerts at the most, in memory.
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { held: Mutex::default(), max_bytes, closed: AtomicBool::new(false), state: None }
    }

    /// One whose alerts survive a restart, too. What is there from before comes with [`Outbox::load`].
    pub(crate) fn stored(max_bytes: usize, state: State) -> Self {
        Self { state: Some(state), ..Self::new(max_bytes) }
    }

    /// Takes up what an earlier run has not delivered, before anything is [put](Self::put). Returns how many
    /// transitions that are; what cannot be understood is logged, and stays where it is. Reads from the disk.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn load(&self) -> Result<usize, StateError> {
        let Some(state) = &self.state else { return Ok(0) };
        let entries = state.read()?;
        let mut held = self.lock();
        let mut loaded = 0;
        for entry in entries {
            match slot(entry.version, &entry.value) {
                Ok(slot) => {
                    loaded += slot.len();
                    held.bytes += slot.iter().map(Alert::memory).sum::<usize>();
                    held.slots.insert(entry.key, slot);
                }
                Err(error) => {
                    let owner = state.owner();
                    tracing::error!(owner, fingerprint = entry.key, %error, "an undelivered alert is not sent");
                }
            }
        }
        Ok(loaded)
    }

    /// Puts a transition into its slot. Says why one is dropped for it, if so: an undelivered firing
    /// whose severity has changed since, or the oldest of too many, or the new one where there is no room.
    pub(crate) fn put(&self, alert: Alert) -> Option<&'static str> {
        let mut held = self.lock();
        if self.closed.load(Relaxed) {
            return Some("shutdown");
        }
        let new = !held.slots.contains_key(&alert.fingerprint);
        if (new && held.slots.len() >= MAX_SLOTS) || held.bytes + alert.memory() > self.max_bytes {
            return Some("outbox_full");
        }
        held.bytes += alert.memory();
        let slot = held.slots.entry(alert.fingerprint.clone()).or_default();
        let mut needless = None;
        // The front may be under way; what stands behind it is still ours to change.
        if slot.len() > 1 {
            let last = slot
                .back()
                .filter(|last| last.status == AlertStatus::Firing && last.starts_at == alert.starts_at);
            if last.is_some() && alert.status == AlertStatus::Firing {
                needless = slot.pop_back();
            } else if slot.len() >= MAX_WAITING {
                needless = slot.remove(1);
            }
        }
        let fingerprint = alert.fingerprint.clone();
        slot.push_back(alert);
        self.write([fingerprint.as_str()], &held.slots);
        held.bytes -= needless.as_ref().map_or(0, Alert::memory);
        needless.map(|_| "superseded")
    }

    /// The next transition of every slot.
    pub(crate) fn next(&self) -> Option<Arc<[Alert]>> {
        let slots = &self.lock().slots;
        (!slots.is_empty())
            .then(|| slots.values().filter_map(|slot| slot.front().cloned()).take(MAX_REQUEST).collect())
    }

    /// Takes out what has been delivered, or refused for good.
    pub(crate) fn done(&self, alerts: &[Alert]) {
        let mut held = self.lock();
        for alert in alerts {
            let gone = held.slots.get_mut(&alert.fingerprint).and_then(VecDeque::pop_front);
            held.bytes -= gone.as_ref().map_or(0, Alert::memory);
        }
        held.slots.retain(|_, slot| !slot.is_empty());
        self.write(alerts.iter().map(|alert| alert.fingerprint.as_str()), &held.slots);
    }

    /// Takes nothing in any more, and forgets what is left. Returns how many transitions are lost by that: none
    /// where they are stored, if [`Outbox::flush`] says so, too.
    pub(crate) fn close(&self) -> usize {
        let mut held = self.lock();
        self.closed.store(true, Relaxed);
        let left = std::mem::take(&mut *held).slots.values().map(VecDeque::len).sum();
        if self.state.is_none() {
            return left;
        }
        held.kept = left;
        0
    }

    /// Waits until what is stored is safe. Returns how many transitions of a closed outbox are not, since the disk
    /// does not take them.
    pub(crate) async fn flush(&self) -> usize {
        let Some(state) = &self.state else { return 0 };
        match state.flush().await {
            Ok(()) => 0,
            Err(error) => {
                tracing::error!(owner = state.owner(), %error, "undelivered alerts are not stored");
                self.lock().kept
            }
        }
    }

    /// Has slots written as they are now.
    fn write<'f>(
        &self,
        fingerprints: impl IntoIterator<Item = &'f str>,
        slots: &IndexMap<String, VecDeque<Alert>>,
    ) {
        let Some(state) = &self.state else { return };
        let change = |key: &str| match slots.get(key).map(serde_json::to_vec) {
            Some(Ok(value)) => Some(Change::Put { key: key.to_owned(), version: VERSION, value }),
            // An alert is a struct of strings, numbers and maps; its JSON is what exporters send.
            Some(Err(error)) => {
                tracing::error!(%error, "an alert cannot be stored");
                None
            }
            None => Some(Change::Remove { key: key.to_owned() }),
        };
        let fingerprints: HashSet<&str> = fingerprints.into_iter().collect();
        state.write_later(fingerprints.into_iter().filter_map(change).collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().slots.is_empty()
    }

    /// Transitions that wait, by walking the slots.
    pub(crate) fn held(&self) -> usize {
        let held = self.lock();
        held.kept + held.slots.values().map(VecDeque::len).sum::<usize>()
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an entry holds.
fn slot(version: u16, value: &[u8]) -> Result<VecDeque<Alert>, String> {
    if version != VERSION {
        return Err(format!("its format is {version}, this version knows {VERSION}"));
    }
    serde_json::from_slice(value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use tidewatch_store::{Store, StoreOptions};

    fn alert(status: AlertStatus, severity: &str) -> Alert {
        Alert { status, ..Alert::firing("A", severity, BTreeMap::new(), 1) }
    }

    #[test]
    fn firing_and_resolve_leave_in_order() {
        let outbox = Outbox::new(1 << 20);
        assert!(outbox.put(alert(AlertStatus::Firing, "high")).is_none());
        assert!(outbox.put(alert(AlertStatus::Resolved, "high")).is_none());
        let first = outbox.next().unwrap();
        assert_eq!(first[0].status, AlertStatus::Firing);
        outbox.done(&first);
        let second = outbox.next().unwrap();
        assert_eq!(second[0].status, AlertStatus::Resolved);
        outbox.done(&second);
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_severity_that_changed_again_before_it_left_is_needless() {
        let outbox = Outbox::new(1 << 20);
        outbox.put(alert(AlertStatus::Firing, "low"));
        assert!(outbox.put(alert(AlertStatus::Firing, "medium")).is_none());
        assert_eq!(outbox.put(alert(AlertStatus::Firing, "high")), Some("superseded"));
        assert_eq!(outbox.held(), 2);
        let severities = || {
            let next = outbox.next().unwrap();
            outbox.done(&next);
            next[0].severity.clone()
        };
        assert_eq!([severities(), severities()], ["low", "high"]);
    }

    #[test]
    fn a_flapping_alert_is_bounded() {
        let outbox = Outbox::new(1 << 20);
        let mut needless = 0;
        for turn in 0..100 {
            let status = if turn % 2 == 0 { AlertStatus::Firing } else { AlertStatus::Resolved };
            let mut next = alert(status, "high");
            next.starts_at = turn / 2;
            needless += usize::from(outbox.put(next).is_some());
        }
        assert_eq!(outbox.held(), MAX_WAITING);
        assert_eq!(needless, 100 - MAX_WAITING);
    }

    #[test]
    fn once_closed_it_takes_nothing() {
        let outbox = Outbox::new(1 << 20);
        outbox.put(alert(AlertStatus::Firing, "low"));
        assert_eq!(outbox.close(), 1);
        assert_eq!(outbox.put(alert(AlertStatus::Resolved, "low")), Some("shutdown"));
        assert!(outbox.is_empty());
    }

    #[test]
    fn slots_are_bounded_and_leave_by_portions() {
        let outbox = Outbox::new(1 << 30);
        let labelled = |number: usize| {
            Alert::firing("A", "high", BTreeMap::from([("pod".into(), number.to_string())]), 1)
        };
        assert!((0..MAX_SLOTS).all(|number| outbox.put(labelled(number)).is_none()));
        assert_eq!(outbox.put(labelled(MAX_SLOTS)), Some("outbox_full"));
        assert_eq!(outbox.put(Alert { severity: "low".into(), ..labelled(0) }), None, "it has a slot");
        let first = outbox.next().unwrap();
        assert_eq!(first.len(), MAX_REQUEST);
        outbox.done(&first);
        assert_eq!(outbox.held(), MAX_SLOTS + 1 - MAX_REQUEST);
    }

    #[test]
    fn what_waits_is_bounded_in_bytes() {
        let outbox = Outbox::new(100_000);
        let large = |id: u64| {
            let labels = BTreeMap::from([("id".to_owned(), format!("{id}{}", "x".repeat(10_000)))]);
            Alert::firing("A", "high", labels, 1)
        };
        let full = (0..100).filter(|id| outbox.put(large(*id)) == Some("outbox_full")).count();
        assert!((85..100).contains(&full), "{full} of 100 had no room");
        while let Some(next) = outbox.next() {
            outbox.done(&next);
        }
        assert_eq!(outbox.put(large(0)), None, "room comes back");
    }

    fn opened(folder: &tempfile::TempDir) -> Arc<Store> {
        let store = Store::new(StoreOptions::new(folder.path()));
        store.open().unwrap();
        store
    }

    fn stored(store: &Store) -> (Outbox, usize) {
        let outbox = Outbox::stored(1 << 20, store.state("outbox/webhook"));
        let loaded = outbox.load().unwrap();
        (outbox, loaded)
    }

    #[tokio::test]
    async fn what_is_not_delivered_leaves_after_a_restart_and_what_is_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let named = |name: &str, status| Alert { status, ..Alert::firing(name, "high", BTreeMap::new(), 1) };
        let store = opened(&folder);
        let (outbox, loaded) = stored(&store);
        assert_eq!(loaded, 0);
        outbox.put(named("delivered", AlertStatus::Firing));
        let delivered = outbox.next().unwrap();
        outbox.put(named("away", AlertStatus::Firing));
        outbox.put(named("away", AlertStatus::Resolved));
        outbox.done(&delivered);
        assert_eq!((outbox.close(), outbox.flush().await), (0, 0), "nothing is lost");
        assert_eq!(outbox.put(named("late", AlertStatus::Firing)), Some("shutdown"));
        store.close();

        let store = opened(&folder);
        let (outbox, loaded) = stored(&store);
        assert_eq!((loaded, outbox.held()), (2, 2));
        for status in [AlertStatus::Firing, AlertStatus::Resolved] {
            let next = outbox.next().unwrap();
            assert_eq!(*next, [named("away", status)]);
            outbox.done(&next);
        }
        outbox.flush().await;
        assert_eq!(stored(&store).1, 0, "everything is delivered");
    }

    #[tokio::test]
    async fn a_kill_costs_only_what_was_not_written_yet() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(&folder);
        let (outbox, _) = stored(&store);
        for severity in ["low", "medium", "high"] {
            outbox.put(alert(AlertStatus::Firing, severity));
        }
        outbox.flush().await;
        // Another outbox over the same entries sees what a killed agent has left.
        let (after, loaded) = stored(&store);
        assert_eq!(loaded, 2, "the severity between is superseded");
        assert_eq!(after.next().unwrap()[0].severity, "low");
    }

    #[tokio::test]
    async fn an_entry_of_another_version_stays_for_whoever_understands_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = opened(&folder);
        let state = store.state("outbox/webhook");
        let put =
            |key: &str, version, value: &[u8]| Change::Put { key: key.into(), version, value: value.into() };
        state.write(vec![put("newer", VERSION + 1, b"?"), put("broken", VERSION, b"[{}]")]).await.unwrap();
        let (outbox, loaded) = stored(&store);
        assert_eq!((loaded, outbox.is_empty()), (0, true));
        assert_eq!(state.read().unwrap().len(), 2);
    }
}
