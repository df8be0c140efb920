use crate::quiet::Quiet;
use schemars::JsonSchema;
use serde::Deserialize;
use tidewatch_component::BuildContext;
use tidewatch_expr::{ErrorMode, Failure};
use tidewatch_telemetry::IntCounter;

/// What is done where a statement or a condition fails on an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorModeKey {
    /// The request is refused, and its sender told why. The default.
    #[default]
    Propagate,
    /// It is logged and counted, and the next statement is carried out.
    Ignore,
    /// The same, without the log.
    Silent,
}

impl From<ErrorModeKey> for ErrorMode {
    fn from(key: ErrorModeKey) -> Self {
        match key {
            ErrorModeKey::Propagate => Self::Propagate,
            ErrorModeKey::Ignore => Self::Ignore,
            ErrorModeKey::Silent => Self::Silent,
        }
    }
}

/// Counts what failed, and tells about it now and then.
pub(crate) struct Failures {
    counter: IntCounter,
    log: Quiet,
}

impl Failures {
    pub(crate) fn new(context: &BuildContext) -> Self {
        let counter = context.metrics.counter(
            "tidewatch_ottl_failures",
            "OTTL statements and conditions that failed on an item.",
            &["processor", "pipeline"],
        );
        let counter = counter.with_label_values(&[&context.id.to_string(), &context.pipeline]);
        Self { counter, log: Quiet::default() }
    }

    /// Counts a failure of what is written as `text`. Some: it goes to whoever sent the data.
    pub(crate) fn met(&self, failure: &Failure, text: &str, mode: ErrorMode) -> Option<String> {
        self.counter.inc();
        match mode {
            ErrorMode::Propagate => return Some(format!("`{text}`: {failure}")),
            ErrorMode::Silent => {}
            ErrorMode::Ignore => {
                if self.log.is_due() {
                    tracing::warn!(statement = text, %failure, "an OTTL statement failed on an item; it is ignored, and counted in tidewatch_ottl_failures");
                }
            }
        }
        None
    }
}
