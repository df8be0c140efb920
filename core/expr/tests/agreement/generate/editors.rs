//! Random calls of editors.

use super::{Generator, unnamed};
use crate::fields::Kind;
use crate::statement::{Argument, Expr};
use tidewatch_expr::Context;

const GLOBS: [&str; 6] = ["*", "a*", "*=*", "?", "b c", "*o*"];

const REPLACEMENTS: [&str; 6] = ["", "***", "$1", "<${2}>", "$0$0", "-"];

/// Some more often than others.
const EDITORS: [&str; 23] = [
    "set",
    "set",
    "set",
    "set",
    "append",
    "convert",
    "delete_index",
    "delete_key",
    "delete_keys",
    "delete_matching_keys",
    "flatten",
    "flatten",
    "keep_keys",
    "keep_matching_keys",
    "limit",
    "merge_maps",
    "replace_all_matches",
    "replace_all_patterns",
    "replace_all_patterns",
    "replace_match",
    "replace_pattern",
    "replace_pattern",
    "truncate_all",
];

impl Generator<'_> {
    pub(super) fn editor(&mut self) -> (&'static str, Vec<Argument>) {
        let name = self.source.pick(&EDITORS);
        let target = match name {
            "convert" => return self.conversion(),
            "set" => {
                let (target, kind) = self.target();
                return (name, vec![unnamed(Expr::Path(target)), unnamed(self.value(kind, 2))]);
            }
            "append" | "delete_index" | "replace_match" | "replace_pattern" => self.target().0,
            _ => self.map_path(),
        };
        let mut arguments = vec![unnamed(Expr::Path(target))];
        let mut with = |value| arguments.push(unnamed(value));
        match name {
            "append" => {
                let some = self.source.below(3);
                if some != 0 {
                    arguments.push(Argument { name: Some("value"), value: self.any(1) });
                }
                if some != 1 {
                    arguments.push(Argument { name: Some("values"), value: self.list(1, 1) });
                }
            }
            "delete_key" => with(self.key_text()),
            "delete_matching_keys" | "keep_matching_keys" => with(self.pattern()),
            "delete_index" => {
                with(self.value(Kind::Int, 0));
                if self.source.one_in(2) {
                    with(Expr::Int(self.source.below(4) as i64));
                }
            }
            "stringify_all" => {}
            "delete_keys" | "keep_keys" => with(self.key_list(4)),
            "flatten" => {
                if self.source.one_in(2) {
                    with(Expr::Text(self.key()));
                }
                if self.source.one_in(2) {
                    let depth = Expr::Int(self.source.below(3) as i64);
                    arguments.push(Argument { name: Some("depth"), value: depth });
                }
            }
            // There is room for the keys that go first.
            "limit" => {
                let limit = self.source.below(5);
                with(Expr::Int(limit as i64));
                with(self.key_list(limit + 1));
            }
            "merge_maps" => {
                with(self.value(Kind::Map, 1));
                if !self.source.one_in(4) {
                    with(Expr::Text(self.source.pick(&["insert", "update", "upsert"]).to_owned()));
                }
            }
            "truncate_all" => {
                let limit = self.source.below(6);
                with(Expr::Int(limit as i64));
                if self.source.one_in(3) {
                    let value = Expr::Text("...".get(..limit).unwrap_or("...").to_owned());
                    arguments.push(Argument { name: Some("truncation_marker"), value });
                }
            }
            "replace_match" | "replace_all_matches" => {
                with(Expr::Text(self.source.pick(&GLOBS).to_owned()));
                with(self.text(1));
            }
            "replace_pattern" | "replace_all_patterns" => {
                if name == "replace_all_patterns" {
                    with(Expr::Text(self.source.pick(&["key", "value"]).to_owned()));
                }
                with(self.pattern());
                with(Expr::Text(self.source.pick(&REPLACEMENTS).to_owned()));
            }
            other => panic!("{other} is not known"),
        }
        (name, arguments)
    }

    /// For metrics; elsewhere another editor.
    fn conversion(&mut self) -> (&'static str, Vec<Argument>) {
        match (self.context, self.source.one_in(2)) {
            (Context::Metric, false) => ("convert_sum_to_gauge", Vec::new()),
            (Context::Metric, true) => {
                let temporality = Expr::Text(self.source.pick(&["delta", "cumulative"]).to_owned());
                let monotonic = Expr::Bool(self.source.one_in(2));
                ("convert_gauge_to_sum", vec![unnamed(temporality), unnamed(monotonic)])
            }
            _ => ("stringify_all", vec![unnamed(Expr::Path(self.map_path()))]),
        }
    }

    /// Less than `limit` keys, none twice.
    pub(super) fn key_list(&mut self, limit: usize) -> Expr {
        let mut keys: Vec<String> = (0..self.source.below(limit)).map(|_| self.key()).collect();
        keys.sort();
        keys.dedup();
        Expr::List(keys.into_iter().map(Expr::Text).collect())
    }

    /// Mostly a text that is written out.
    pub(super) fn key_text(&mut self) -> Expr {
        if self.source.one_in(10) { self.value(Kind::Text, 1) } else { Expr::Text(self.key()) }
    }
}
