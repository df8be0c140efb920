//! Edits on wire bytes: what is touched changes, what is not stays as it was.

use tidewatch_otlp::Request;
use tidewatch_otlp::edit::{Arena, Editor, Entry, Level, LogDraft, Owner, PointDraft, Verdict, rewrite};
use tidewatch_otlp::edit::{EventDraft, MetricDraft, ResourceDraft, SpanDraft};
use tidewatch_otlp::testing::{realistic_logs, realistic_metrics, realistic_traces};
use tidewatch_otlp::views::ValueView;

/// Renames and adds on every level, and drops every other item.
struct Everywhere<'a> {
    arena: &'a Arena,
    seen: usize,
}

impl Everywhere<'_> {
    fn every_other(&mut self) -> Verdict {
        self.seen += 1;
        if self.seen.is_multiple_of(2) { Verdict::Drop } else { Verdict::Keep }
    }
}

impl<'a> Editor<'a> for Everywhere<'a> {
    fn level(&self) -> Level {
        Level::Part
    }

    fn resource(&mut self, resource: &mut ResourceDraft<'a>) -> Verdict {
        let rename = |key: &str, _: ValueView<'_>| match key {
            "service.name" => Entry::Rename("service"),
            _ => Entry::Keep,
        };
        resource.set_attributes(resource.attributes().edited(self.arena, rename), self.arena);
        Verdict::Keep
    }

    fn log(&mut self, owner: Owner<'_, 'a>, log: &mut LogDraft<'a>) -> Verdict {
        log.set_body(ValueView::Str("edited"), self.arena);
        log.set_severity_number(0);
        let last = owner.resource.attributes().with("last", ValueView::Int(self.seen as i64), self.arena);
        owner.resource.set_attributes(last, self.arena);
        owner.scope.set_name("renamed", self.arena);
        self.every_other()
    }

    fn span(&mut self, _: Owner<'_, 'a>, span: &mut SpanDraft<'a>) -> Verdict {
        span.set_status_message("edited", self.arena);
        span.set_name("renamed");
        self.every_other()
    }

    fn event(&mut self, _: Owner<'_, 'a>, span: &mut SpanDraft<'a>, event: &mut EventDraft<'a>) -> Verdict {
        span.set_dropped_events_count(7);
        event.set_name("event");
        Verdict::Keep
    }

    fn metric(&mut self, _: Owner<'_, 'a>, metric: &mut MetricDraft<'a>) -> Verdict {
        metric.set_unit("ms");
        Verdict::Keep
    }

    fn point(
        &mut self,
        _: Owner<'_, 'a>,
        metric: &mut MetricDraft<'a>,
        point: &mut PointDraft<'a>,
    ) -> Verdict {
        metric.set_description("edited");
        point.rescale(1000.0, self.arena);
        self.every_other()
    }
}

fn edited(request: &Request) -> Request {
    let (canonical, arena) = (request.canonical(), Arena::new());
    let edited = rewrite(&canonical, &arena, &mut Everywhere { arena: &arena, seen: 0 }).expect("changes");
    let checked = Request::check(edited.signal(), edited.bytes().clone()).expect("well formed");
    assert!(checked.rejected.is_none());
    assert_eq!(checked.request, edited, "canonical, with as many items as it says");
    assert_eq!(edited.items(), request.items().div_ceil(2));
    edited
}

#[test]
fn logs() {
    let mut expected = realistic_logs(7);
    let edited = edited(&Request::encode_logs(&expected)).decode_logs();
    let mut seen = 0;
    for resource in &mut expected.resource_logs {
        let attributes = &mut resource.resource.as_mut().unwrap().attributes;
        attributes
            .iter_mut()
            .filter(|entry| entry.key == "service.name")
            .for_each(|entry| entry.key = "service".into());
        for scope in &mut resource.scope_logs {
            scope.scope.get_or_insert_default().name = "renamed".into();
            scope.log_records.retain_mut(|record| {
                record.body = Some(string("edited"));
                record.severity_number = 0;
                seen += 1;
                seen % 2 == 1
            });
        }
        let last = Some(tidewatch_otlp::proto::common::v1::AnyValue {
            value: Some(tidewatch_otlp::proto::common::v1::any_value::Value::IntValue(seen - 1)),
        });
        attributes.push(tidewatch_otlp::proto::common::v1::KeyValue {
            key: "last".into(),
            value: last,
            ..Default::default()
        });
    }
    assert_eq!(edited, expected);
}

#[test]
fn traces() {
    let mut expected = realistic_traces(7);
    let edited = edited(&Request::encode_traces(&expected)).decode_traces();
    let mut seen = 0;
    for resource in &mut expected.resource_spans {
        let attributes = &mut resource.resource.as_mut().unwrap().attributes;
        attributes
            .iter_mut()
            .filter(|entry| entry.key == "service.name")
            .for_each(|entry| entry.key = "service".into());
        for scope in &mut resource.scope_spans {
            scope.spans.retain_mut(|span| {
                span.status.get_or_insert_default().message = "edited".into();
                span.name = "renamed".into();
                for event in &mut span.events {
                    event.name = "event".into();
                    span.dropped_events_count = 7;
                }
                seen += 1;
                seen % 2 == 1
            });
        }
    }
    assert_eq!(edited, expected);
}

#[test]
fn metrics_lose_points_and_go_with_the_last() {
    let request = Request::encode_metrics(&realistic_metrics(9));
    let edited = edited(&request).canonical();
    for resource in edited.resources() {
        for metric in resource.scopes().flat_map(|scope| scope.metrics()) {
            assert_eq!((metric.unit(), metric.description()), ("ms", "edited"));
        }
    }
}

/// An editor that only looks.
struct Reader;

impl<'a> Editor<'a> for Reader {
    fn level(&self) -> Level {
        Level::Part
    }
}

#[test]
fn what_nobody_touches_is_not_written_anew() {
    let canonical = Request::encode_traces(&realistic_traces(5)).canonical();
    assert_eq!(rewrite(&canonical, &Arena::new(), &mut Reader), None);
}

fn string(text: &str) -> tidewatch_otlp::proto::common::v1::AnyValue {
    let value = tidewatch_otlp::proto::common::v1::any_value::Value::StringValue(text.into());
    tidewatch_otlp::proto::common::v1::AnyValue { value: Some(value) }
}
