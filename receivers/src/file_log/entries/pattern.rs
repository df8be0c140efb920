use super::{
    EntriesConfig,
    encoding::Encoding,
    feed::FileNames,
    header::Header,
    operators::{Chain, Mistakes, pod},
    record::SharedMap,
    split::{Splitter, Trim},
};
use serde_json::{Map as JsonMap, Value as Json};
use std::{sync::Arc, time::Duration};
use tidewatch_component::BuildContext;
use tidewatch_config::Mistake;
use tidewatch_otlp::write::{Map, Value};
use tidewatch_telemetry::IntCounter;

/// What all files of a receiver share: the configuration, compiled.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(super) encoding: Encoding,
    pub(super) splitter: Splitter,
    pub(super) lines: Splitter,
    pub(super) trim: Trim,
    pub(super) flush_after: Option<Duration>,
    pub(super) header: Option<Header>,
    pub(super) operators: Chain,
    pub(super) counts: Counts,
    joins: bool,
    config: EntriesConfig,
    attributes: Map<'static>,
    resource: Map<'static>,
}

/// Entries that are not passed on as they were written.
#[derive(Debug)]
pub(super) struct Counts {
    pub(super) split: IntCounter,
    pub(super) truncated: IntCounter,
    pub(super) replaced: IntCounter,
}

/// What parts of a container's line wait for the next one: longer than a line without an end, since they are lines.
pub(super) const JOIN_FOR: Duration = Duration::from_secs(5);

impl EntriesConfig {
    /// Compiles the configuration.
    ///
    /// # Errors
    /// All mistakes in it, with paths from the receiver's body down.
    pub(crate) fn build(&self, context: &BuildContext) -> Result<Arc<Pattern>, Vec<Mistake>> {
        let mut mistakes = Mistakes::default();
        let encoding = Encoding::named(&self.encoding).map_err(|mistake| mistakes.push(mistake));
        let encoding = encoding.unwrap_or(Encoding::Utf8);
        let splitter = Splitter::build(self, encoding, &mut mistakes);
        let operators = Chain::build(&self.operators, "operators", context, &mut mistakes);
        let header = self.header.as_ref().and_then(|header| Header::build(header, context, &mut mistakes));
        if encoding == Encoding::Nop && self.header.is_some() {
            let help = "leave out `header`, or name an encoding";
            mistakes.add("header", "bytes that stand for nothing have no lines".into(), help);
        }
        let attributes = values(&self.attributes, "attributes", &mut mistakes);
        let resource = values(&self.resource, "resource", &mut mistakes);
        let Some(splitter) = splitter.filter(|_| mistakes.len() == 0) else {
            return Err(mistakes.into_vec());
        };
        let is_nop = encoding == Encoding::Nop;
        Ok(Arc::new(Pattern {
            encoding,
            lines: splitter.lines(),
            splitter,
            trim: Trim {
                leading: !is_nop && !self.preserve_leading_whitespaces,
                trailing: !is_nop && !self.preserve_trailing_whitespaces,
            },
            flush_after: Some(self.force_flush_period.into()).filter(|period: &Duration| !period.is_zero()),
            header,
            joins: operators.max_joined().is_some(),
            operators,
            counts: Counts::new(context),
            attributes,
            resource,
            config: self.clone(),
        }))
    }
}

/// Values that every record or resource has.
fn values(map: &JsonMap<String, Json>, path: &str, mistakes: &mut Mistakes) -> Map<'static> {
    for (key, value) in map {
        if matches!(value, Json::String(text) if text.contains("EXPR(")) {
            let help = "write the value itself, or `${env:NAME}`; `operators` can copy fields";
            mistakes.add(&format!("{path}.{key}"), "expressions are not supported here".into(), help);
        }
    }
    map.iter().map(|(key, value)| (key.clone(), Value::from(value.clone()))).collect()
}

impl Counts {
    fn new(context: &BuildContext) -> Self {
        let receiver = context.id.to_string();
        let cut = context.metrics.counter(
            "tidewatch_file_log_long_entries_total",
            "Entries longer than max_log_size, by what became of the rest.",
            &["receiver", "behavior"],
        );
        let replaced = context.metrics.counter(
            "tidewatch_file_log_undecodable_entries_total",
            "Entries with bytes that stand for nothing in the encoding, and were replaced.",
            &["receiver"],
        );
        Self {
            split: cut.with_label_values(&[&receiver, "split"]),
            truncated: cut.with_label_values(&[&receiver, "truncate"]),
            replaced: replaced.with_label_values(&[&receiver]),
        }
    }
}

impl Pattern {
    /// So many bytes at once always make progress.
    #[cfg(test)]
    pub(super) fn window(&self) -> usize {
        self.splitter.window() + self.max_open().map_or(0, |open| open + self.splitter.window())
    }

    /// So many bytes of lines wait for their other parts at most.
    pub(super) fn max_open(&self) -> Option<usize> {
        self.operators.max_joined().map(|size| size.saturating_mul(2))
    }

    /// Whether parts of lines are joined.
    pub(super) fn joins(&self) -> bool {
        self.joins
    }

    /// Whether records have attributes of their own before any operator has run.
    pub(super) fn numbers(&self) -> (bool, bool) {
        (self.config.include_file_record_number, self.config.include_file_record_offset)
    }

    /// Attributes of all records of a file.
    pub(super) fn attributes_of(
        &self,
        file: &FileNames,
        header: impl Iterator<Item = (String, Value<'static>)>,
    ) -> SharedMap {
        let mut map = self.attributes.clone();
        map.extend(header);
        for (included, key, value) in [
            (self.config.include_file_name, "log.file.name", &file.name),
            (self.config.include_file_path, "log.file.path", &file.path),
            (self.config.include_file_name_resolved, "log.file.name_resolved", &file.name_resolved),
            (self.config.include_file_path_resolved, "log.file.path_resolved", &file.path_resolved),
        ] {
            if included {
                map.insert(key, value.clone());
            }
        }
        SharedMap::new(map)
    }

    /// The resource of records of a file, and that of records which containers wrote.
    pub(super) fn resources_of(&self, file: &FileNames) -> [SharedMap; 2] {
        let mut pods = self.resource.clone();
        if self.operators.names_pods() {
            pods.extend(pod(&file.path).unwrap_or_default());
        }
        [SharedMap::new(self.resource.clone()), SharedMap::new(pods)]
    }
}
