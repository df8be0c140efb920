//! What became of the letters, in words.

use super::feed::Fed;
use std::fmt;
use tidewatch_component::DeadLetter;

/// Letters, and the items in them where that is known.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    letters: usize,
    items: usize,
}

impl Count {
    fn add(&mut self, items: usize) {
        self.letters += 1;
        self.items += items;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", many(self.letters, "letter"), many(self.items, "item"))
    }
}

fn many(count: usize, of: &str) -> String {
    if count == 1 { format!("1 {of}") } else { format!("{count} {of}s") }
}

/// The counts of a replay.
#[derive(Debug, Default)]
pub(super) struct Report {
    dry_run: bool,
    taken: Count,
    refused: Count,
    not_taken: Count,
    /// Letters that nothing can be done about.
    pub(super) unusable: usize,
    /// Letters that were not asked for.
    pub(super) others: usize,
}

impl Report {
    pub(super) fn new(dry_run: bool) -> Self {
        Self { dry_run, ..Self::default() }
    }

    pub(super) fn taken(&mut self, letter: &DeadLetter) {
        self.taken.add(letter.items);
    }

    /// Counts a letter. Says what is wrong, if that is worth a line of its own.
    pub(super) fn add(&mut self, letter: &DeadLetter, fed: &Fed) -> Option<String> {
        match fed {
            Fed::Taken => {
                self.taken(letter);
                None
            }
            Fed::TakenInPart(rejected) => {
                let refused = rejected.items.min(letter.items);
                self.taken.add(letter.items - refused);
                self.refused.add(refused);
                Some(format!("{} refused again: {}", many(refused, "item"), rejected.reason))
            }
            Fed::Refused(reason) => {
                self.refused.add(letter.items);
                Some(format!("refused again: {reason}"))
            }
            Fed::Unusable(reason) => {
                self.unusable += 1;
                Some(format!("cannot be fed in: {reason}"))
            }
            Fed::GivenUp(reason) => {
                self.not_taken.add(letter.items);
                Some(format!("given up, with all that come after it: {reason}"))
            }
            Fed::NotTried => {
                self.not_taken.add(letter.items);
                None
            }
        }
    }

    /// Whether every letter that was asked for was taken.
    pub(super) fn is_complete(&self) -> bool {
        self.refused.letters == 0 && self.not_taken.letters == 0 && self.unusable == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let would = if self.dry_run { "would be fed in" } else { "fed in" };
        write!(formatter, "{} {would}", self.taken)?;
        for (count, what) in [(self.refused, "refused again"), (self.not_taken, "not delivered")] {
            if count.letters > 0 {
                write!(formatter, ", {count} {what}")?;
            }
        }
        for (letters, what) in [(self.unusable, "unusable"), (self.others, "left out")] {
            if letters > 0 {
                write!(formatter, ", {} {what}", many(letters, "letter"))?;
            }
        }
        Ok(())
    }
}

/// A letter in a few words.
pub(super) fn describe(letter: &DeadLetter) -> String {
    let items = match letter.items {
        0 => many(letter.size, "byte"),
        items => many(items, "item"),
    };
    let (signal, kind, reason) = (letter.signal, letter.kind.name(), &letter.reason);
    format!("{signal}, {items}, {kind} ({reason})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidewatch_component::{DataType, Rejection, dead_letter::PROTOBUF};

    #[test]
    fn letters_and_items_are_counted_apart() {
        let original = bytes::Bytes::from_static(b"x");
        let letter =
            DeadLetter::undecodable(DataType::Logs, PROTOBUF, original, "broken", &std::sync::Arc::default());
        let letter = DeadLetter { items: 5, ..letter };
        let mut report = Report::default();
        assert_eq!(report.add(&letter, &Fed::Taken), None);
        assert!(report.is_complete());
        let rejected = Rejection::new(2, "too old");
        let problem = report.add(&letter, &Fed::TakenInPart(rejected));
        assert_eq!(problem.as_deref(), Some("2 items refused again: too old"));
        assert!(report.add(&letter, &Fed::GivenUp("away".into())).is_some());
        assert!(report.add(&letter, &Fed::NotTried).is_none());
        assert!(!report.is_complete());
        assert_eq!(
            report.to_string(),
            "2 letters (8 items) fed in, 1 letter (2 items) refused again, 2 letters (10 items) not delivered"
        );
        assert_eq!(describe(&letter), "logs, 5 items, undecodable (broken)");
    }
}
