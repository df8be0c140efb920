use super::{
    super::format::tests::{alert, resolved},
    *,
};
use serde_json::json;

const SECOND: Duration = Duration::from_secs(1);

/// Groups under the policy `send`, and a clock that only the test moves.
struct World {
    groups: Groups,
    now: Instant,
}

impl World {
    fn new(send: serde_json::Value) -> Self {
        let grouping = Grouping::new(&serde_json::from_value(send).unwrap()).unwrap();
        Self { groups: Groups::new(grouping, 100), now: Instant::now() }
    }

    fn insert(&mut self, alert: &Alert) {
        assert_eq!(self.groups.insert(alert, self.now), Inserted::Held);
    }

    /// Moves the clock to when the next group is due. The seconds until then, and what is told.
    fn next(&mut self) -> Option<(u64, Notice)> {
        let due = self.groups.next_due()?.max(self.now);
        let waited = (due - self.now).as_secs();
        self.now = due;
        Some((waited, self.groups.take_due(self.now)?))
    }

    fn tell(&mut self) -> (u64, Notice) {
        let (waited, notice) = self.next().unwrap();
        for (id, alert) in &notice.members {
            self.groups.settled(&notice.key, id, alert);
        }
        self.groups.finished(&notice);
        (waited, notice)
    }
}

fn hosts(notice: &Notice) -> Vec<&str> {
    notice.members.iter().map(|(_, alert)| alert.labels["host.name"].as_str()).collect()
}

fn by_severity() -> World {
    World::new(json!({"group_by": ["alertname", "severity"], "group_wait": "10s", "group_interval": "10s",
        "repeat_interval": "5m"}))
}

#[test]
fn twenty_alerts_in_ten_seconds_are_one_notice_and_the_next_comes_after_five_minutes() {
    let mut world = by_severity();
    for index in 0..20 {
        world.insert(&alert(&format!("host-{index}")));
        world.now += SECOND / 4;
    }
    let (waited, notice) = world.tell();
    assert_eq!((waited, notice.members.len()), (5, 20));
    let (waited, notice) = world.tell();
    assert_eq!((waited, notice.members.len()), (300, 20), "still firing");
}

#[test]
fn a_change_is_told_at_the_next_interval_with_all_that_fire() {
    let mut world = by_severity();
    world.insert(&alert("a"));
    world.tell();
    world.now += SECOND;
    world.insert(&alert("b"));
    world.insert(&alert("a"));
    let (waited, notice) = world.tell();
    assert_eq!((waited, hosts(&notice)), (9, vec!["a", "b"]));
    assert_eq!(notice.news, [false, true]);
    world.insert(&resolved(alert("a")));
    let (waited, notice) = world.tell();
    assert_eq!((waited, hosts(&notice)), (10, vec!["a", "b"]));
    world.insert(&resolved(alert("b")));
    assert_eq!(hosts(&world.tell().1), ["b"], "what was told as resolved is forgotten");
    assert!(world.next().is_none());
    assert_eq!(world.groups.held, 0);
}

#[test]
fn severities_have_their_own_times_where_each_has_its_own_policy() {
    for (wait, repeat) in [("10s", "1h"), ("30s", "2h"), ("30s", "4h")] {
        let mut world = World::new(json!({"group_by": ["alertname", "service"], "group_wait": wait,
            "group_interval": "5m", "repeat_interval": repeat}));
        world.insert(&alert("a"));
        let seconds = |text: &str| {
            text.parse::<tidewatch_config::values::GoDuration>().map(|time| time.get().as_secs()).unwrap()
        };
        assert_eq!(world.tell().0, seconds(wait));
        world.now += SECOND;
        world.insert(&alert("b"));
        assert_eq!(world.tell().0, 299, "a change waits for the interval");
        assert_eq!(world.tell().0, seconds(repeat));
    }
}

#[test]
fn what_resolves_before_it_was_told_is_never_told() {
    let mut world = by_severity();
    world.insert(&alert("a"));
    assert_eq!(world.groups.insert(&resolved(alert("a")), world.now), Inserted::NeverTold);
    assert!(world.next().is_none() && world.groups.groups.is_empty());
}

#[test]
fn what_may_have_been_heard_is_resolved_however_its_request_ended() {
    let mut world = by_severity();
    world.insert(&alert("a"));
    let (_, notice) = world.next().unwrap();
    assert!(world.groups.failed(&notice.key, world.now, |_, _| Some(7 * SECOND)));
    world.insert(&resolved(alert("a")));
    let (waited, notice) = world.tell();
    assert_eq!((waited, notice.members[0].1.status), (7, AlertStatus::Resolved));
    assert!(world.next().is_none());
}

#[test]
fn the_end_of_an_alert_that_an_earlier_run_has_told_is_told() {
    let mut world = by_severity();
    world.insert(&resolved(alert("a")));
    let (waited, notice) = world.tell();
    assert_eq!((waited, hosts(&notice)), (10, vec!["a"]));
}

#[test]
fn an_alert_of_another_severity_moves_to_its_group() {
    let mut world = by_severity();
    world.insert(&alert("a"));
    world.tell();
    let warning = Alert { severity: "warning".into(), ..alert("a") };
    world.insert(&warning);
    let (waited, notice) = world.tell();
    assert_eq!((waited, notice.labels["severity"].as_str()), (10, "warning"));
    world.insert(&resolved(warning));
    assert_eq!(world.tell().1.members[0].1.status, AlertStatus::Resolved);
    assert!(world.next().is_none(), "nothing of it is left in the first group");
}

#[test]
fn what_changes_while_it_is_told_is_told_again() {
    let mut world = by_severity();
    world.insert(&alert("a"));
    let (_, notice) = world.next().unwrap();
    world.insert(&resolved(alert("a")));
    for (id, alert) in &notice.members {
        world.groups.settled(&notice.key, id, alert);
    }
    world.groups.finished(&notice);
    let (waited, notice) = world.tell();
    assert_eq!((waited, notice.members[0].1.status), (10, AlertStatus::Resolved));
}

#[test]
fn events_are_told_once_each_and_not_repeated() {
    let mut world = by_severity();
    let event = Alert { kind: AlertKind::Event, ..alert("a") };
    world.insert(&event);
    world.insert(&event);
    assert_eq!(hosts(&world.tell().1), ["a", "a"]);
    assert!(world.next().is_none());
}

#[test]
fn ends_are_not_told_where_nobody_wants_them() {
    let mut world = World::new(json!({"group_by": [], "group_wait": "0s", "resolved": false}));
    world.insert(&alert("a"));
    world.tell();
    world.insert(&resolved(alert("a")));
    assert!(world.next().is_none());
}

#[test]
fn repeats_without_groups_are_of_single_alerts() {
    let mut world = World::new(json!({"repeat_interval": "1h"}));
    world.insert(&alert("a"));
    world.insert(&alert("b"));
    let waits: Vec<_> =
        (0..4).map(|_| world.tell()).map(|(waited, notice)| (waited, notice.members.len())).collect();
    assert_eq!(waits, [(0, 1), (0, 1), (3600, 1), (0, 1)]);
}

#[test]
fn room_is_bounded_but_what_is_held_may_change() {
    let mut world = by_severity();
    world.groups.capacity = 1;
    world.insert(&alert("a"));
    assert_eq!(world.groups.insert(&alert("b"), world.now), Inserted::Full);
    world.tell();
    world.insert(&resolved(alert("a")));
    world.tell();
    world.insert(&alert("b"));
}
