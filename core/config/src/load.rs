//! From sources to a configuration.

use std::path::PathBuf;
use std::sync::Arc;

use crate::expand::{self, Env};
use crate::node::{Entry, Map};
use crate::service::{self, Parts};
use crate::source::Files;
use crate::{
    Catalog, Config, Diagnostic, Diagnostics, Kind, Mistake, Node, Source, SourceText, Span, Value, merge,
    parse, sections, variables,
};

/// What came of reading a configuration.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration, if it has no mistakes.
    pub config: Option<Config>,
    /// The mistakes and warnings, in the order of the sources.
    pub diagnostics: Diagnostics,
    /// The files that it was read from, and those that references in it name; also those that could not be read.
    pub files: Vec<PathBuf>,
    /// All sources merged and expanded, as far as they could be read.
    pub(crate) tree: Option<Node>,
}

impl Loaded {
    /// Shows where a mistake stands; its path starts at the top level, e.g. `service.threads`.
    pub fn diagnose(&self, mistake: Mistake) -> Diagnostic {
        let span = self.tree.as_ref().map(|tree| tree.span_of(&mistake.path, &tree.span));
        Diagnostic::error(span, mistake.message).maybe_help(mistake.help)
    }
}

/// Reads `sources`, each laid on top of those before it, then `sets` (`key::key=value`), and checks what comes of
/// it against `catalog`. `env` reads environment variables.
pub fn load(
    sources: &[Source],
    sets: &[String],
    catalog: &Catalog,
    env: &dyn Fn(&str) -> Option<String>,
) -> Loaded {
    load_from(Files::All, sources, sets, catalog, env)
}

/// As [`load`], for a program that runs and must not wait: files other than regular ones, such as pipes, are
/// mistakes.
pub fn reload(
    sources: &[Source],
    sets: &[String],
    catalog: &Catalog,
    env: &dyn Fn(&str) -> Option<String>,
) -> Loaded {
    load_from(Files::Regular, sources, sets, catalog, env)
}

fn load_from(
    readable: Files,
    sources: &[Source],
    sets: &[String],
    catalog: &Catalog,
    env: Env<'_>,
) -> Loaded {
    let mut diagnostics = Diagnostics::default();
    let mut tree = read(sources, sets, env, readable, &mut diagnostics);
    let named = sources.iter().filter_map(|source| match source {
        Source::File(path) => Some(path.clone()),
        _ => None,
    });
    let mut files: Vec<PathBuf> = named.collect();
    let config = tree.as_mut().and_then(|tree| {
        files.extend(expand::expand(tree, env, readable));
        let config = check(tree, catalog, &mut diagnostics);
        diagnostics.extend(tree.all_unresolved());
        variables::warn(tree, &mut diagnostics);
        config
    });
    let mut diagnostics: Diagnostics = diagnostics.into_iter().map(variables::advise).collect();
    diagnostics.sort();
    Loaded { config: config.filter(|_| !diagnostics.has_errors()), diagnostics, files, tree }
}

/// All sources and sets, merged; `None` if one cannot be read.
fn read(
    sources: &[Source],
    sets: &[String],
    env: Env<'_>,
    readable: Files,
    diagnostics: &mut Diagnostics,
) -> Option<Node> {
    let mut layers = Vec::new();
    for (order, source) in sources.iter().enumerate() {
        layers.push(read_source(source, order, env, readable, diagnostics));
    }
    for (index, set) in sets.iter().enumerate() {
        layers.push(read_set(set, sources.len() + index, diagnostics));
    }
    let layers = layers.into_iter().collect::<Option<Vec<_>>>()?;
    let merged = layers.into_iter().reduce(|mut base, over| {
        // An empty source changes nothing.
        if !over.is_nothing() {
            merge::merge(&mut base, over);
        }
        base
    });
    if merged.is_none() {
        let help = "name a file with `--config`";
        diagnostics.push(Diagnostic::error(None, "there is no configuration").help(help));
    }
    merged
}

fn read_source(
    source: &Source,
    order: usize,
    env: Env<'_>,
    readable: Files,
    diagnostics: &mut Diagnostics,
) -> Option<Node> {
    let text = match source.read(order, env, readable) {
        Ok(text) => Arc::new(text),
        Err(diagnostic) => {
            diagnostics.push(diagnostic);
            return None;
        }
    };
    let root = parse::parse(&text, 0, diagnostics)?;
    match root.value {
        Value::Map(_) | Value::Null => Some(merge::unflatten(root)),
        _ => {
            let help = "it starts with keys like `receivers:` and `service:`";
            let message = format!("{} is not a configuration: it is not a mapping", text.name);
            diagnostics.push(Diagnostic::error(root.span, message).help(help));
            None
        }
    }
}

/// `exporters::otlp::endpoint=localhost:4317`
fn read_set(set: &str, order: usize, diagnostics: &mut Diagnostics) -> Option<Node> {
    let source = Arc::new(SourceText::new("--set", set, order));
    let path = set.split('=').next().unwrap_or(set);
    let key = Span::new(source.clone(), 0..path.len());
    if path.len() == set.len() || path.split("::").any(|part| part.trim().is_empty()) {
        let diagnostic = Diagnostic::error(key, "this does not set anything");
        diagnostics.push(
            diagnostic
                .help("write `--set key::key=value`, e.g. `--set exporters::debug::verbosity=detailed`"),
        );
        return None;
    }
    let value = parse::parse(&source, path.len() + 1, diagnostics)?;
    Some(merge::nest(path.trim(), Entry { key, value }))
}

/// Checks the merged and expanded tree, and types its values.
fn check(tree: &mut Node, catalog: &Catalog, diagnostics: &mut Diagnostics) -> Option<Config> {
    let name = tree.span.source().name.clone();
    let Some(root) = tree.as_map_mut().filter(|root| !root.is_empty()) else {
        let help = "a configuration has `receivers`, `exporters` and a `service` with pipelines";
        if !diagnostics.has_errors() {
            diagnostics
                .push(Diagnostic::error(None, format!("the configuration in {name} is empty")).help(help));
        }
        return None;
    };
    sections::check_top_level(root, diagnostics);
    let sections = Kind::ALL.map(|kind| sections::components(root, kind, catalog, diagnostics));
    let connectors =
        root.get("connectors").and_then(|entry| entry.value.as_map()).cloned().unwrap_or_else(Map::new);
    let parts = Parts { catalog, sections, connectors: connectors.keys().map(String::as_str).collect() };
    let service = service::check(root, &parts, diagnostics)?;
    let [receivers, processors, exporters, extensions] = parts.sections.map(|section| section.components);
    Some(Config { receivers, processors, exporters, extensions, service })
}
