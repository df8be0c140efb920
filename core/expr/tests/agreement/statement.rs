//! Statements as they are generated, and their text.

use std::fmt::{self, Display, Formatter};
use tidewatch_expr::Context;

#[derive(Debug, Clone)]
pub(crate) enum Expr {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Expr>),
    Map(Vec<(String, Expr)>),
    Path(Path),
    Call(&'static str, Vec<Expr>),
    Negate(Box<Expr>),
    /// `+`, `-`, `*` or `/`.
    Calculate(char, Box<[Expr; 2]>),
    Compare(&'static str, Box<[Expr; 2]>),
    Not(Box<Expr>),
    All(Vec<Expr>),
    Any(Vec<Expr>),
}

#[derive(Debug, Clone)]
pub(crate) struct Path {
    /// Whose field it is.
    pub(crate) owner: Context,
    pub(crate) field: &'static str,
    /// Whether the owner's name is written.
    pub(crate) prefixed: bool,
    pub(crate) keys: Vec<Key>,
}

#[derive(Debug, Clone)]
pub(crate) enum Key {
    Name(String),
    Index(usize),
    Computed(Path),
}

#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) editor: &'static str,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) condition: Option<Expr>,
}

#[derive(Debug, Clone)]
pub(crate) struct Argument {
    /// As it is written, if it is.
    pub(crate) name: Option<&'static str>,
    pub(crate) value: Expr,
}

impl Statement {
    /// The value of an argument: by its name, else by its place.
    pub(crate) fn argument(&self, name: &str, place: usize) -> Option<&Expr> {
        let named = self.arguments.iter().find(|argument| argument.name == Some(name));
        let placed = self.arguments.get(place).filter(|argument| argument.name.is_none());
        named.or(placed).map(|argument| &argument.value)
    }
}

impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.editor)?;
        for (index, Argument { name, value }) in self.arguments.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            match name {
                Some(name) => write!(f, "{comma}{name}={value}")?,
                None => write!(f, "{comma}{value}")?,
            }
        }
        match &self.condition {
            Some(condition) => write!(f, ") where {condition}"),
            None => f.write_str(")"),
        }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("nil"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Float(number) => write!(f, "{number:?}"),
            Self::Text(text) => quoted(text, f),
            Self::Bytes(bytes) => write!(f, "0x{}", hex::encode(bytes)),
            Self::List(values) => {
                f.write_str("[")?;
                separated(", ", values, f)?;
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    f.write_str(if index > 0 { ", " } else { "" })?;
                    quoted(key, f)?;
                    write!(f, ": {value}")?;
                }
                f.write_str("}")
            }
            Self::Path(path) => path.fmt(f),
            Self::Call(name, arguments) => {
                write!(f, "{name}(")?;
                separated(", ", arguments, f)?;
                f.write_str(")")
            }
            Self::Negate(operand) => write!(f, "-({operand})"),
            Self::Calculate(operator, operands) => write!(f, "({} {operator} {})", operands[0], operands[1]),
            Self::Compare(comparison, operands) => {
                write!(f, "({} {comparison} {})", operands[0], operands[1])
            }
            Self::Not(operand) => write!(f, "not ({operand})"),
            Self::All(operands) => joined(" and ", operands, f),
            Self::Any(operands) => joined(" or ", operands, f),
        }
    }
}

fn separated(by: &str, values: &[Expr], f: &mut Formatter<'_>) -> fmt::Result {
    for (index, value) in values.iter().enumerate() {
        f.write_str(if index > 0 { by } else { "" })?;
        value.fmt(f)?;
    }
    Ok(())
}

fn joined(by: &str, operands: &[Expr], f: &mut Formatter<'_>) -> fmt::Result {
    f.write_str("(")?;
    separated(by, operands, f)?;
    f.write_str(")")
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.prefixed {
            write!(f, "{}.", self.owner.name())?;
        }
        f.write_str(self.field)?;
        for key in &self.keys {
            match key {
                Key::Name(name) => {
                    f.write_str("[")?;
                    quoted(name, f)?;
                    f.write_str("]")?;
                }
                Key::Index(index) => write!(f, "[{index}]")?,
                Key::Computed(path) => write!(f, "[{path}]")?,
            }
        }
        Ok(())
    }
}

fn quoted(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    let escaped = text.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n");
    write!(f, "\"{escaped}\"")
}
