//! YAML, as the configuration is read.

use super::{
    build::Builder,
    fault::Fault,
    rows::{not_a_table, object},
};
use std::sync::Arc;
use tidewatch_config::{Diagnostic, SourceText, Value, read_yaml};

/// Gives the builder each row of a list, or of a mapping by their keys.
pub(super) fn read(text: &str, builder: &mut Builder<'_>) -> Result<(), Fault> {
    let source = Arc::new(SourceText::new("the file", text, 0));
    let root = read_yaml(&source).map_err(|mistakes| {
        mistakes.errors().next().map_or_else(|| Fault::new("it cannot be read"), explain)
    })?;
    let start = |node: &tidewatch_config::Span| node.range().start;
    match &root.value {
        Value::List(rows) => {
            rows.iter().try_for_each(|row| object(builder, start(&row.span), None, &row.to_json()))
        }
        Value::Map(rows) => rows
            .iter()
            .try_for_each(|(key, row)| object(builder, start(&row.key), Some(key), &row.value.to_json())),
        _ => {
            let fault = not_a_table(&root.to_json());
            Err(Fault::at(text, start(&root.span), fault.message))
        }
    }
}

fn explain(mistake: &Diagnostic) -> Fault {
    let mut fault = Fault::new(match &mistake.help {
        Some(help) => format!("{} ({help})", mistake.message),
        None => mistake.message.clone(),
    });
    fault.place = mistake.span.as_ref().map(tidewatch_config::Span::line_column);
    fault
}
