use rand::Rng;
use rand::rngs::SmallRng;
use tidewatch_store::Damage;

use crate::history::History;
use crate::model::{Sent, drain};

/// Fills a log, flips bits while it is closed, and looks at what is left.
pub(crate) fn run(seed: u64, rng: SmallRng) {
    let mut history = History::new(seed, rng);
    for _ in 0..history.rng.random_range(2..10) {
        history.append();
        history.sync();
        if history.rng.random_bool(0.3) {
            history.done();
        }
    }
    // A process that is killed leaves open where its segment ends.
    let closed = history.rng.random_bool(0.7);
    if closed {
        history.close();
    }
    let flips = if history.rng.random_bool(0.6) { 1 } else { history.rng.random_range(2..6) };
    let (disk, rng) = (&history.disk, &mut history.rng);
    let flipped: Vec<_> = (0..flips).filter_map(|_| disk.flip_bit(rng)).collect();

    let mut damage = history.open();
    let read = drain(history.log());
    damage += history.log().take_damage();
    let lost: Vec<_> =
        history.model.held().filter(|sent| read.iter().all(|stored| stored.body != sent.body)).collect();
    let missing: u64 = lost.iter().copied().map(Sent::weight).sum();
    let what = format!("{missing} items missing after {flipped:?}: {damage:?}");
    assert!(lost.len() <= flips, "{what}");
    if flips == 1 {
        let torn = damage.torn_bytes > 0;
        // A killed process leaves open whether its last group was durable, and no other.
        let last = history.last_group();
        let in_last = lost.iter().all(|sent| sent.located.is_some_and(|located| located.sequence >= last));
        assert!(!torn || (!closed && in_last), "{what}");
        assert_eq!(damage.items, if torn { 0 } else { missing }, "{what}");
    } else if damage.torn_bytes == 0 {
        // A record that was done counts if it and its done entry were hit.
        let done: u64 = history.model.sent.iter().filter(|sent| sent.done).map(Sent::weight).sum();
        assert!((missing..=missing + done).contains(&damage.items), "{what}");
    }
    assert_eq!(damage.discarded_bytes, 0, "{what}");
    // Everything else is as it was sent; what was done may be back, if the flip hit its done entry.
    for stored in &read {
        let sent = history.model.sent.iter().find(|sent| sent.body == stored.body).expect("sent");
        assert_eq!((&*stored.context, stored.located), (&*sent.context, sent.located.expect("appended")));
    }
    let held = history.log().held();
    let mut items = std::collections::BTreeMap::new();
    for stored in &read {
        *items.entry(stored.located.kind).or_insert(0) += u64::from(stored.located.items);
    }
    assert_eq!(held, items.into_iter().collect::<Vec<_>>(), "{what}");

    // Damage is counted once.
    assert_eq!(history.open(), Damage::default());
    let again = drain(history.log());
    assert!(again.iter().map(|stored| stored.located).eq(read.iter().map(|stored| stored.located)));
    assert_eq!((history.log().held(), history.log().take_damage()), (held, Damage::default()));
}
