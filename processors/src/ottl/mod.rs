//! Statements and conditions over requests: what `filter` and `transform` share.

mod failures;
mod program;

pub(crate) use failures::{ErrorModeKey, Failures};
pub(crate) use program::{Ended, Program, Run};

use tidewatch_config::Mistake;
use tidewatch_expr::ParseError;

/// An error at its place in the text at `path`.
pub(crate) fn mistake(path: impl Into<String>, error: ParseError) -> Mistake {
    let mistake = Mistake::new(path, error.message).at(error.position.offset);
    match error.help {
        Some(help) => mistake.help(help),
        None => mistake,
    }
}
