//! Which agent is judged: what differs from one to the other, besides the configuration.

use super::Home;

/// An agent that the judge knows how to start and to watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Tidewatch. Its books are read.
    #[default]
    Tidewatch,
    /// An OpenTelemetry Collector. Nothing is read from it but whether it is ready.
    Collector {
        /// `fsync` of its `file_storage`; it is off by default.
        fsync: bool,
        /// Queue and retry as they are by default, instead of so large and patient that only crashes matter.
        defaults: bool,
    },
}

impl Kind {
    /// Whether it keeps books that can be held against what was seen.
    pub fn keeps_books(self) -> bool {
        self == Self::Tidewatch
    }

    /// What its rows are called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tidewatch => "Tidewatch",
            Self::Collector { defaults: true, .. } => "Collector, defaults",
            Self::Collector { fsync: true, .. } => "Collector, fsync on",
            Self::Collector { .. } => "Collector, fsync off",
        }
    }

    /// The configuration by which the judge sees whether it is ready, and reads its books.
    pub(super) fn watch(self, home: &Home) -> String {
        let Home { health, metrics, .. } = home;
        let extensions =
            ["health_check"].iter().chain(home.extensions).copied().collect::<Vec<_>>().join(", ");
        let telemetry = match self {
            Self::Tidewatch => format!("{{metrics: {{address: '{metrics}'}}}}"),
            Self::Collector { .. } => "{metrics: {level: none}}".to_owned(),
        };
        format!(
            "extensions:\n  health_check: {{endpoint: '{health}'}}\n\
             service:\n  extensions: [{extensions}]\n  telemetry: {telemetry}\n"
        )
    }
}
