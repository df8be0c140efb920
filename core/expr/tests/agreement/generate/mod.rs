//! Random statements.

mod editors;
mod values;

use crate::fields::{Kind, fields, owners};
use crate::statement::{Argument, Expr, Key, Path, Statement};
use tidewatch_expr::Context;
use tidewatch_otlp::testing::Source;

/// Keys of attributes, in statements and in batches.
pub(crate) const KEYS: [&str; 6] = ["a", "b", "service.name", "k", "host", ""];
/// Texts, in statements and in batches.
pub(crate) const TEXTS: [&str; 10] =
    ["", "a", "ü", "b c", "x=1;y=2", "12", "-3.5", "Ünï", "password=hunter2 ok", "A,B,,C"];

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
