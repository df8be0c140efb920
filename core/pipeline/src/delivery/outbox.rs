//! State alerts, one slot for each fingerprint, kept until the destination has taken them.

use indexmap::IndexMap;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tidewatch_component::{Alert, AlertStatus};

/// Transitions of one alert that may wait. More than a firing and a resolve wait only while a
/// destination is away and the alert flaps.
const MAX_WAITING: usize = 8;

/// The alerts that a destination has not taken yet.
#[derive(Default)]
pub(crate) struct Outbox {
    slots: Mutex<IndexMap<String, VecDeque<Alert>>>,
}

impl Outbox {
    /// Puts a transition into its slot. Gives back what it made needless: an undelivered firing whose
    /// severity has changed since, or the oldest of too many.
    pub(crate) fn put(&self, alert: Alert) -> Option<Alert> {
        let mut slots = self.lock();
        let slot = slots.entry(alert.fingerprint.clone()).or_default();
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
        needless
    }

    /// The next transition of every slot.
    pub(crate) fn next(&self) -> Option<Arc<[Alert]>> {
        let slots = self.lock();
        (!slots.is_empty()).then(|| slots.values().filter_map(|slot| slot.front().cloned()).collect())
    }

    /// Takes out what has been delivered, or refused for good.
    pub(crate) fn done(&self, alerts: &[Alert]) {
        let mut slots = self.lock();
        for alert in alerts {
            if let Some(slot) = slots.get_mut(&alert.fingerprint) {
                slot.pop_front();
                if slot.is_empty() {
                    slots.shift_remove(&alert.fingerprint);
                }
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Transitions that wait, by walking the slots.
    pub(crate) fn held(&self) -> usize {
        self.lock().values().map(VecDeque::len).sum()
    }

    fn lock(&self) -> MutexGuard<'_, IndexMap<String, VecDeque<Alert>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
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
        let outbox = Outbox::default();
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
        let outbox = Outbox::default();
        outbox.put(alert(AlertStatus::Firing, "low"));
        assert!(outbox.put(alert(AlertStatus::Firing, "medium")).is_none());
        assert_eq!(outbox.put(alert(AlertStatus::Firing, "high")).unwrap().severity, "medium");
        assert_eq!(outbox.held(), 2);
    }

    #[test]
    fn a_flapping_alert_is_bounded() {
        let outbox = Outbox::default();
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
}
