//! State alerts, one slot for each fingerprint, kept until the destination has taken them.

use indexmap::IndexMap;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};
use tidewatch_component::{Alert, AlertStatus};

/// Transitions of one alert that may wait. More than a firing and a resolve wait only while a
/// destination is away and the alert flaps.
const MAX_WAITING: usize = 8;

/// Alerts that may wait. What comes after is dropped, and counted.
const MAX_SLOTS: usize = 65_536;
/// Alerts in one request.
const MAX_REQUEST: usize = 1_000;

/// The alerts that a destination has not taken yet.
pub(crate) struct Outbox {
    held: Mutex<Held>,
    max_bytes: usize,
    closed: AtomicBool,
}

#[derive(Default)]
struct Held {
    slots: IndexMap<String, VecDeque<Alert>>,
    bytes: usize,
}

impl Outbox {
    /// One that holds about `max_bytes` of alerts at the most.
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { held: Mutex::default(), max_bytes, closed: AtomicBool::new(false) }
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
        slot.push_back(alert);
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
    }

    /// Takes nothing in any more, and forgets what is left. Returns how many transitions that were.
    pub(crate) fn close(&self) -> usize {
        let mut held = self.lock();
        self.closed.store(true, Relaxed);
        std::mem::take(&mut *held).slots.values().map(VecDeque::len).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().slots.is_empty()
    }

    /// Transitions that wait, by walking the slots.
    pub(crate) fn held(&self) -> usize {
        self.lock().slots.values().map(VecDeque::len).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

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
}
