//! Records written as wire bytes, without messages in between: for receivers that make telemetry of something else.
//!
//! ```
//! use tidewatch_otlp::write::{Attributes, LogRecord, LogsWriter, Map, Value};
//!
//! let mut logs = LogsWriter::default();
//! let resource = Map::from_iter([("service.name", Value::from("shop"))]);
//! let group = logs.group(&Attributes::new(&resource), "");
//! logs.push(group, &LogRecord { body: &Value::from("hello"), time: 1, ..LogRecord::default() });
//! assert_eq!(logs.finish().unwrap().items(), 1);
//! ```

mod distinct;
mod logs;
mod map;
mod nested;
mod value;

pub use logs::{Group, LogRecord, LogsWriter};
pub use map::Map;
pub use nested::{ListWriter, MapWriter, Slot};
pub use value::{Attributes, MAX_LEVELS, Value};
