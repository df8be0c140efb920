//! The component types that a binary has.

use std::fmt;

use crate::SignalSet;

/// What a component does in a pipeline, and so the section of the configuration that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Telemetry comes in here.
    Receiver,
    /// Telemetry is changed, read or dropped here.
    Processor,
    /// Telemetry leaves here.
    Exporter,
    /// Serves the agent or other components.
    Extension,
}

impl Kind {
    /// All kinds, in the order of the configuration.
    pub const ALL: [Self; 4] = [Self::Receiver, Self::Processor, Self::Exporter, Self::Extension];

    /// The word for one, e.g. `receiver`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receiver => "receiver",
            Self::Processor => "processor",
            Self::Exporter => "exporter",
            Self::Extension => "extension",
        }
    }

    /// The word with its article, e.g. `a receiver`.
    pub(crate) const fn one(self) -> &'static str {
        match self {
            Self::Receiver => "a receiver",
            Self::Processor => "a processor",
            Self::Exporter => "an exporter",
            Self::Extension => "an extension",
        }
    }

    /// The top-level key, e.g. `receivers`.
    pub const fn section(self) -> &'static str {
        match self {
            Self::Receiver => "receivers",
            Self::Processor => "processors",
            Self::Exporter => "exporters",
            Self::Extension => "extensions",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One type of component.
#[derive(Clone, Debug)]
pub struct ComponentType {
    /// Where it can stand.
    pub kind: Kind,
    /// The canonical name of the type, e.g. `otlp_http`.
    pub name: &'static str,
    /// Other spellings that mean the same, e.g. `otlphttp`.
    pub aliases: &'static [&'static str],
    /// The JSON schema of its configuration, as schemars derives it.
    pub schema: serde_json::Value,
    /// Receiver: what it produces. Exporter: what it takes without `signals:`. Processor: what it adds to the
    /// stream (alerts, derived metrics). Extension: nothing.
    pub signals: SignalSet,
    /// A warning for whoever uses it, e.g. that it does nothing yet. Reads on from "`pprof` ".
    pub deprecated_note: Option<&'static str>,
}

/// Every type of component that a binary has.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The types, in the order in which they are listed.
    pub components: Vec<ComponentType>,
}

impl Catalog {
    /// The type that is called `name`, or has `name` as an alias.
    pub fn find(&self, kind: Kind, name: &str) -> Option<&ComponentType> {
        self.of(kind).find(|component| component.name == name || component.aliases.contains(&name))
    }

    /// All types of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &ComponentType> {
        self.components.iter().filter(move |component| component.kind == kind)
    }
}
