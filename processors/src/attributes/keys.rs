//! Which properties items of which signal have.

use super::config::{MatchConfig, MatchType};
use tidewatch_component::{
    DataType::{self, Logs, Metrics, Traces},
    SignalSet,
};
use tidewatch_config::Mistake;

/// A property by its key, the signals whose items have it, as in the Collector, and whether it is written.
type Property = (&'static str, &'static [DataType], fn(&MatchConfig) -> bool);

const PROPERTIES: [Property; 10] = [
    ("services", &[Traces], |config| !config.services.is_empty()),
    ("span_names", &[Traces], |config| !config.span_names.is_empty()),
    ("span_kinds", &[Traces], |config| !config.span_kinds.is_empty()),
    ("log_bodies", &[Logs], |config| !config.log_bodies.is_empty()),
    ("log_severity_texts", &[Logs], |config| !config.log_severity_texts.is_empty()),
    ("log_severity_number", &[Logs], |config| config.log_severity_number.is_some()),
    ("metric_names", &[Metrics], |config| !config.metric_names.is_empty()),
    ("attributes", &[Traces, Logs], |config| !config.attributes.is_empty()),
    ("libraries", &[Traces, Logs], |config| !config.libraries.is_empty()),
    ("resources", &[Traces, Metrics, Logs], |config| !config.resources.is_empty()),
];

/// The signals that may match the properties written at `path`; in a pipeline of `only` one, that.
pub(super) fn check(path: &str, config: &MatchConfig, only: Option<DataType>) -> Result<SignalSet, Mistake> {
    let written = PROPERTIES.into_iter().filter(|(.., is_written)| is_written(config));
    let pipeline = match only {
        Some(signal) if SIGNALS.contains(&signal) => vec![signal],
        _ => SIGNALS.to_vec(),
    };
    let mut possible = pipeline.clone();
    let help = || format!("{} are matched by `{}`", list(&pipeline), known(&pipeline).join("`, `"));
    let mut earlier = None;
    for (key, signals, _) in written {
        possible.retain(|signal| signals.contains(signal));
        if possible.is_empty() {
            let message = match (only, earlier) {
                (None, Some(other)) => format!("nothing has both `{key}` and `{other}`"),
                _ => format!("{} are not matched by `{key}`", list(&pipeline)),
            };
            return Err(Mistake::new(format!("{path}.{key}"), message).help(help()));
        }
        earlier = Some(key);
    }
    if earlier.is_none() {
        return Err(Mistake::new(path, "there is nothing to match").help(help()));
    }
    if config.match_type == MatchType::Strict {
        known_kinds(path, &config.span_kinds)?;
    }
    Ok(SignalSet::of(&possible))
}

const SIGNALS: [DataType; 3] = [Traces, Metrics, Logs];

fn list(signals: &[DataType]) -> String {
    let names: Vec<_> = signals.iter().map(|signal| signal.name()).collect();
    names.join(", ")
}

fn known(signals: &[DataType]) -> Vec<&'static str> {
    let of_some = |of: &[DataType]| of.iter().any(|signal| signals.contains(signal));
    PROPERTIES.into_iter().filter(|(_, of, _)| of_some(of)).map(|(key, ..)| key).collect()
}

/// Names of the kinds of spans, by number.
const KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

/// The name of a kind; empty, if it is not known.
pub(super) fn span_kind(kind: i32) -> &'static str {
    usize::try_from(kind).ok().and_then(|kind| KINDS.get(kind)).copied().unwrap_or_default()
}

/// Names are to be those of kinds, where they are compared as they are.
fn known_kinds(path: &str, kinds: &[String]) -> Result<(), Mistake> {
    let Some((index, kind)) = kinds.iter().enumerate().find(|(_, kind)| !KINDS[1..].contains(&kind.as_str()))
    else {
        return Ok(());
    };
    let mistake =
        Mistake::new(format!("{path}.span_kinds[{index}]"), format!("`{kind}` is not a kind of span"));
    Err(mistake.help(format!("there are `{}`", KINDS[1..].join("`, `"))))
}
