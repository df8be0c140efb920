//! OTTL: paths, literals, comparison, boolean and arithmetic expressions over wire views.
//!
//! An [`Expression`] is compiled once for a [`Context`] and evaluated over many [`Record`]s, without
//! decoding them. A [`Condition`] is one that is true or false.
//!
//! ```
//! use tidewatch_expr::{Condition, Context};
//!
//! let failed = Condition::parse(r#"attributes["status"] == "FAILED""#, Context::Log).unwrap();
//! let error = Condition::parse("severity_nubmer > 9", Context::Log).unwrap_err();
//! assert_eq!(error.to_string(), "unknown path `severity_nubmer` at column 1");
//! # let _ = failed;
//! ```

mod enums;
mod error;
mod expression;
mod lexer;
mod node;
mod parser;
mod path;
mod record;
mod value;

pub use error::{ParseError, Position};
pub use expression::{Condition, Expression};
pub use path::Context;
pub use record::{Item, Point, Record};
pub use value::Value;
