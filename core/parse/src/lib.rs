//! Text to fields, times and severities.
//!
//! Fields are written as OTLP wire bytes into an [`Arena`], without values in between,
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

mod csv;
mod failure;
pub mod go_regex;
mod groups;
pub mod json;
mod key_value;
pub mod logfmt;
pub mod severity;
pub mod time;

pub use csv::{Csv, Quotes};
pub use failure::ParseFailure;
pub use groups::Groups;
pub use key_value::KeyValue;
use tidewatch_otlp::edit::Arena;
use tidewatch_otlp::views::AttributesView;
use tidewatch_otlp::write::MapWriter;

/// Keeps what is written of a map in an arena; of keys that come twice, the last value.
fn into_arena<'a>(
    arena: &'a Arena,
    write: impl FnOnce(&mut MapWriter<'_>) -> Result<(), ParseFailure>,
) -> Result<AttributesView<'a>, ParseFailure> {
    let mut result = Ok(());
    let bytes = arena.write(|out| {
        let mut map = MapWriter::new(1, out);
        result = write(&mut map);
        map.keep_last();
    });
    result.map(|()| AttributesView::of_map(bytes))
}
