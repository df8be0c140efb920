//! How a line of the log looks.

use super::entry::Entry;
use serde_json::{Map, Value};
use std::fmt::Write;
use tidewatch_config::service::{LogEncoding, Logs};
use tracing::Level;

const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// Makes lines of entries.
pub(super) struct Format {
    encoding: LogEncoding,
    with_caller: bool,
    /// `service`, which may be overridden, and the configuration's own.
    initial: Map<String, Value>,
    configured: Map<String, Value>,
}

impl Format {
    pub(super) fn new(config: &Logs) -> Self {
        let configured: Map<_, _> = config.initial_fields.clone().into_iter().collect();
        let mut initial = Map::from_iter([("service".to_owned(), "tidewatch".into())]);
        initial.extend(configured.clone());
        Self { encoding: config.encoding, with_caller: !config.disable_caller, initial, configured }
    }

    /// The line, with its newline. What a sender may have put into it cannot end it or colour it.
    pub(super) fn line(&self, entry: &Entry, color: bool) -> String {
        match self.encoding {
            LogEncoding::Console => self.console(entry, color),
            LogEncoding::Json => self.json(entry),
        }
    }

    fn json(&self, entry: &Entry) -> String {
        let mut line = Map::new();
        line.insert("level".to_owned(), level_name(entry.level).into());
        line.insert("timestamp".to_owned(), time(entry).into());
        line.insert("message".to_owned(), entry.message.clone().into());
        if let Some((file, number)) = self.caller(entry) {
            line.insert("caller".to_owned(), format!("{file}:{number}").into());
        }
        if let Some(trace) = &entry.stack_trace {
            line.insert("stacktrace".to_owned(), trace.clone().into());
        }
        let own = line.len();
        for (key, value) in self.initial.iter().chain(&entry.fields) {
            // A field must not hide what every line has.
            let taken = line.keys().take(own).any(|known| known == key);
            let key = if taken { format!("field.{key}") } else { key.clone() };
            line.insert(key, value.clone());
        }
        format!("{}\n", Value::Object(line))
    }

    fn console(&self, entry: &Entry, color: bool) -> String {
        let (dim, reset) = if color { (DIM, RESET) } else { ("", "") };
        let level = level_name(entry.level).to_uppercase();
        let level_color = if color { level_color(entry.level) } else { "" };
        let message = printable(&entry.message);
        let mut line = format!("{dim}{}{reset} {level_color}{level:<5}{reset} {message}", time(entry));
        for (key, value) in self.configured.iter().chain(&entry.fields) {
            // Writing to a string cannot fail.
            write!(line, " {dim}{key}={reset}{}", console_value(value)).ok();
        }
        if let Some((file, number)) = self.caller(entry) {
            write!(line, " {dim}({file}:{number}){reset}").ok();
        }
        line.push('\n');
        for frame in entry.stack_trace.iter().flat_map(|trace| trace.lines()) {
            writeln!(line, "    {frame}").ok();
        }
        line
    }

    fn caller(&self, entry: &Entry) -> Option<(&'static str, u32)> {
        entry.caller.filter(|_| self.with_caller)
    }
}

fn time(entry: &Entry) -> String {
    format!("{:.3}", entry.at)
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

fn level_color(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        _ => "\x1b[34m",
    }
}

fn console_value(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() || text.contains([' ', '"', '=']) => {
            Value::String(printable(text)).to_string()
        }
        Value::String(text) => printable(text),
        other => other.to_string(),
    }
}

/// The text with control characters escaped.
fn printable(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().collect() } else { String::from(c) };
    text.chars().map(escape).collect()
}
