//! `tidewatch components`

use crate::terminal;
use serde_json::{Value, json};
use std::process::ExitCode;
use tidewatch_component::Registry;
use tidewatch_config::{ComponentType, Kind, Signal};

/// Lists the types of components.
pub(crate) fn run(json: bool, registry: &Registry) -> ExitCode {
    let catalog = registry.catalog();
    let types: Vec<&ComponentType> = Kind::ALL.into_iter().flat_map(|kind| catalog.of(kind)).collect();
    if json {
        let list: Value = types.iter().map(|component| as_json(component)).collect();
        terminal::print(&format!("{list:#}\n"));
    } else {
        terminal::print(&table(&types));
    }
    ExitCode::SUCCESS
}

fn as_json(component: &ComponentType) -> Value {
    json!({
        "kind": component.kind.name(),
        "type": component.name,
        "aliases": component.aliases,
        "signals": component.signals.iter().map(Signal::name).collect::<Vec<_>>(),
        "note": component.deprecated_note,
    })
}

fn table(types: &[&ComponentType]) -> String {
    let head = ["KIND", "TYPE", "ALIASES", "SIGNALS"].map(str::to_owned);
    let rows = types.iter().map(|component| {
        let signals: Vec<&str> = component.signals.iter().map(Signal::name).collect();
        let signals = match (component.kind, component.deprecated_note) {
            (_, Some(note)) => format!("({note})"),
            (Kind::Processor, None) if !signals.is_empty() => format!("adds {}", signals.join(", ")),
            _ => signals.join(", "),
        };
        let name = component.name.to_owned();
        [component.kind.name().to_owned(), name, component.aliases.join(", "), signals]
    });
    let rows: Vec<[String; 4]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let [kind, name, aliases] = [width(0), width(1), width(2)];
    rows.iter()
        .map(|[a, b, c, d]| format!("{a:kind$}  {b:name$}  {c:aliases$}  {d}").trim_end().to_owned() + "\n")
        .collect()
}
