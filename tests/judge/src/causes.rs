//! Why a number was delivered more than once, as far as the outside can see.

use crate::{
    sender::Sent,
    sink::{Interruption, Record},
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
};

/// What makes a second delivery unavoidable, or at least no wonder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The sink had accepted it and could not say so.
    AnswerCut,
    /// A try of its sender was never answered, and the sender tried again.
    Unanswered,
    /// The sink accepted it before the agent was killed, and again from its successor, which could not know.
    Killed,
    /// Its sender was told to come again, and did.
    SentAgain,
    /// None of these.
    Unexplained,
}

/// The numbers that arrived more than once, by cause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Causes {
    numbers: BTreeMap<Cause, Vec<u64>>,
    /// The most numbers that were repeated because of one kill.
    pub most_per_kill: usize,
    /// The most requests in which these had come to the sink before that kill.
    pub most_requests_per_kill: usize,
    /// How long before a kill a number had been accepted that its successor sent again, in milliseconds.
    pub longest_before_kill: u32,
}

impl Causes {
    /// Looks for the cause of each.
    pub fn find(sent: &Sent, record: &Record) -> Self {
        let interruptions = record.times.interruptions();
        let mut by_kill: HashMap<u64, (usize, u32, u32)> = HashMap::new();
        for repeat in record.times.repeats() {
            // Of a line that was in its file before the kill, both copies may come later: one was safe in the queue
            // and not yet noted as read.
            let since = record.times.written_of(repeat.number).unwrap_or(repeat.first);
            let spans = |kill: &Interruption| since <= kill.succeeded && repeat.again >= kill.killed;
            // The first one that fits kept the agent from noting that it was delivered.
            if let Some(kill) = interruptions.iter().position(spans) {
                let before = interruptions[kill].killed.saturating_sub(repeat.first);
                by_kill.insert(repeat.number, (kill, before, repeat.request));
            }
        }
        let mut causes = Self::default();
        let mut per_kill = vec![(0, HashSet::new()); interruptions.len()];
        for number in record.repeated.iter() {
            let cause = match by_kill.get(&number) {
                _ if record.unheard.contains(number) => Cause::AnswerCut,
                _ if sent.doubtful.contains(number) => Cause::Unanswered,
                Some((kill, before, request)) => {
                    per_kill[*kill].0 += 1;
                    per_kill[*kill].1.insert(*request);
                    causes.longest_before_kill = causes.longest_before_kill.max(*before);
                    Cause::Killed
                }
                None if sent.resent.contains(number) => Cause::SentAgain,
                None => Cause::Unexplained,
            };
            causes.numbers.entry(cause).or_default().push(number);
        }
        causes.most_per_kill = per_kill.iter().map(|(numbers, _)| *numbers).max().unwrap_or_default();
        causes.most_requests_per_kill =
            per_kill.iter().map(|(_, requests)| requests.len()).max().unwrap_or_default();
        causes
    }

    /// The numbers with this cause.
    pub fn with(&self, cause: Cause) -> &[u64] {
        self.numbers.get(&cause).map_or(&[], Vec::as_slice)
    }

    /// How many have which cause.
    pub fn counts(&self) -> BTreeMap<Cause, usize> {
        self.numbers.iter().map(|(cause, numbers)| (*cause, numbers.len())).collect()
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::AnswerCut => "answer cut",
            Self::Unanswered => "sender unanswered",
            Self::Killed => "killed",
            Self::SentAgain => "sent again",
            Self::Unexplained => "UNEXPLAINED",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{items::Contents, protocol::Protocol};

    fn accept(record: &Record, number: u64) {
        record.accept(&Contents { numbers: vec![number], ..Contents::default() });
    }

    #[test]
    fn a_kill_explains_what_spans_it_and_nothing_else() {
        let (sent, record) = (Sent::new(Protocol::Grpc, 10), Record::timed(10, 10));
        let pause = || std::thread::sleep(std::time::Duration::from_millis(3));
        accept(&record, 1);
        accept(&record, 2);
        pause();
        accept(&record, 2);
        pause();
        record.times.killed();
        pause();
        record.times.succeeded();
        pause();
        accept(&record, 1);
        accept(&record, 3);
        pause();
        accept(&record, 3);
        let causes = Causes::find(&sent, &record);
        assert_eq!(causes.with(Cause::Killed), [1]);
        assert_eq!(causes.with(Cause::Unexplained), [2, 3]);
        assert_eq!(causes.most_per_kill, 1);
        assert!(causes.longest_before_kill >= 6);
    }

    #[test]
    fn an_unanswered_sender_explains_its_own_numbers() {
        let (sent, record) = (Sent::new(Protocol::Grpc, 10), Record::new(10, 10));
        sent.doubtful.insert(4);
        for number in [4, 4, 5, 5] {
            accept(&record, number);
        }
        let causes = Causes::find(&sent, &record);
        assert_eq!(causes.counts(), BTreeMap::from([(Cause::Unanswered, 1), (Cause::Unexplained, 1)]));
    }
}
