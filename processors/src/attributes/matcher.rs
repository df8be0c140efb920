//! What `include` and `exclude` match.

use super::{
    config::{LibraryConfig, MatchConfig, MatchType, SeverityConfig},
    keys,
    texts::{Attribute, Texts, attributes},
};
use tidewatch_component::{DataType, SignalSet};
use tidewatch_config::Mistake;
use tidewatch_otlp::views::{LogRecordView, MetricView, ResourceView, ScopeView, SpanView};

/// Properties, all of which have to fit.
#[derive(Debug)]
pub(super) struct Matcher {
    /// Signals that have all of the properties; items of others never match.
    pub(super) signals: SignalSet,
    services: Texts,
    span_names: Texts,
    span_kinds: Texts,
    log_bodies: Texts,
    log_severity_texts: Texts,
    log_severity_number: Option<SeverityConfig>,
    metric_names: Texts,
    attributes: Vec<Attribute>,
    resources: Vec<Attribute>,
    libraries: Vec<Library>,
}

#[derive(Debug)]
struct Library {
    name: Texts,
    version: Option<Texts>,
}

impl Matcher {
    /// The properties that stand at `path` in the configuration of a pipeline, which may take `only` one signal.
    ///
    /// # Errors
    /// All mistakes in them.
    pub(super) fn new(path: &str, config: MatchConfig, only: Option<DataType>) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let signals = keys::check(path, &config, only).unwrap_or_else(|mistake| {
            mistakes.push(mistake);
            SignalSet::NONE
        });
        let type_ = config.match_type;
        let mut texts = |key: &str, texts| {
            Texts::new(&format!("{path}.{key}"), texts, type_).unwrap_or_else(|wrong| {
                mistakes.extend(wrong);
                Texts::Strict(Vec::new())
            })
        };
        let matcher = Self {
            signals,
            services: texts("services", config.services),
            span_names: texts("span_names", config.span_names),
            span_kinds: texts("span_kinds", config.span_kinds),
            log_bodies: texts("log_bodies", config.log_bodies),
            log_severity_texts: texts("log_severity_texts", config.log_severity_texts),
            log_severity_number: config.log_severity_number,
            metric_names: texts("metric_names", config.metric_names),
            attributes: or_note(
                attributes(&format!("{path}.attributes"), config.attributes, type_),
                &mut mistakes,
            ),
            resources: or_note(
                attributes(&format!("{path}.resources"), config.resources, type_),
                &mut mistakes,
            ),
            libraries: or_note(
                libraries(&format!("{path}.libraries"), config.libraries, type_),
                &mut mistakes,
            ),
        };
        if mistakes.is_empty() { Ok(matcher) } else { Err(mistakes) }
    }

    /// Whether the items of a resource may match.
    pub(super) fn resource(&self, resource: &ResourceView<'_>) -> bool {
        let of = resource.attributes();
        let service = || of.get("service.name").is_some_and(|name| self.services.fit_value(name));
        (self.services.is_empty() || service()) && self.resources.iter().all(|wanted| wanted.is_among(of))
    }

    /// Whether the items of a scope may match.
    pub(super) fn scope(&self, scope: &ScopeView<'_>) -> bool {
        let is_of = |library: &Library| {
            library.name.fit(scope.name())
                && library.version.as_ref().is_none_or(|version| version.fit(scope.version()))
        };
        self.libraries.is_empty() || self.libraries.iter().any(is_of)
    }

    /// Whether a log record matches whose owners do.
    pub(super) fn log(&self, log: &LogRecordView<'_>) -> bool {
        self.log_bodies.fit_value(log.body().unwrap_or_default())
            && self.log_severity_texts.fit(log.severity_text())
            && self.log_severity_number.is_none_or(|severity| match log.severity_number() {
                0 => severity.match_undefined,
                number => number >= severity.min.into(),
            })
            && self.attributes.iter().all(|wanted| wanted.is_among(log.attributes()))
    }

    /// Whether a span matches whose owners do.
    pub(super) fn span(&self, span: &SpanView<'_>) -> bool {
        self.span_names.fit(span.name())
            && self.span_kinds.fit(keys::span_kind(span.kind()))
            && self.attributes.iter().all(|wanted| wanted.is_among(span.attributes()))
    }

    /// Whether a metric matches whose owners do.
    pub(super) fn metric(&self, metric: &MetricView<'_>) -> bool {
        self.metric_names.fit(metric.name())
    }
}

/// The value, or nothing where there are mistakes, which are noted.
fn or_note<T: Default>(result: Result<T, Vec<Mistake>>, mistakes: &mut Vec<Mistake>) -> T {
    result.unwrap_or_else(|wrong| {
        mistakes.extend(wrong);
        T::default()
    })
}

fn libraries(
    path: &str,
    configs: Vec<LibraryConfig>,
    type_: MatchType,
) -> Result<Vec<Library>, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut one = |at: String, text: String| {
        let texts = Texts::new(&at, vec![text], type_);
        texts.unwrap_or_else(|wrong| {
            // There is one text, which stands at the key itself.
            mistakes.extend(wrong.into_iter().map(|mistake| Mistake { path: at.clone(), ..mistake }));
            Texts::Strict(Vec::new())
        })
    };
    let all = configs.into_iter().enumerate().map(|(index, config)| Library {
        name: one(format!("{path}[{index}].name"), config.name),
        version: config.version.map(|version| one(format!("{path}[{index}].version"), version)),
    });
    let all = all.collect();
    if mistakes.is_empty() { Ok(all) } else { Err(mistakes) }
}
