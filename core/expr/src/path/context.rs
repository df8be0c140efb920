use super::field::{self, Field};

/// What statements are written for: a level of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// Resources.
    Resource,
    /// Instrumentation scopes.
    Scope,
    /// Log records.
    Log,
    /// Log records under way through `normalize`: a [`Log`](Self::Log) with a map of `fields`.
    Fields,
    /// Spans.
    Span,
    /// Events of spans.
    SpanEvent,
    /// Metrics.
    Metric,
    /// Data points, with their metric.
    DataPoint,
}

impl Context {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Resource,
        Self::Scope,
        Self::Log,
        Self::Fields,
        Self::Span,
        Self::SpanEvent,
        Self::Metric,
        Self::DataPoint,
    ];

    /// What paths may start with, e.g. `log`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Scope => "scope",
            Self::Log | Self::Fields => "log",
            Self::Span => "span",
            Self::SpanEvent => "spanevent",
            Self::Metric => "metric",
            Self::DataPoint => "datapoint",
        }
    }

    /// A context and those its items belong to, which need their prefix.
    fn owners(self) -> &'static [Self] {
        match self {
            Self::Resource => &[Self::Resource],
            Self::Scope => &[Self::Scope, Self::Resource],
            Self::Log => &[Self::Log, Self::Scope, Self::Resource],
            Self::Fields => &[Self::Fields, Self::Scope, Self::Resource],
            Self::Span => &[Self::Span, Self::Scope, Self::Resource],
            Self::SpanEvent => &[Self::SpanEvent, Self::Span, Self::Scope, Self::Resource],
            Self::Metric => &[Self::Metric, Self::Scope, Self::Resource],
            Self::DataPoint => &[Self::DataPoint, Self::Metric, Self::Scope, Self::Resource],
        }
    }

    fn fields(self) -> impl Iterator<Item = (&'static str, Field)> {
        let more = if self == Self::Fields { field::FIELDS } else { &[] };
        let own = match self {
            Self::Resource => field::RESOURCE,
            Self::Scope => field::SCOPE,
            Self::Log | Self::Fields => field::LOG,
            Self::Span => field::SPAN,
            Self::SpanEvent => field::SPAN_EVENT,
            Self::Metric => field::METRIC,
            Self::DataPoint => field::DATA_POINT,
        };
        more.iter().chain(own).chain(field::EVERYWHERE).copied()
    }

    /// Every path of this context, as it is usually written: its own without a prefix.
    pub fn paths(self) -> impl Iterator<Item = String> {
        self.owners().iter().flat_map(move |owner| {
            let own = *owner == self;
            let paths = owner.fields().filter(move |(_, field)| own || *field != Field::Cache);
            paths.map(move |(name, _)| if own { name.to_owned() } else { format!("{}.{name}", owner.name()) })
        })
    }

    pub(super) fn without_prefix(self, name: &str) -> &str {
        name.strip_prefix(self.name()).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name)
    }

    pub(super) fn find(self, name: &str, prefixed: bool) -> Option<(Self, Field)> {
        let own = |context: Self, name: &str| {
            context.fields().find(|(known, _)| *known == name).map(|(_, field)| (context, field))
        };
        for owner in self.owners() {
            let prefixes = [owner.name(), if *owner == Self::Scope { "instrumentation_scope" } else { "" }];
            for prefix in prefixes.into_iter().filter(|prefix| !prefix.is_empty()) {
                let rest = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
                if let Some(found) = rest.and_then(|rest| own(*owner, rest)) {
                    return Some(found);
                }
            }
        }
        own(self, name).filter(|(_, field)| !prefixed || *field == Field::Cache)
    }

    /// Another context that has this path.
    pub(super) fn elsewhere(self, name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|other| other.name() != self.name() && other.find(name, false).is_some())
    }
}
