//! Text to fields, times and severities.
//!
//! Fields are written as OTLP wire bytes into an [`Arena`](tidewatch_otlp::edit::Arena), without values in between,
//! and read through the views of `tidewatch-otlp`.
//!
//! ```
//! use tidewatch_otlp::edit::Arena;
//! use tidewatch_parse::json;
//!
//! let arena = Arena::new();
//! let fields = json::object(r#"{"level": "info", "bytes": 1995}"#, json::Numbers::AsWritten, &arena).unwrap();
//! assert_eq!(fields.get("level").unwrap().as_str(), Some("info"));
//!
//! let failure = json::object(r#"{"level" "info"}"#, json::Numbers::AsWritten, &arena).unwrap_err();
//! assert_eq!(failure.to_string(), "expected `:` at line 1, column 10");
//! ```

mod failure;
pub mod json;

pub use failure::ParseFailure;
