//! Pipelines: what they are called, what they name, and which signals flow through them.

use indexmap::IndexMap;

use super::Pipeline;
use super::references::{Reference, references};
use crate::node::Entry;
use crate::sections::Section;
use crate::{
    Catalog, Component, ComponentType, Diagnostic, Diagnostics, Kind, Map, Node, PipelineId, Signal,
    SignalSet, Span,
};

/// What pipelines are put together from.
pub(crate) struct Parts<'a> {
    pub(crate) catalog: &'a Catalog,
    /// The sections, in the order of [`Kind::ALL`].
    pub(crate) sections: [Section; 4],
    /// The names of connectors. None can be used, which has been reported.
    pub(crate) connectors: Vec<&'a str>,
}

impl Parts<'_> {
    pub(crate) fn section(&self, kind: Kind) -> &Section {
        &self.sections[kind as usize]
    }

    fn component(&self, kind: Kind, reference: &Reference) -> Option<(&Component, &ComponentType)> {
        let component = self.section(kind).components.get(&reference.id)?;
        Some((component, self.catalog.find(kind, component.type_name)?))
    }

    /// What a component produces, adds or takes; none where that is not known.
    pub(super) fn signals(&self, kind: Kind, reference: &Reference) -> Option<SignalSet> {
        self.component(kind, reference).and_then(|(component, type_)| signals_of(component, type_))
    }
}

/// The pipelines of the service section.
pub(super) fn pipelines(
    service: &Entry,
    parts: &Parts<'_>,
    diagnostics: &mut Diagnostics,
) -> IndexMap<PipelineId, Pipeline> {
    let pipelines = service.value.get("pipelines");
    if pipelines.is_some_and(|node| node.unresolved.is_some()) {
        return IndexMap::new();
    }
    let empty = Map::new();
    let map = pipelines.and_then(Node::as_map).unwrap_or(&empty);
    if map.is_empty() {
        let span = service.value.span_of("pipelines", &service.key);
        let message = "there are no pipelines, so nothing would run";
        diagnostics.push(
            Diagnostic::error(span, message)
                .help("add `main: {receivers: [...], exporters: [...]}` to `pipelines`"),
        );
    }
    map.iter()
        .filter_map(|(name, entry)| {
            let pipeline = pipeline(name, entry, parts, diagnostics);
            Some((identify(name, &entry.key, diagnostics)?, pipeline)).map(|(id, (pipeline, flow))| {
                warn_about_signals(&id, &pipeline, &flow, parts, diagnostics);
                (id, pipeline)
            })
        })
        .collect()
}

/// The name of a pipeline, which must not look like a misspelled signal.
fn identify(name: &str, span: &Span, diagnostics: &mut Diagnostics) -> Option<PipelineId> {
    let error = |message: String| Diagnostic::error(span.clone(), message);
    let id: PipelineId = match name.parse() {
        Ok(id) => id,
        Err(problem) => {
            let help = "pipelines are named by a signal (`traces`, `traces/2`) or freely (`main`)";
            diagnostics.push(error(format!("`{name}` is not the name of a pipeline: {problem}")).help(help));
            return None;
        }
    };
    let first = name.split('/').next().unwrap_or(name).to_lowercase();
    let near = |signal: &&Signal| strsim::damerau_levenshtein(&first, signal.name()) <= 1;
    match Signal::ALL.iter().find(near).filter(|_| id.signal().is_none()) {
        Some(signal) => {
            let help = format!("did you mean `{signal}`? a pipeline for all signals needs a name less alike");
            diagnostics.push(
                error(format!("the pipeline `{name}` is almost named like the signal `{signal}`")).help(help),
            );
        }
        None if first == "profiles" => {
            diagnostics.push(error(
                "`profiles` is a signal of the Collector that Tidewatch does not have (yet)".into(),
            ));
        }
        None => return Some(id),
    }
    None
}

/// The components that a pipeline names.
struct Flow {
    receivers: Vec<Reference>,
    processors: Vec<Reference>,
    exporters: Vec<Reference>,
}

fn pipeline(name: &str, entry: &Entry, parts: &Parts<'_>, diagnostics: &mut Diagnostics) -> (Pipeline, Flow) {
    let owner = format!("the pipeline `{name}`");
    let mut list = |kind: Kind| {
        let node = entry.value.get(kind.section());
        let empty = node.is_none_or(|node| node.as_list().is_some_and(<[Node]>::is_empty));
        if empty && kind != Kind::Processor && entry.value.unresolved.is_none() {
            let message = format!("{owner} has no {kind}");
            let help = format!("name at least one: `{}: [...]`", kind.section());
            diagnostics.push(Diagnostic::error(entry.key.clone(), message).help(help));
        }
        references(node, kind, parts, &owner, diagnostics)
    };
    let flow = Flow {
        receivers: list(Kind::Receiver),
        processors: list(Kind::Processor),
        exporters: list(Kind::Exporter),
    };
    let ids = |references: &[Reference]| references.iter().map(|reference| reference.id.clone()).collect();
    let pipeline = Pipeline {
        receivers: ids(&flow.receivers),
        processors: ids(&flow.processors),
        exporters: ids(&flow.exporters),
        span: entry.key.clone(),
    };
    (pipeline, flow)
}

/// Warns where telemetry would be dropped since nothing takes it, and where a component would have nothing to do.
fn warn_about_signals(
    id: &PipelineId,
    pipeline: &Pipeline,
    flow: &Flow,
    parts: &Parts<'_>,
    diagnostics: &mut Diagnostics,
) {
    let signals = |kind: Kind, references: &[Reference]| -> Option<Vec<SignalSet>> {
        references.iter().map(|reference| parts.signals(kind, reference)).collect()
    };
    let all = (
        signals(Kind::Receiver, &flow.receivers),
        signals(Kind::Processor, &flow.processors),
        signals(Kind::Exporter, &flow.exporters),
    );
    let (Some(produced), Some(added), Some(taken)) = all else { return };
    if produced.is_empty() || taken.is_empty() {
        return;
    }
    let union = |sets: &[SignalSet]| sets.iter().copied().fold(SignalSet::NONE, SignalSet::union);
    let received = id.signal().map_or_else(|| union(&produced), |signal| SignalSet::of(&[signal]));
    for (reference, own) in flow.receivers.iter().zip(produced) {
        if own.intersection(received).is_empty() {
            let message = format!("the receiver `{}` produces no {received}, only {own}", reference.id);
            diagnostics.push(Diagnostic::warning(reference.span.clone(), message));
        }
    }
    let carried = received.union(union(&added));
    for (reference, own) in flow.exporters.iter().zip(&taken) {
        if own.intersection(carried).is_empty() {
            let message =
                format!("the exporter `{}` takes {own}, but the pipeline carries {carried}", reference.id);
            diagnostics.push(Diagnostic::warning(reference.span.clone(), message));
        }
    }
    let lost = carried.difference(union(&taken));
    if !lost.is_empty() {
        let message = format!("no exporter of the pipeline `{id}` takes its {lost}: they are dropped");
        let alerts = !lost.intersection(SignalSet::of(&[Signal::Alerts])).is_empty();
        let help = "`webhook`, `file` and `debug` take alerts; others do with `signals: [logs, alerts]`, where they can";
        let warning = Diagnostic::warning(pipeline.span.clone(), message);
        diagnostics.push(warning.maybe_help(alerts.then(|| help.to_owned())));
    }
}

/// What a component says in `signals:`, or else what its type does; `None` if it says something that is no signal.
fn signals_of(component: &Component, type_: &ComponentType) -> Option<SignalSet> {
    let listed =
        component.body.get("signals").filter(|_| component.kind == Kind::Exporter).and_then(Node::as_list);
    let Some(listed) = listed else { return Some(type_.signals) };
    listed.iter().map(|item| item.as_str()?.parse::<Signal>().ok()).collect()
}
