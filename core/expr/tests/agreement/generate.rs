//! Random statements.

use crate::fields::{Kind, fields, owners};
use crate::statement::{Argument, Expr, Key, Path, Statement};
use tidewatch_expr::Context;
use tidewatch_otlp::testing::Source;

/// Keys of attributes, in statements and in batches.
pub(crate) const KEYS: [&str; 6] = ["a", "b", "service.name", "k", "host", ""];
/// Texts, in statements and in batches.
pub(crate) const TEXTS: [&str; 9] =
    ["", "a", "b c", "x=1;y=2", "12", "-3.5", "Ünï", "password=hunter2 ok", "A,B,,C"];
const PATTERNS: [&str; 8] = ["a", "^b", "[0-9]+", "(\\w+)=(\\w+)", "n", ".", "^$", "s.*e"];

const GLOBS: [&str; 6] = ["*", "a*", "*=*", "?", "b c", "*o*"];
const REPLACEMENTS: [&str; 6] = ["", "***", "$1", "<${2}>", "$0$0", "-"];

/// Some more often than others.
const EDITORS: [&str; 21] = [
    "set",
    "set",
    "set",
    "set",
    "append",
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

const CONVERTERS: [&str; 30] = [
    "Bool",
    "Clamp",
    "Coalesce",
    "Concat",
    "ContainsValue",
    "Double",
    "HasPrefix",
    "HasSuffix",
    "Index",
    "Int",
    "IsBool",
    "IsDouble",
    "IsInt",
    "IsList",
    "IsMap",
    "IsMatch",
    "IsString",
    "Keys",
    "Len",
    "Max",
    "Min",
    "Split",
    "String",
    "Substring",
    "ToLowerCase",
    "ToUpperCase",
    "Trim",
    "TrimPrefix",
    "TrimSuffix",
    "Values",
];

/// Draws statements for one context.
pub(crate) struct Generator<'s> {
    pub(crate) source: &'s mut Source<'static>,
    pub(crate) context: Context,
}

impl Generator<'_> {
    pub(crate) fn statement(&mut self) -> Statement {
        let (editor, arguments) = self.editor();
        let condition = (!self.source.one_in(3)).then(|| self.condition(2));
        Statement { editor, arguments, condition }
    }

    fn editor(&mut self) -> (&'static str, Vec<Argument>) {
        let name = self.source.pick(&EDITORS);
        let target = match name {
            "set" => {
                let (target, kind) = self.target();
                return (name, vec![unnamed(Expr::Path(target)), unnamed(self.value(kind, 2))]);
            }
            "append" | "replace_match" | "replace_pattern" => self.target().0,
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
            "truncate_all" => with(Expr::Int(self.source.below(6) as i64)),
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

    /// Less than `limit` keys, none twice.
    fn key_list(&mut self, limit: usize) -> Expr {
        let mut keys: Vec<String> = (0..self.source.below(limit)).map(|_| self.key()).collect();
        keys.sort();
        keys.dedup();
        Expr::List(keys.into_iter().map(Expr::Text).collect())
    }

    /// Mostly a text that is written out.
    fn key_text(&mut self) -> Expr {
        if self.source.one_in(10) { self.value(Kind::Text, 1) } else { Expr::Text(self.key()) }
    }

    fn key(&mut self) -> String {
        self.source.pick(&KEYS).to_owned()
    }

    fn path(&mut self, owner: Context, field: &'static str, keys: Vec<Key>) -> Path {
        let prefixed = owner != self.context || self.source.one_in(3);
        // The cache belongs to no one.
        let prefixed = prefixed && field != "cache";
        Path { owner, field, prefixed, keys }
    }

    /// Any field of the context, or of what its records belong to.
    fn field(&mut self, accepts: impl Fn(Kind) -> bool) -> (Context, &'static str, Kind) {
        loop {
            let owners = owners(self.context);
            // Mostly its own.
            let owner = if self.source.one_in(3) { self.source.pick(owners) } else { owners[0] };
            let (field, kind) = self.source.pick(fields(owner));
            if accepts(kind) && (owner == owners[0] || field != "cache") {
                return (owner, field, kind);
            }
        }
    }

    /// Something that can be set, and what it should be set to.
    fn target(&mut self) -> (Path, Kind) {
        let (owner, field, kind) = self.field(|kind| kind != Kind::Fixed);
        let keyed = match kind {
            Kind::Map => !self.source.one_in(8),
            Kind::Any => self.source.one_in(2),
            _ => false,
        };
        if keyed {
            let keys = self.keys(kind);
            return (self.path(owner, field, keys), Kind::Any);
        }
        (self.path(owner, field, Vec::new()), kind)
    }

    /// One key or several.
    fn keys(&mut self, of: Kind) -> Vec<Key> {
        let first = match self.source.below(8) {
            0 if of == Kind::Any => Key::Index(self.source.below(3)),
            1 => Key::Computed(self.plain_path(Kind::Text)),
            _ => Key::Name(self.key()),
        };
        let mut keys = vec![first];
        while self.source.one_in(3) {
            keys.push(match self.source.below(6) {
                0 => Key::Index(self.source.below(3)),
                1 => Key::Computed(self.plain_path(Kind::Int)),
                _ => Key::Name(self.key()),
            });
        }
        keys
    }

    /// A field of this kind, without keys.
    fn plain_path(&mut self, wanted: Kind) -> Path {
        for _ in 0..20 {
            let (owner, field, kind) = self.field(|_| true);
            if kind == wanted {
                return self.path(owner, field, Vec::new());
            }
        }
        // Every context has it.
        self.path(
            Context::Resource,
            if wanted == Kind::Map { "attributes" } else { "schema_url" },
            Vec::new(),
        )
    }

    /// A path to a map, or where one may be.
    pub(crate) fn map_path(&mut self) -> Path {
        let (owner, field, kind) = self.field(|kind| matches!(kind, Kind::Map | Kind::Any));
        let keys = if self.source.one_in(3) { self.keys(kind) } else { Vec::new() };
        self.path(owner, field, keys)
    }

    /// Any path that is read.
    fn read_path(&mut self) -> Path {
        let (owner, field, kind) = self.field(|_| true);
        let keyed = matches!(kind, Kind::Map | Kind::Any) && !self.source.one_in(6);
        let keys = if keyed { self.keys(kind) } else { Vec::new() };
        self.path(owner, field, keys)
    }

    /// What fits a field of this kind, mostly.
    pub(crate) fn value(&mut self, kind: Kind, depth: usize) -> Expr {
        if self.source.one_in(12) {
            return self.any(depth);
        }
        match kind {
            Kind::Int => match self.source.below(4) {
                0 => self.number(depth),
                1 => Expr::Int(self.source.pick(&[-1, i64::MAX, i64::from(u32::MAX), 1 << 31])),
                _ => Expr::Int(self.source.below(30) as i64),
            },
            Kind::Float => match self.source.below(3) {
                0 => self.number(depth),
                1 => Expr::Float(self.source.pick(&[0.0, -2.5, 1e18])),
                _ => Expr::Int(self.source.below(30) as i64),
            },
            Kind::Text => self.text(depth),
            Kind::Time => match self.source.below(3) {
                0 => Expr::Int(self.source.word() as i64 >> 8),
                1 => Expr::Path(self.plain_path(Kind::Time)),
                _ => self.difference(),
            },
            Kind::Bool => Expr::Bool(self.source.one_in(2)),
            Kind::Id => {
                let length = self.source.pick(&[8, 8, 16, 16, 16, 0, 3]);
                Expr::Bytes((0..length).map(|_| self.source.byte()).collect())
            }
            Kind::Hexadecimal => {
                let length = self.source.pick(&[8, 16, 16, 0, 3]);
                let bytes: Vec<u8> = (0..length).map(|_| self.source.byte()).collect();
                Expr::Text(hex::encode(bytes))
            }
            Kind::Map => match self.source.below(3) {
                0 => Expr::Path(self.map_path()),
                _ => self.map(depth),
            },
            Kind::Any | Kind::Fixed => self.any(depth),
        }
    }

    /// Times are calculated with times.
    fn difference(&mut self) -> Expr {
        let mut time = || Expr::Path(self.plain_path(Kind::Time));
        let (base, left, right) = (time(), time(), time());
        let span = Expr::Calculate('-', Box::new([left, right]));
        Expr::Calculate(if self.source.one_in(2) { '+' } else { '-' }, Box::new([base, span]))
    }

    fn map(&mut self, depth: usize) -> Expr {
        let mut entries: Vec<(String, Expr)> = Vec::new();
        for _ in 0..self.source.below(3) {
            let key = self.key();
            if !entries.iter().any(|(known, _)| *known == key) {
                let value = self.any(depth.saturating_sub(1));
                entries.push((key, value));
            }
        }
        Expr::Map(entries)
    }

    fn any(&mut self, depth: usize) -> Expr {
        match self.source.below(if depth == 0 { 7 } else { 12 }) {
            0 => Expr::Nil,
            1 => Expr::Bool(self.source.one_in(2)),
            2 => Expr::Int(self.source.below(20) as i64),
            3 => Expr::Float(self.source.pick(&[0.5, 2.0, -3.5])),
            4 => Expr::Text(self.source.pick(&TEXTS).to_owned()),
            5 => Expr::Bytes(self.source.several(3, Source::byte)),
            6 => Expr::Path(self.read_path()),
            7 => self.map(depth),
            8 => self.list(0, depth - 1),
            9 => self.number(depth),
            10 => self.text(depth),
            _ => self.call(depth),
        }
    }

    /// A number, mostly: paths may give anything.
    fn number(&mut self, depth: usize) -> Expr {
        match self.source.below(if depth == 0 { 3 } else { 6 }) {
            0 => Expr::Int(self.source.below(20) as i64),
            1 => Expr::Float(self.source.pick(&[0.0, 0.5, 2.0, -3.5])),
            2 => Expr::Path(self.read_path()),
            3 => Expr::Negate(Box::new(self.number(depth - 1))),
            _ => {
                let operator = self.source.pick(&['+', '-', '*', '/']);
                Expr::Calculate(operator, Box::new([self.number(depth - 1), self.number(depth - 1)]))
            }
        }
    }

    fn text(&mut self, depth: usize) -> Expr {
        match self.source.below(3) {
            0 if depth > 0 => Expr::Path(self.plain_path(Kind::Text)),
            _ => Expr::Text(self.source.pick(&TEXTS).to_owned()),
        }
    }

    /// A pattern that is written out.
    pub(crate) fn pattern(&mut self) -> Expr {
        Expr::Text(self.source.pick(&PATTERNS).to_owned())
    }

    fn call(&mut self, depth: usize) -> Expr {
        let depth = depth - 1;
        let name = self.source.pick(&CONVERTERS);
        let arguments = match name {
            "Clamp" => vec![self.number(depth), self.number(depth), self.number(depth)],
            "Min" | "Max" => vec![self.number(depth), self.number(depth)],
            "IsMatch" => vec![self.any(depth), self.pattern()],
            "Coalesce" => vec![self.list(1, depth)],
            "Concat" => vec![self.list(0, depth), self.text(depth)],
            "ContainsValue" => vec![self.list(0, depth), self.any(depth)],
            "Index" if self.source.one_in(2) => vec![self.list(0, depth), self.any(depth)],
            "Substring" => {
                vec![self.text(depth + 1), Expr::Int(self.source.below(5) as i64), self.value(Kind::Int, 0)]
            }
            "HasPrefix" | "HasSuffix" | "Index" | "Split" | "Trim" | "TrimPrefix" | "TrimSuffix" => {
                vec![self.text(depth + 1), self.text(0)]
            }
            "ToLowerCase" | "ToUpperCase" => vec![self.text(depth + 1)],
            "Keys" | "Values" => vec![Expr::Path(self.map_path())],
            _ => vec![self.any(depth)],
        };
        Expr::Call(name, arguments)
    }

    fn list(&mut self, least: usize, depth: usize) -> Expr {
        let count = least + self.source.below(3);
        Expr::List((0..count).map(|_| self.any(depth)).collect())
    }

    fn condition(&mut self, depth: usize) -> Expr {
        match self.source.below(if depth == 0 { 4 } else { 8 }) {
            0 => Expr::Bool(self.source.one_in(2)),
            1 => Expr::Path(self.read_path()),
            2 => Expr::Compare(
                self.source.pick(&["==", "!="]),
                Box::new([Expr::Path(self.read_path()), Expr::Nil]),
            ),
            3 | 4 => {
                let (owner, field, kind) = self.field(|_| true);
                let keyed = matches!(kind, Kind::Map | Kind::Any);
                let keys = if keyed { self.keys(kind) } else { Vec::new() };
                let left = Expr::Path(self.path(owner, field, keys));
                let right = self.value(if keyed { Kind::Any } else { kind }, depth);
                let comparison = self.source.pick(&["==", "!=", "<", "<=", ">", ">="]);
                Expr::Compare(comparison, Box::new([left, right]))
            }
            5 => Expr::Not(Box::new(self.condition(depth - 1))),
            6 => Expr::All((0..2).map(|_| self.condition(depth - 1)).collect()),
            _ => Expr::Any((0..2).map(|_| self.condition(depth - 1)).collect()),
        }
    }
}

pub(crate) fn unnamed(value: Expr) -> Argument {
    Argument { name: None, value }
}
