//! What is not touched stays as it was, byte by byte.

use proptest::prelude::*;
use tidewatch_otlp::Signal;
use tidewatch_otlp::edit::rewrite;
use tidewatch_otlp::edit::{
    Arena, Editor, Level, LogDraft, MetricDraft, Owner, PointDraft, SpanDraft, Verdict,
};
use tidewatch_otlp::testing::{Source, arb_request, fields, rearrange};

use super::{more_cases, request};
use crate::{any_signal, choices};

/// Sets one field of one item.
struct One {
    place: usize,
    seen: usize,
}

impl One {
    fn is_it(&mut self) -> bool {
        self.seen += 1;
        self.seen == self.place + 1
    }
}

impl<'a> Editor<'a> for One {
    fn level(&self) -> Level {
        Level::Part
    }

    fn log(&mut self, _: Owner<'_, 'a>, log: &mut LogDraft<'a>) -> Verdict {
        if self.is_it() {
            log.set_severity_number(12_345);
        }
        Verdict::Keep
    }

    fn span(&mut self, _: Owner<'_, 'a>, span: &mut SpanDraft<'a>) -> Verdict {
        if self.is_it() {
            span.set_name("another name");
        }
        Verdict::Keep
    }

    fn point(&mut self, _: Owner<'_, 'a>, _: &mut MetricDraft<'a>, point: &mut PointDraft<'a>) -> Verdict {
        if self.is_it() {
            point.set_time_unix_nano(12_345);
        }
        Verdict::Keep
    }
}

/// Numbers of the fields that lead to an item, and of its field that is set.
fn path(signal: Signal) -> (&'static [&'static [u32]], u32) {
    match signal {
        Signal::Logs => (&[&[1], &[2], &[2]], 2),
        Signal::Traces => (&[&[1], &[2], &[2]], 5),
        Signal::Metrics => (&[&[1], &[2], &[2], &[5, 7, 9, 10, 11], &[1]], 3),
    }
}

/// Holds two messages against each other; of the item at `place`, the field `set` may differ.
struct Comparison {
    place: usize,
    seen: usize,
    set: u32,
}

impl Comparison {
    fn same(&mut self, before: &[u8], after: &[u8], path: &[&[u32]]) {
        let Some((numbers, rest)) = path.split_first() else {
            self.seen += 1;
            if self.seen == self.place + 1 {
                assert_eq!(self.others(before), self.others(after));
            } else {
                assert_eq!(before, after);
            }
            return;
        };
        let (mut before, mut after) = (fields(before).unwrap(), fields(after).unwrap());
        // An owner is written in front of its members, what else there is behind them.
        before.sort_by_key(|field| field.number.min(3));
        after.sort_by_key(|field| field.number.min(3));
        assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before.number, after.number);
            match (&before.inner, &after.inner) {
                (Some(inner), Some(after)) if numbers.contains(&before.number) => {
                    self.same(inner, after, rest);
                }
                _ => assert_eq!(before.bytes, after.bytes),
            }
        }
    }

    fn others(&self, message: &[u8]) -> Vec<Vec<u8>> {
        let fields = fields(message).unwrap().into_iter();
        fields.filter(|field| field.number != self.set).map(|field| field.bytes).collect()
    }
}

proptest! {
    #![proptest_config(more_cases())]

    #[test]
    fn all_but_one_field_stays(
        signal in any_signal(),
        choices in choices(),
        seed: u64,
        odd in 0..3usize,
        place in 0..12usize,
    ) {
        let mut source = Source::from_seed(seed);
        let mut bytes = arb_request(signal, &mut Source::from_bytes(&choices));
        for _ in 0..odd {
            bytes = rearrange(&bytes, &mut source);
        }
        let Some(before) = request(signal, bytes) else { return Ok(()) };
        let (canonical, arena) = (before.canonical(), Arena::new());
        let edited = rewrite(&canonical, &arena, &mut One { place, seen: 0 });
        prop_assert_eq!(edited.is_some(), place < before.items());
        if let Some(edited) = edited {
            let (path, set) = path(signal);
            Comparison { place, seen: 0, set }.same(canonical.bytes(), edited.bytes(), path);
        }
    }
}
