//! What holds for every request, however odd, with prost as the judge.

mod check;
mod edit;
mod fuzz;
mod ids;
mod oracle;
mod reading;
mod split;

use proptest::prelude::*;
use tidewatch_otlp::Signal;

/// Any signal.
fn any_signal() -> impl Strategy<Value = Signal> {
    prop::sample::select(&Signal::ALL[..])
}

/// The choices that generators make; fewer bytes are simpler choices.
fn choices() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..1_200)
}
