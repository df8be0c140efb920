//! What is done on each visit, drawn from a seed: the same for drafts as for messages.

use tidewatch_otlp::edit::{Level, Verdict};
use tidewatch_otlp::proto::common::v1::{AnyValue, KeyValue};
use tidewatch_otlp::testing::{Source, arb_value};

/// Some are those of arbitrary requests.
const KEYS: [&str; 7] = ["service.name", "host", "http.route", "k", "event", "", "a new one"];

/// Draws what is done, visit by visit.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(super) seed: u64,
    pub(super) level: Level,
    /// At most as many edits on a visit.
    pub(super) edits: usize,
    /// One in so many is dropped; 0 for none.
    pub(super) drops: usize,
    visits: u64,
}

/// An edit of one message. Which of its setters is called with what.
#[derive(Debug)]
pub(super) struct Edit {
    pub(super) setter: usize,
    pub(super) number: u64,
    pub(super) double: f64,
    pub(super) text: String,
    pub(super) id: Vec<u8>,
    pub(super) value: AnyValue,
    pub(super) change: Change,
}

/// An edit of attributes.
#[derive(Debug)]
pub(super) enum Change {
    With(String, AnyValue),
    And(String, AnyValue),
    AndAll(Vec<KeyValue>),
    Without(String),
    Rename(String, String),
    Replace(String, AnyValue),
    /// They become those of the resource.
    OfResource,
    /// Several at once, on the attributes taken apart.
    Several(Vec<Step>),
}

#[derive(Debug)]
pub(super) enum Step {
    Set(String, AnyValue),
    /// A value moves from one key to another.
    Move(String, String),
    Remove(String),
    Retain(String),
    Replace(String, AnyValue),
}

impl Plan {
    pub(crate) fn new(seed: u64, level: Level, edits: usize, drops: usize) -> Self {
        Self { seed, level, edits, drops, visits: 0 }
    }

    /// Whether nothing is ever done.
    pub(super) fn is_idle(&self) -> bool {
        self.edits == 0 && self.drops == 0
    }

    /// Edits, each with its target (0 is the resource, and so on down to what is visited), and what becomes of it.
    pub(super) fn visit(&mut self, targets: usize) -> (Vec<(usize, Edit)>, Verdict) {
        self.visits += 1;
        let mut source = Source::from_seed(self.seed ^ self.visits.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let edits = source.several(self.edits, |source| {
            // Mostly what is visited itself.
            let target = if source.one_in(3) { source.below(targets) } else { targets - 1 };
            (target, edit(source))
        });
        let drop = self.drops > 0 && source.one_in(self.drops);
        (edits, if drop { Verdict::Drop } else { Verdict::Keep })
    }
}

fn edit(source: &mut Source<'_>) -> Edit {
    let number = match source.below(3) {
        0 => 0,
        1 => u64::from(source.byte()),
        _ => source.word(),
    };
    let length = source.pick(&[0, 8, 8, 16, 16, 5]);
    Edit {
        setter: source.below(256),
        number,
        double: source.pick(&[0.0, -1.5, 1e300, f64::NAN, f64::INFINITY, 42.0]),
        text: text(source),
        id: (0..length).map(|_| source.byte()).collect(),
        value: arb_value(source, 2),
        change: change(source),
    }
}

fn change(source: &mut Source<'_>) -> Change {
    let key = source.pick(&KEYS).to_owned();
    match source.below(10) {
        0 | 1 => Change::With(key, arb_value(source, 2)),
        2 => Change::And(key, arb_value(source, 1)),
        3 => Change::AndAll(source.several(3, |source| KeyValue {
            key: source.pick(&KEYS).to_owned(),
            value: Some(arb_value(source, 1)),
            ..KeyValue::default()
        })),
        4 => Change::Without(key),
        5 => Change::Rename(key, source.pick(&KEYS).to_owned()),
        6 => Change::Replace(key, arb_value(source, 1)),
        7 => Change::OfResource,
        _ => Change::Several(source.several(4, step)),
    }
}

fn step(source: &mut Source<'_>) -> Step {
    let key = source.pick(&KEYS).to_owned();
    match source.below(6) {
        0 | 1 => Step::Set(key, arb_value(source, 1)),
        2 => Step::Move(key, source.pick(&KEYS).to_owned()),
        3 => Step::Remove(key),
        4 => Step::Retain(key),
        _ => Step::Replace(key, arb_value(source, 1)),
    }
}

fn text(source: &mut Source<'_>) -> String {
    match source.below(4) {
        0 => String::new(),
        1 => "a long text ".repeat(12),
        2 => "ü".to_owned(),
        _ => source.several(8, |source| char::from(b'a' + source.byte() % 26)).into_iter().collect(),
    }
}
