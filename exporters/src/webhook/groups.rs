//! The groups as they stand: what was told, what is new, and when it is due. No clock, no network.

use super::grouping::{Grouping, group_key};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use tidewatch_component::{Alert, AlertKind, AlertStatus};
use tokio::time::Instant;

pub(super) struct Groups {
    grouping: Grouping,
    groups: BTreeMap<String, Group>,
    /// The group that a state alert is in, by fingerprint.
    places: HashMap<String, String>,
    held: usize,
    events: u64,
    capacity: usize,
}

struct Group {
    labels: BTreeMap<String, String>,
    /// By fingerprint; events by their number.
    members: BTreeMap<String, Member>,
    created: Instant,
    told: Option<Instant>,
    failing: Option<Failing>,
}

struct Failing {
    since: Instant,
    tries: u32,
    next: Instant,
}

struct Member {
    alert: Alert,
    /// It may be known to the receiver: some request had it.
    sent: bool,
    /// What the receiver has confirmed.
    told: Option<Change>,
}

/// Status, start, severity: what makes a request worthwhile.
type Change = (AlertStatus, u64, String);

/// A group whose time has come.
pub(super) struct Notice {
    pub(super) key: String,
    pub(super) labels: BTreeMap<String, String>,
    /// All that fire and all that are new; or, when nothing is new, all that fire on.
    pub(super) members: Vec<(String, Alert)>,
    /// Which of them are new; when nothing is, all of them.
    pub(super) news: Vec<bool>,
    at: Instant,
}

/// What became of an alert that came in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inserted {
    Held,
    /// It resolved before anybody was told that it fires.
    NeverTold,
    /// There is no room.
    Full,
}

impl Groups {
    pub(super) fn new(grouping: Grouping, capacity: usize) -> Self {
        let (groups, places) = Default::default();
        Self { grouping, groups, places, held: 0, events: 0, capacity }
    }

    pub(super) fn insert(&mut self, alert: &Alert, now: Instant) -> Inserted {
        let labels = self.grouping.by.labels(alert);
        let key = group_key(&labels);
        let resolved = alert.status == AlertStatus::Resolved;
        let (id, before) = match alert.kind {
            AlertKind::Event => {
                self.events += 1;
                (format!("event {:020}", self.events), None)
            }
            AlertKind::State => (alert.fingerprint.clone(), self.take(&alert.fingerprint, &key)),
        };
        // The end of an alert that this group knows nothing of is told: the one who fired it may have restarted.
        let unheard = before.as_ref().is_some_and(|member| !member.sent);
        if resolved && (unheard || !self.grouping.resolved) {
            self.tidy(&key);
            return if unheard { Inserted::NeverTold } else { Inserted::Held };
        }
        if before.is_none() && self.held >= self.capacity {
            return Inserted::Full;
        }
        let (sent, told) = before.map_or((resolved, None), |member| (member.sent, member.told));
        if alert.kind == AlertKind::State {
            self.places.insert(id.clone(), key.clone());
        }
        let group = self.groups.entry(key).or_insert_with(|| Group {
            labels,
            members: BTreeMap::new(),
            created: now,
            told: None,
            failing: None,
        });
        group.members.insert(id, Member { alert: alert.clone(), sent, told });
        self.held += 1;
        Inserted::Held
    }

    /// Takes a state alert out of its group. The group goes with its last member, unless it is `keep`.
    fn take(&mut self, fingerprint: &str, keep: &str) -> Option<Member> {
        let key = self.places.remove(fingerprint)?;
        let member = self.groups.get_mut(&key)?.members.remove(fingerprint)?;
        self.held -= 1;
        if key != keep {
            self.tidy(&key);
        }
        Some(member)
    }

    fn tidy(&mut self, key: &str) {
        if self.groups.get(key).is_some_and(|group| group.members.is_empty()) {
            self.groups.remove(key);
        }
    }

    /// When the next group is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.groups.values().filter_map(|group| group.due(&self.grouping)).min()
    }

    /// A group that is due; its members count as sent from now on.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Notice> {
        let grouping = &self.grouping;
        let due = |group: &Group| group.due(grouping).is_some_and(|due| due <= now);
        let (key, group) = self.groups.iter_mut().find(|(_, group)| due(group))?;
        Some(group.notice(key, now))
    }

    /// Every group that has something new, due or not.
    pub(super) fn take_news(&mut self, now: Instant) -> Vec<Notice> {
        let news = self.groups.iter_mut().filter(|(_, group)| group.members.values().any(Member::is_news));
        news.map(|(key, group)| group.notice(key, now)).collect()
    }

    /// How many alerts the receiver has yet to hear of.
    pub(super) fn waiting(&self) -> usize {
        self.groups
            .values()
            .flat_map(|group| group.members.values())
            .filter(|member| member.is_news())
            .count()
    }

    /// This alert needs no further try, as it stood in the notice.
    pub(super) fn settled(&mut self, key: &str, id: &str, alert: &Alert) {
        let Some(group) = self.groups.get_mut(key) else { return };
        let Some(member) = group.members.get_mut(id) else { return };
        let told = change(alert);
        let over = alert.kind == AlertKind::Event || alert.status == AlertStatus::Resolved;
        if over && change(&member.alert) == told {
            group.members.remove(id);
            self.places.remove(id);
            self.held -= 1;
        } else {
            member.told = Some(told);
        }
    }

    /// The whole notice is dealt with.
    pub(super) fn finished(&mut self, notice: &Notice) {
        if let Some(group) = self.groups.get_mut(&notice.key) {
            group.told = Some(notice.at);
            group.failing = None;
        }
        self.tidy(&notice.key);
    }

    /// It has to be tried again. How often it has failed, and for how long, decides when.
    pub(super) fn failed(
        &mut self,
        key: &str,
        now: Instant,
        pause: impl FnOnce(u32, Duration) -> Option<Duration>,
    ) -> bool {
        let Some(group) = self.groups.get_mut(key) else { return true };
        let (since, tries) =
            group.failing.as_ref().map_or((now, 0), |failing| (failing.since, failing.tries));
        match pause(tries, now - since) {
            Some(pause) => {
                group.failing = Some(Failing { since, tries: tries + 1, next: now + pause });
                true
            }
            None => false,
        }
    }
}

impl Group {
    fn due(&self, grouping: &Grouping) -> Option<Instant> {
        let news = self.members.values().any(Member::is_news);
        let due = match (news, self.told) {
            (true, None) => self.created + grouping.wait,
            (true, Some(told)) => told + grouping.interval,
            (false, Some(told)) if self.members.values().any(Member::fires) => {
                told + grouping.repeat?.max(grouping.interval)
            }
            (false, _) => return None,
        };
        Some(self.failing.as_ref().map_or(due, |failing| failing.next))
    }

    fn notice(&mut self, key: &str, at: Instant) -> Notice {
        let repeat = !self.members.values().any(Member::is_news);
        let mut members = Vec::new();
        let mut news = Vec::new();
        for (id, member) in &mut self.members {
            if member.fires() || member.is_news() {
                news.push(repeat || member.is_news());
                member.sent = true;
                members.push((id.clone(), member.alert.clone()));
            }
        }
        Notice { key: key.to_owned(), labels: self.labels.clone(), members, news, at }
    }
}

impl Member {
    fn is_news(&self) -> bool {
        self.told.as_ref() != Some(&change(&self.alert))
    }

    fn fires(&self) -> bool {
        self.alert.kind == AlertKind::State && self.alert.status == AlertStatus::Firing
    }
}

fn change(alert: &Alert) -> Change {
    (alert.status, alert.starts_at, alert.severity.clone())
}

#[cfg(test)]
mod tests;
