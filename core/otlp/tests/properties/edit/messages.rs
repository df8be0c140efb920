//! The judge: a plan carried out on messages that prost decodes and encodes.

use prost::Message;
use tidewatch_otlp::edit::{Level, Verdict};
use tidewatch_otlp::proto::collector::logs::v1::ExportLogsServiceRequest;
use tidewatch_otlp::proto::collector::metrics::v1::ExportMetricsServiceRequest;
use tidewatch_otlp::proto::collector::trace::v1::ExportTraceServiceRequest;
use tidewatch_otlp::proto::common::v1::InstrumentationScope;
use tidewatch_otlp::proto::logs::v1::LogRecord;
use tidewatch_otlp::proto::metrics::v1::Metric;
use tidewatch_otlp::proto::metrics::v1::metric::Data;
use tidewatch_otlp::proto::resource::v1::Resource;
use tidewatch_otlp::proto::trace::v1::Span;
use tidewatch_otlp::{Request, Signal};

use super::items::{edit_event_message, edit_log_message, edit_span_message};
use super::owners::{edit_resource_message, edit_scope_message};
use super::plan::{Edit, Plan};
use super::points::{AnyPoints, edit_metric_message};

/// What prost makes of the request after the same edits.
pub(super) fn edited(request: &Request, plan: Plan) -> Vec<u8> {
    let mut judge = Judge { plan };
    match request.signal() {
        Signal::Logs => {
            let mut message = request.decode_logs();
            judge.logs(&mut message);
            normal_logs(message)
        }
        Signal::Traces => {
            let mut message = request.decode_traces();
            judge.traces(&mut message);
            normal_traces(message)
        }
        Signal::Metrics => {
            let mut message = request.decode_metrics();
            judge.metrics(&mut message);
            normal_metrics(message)
        }
    }
}

/// As prost writes it. A message without fields is the same as none.
pub(super) fn normal(request: &Request) -> Vec<u8> {
    match request.signal() {
        Signal::Logs => normal_logs(request.decode_logs()),
        Signal::Traces => normal_traces(request.decode_traces()),
        Signal::Metrics => normal_metrics(request.decode_metrics()),
    }
}

fn some<M: Default + PartialEq>(message: &mut Option<M>) {
    message.take_if(|message| *message == M::default());
}

fn normal_logs(mut message: ExportLogsServiceRequest) -> Vec<u8> {
    for resource in &mut message.resource_logs {
        some(&mut resource.resource);
        resource.scope_logs.iter_mut().for_each(|scope| some(&mut scope.scope));
    }
    message.encode_to_vec()
}

fn normal_traces(mut message: ExportTraceServiceRequest) -> Vec<u8> {
    for resource in &mut message.resource_spans {
        some(&mut resource.resource);
        for scope in &mut resource.scope_spans {
            some(&mut scope.scope);
            scope.spans.iter_mut().for_each(|span| some(&mut span.status));
        }
    }
    message.encode_to_vec()
}

fn normal_metrics(mut message: ExportMetricsServiceRequest) -> Vec<u8> {
    for resource in &mut message.resource_metrics {
        some(&mut resource.resource);
        for scope in &mut resource.scope_metrics {
            some(&mut scope.scope);
            for metric in &mut scope.metrics {
                if let Some(Data::ExponentialHistogram(data)) = &mut metric.data {
                    for point in &mut data.data_points {
                        some(&mut point.positive);
                        some(&mut point.negative);
                    }
                }
            }
        }
    }
    message.encode_to_vec()
}

struct Judge {
    plan: Plan,
}

/// A resource or a scope, with its schema.
struct Owner<'m, M> {
    message: &'m mut Option<M>,
    schema_url: &'m mut String,
}

/// Walks groups of any signal: `$entry` holds `$scopes`, each of which holds `$items`.
macro_rules! walk {
    ($judge:ident, $entries:expr, $scopes:ident, $items:ident, $visit:ident) => {
        $entries.retain_mut(|entry| {
            let mut resource = Owner { message: &mut entry.resource, schema_url: &mut entry.schema_url };
            if $judge.resource(&mut resource) == Verdict::Drop {
                return false;
            }
            let had = !entry.$scopes.is_empty();
            entry.$scopes.retain_mut(|entry| {
                if $judge.plan.level < Level::Scope {
                    return true;
                }
                let mut scope = Owner { message: &mut entry.scope, schema_url: &mut entry.schema_url };
                if $judge.scope(&mut resource, &mut scope) == Verdict::Drop {
                    return false;
                }
                let had = !entry.$items.is_empty();
                if $judge.plan.level >= Level::Item {
                    entry
                        .$items
                        .retain_mut(|item| $judge.$visit(&mut resource, &mut scope, item) == Verdict::Keep);
                }
                !had || !entry.$items.is_empty()
            });
            !had || !entry.$scopes.is_empty()
        });
    };
}

type ResourceOwner<'m> = Owner<'m, Resource>;
type ScopeOwner<'m> = Owner<'m, InstrumentationScope>;

impl Judge {
    fn logs(&mut self, message: &mut ExportLogsServiceRequest) {
        walk!(self, message.resource_logs, scope_logs, log_records, log);
    }

    fn traces(&mut self, message: &mut ExportTraceServiceRequest) {
        walk!(self, message.resource_spans, scope_spans, spans, span);
    }

    fn metrics(&mut self, message: &mut ExportMetricsServiceRequest) {
        walk!(self, message.resource_metrics, scope_metrics, metrics, metric);
    }

    fn resource(&mut self, resource: &mut ResourceOwner<'_>) -> Verdict {
        let (edits, verdict) = self.plan.visit(1);
        edits.iter().for_each(|(_, edit)| resource.edit(edit));
        verdict
    }

    fn scope(&mut self, resource: &mut ResourceOwner<'_>, scope: &mut ScopeOwner<'_>) -> Verdict {
        self.visit(resource, scope, 2, |_, _, _| ())
    }

    fn visit(
        &mut self,
        resource: &mut ResourceOwner<'_>,
        scope: &mut ScopeOwner<'_>,
        targets: usize,
        mut own: impl FnMut(usize, &Edit, &Resource),
    ) -> Verdict {
        let (edits, verdict) = self.plan.visit(targets);
        for (target, edit) in edits {
            match target {
                0 => resource.edit(&edit),
                1 => scope.edit(&edit, resource),
                _ => own(target, &edit, &resource.message.clone().unwrap_or_default()),
            }
        }
        verdict
    }

    fn log(
        &mut self,
        resource: &mut ResourceOwner<'_>,
        scope: &mut ScopeOwner<'_>,
        log: &mut LogRecord,
    ) -> Verdict {
        self.visit(resource, scope, 3, |_, edit, resource| edit_log_message(edit, log, &resource.attributes))
    }

    fn span(
        &mut self,
        resource: &mut ResourceOwner<'_>,
        scope: &mut ScopeOwner<'_>,
        span: &mut Span,
    ) -> Verdict {
        let verdict = self.visit(resource, scope, 3, |_, edit, resource| {
            edit_span_message(edit, span, &resource.attributes);
        });
        if verdict == Verdict::Keep && self.plan.level == Level::Part {
            let mut events = std::mem::take(&mut span.events);
            events.retain_mut(|event| {
                let verdict = self.visit(resource, scope, 4, |target, edit, resource| match target {
                    2 => edit_span_message(edit, span, &resource.attributes),
                    _ => edit_event_message(edit, event, &resource.attributes),
                });
                verdict == Verdict::Keep
            });
            span.events = events;
        }
        verdict
    }

    /// Of a metric that loses all its points nothing stays.
    fn metric(
        &mut self,
        resource: &mut ResourceOwner<'_>,
        scope: &mut ScopeOwner<'_>,
        metric: &mut Metric,
    ) -> Verdict {
        let verdict = self.visit(resource, scope, 3, |_, edit, resource| {
            edit_metric_message(edit, metric, &resource.attributes);
        });
        if verdict == Verdict::Drop || self.plan.level < Level::Part {
            return verdict;
        }
        // Points are taken out, so that the metric can be edited from them.
        let mut points = AnyPoints::take(metric);
        let had = points.len() > 0;
        points.retain(|point| {
            let verdict = self.visit(resource, scope, 4, |target, edit, resource| match target {
                2 => edit_metric_message(edit, metric, &resource.attributes),
                _ => point.edit(edit, &resource.attributes),
            });
            verdict == Verdict::Keep
        });
        let left = points.len() > 0;
        points.put(metric);
        if had && !left { Verdict::Drop } else { Verdict::Keep }
    }
}

impl Owner<'_, Resource> {
    fn edit(&mut self, edit: &Edit) {
        edit_resource_message(edit, self.message.get_or_insert_default(), self.schema_url);
    }
}

impl Owner<'_, InstrumentationScope> {
    fn edit(&mut self, edit: &Edit, resource: &Owner<'_, Resource>) {
        let resource = resource.message.as_ref().map_or(&[][..], |resource| &resource.attributes);
        edit_scope_message(edit, self.message.get_or_insert_default(), self.schema_url, resource);
    }
}
