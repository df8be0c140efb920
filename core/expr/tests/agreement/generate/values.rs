//! Random values.

use super::{Generator, TEXTS};
use crate::fields::Kind;
use crate::statement::Expr;
use tidewatch_otlp::testing::Source;

const PATTERNS: [&str; 8] = ["a", "^b", "[0-9]+", "(\\w+)=(\\w+)", "n", ".", "^$", "s.*e"];

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

impl Generator<'_> {
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
    pub(super) fn difference(&mut self) -> Expr {
        let mut time = || Expr::Path(self.plain_path(Kind::Time));
        let (base, left, right) = (time(), time(), time());
        let span = Expr::Calculate('-', Box::new([left, right]));
        Expr::Calculate(if self.source.one_in(2) { '+' } else { '-' }, Box::new([base, span]))
    }

    pub(super) fn map(&mut self, depth: usize) -> Expr {
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

    pub(super) fn any(&mut self, depth: usize) -> Expr {
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
    pub(super) fn number(&mut self, depth: usize) -> Expr {
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

    pub(super) fn text(&mut self, depth: usize) -> Expr {
        match self.source.below(3) {
            0 if depth > 0 => Expr::Path(self.plain_path(Kind::Text)),
            _ => Expr::Text(self.source.pick(&TEXTS).to_owned()),
        }
    }

    /// A pattern that is written out.
    pub(crate) fn pattern(&mut self) -> Expr {
        Expr::Text(self.source.pick(&PATTERNS).to_owned())
    }

    pub(super) fn call(&mut self, depth: usize) -> Expr {
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

    pub(super) fn list(&mut self, least: usize, depth: usize) -> Expr {
        let count = least + self.source.below(3);
        Expr::List((0..count).map(|_| self.any(depth)).collect())
    }
}
