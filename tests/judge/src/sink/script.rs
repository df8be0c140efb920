//! How a sink behaves: a script decides the answer to each request.

use crate::protocol::Protocol;
use rand::{Rng, SeedableRng, rngs::SmallRng};
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

/// A request that a sink has read.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// How it came.
    pub protocol: Protocol,
    /// The numbers in it.
    pub numbers: &'a [u64],
}

/// What a sink does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Accepts it.
    Accept,
    /// Accepts it, except for these numbers, and says how many (partial success).
    AcceptBut(Vec<u64>),
    /// Refuses it, with a gRPC status or an HTTP status, as the protocol wants.
    Refuse {
        /// The status.
        code: u16,
        /// `RetryInfo` or `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// Accepts it, and breaks off in the middle of saying so.
    CutAnswer {
        /// Closes the whole connection, not only the stream.
        connection: bool,
    },
    /// Thinks for a while first.
    Slow(Duration, Box<Answer>),
}

impl Answer {
    /// What a record of answers calls it.
    pub fn name(&self, protocol: Protocol) -> String {
        match self {
            Self::Accept => "accepted".to_owned(),
            Self::AcceptBut(_) => "accepted in part".to_owned(),
            Self::Refuse { code, retry_after: None } => format!("{protocol:?} {code}"),
            Self::Refuse { code, .. } => format!("{protocol:?} {code} with a pause"),
            Self::CutAnswer { .. } => "accepted, answer cut".to_owned(),
            Self::Slow(_, next) => next.name(protocol),
        }
    }
}

/// Decides about requests; called once for each, possibly from several tasks at once.
pub type Script = Arc<dyn Fn(Arrival<'_>) -> Answer + Send + Sync>;

/// Refusals that pass.
const UNAVAILABLE: Answer = Answer::Refuse { code: 14, retry_after: None };
const SERVICE_UNAVAILABLE: Answer = Answer::Refuse { code: 503, retry_after: None };

/// Accepts everything.
pub fn kind() -> Script {
    Arc::new(|_| Answer::Accept)
}

/// Accepts everything, after a while.
pub fn slow(pause: Duration) -> Script {
    Arc::new(move |_| Answer::Slow(pause, Box::new(Answer::Accept)))
}

/// Refuses every request that holds one of these numbers as invalid. The first request takes its time,
/// so that others gather behind it.
pub fn poisoned_by(numbers: &[u64]) -> Script {
    let poison: HashSet<u64> = numbers.iter().copied().collect();
    let first = AtomicUsize::new(0);
    Arc::new(move |arrival| {
        let is_poisoned = arrival.numbers.iter().any(|number| poison.contains(number));
        let code = if arrival.protocol == Protocol::Grpc { 3 } else { 400 };
        let answer = if is_poisoned { Answer::Refuse { code, retry_after: None } } else { Answer::Accept };
        if first.fetch_add(1, Relaxed) == 0 {
            return Answer::Slow(Duration::from_millis(500), Box::new(answer));
        }
        answer
    })
}

/// Fails a fifth of the requests, gives every status of its protocol once, breaks off a share of its
/// answers, rejects single records now and then, is slow now and then.
pub fn unkind(protocol: Protocol, seed: u64) -> Script {
    struct State {
        random: SmallRng,
        statuses: Vec<Answer>,
        requests: usize,
    }
    let state = Mutex::new(State {
        random: SmallRng::seed_from_u64(seed),
        statuses: statuses(protocol),
        requests: 0,
    });
    Arc::new(move |arrival| {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.requests += 1;
        // One in three until all are given, so that a short run sees them all, too.
        if state.requests.is_multiple_of(3)
            && let Some(answer) = state.statuses.pop()
        {
            return answer;
        }
        let pause = Duration::from_millis(state.random.random_range(5..50));
        match state.random.random_range(0..1000) {
            0..200 if protocol == Protocol::Grpc => UNAVAILABLE,
            0..200 => SERVICE_UNAVAILABLE,
            200..210 => Answer::CutAnswer { connection: true },
            210..220 => Answer::CutAnswer { connection: false },
            220..223 => Answer::AcceptBut(arrival.numbers.first().copied().into_iter().collect()),
            223..260 => Answer::Slow(pause, Box::new(Answer::Accept)),
            _ => Answer::Accept,
        }
    })
}

/// Every status that refuses, once; those that ask for a pause, with and without one.
pub fn statuses(protocol: Protocol) -> Vec<Answer> {
    let pause = Some(Duration::from_millis(match protocol {
        Protocol::Grpc => 100,
        Protocol::Http => 1000,
    }));
    let plain = match protocol {
        // 17 and 99 have no meaning yet.
        Protocol::Grpc => (1..=17).chain([99]).collect::<Vec<u16>>(),
        Protocol::Http => (300..=308).chain(400..=431).chain([451]).chain(500..=511).collect(),
    };
    let asking: &[u16] = if protocol == Protocol::Grpc { &[8, 14] } else { &[429, 503] };
    let plain = plain.into_iter().map(|code| Answer::Refuse { code, retry_after: None });
    plain.chain(asking.iter().map(|&code| Answer::Refuse { code, retry_after: pause })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unkind_script_gives_every_status() {
        let script = unkind(Protocol::Grpc, 1);
        let answers: Vec<Answer> =
            (0..300).map(|_| script(Arrival { protocol: Protocol::Grpc, numbers: &[1] })).collect();
        assert!(statuses(Protocol::Grpc).iter().all(|status| answers.contains(status)));
        assert!(answers.contains(&Answer::Accept));
    }

    #[test]
    fn poison_is_refused_wherever_it_is() {
        let script = poisoned_by(&[7]);
        let ask = |numbers: &[u64]| script(Arrival { protocol: Protocol::Grpc, numbers });
        assert!(matches!(ask(&[1]), Answer::Slow(..)));
        assert_eq!(ask(&[6, 8]), Answer::Accept);
        assert_eq!(ask(&[6, 7, 8]), Answer::Refuse { code: 3, retry_after: None });
    }
}
