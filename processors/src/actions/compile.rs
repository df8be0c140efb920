//! Actions, checked and made ready.

use super::{
    config::{ActionConfig, ActionKind, ConvertedType},
    values::any_value,
};
use regex::Regex;
use tidewatch_config::Mistake;

/// What is done to attributes, in order.
#[derive(Debug)]
pub(crate) struct Actions {
    pub(super) list: Vec<Action>,
    /// Headers that values are taken from, in lower case.
    pub(super) headers: Vec<String>,
}

/// One of them.
#[derive(Debug)]
pub(super) enum Action {
    Put { key: String, when: When, value: Source, default: Option<Vec<u8>> },
    Delete(Keys),
    Hash(Keys),
    Extract { key: String, pattern: Regex, targets: Vec<String> },
    Convert { key: String, to: ConvertedType },
}

/// Which attributes are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Absent,
    Present,
    Always,
}

/// Where a value is taken from.
#[derive(Debug)]
pub(super) enum Source {
    /// The bytes of an `AnyValue`.
    Value(Vec<u8>),
    Attribute(String),
    /// The header with this index.
    Header(usize),
    /// Nowhere: the default counts.
    Default,
}

/// Attributes by their keys.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) key: Option<String>,
    pub(super) pattern: Option<Regex>,
}

impl Keys {
    pub(super) fn contain(&self, key: &str) -> bool {
        self.key.as_deref() == Some(key) || self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(key))
    }
}

impl Actions {
    /// The actions that stand at `path` in the configuration.
    ///
    /// # Errors
    /// All mistakes in them, or that there are none.
    pub(crate) fn new(path: &str, configs: Vec<ActionConfig>) -> Result<Self, Vec<Mistake>> {
        if configs.is_empty() {
            let mistake = Mistake::new(path, "there is nothing to do");
            return Err(vec![mistake.help(format!("write `{path}: [{{key: ..., action: ...}}]`"))]);
        }
        let mut actions = Self { list: Vec::new(), headers: Vec::new() };
        let mut mistakes = Vec::new();
        for (index, config) in configs.into_iter().enumerate() {
            let path = format!("{path}[{index}]");
            let unused = unused(&path, &config);
            match actions.action(&path, config) {
                Ok(action) if unused.is_empty() => actions.list.push(action),
                Ok(_) => {}
                Err(mistake) => mistakes.push(mistake),
            }
            mistakes.extend(unused);
        }
        if mistakes.is_empty() { Ok(actions) } else { Err(mistakes) }
    }

    fn action(&mut self, path: &str, config: ActionConfig) -> Result<Action, Mistake> {
        let name = config.action.name();
        let key = Some(config.key.clone()).filter(|key| !key.is_empty());
        let missing = |what: &str| Mistake::new(path, format!("`{name}` needs {what}"));
        let pattern = config.pattern.as_deref().map(|pattern| regex(&format!("{path}.pattern"), pattern));
        if let ActionKind::Delete | ActionKind::Hash = config.action {
            let pattern = pattern.transpose()?;
            if key.is_none() && pattern.is_none() {
                return Err(missing("a `key`, a `pattern` of keys, or both"));
            }
            let keys = Keys { key, pattern };
            let hash = config.action == ActionKind::Hash;
            return Ok(if hash { Action::Hash(keys) } else { Action::Delete(keys) });
        }
        let key = key.ok_or_else(|| missing("a `key`"))?;
        let when = match config.action {
            ActionKind::Insert => When::Absent,
            ActionKind::Update => When::Present,
            ActionKind::Convert => {
                let to = config.converted_type.ok_or_else(|| missing("a `converted_type`"))?;
                return Ok(Action::Convert { key, to });
            }
            ActionKind::Extract => {
                let pattern = pattern.ok_or_else(|| missing("a `pattern` with named groups"))??;
                let targets = groups(&format!("{path}.pattern"), &pattern)?;
                return Ok(Action::Extract { key, pattern, targets });
            }
            ActionKind::Upsert | ActionKind::Delete | ActionKind::Hash => When::Always,
        };
        let default = config.default_value.as_ref().map(any_value);
        Ok(Action::Put { key, when, value: self.source(path, config)?, default })
    }

    fn source(&mut self, path: &str, config: ActionConfig) -> Result<Source, Mistake> {
        let sources: Vec<_> = config.given().filter(|key| SOURCES.contains(key)).collect();
        if let [first, second, ..] = sources[..] {
            let message = format!("`{first}` and `{second}` exclude each other");
            return Err(Mistake::new(format!("{path}.{second}"), message).help("keep one of them"));
        }
        let empty =
            |key: &str, what: &str| Mistake::new(format!("{path}.{key}"), format!("{what} is missing"));
        match config {
            ActionConfig { value: Some(value), .. } => Ok(Source::Value(any_value(&value))),
            ActionConfig { from_attribute: Some(attribute), .. } if attribute.is_empty() => {
                Err(empty("from_attribute", "the attribute's name"))
            }
            ActionConfig { from_attribute: Some(attribute), .. } => Ok(Source::Attribute(attribute)),
            ActionConfig { from_context: Some(from), .. } => {
                match from.strip_prefix("metadata.") {
                    Some("") => Err(empty("from_context", "the header's name")),
                    Some(header) => Ok(Source::Header(self.header(header.to_ascii_lowercase()))),
                    None => {
                        let message = format!("`{from}` is not known of a request: only its headers are");
                        let mistake = Mistake::new(format!("{path}.from_context"), message);
                        Err(mistake.help("write `metadata.` and a header's name, and `include_metadata: true` at the receiver"))
                    }
                }
            }
            ActionConfig { default_value: Some(_), .. } => Ok(Source::Default),
            _ => {
                let message = format!("`{}` needs a value", config.action.name());
                let help = "write `value`, `from_attribute` or `from_context`";
                Err(Mistake::new(path, message).help(help))
            }
        }
    }

    fn header(&mut self, header: String) -> usize {
        let known = self.headers.iter().position(|known| *known == header);
        known.unwrap_or_else(|| {
            self.headers.push(header);
            self.headers.len() - 1
        })
    }
}

/// Keys that say where a value comes from.
const SOURCES: [&str; 3] = ["value", "from_attribute", "from_context"];

/// Keys that the action does nothing with.
fn unused(path: &str, config: &ActionConfig) -> Vec<Mistake> {
    let uses = config.action.uses();
    let strange = config.given().filter(|key| !uses.contains(key));
    let mistake = |key| {
        let message = format!("`{}` does not use `{key}`", config.action.name());
        Mistake::new(format!("{path}.{key}"), message).help(format!("it uses `key`, `{}`", uses.join("`, `")))
    };
    strange.map(mistake).collect()
}

/// A regular expression of the configuration.
pub(crate) fn regex(path: &str, pattern: &str) -> Result<Regex, Mistake> {
    Regex::new(pattern).map_err(|error| {
        let text = error.to_string();
        let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
        Mistake::new(path, format!("this is not a regular expression: {why}"))
    })
}

/// The names of all groups.
fn groups(path: &str, pattern: &Regex) -> Result<Vec<String>, Mistake> {
    let help = "write e.g. `^(?<method>[A-Z]+) (?<route>.*)`, and `(?:...)` for what is not extracted";
    let mistake = |message: &str| Mistake::new(path, message).help(help);
    if pattern.captures_len() == 1 {
        return Err(mistake("without named groups nothing is extracted"));
    }
    let names = pattern.capture_names().skip(1).map(|name| name.map(str::to_owned));
    names.collect::<Option<Vec<_>>>().ok_or_else(|| mistake("a group has no name"))
}
