//! The trace that a record belongs to, from its fields.

use super::{Field, Mistakes, config::TraceConfig};
use crate::file_log::entries::record::{Record, Trace};
use tidewatch_otlp::write::Value;

#[derive(Debug)]
pub(super) struct TraceParser {
    trace_id: Field,
    span_id: Field,
    flags: Field,
}

impl TraceParser {
    pub(super) fn build(config: &TraceConfig, path: &str, mistakes: &mut Mistakes) -> Option<Self> {
        let mut field = |key: &str, from: &str| mistakes.field(&format!("{path}.{key}.parse_from"), from);
        let trace_id = field("trace_id", &config.trace_id.parse_from);
        let span_id = field("span_id", &config.span_id.parse_from);
        let flags = field("trace_flags", &config.trace_flags.parse_from);
        Some(Self { trace_id: trace_id?, span_id: span_id?, flags: flags? })
    }

    /// Sets what is there.
    ///
    /// # Errors
    /// A field is there, and is not hexadecimal of the right length.
    pub(super) fn parse(&self, record: &mut Record<'_>) -> Result<(), String> {
        let trace = Trace {
            trace_id: hexadecimal(&self.trace_id, record)?,
            span_id: hexadecimal(&self.span_id, record)?,
            flags: hexadecimal::<1>(&self.flags, record)?.map_or(0, |[flags]| flags.into()),
        };
        record.trace = trace;
        Ok(())
    }
}

fn hexadecimal<const LENGTH: usize>(
    field: &Field,
    record: &Record<'_>,
) -> Result<Option<[u8; LENGTH]>, String> {
    let mut bytes = [0; LENGTH];
    let decoded = match field.get(record) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Text(text)) => hex::decode_to_slice(text.as_bytes(), &mut bytes).is_ok(),
        Some(_) => false,
    };
    match decoded {
        true => Ok(Some(bytes)),
        false => Err(format!("trace: `{field}` is not {} hexadecimal digits", 2 * LENGTH)),
    }
}
