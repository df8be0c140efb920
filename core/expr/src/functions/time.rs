//! Moments and spans of time.

use super::{Function, plain};
use crate::{Failure, Value};
use std::time::SystemTime;
use tidewatch_otlp::edit::Arena;

pub(super) static TABLE: &[Function] = &[plain("Now", &[], now)];

fn now<'a>(_: &[Value<'a>], _: &'a Arena) -> Result<Value<'a>, Failure> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok(Value::Time(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)))
}
