//! The table of OTTL: what statements and expressions do, row by row, in `ottl/*.yaml`.
//!
//! A file is a list of `{on: record, rows: [...]}`, the records are those of `records.yaml`. A row has an expression
//! to `say`, or statements to `do`, and what comes of it:
//!
//! - `is`: the value of the expression;
//! - `then`: values of expressions after the statements; `skipped: true`: the `where` of the last did not hold;
//! - `fails`: part of the message, where it has no value for this record, or cannot be carried out;
//! - `wrong`: part of the message, where it does not compile.
//!
//! Bytes stand as `{bytes: cafe}`, times as `{time: ...}`, durations as `{nanoseconds: 1}`.

use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc};
use tidewatch_config::{SourceText, read_yaml};
use tidewatch_expr::{Context, Expression, ItemMut, RecordMut, Statement, Value, converters, editors};
use tidewatch_otlp::edit::{
    Arena, Editor, EventDraft, Level, LogDraft, MetricDraft, Owner, PointDraft, ResourceDraft, ScopeDraft,
    SpanDraft, Verdict, rewrite,
};
use tidewatch_otlp::views::{AttributesView, ScopeView};
use tidewatch_otlp::{Request, Signal, json};

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "ottl"].iter().collect()
}

fn yaml(name: &str) -> Json {
    let text = fs::read_to_string(folder().join(name)).unwrap();
    let source = Arc::new(SourceText::new(name, text, 0));
    read_yaml(&source).unwrap_or_else(|mistakes| panic!("{name}: {mistakes:?}")).to_json()
}

/// The groups of all files, with the name of the file.
fn groups() -> Vec<(String, Json)> {
    let mut names: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| name != "records.yaml");
    names.sort();
    let groups = names.into_iter().flat_map(|name| match yaml(&name) {
        Json::Array(groups) => groups.into_iter().map(|group| (name.clone(), group)).collect::<Vec<_>>(),
        _ => panic!("{name} is no list"),
    });
    groups.collect()
}

struct Given {
    context: Context,
    request: Request,
}

fn records() -> BTreeMap<String, Given> {
    let Json::Object(records) = yaml("records.yaml") else { panic!("records by name") };
    let given = |record: &Json| {
        let context = Context::ALL.into_iter().find(|context| record["context"] == context.name()).unwrap();
        let signal = match record["request"].as_object().unwrap().keys().next().unwrap().as_str() {
            "resourceLogs" => Signal::Logs,
            "resourceSpans" => Signal::Traces,
            _ => Signal::Metrics,
        };
        let wire = json::decode(signal, record["request"].to_string().as_bytes()).unwrap();
        Given { context, request: Request::check(signal, wire.into()).unwrap().request }
    };
    records.iter().map(|(name, record)| (name.clone(), given(record))).collect()
}

/// What came of a row, as it would be written.
fn outcome(row: &Json, given: &Given) -> Json {
    let texts = |key: &str| match &row[key] {
        Json::String(text) => vec![text.clone()],
        Json::Array(texts) => texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect(),
        _ => Vec::new(),
    };
    let compiled: Result<Vec<_>, _> =
        texts("do").iter().map(|text| Statement::parse(text, given.context)).collect();
    let said: Result<Vec<_>, _> =
        texts("say").iter().map(|text| Expression::parse(text, given.context)).collect();
    let (statements, said) = match (compiled, said) {
        (Ok(statements), Ok(said)) => (statements, said),
        (Err(error), _) | (_, Err(error)) => {
            return json!({ "wrong": format!("{error} {}", error.help.clone().unwrap_or_default()) });
        }
    };
    let then: Vec<String> =
        row["then"].as_object().map_or_else(Vec::new, |then| then.keys().cloned().collect());
    let looks: Vec<Expression> =
        then.iter().map(|text| Expression::parse(text, given.context).unwrap()).collect();

    let (canonical, arena) = (given.request.canonical(), Arena::new());
    let mut run = Run {
        context: given.context,
        arena: &arena,
        each: &mut |record| {
            let mut done = true;
            for statement in &statements {
                match statement.run(record) {
                    Ok(held) => done = held,
                    Err(failure) => return json!({ "fails": failure.to_string() }),
                }
            }
            if let Some(said) = said.first() {
                return match said.try_evaluate(&record.read()) {
                    Ok(value) => json!({ "is": show(&value) }),
                    Err(failure) => json!({ "fails": failure.to_string() }),
                };
            }
            let values = looks.iter().map(|look| show(&look.try_evaluate(&record.read()).unwrap()));
            let then: serde_json::Map<_, _> = then.iter().cloned().zip(values).collect();
            if done { json!({ "then": then }) } else { json!({ "skipped": true }) }
        },
        outcome: None,
    };
    let edited = rewrite(&canonical, &arena, &mut run);
    let outcome = run.outcome.expect("an item of the context");
    if let Some(edited) = edited {
        Request::check(edited.signal(), edited.into_bytes()).expect("what goes out is well formed");
    }
    outcome
}

fn show(value: &Value<'_>) -> Json {
    match value {
        Value::Bytes(bytes) => json!({ "bytes": hex::encode(bytes) }),
        Value::Time(nanos) => json!({ "time": nanos }),
        Value::Duration(nanos) => json!({ "nanoseconds": nanos }),
        other => other.to_view().unwrap().to_json(),
    }
}

/// Whether a row's words are in the message, or its values are those that came out.
fn fits(row: &Json, outcome: &Json) -> bool {
    let (kind, found) = outcome.as_object().unwrap().iter().next().unwrap();
    match (kind.as_str(), &row[kind]) {
        ("fails" | "wrong", Json::String(words)) => found.as_str().unwrap().contains(words.as_str()),
        ("is", expected) => row.as_object().unwrap().contains_key("is") && expected == found,
        (_, expected) => expected == found,
    }
}

#[test]
fn every_row_holds() {
    let (records, mut rows, mut broken) = (records(), 0, Vec::new());
    for (file, group) in groups() {
        let given = &records[group["on"].as_str().unwrap()];
        for row in group["rows"].as_array().unwrap() {
            rows += 1;
            let outcome = outcome(row, given);
            if !fits(row, &outcome) {
                broken.push(format!("{file}: {row}\n  but: {outcome}"));
            }
        }
    }
    assert!(broken.is_empty(), "{} of {rows} rows do not hold:\n{}", broken.len(), broken.join("\n"));
    assert!(rows > 250, "only {rows} rows were found");
}

#[test]
fn every_function_is_in_the_table() {
    let written = groups().into_iter().map(|(_, group)| group["rows"].to_string()).collect::<String>();
    for signature in converters().chain(editors()) {
        let name = signature.split('(').next().unwrap();
        // Some stand as arguments, without a call.
        assert!(written.contains(&format!("{name}(")), "{signature} is in no row");
    }
}

struct Run<'a, 'f> {
    context: Context,
    arena: &'a Arena,
    each: &'f mut dyn FnMut(&mut RecordMut<'_, 'a>) -> Json,
    /// Of the first item of the context.
    outcome: Option<Json>,
}

impl<'a> Run<'a, '_> {
    fn see(&mut self, owner: Owner<'_, 'a>, item: ItemMut<'_, 'a>, of: Context) -> Verdict {
        if of == self.context && self.outcome.is_none() {
            let mut cache = AttributesView::empty_map();
            let mut record = RecordMut { owner, item, cache: &mut cache, arena: self.arena };
            self.outcome = Some((self.each)(&mut record));
        }
        Verdict::Keep
    }
}

impl<'a> Editor<'a> for Run<'a, '_> {
    fn level(&self) -> Level {
        Level::Part
    }

    fn resource(&mut self, resource: &mut ResourceDraft<'a>) -> Verdict {
        let scope = &mut ScopeDraft::new(ScopeView::empty());
        self.see(Owner { resource, scope }, ItemMut::None, Context::Resource)
    }

    fn scope(&mut self, owner: Owner<'_, 'a>) -> Verdict {
        self.see(owner, ItemMut::None, Context::Scope)
    }

    fn log(&mut self, owner: Owner<'_, 'a>, log: &mut LogDraft<'a>) -> Verdict {
        self.see(owner, ItemMut::Log(log), Context::Log)
    }

    fn span(&mut self, owner: Owner<'_, 'a>, span: &mut SpanDraft<'a>) -> Verdict {
        self.see(owner, ItemMut::Span(span), Context::Span)
    }

    fn event(
        &mut self,
        owner: Owner<'_, 'a>,
        span: &mut SpanDraft<'a>,
        event: &mut EventDraft<'a>,
    ) -> Verdict {
        self.see(owner, ItemMut::SpanEvent(span, event), Context::SpanEvent)
    }

    fn metric(&mut self, owner: Owner<'_, 'a>, metric: &mut MetricDraft<'a>) -> Verdict {
        self.see(owner, ItemMut::Metric(metric), Context::Metric)
    }

    fn point(
        &mut self,
        owner: Owner<'_, 'a>,
        metric: &mut MetricDraft<'a>,
        point: &mut PointDraft<'a>,
    ) -> Verdict {
        self.see(owner, ItemMut::DataPoint(metric, point), Context::DataPoint)
    }
}
