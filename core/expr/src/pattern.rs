//! Regular expressions in calls.

use crate::{Failure, Record, arguments::Arguments, error::Wrong, node::Node, text::text};
use regex::Regex;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tidewatch_parse::go_regex;

/// Expressions that are kept compiled where they come from records.
const MAX_KEPT: usize = 64;
/// The longest expression that may come from a record, in bytes.
const MAX_COMPUTED: usize = 1024;

type Kept = HashMap<String, Arc<Regex>>;

/// A regular expression in Go's syntax, compiled with the statement where it is written out there.
#[derive(Debug)]
pub(crate) enum Pattern {
    Fixed(Regex),
    Computed(Node, Mutex<Kept>),
}

impl Pattern {
    /// The argument of this name.
    pub(crate) fn argument(arguments: &mut Arguments, name: &str) -> Result<Self, Wrong> {
        let offset = arguments.offset_of(name);
        match arguments.value(name)? {
            Node::Text(pattern) => {
                go_regex::text(&pattern).map(Self::Fixed).map_err(|error| Wrong::new(offset, error))
            }
            node => Ok(Self::Computed(node, Mutex::default())),
        }
    }

    /// What `apply` makes with the expression.
    pub(crate) fn with<T>(
        &self,
        record: &Record<'_, '_>,
        apply: impl FnOnce(&Regex) -> T,
    ) -> Result<T, Failure> {
        match self {
            Self::Fixed(regex) => Ok(apply(regex)),
            Self::Computed(node, kept) => {
                let pattern = node.evaluate(record)?;
                Ok(apply(&*compiled(text(&pattern)?, kept)?))
            }
        }
    }
}

fn compiled(pattern: &str, kept: &Mutex<Kept>) -> Result<Arc<Regex>, Failure> {
    if pattern.len() > MAX_COMPUTED {
        return Err(Failure::new("a computed regular expression has at most 1024 bytes"));
    }
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(regex) = kept.get(pattern) {
        return Ok(Arc::clone(regex));
    }
    let regex = Arc::new(go_regex::text(pattern).map_err(Failure::new)?);
    if kept.len() >= MAX_KEPT {
        kept.clear();
    }
    kept.insert(pattern.to_owned(), Arc::clone(&regex));
    Ok(regex)
}
