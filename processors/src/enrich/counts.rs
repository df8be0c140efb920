use tidewatch_component::BuildContext;
use tidewatch_telemetry::{IntCounter, IntGauge};

/// What one table tells about itself.
pub(super) struct TableCounts {
    pub(super) processor: String,
    pub(super) pipeline: String,
    /// New versions that are or were in use.
    pub(super) reloaded: IntCounter,
    /// New versions that could not be used.
    pub(super) broken: IntCounter,
    /// Rows now.
    pub(super) rows: IntGauge,
    matched: IntCounter,
    default: IntCounter,
    unmatched: IntCounter,
    no_attribute: IntCounter,
}

/// How often something was looked up in one table, by what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// A row was found.
    pub(super) matched: u64,
    /// None was found, and there is a default row.
    pub(super) default: u64,
    /// None was found.
    pub(super) unmatched: u64,
    /// There was nothing to look up, and there is no default row.
    pub(super) no_attribute: u64,
}

impl TableCounts {
    pub(super) fn new(context: &BuildContext, table: &str) -> Self {
        let (processor, pipeline) = (context.id.to_string(), context.pipeline.clone());
        let own = [processor.as_str(), pipeline.as_str(), table];
        let metrics = &context.metrics;
        let rows = metrics.gauge(
            "tidewatch_enrich_table_rows",
            "Rows of a table.",
            &["processor", "pipeline", "table"],
        );
        let reloads = metrics.counter(
            "tidewatch_enrich_table_reloads",
            "New versions of a table's file, by what came of it.",
            &["processor", "pipeline", "table", "outcome"],
        );
        let lookups = metrics.counter(
            "tidewatch_enrich_lookups",
            "Records, scopes and resources that were looked up in a table, by what came of it.",
            &["processor", "pipeline", "table", "outcome"],
        );
        let reload = |outcome| reloads.with_label_values(&[own[0], own[1], own[2], outcome]);
        let lookup = |outcome| lookups.with_label_values(&[own[0], own[1], own[2], outcome]);
        Self {
            reloaded: reload("ok"),
            broken: reload("broken"),
            rows: rows.with_label_values(&own),
            matched: lookup("matched"),
            default: lookup("default"),
            unmatched: lookup("unmatched"),
            no_attribute: lookup("no_attribute"),
            processor,
            pipeline,
        }
    }

    pub(super) fn add(&self, tally: Tally) {
        self.matched.inc_by(tally.matched);
        self.default.inc_by(tally.default);
        self.unmatched.inc_by(tally.unmatched);
        self.no_attribute.inc_by(tally.no_attribute);
    }
}
