//! OTTL: the language in which conditions, values and edits are written.
//!
//! An [`Expression`] or a [`Statement`] is compiled once for a [`Context`] and evaluated over many [`Record`]s,
//! without decoding them. A [`Condition`] is an expression that is true or false.
//!
//! ```
//! use tidewatch_expr::{Condition, Context, Statement};
//!
//! let failed = Condition::parse(r#"attributes["status"] == "FAILED""#, Context::Log).unwrap();
//! let marked = Statement::parse(r#"set(severity_text, "ERROR") where severity_number > 16"#, Context::Log).unwrap();
//! let error = Condition::parse("severity_nubmer > 9", Context::Log).unwrap_err();
//! assert_eq!(error.to_string(), "unknown path `severity_nubmer` at column 1");
//! # let _ = (failed, marked);
//! ```

mod arguments;
mod editors;
mod enums;
mod error;
mod expression;
mod failure;
mod functions;
mod glob;
mod lexer;
mod limits;
mod node;
mod parser;
mod path;
mod pattern;
mod record;
mod statement;
mod text;
mod value;

pub use error::{ParseError, Position};
pub use expression::{Condition, Expression};
pub use failure::{ErrorMode, Failure};
pub use path::Context;
pub use record::{Item, ItemMut, Point, Record, RecordMut};
pub use statement::Statement;
pub use value::Value;

/// Every converter as it is called, with its parameters; those that end in `?` may be left out.
pub fn converters() -> impl Iterator<Item = String> {
    functions::signatures().map(|signature| signature.show())
}

/// Every editor as it is called, with its parameters; those that end in `?` may be left out.
pub fn editors() -> impl Iterator<Item = String> {
    editors::signatures().map(|signature| signature.show())
}
