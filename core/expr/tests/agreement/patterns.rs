//! Patterns, each compiled once.

use regex::Regex;
use std::cell::RefCell;
use std::collections::HashMap;

thread_local! {
    static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default();
}

pub(crate) fn regex(pattern: &str) -> Regex {
    COMPILED.with_borrow_mut(|compiled| {
        compiled.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).unwrap()).clone()
    })
}

/// Of whole texts: `*` is any text, `?` any character.
pub(crate) fn glob(pattern: &str) -> Regex {
    let pattern = regex::escape(pattern).replace(r"\*", ".*").replace(r"\?", ".");
    regex(&format!("(?s)^{pattern}$"))
}
