//! What edits cost, per request of 100 items.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tidewatch_otlp::Request;
use tidewatch_otlp::edit::{Arena, Editor, Level, LogDraft, Owner, SpanDraft, Verdict, rewrite};
use tidewatch_otlp::testing::{realistic_logs, realistic_traces};
use tidewatch_otlp::views::AttributesView;

const ITEMS: usize = 100;

/// Renames one attribute of every item.
struct Rename<'a>(&'a Arena);

impl<'a> Rename<'a> {
    fn edit(&self, attributes: AttributesView<'a>) -> AttributesView<'a> {
        attributes.renamed("http.route", "route", self.0)
    }
}

impl<'a> Editor<'a> for Rename<'a> {
    fn level(&self) -> Level {
        Level::Item
    }

    fn log(&mut self, _: Owner<'_, 'a>, log: &mut LogDraft<'a>) -> Verdict {
        log.set_attributes(self.edit(log.attributes()), self.0);
        Verdict::Keep
    }

    fn span(&mut self, _: Owner<'_, 'a>, span: &mut SpanDraft<'a>) -> Verdict {
        span.set_attributes(self.edit(span.attributes()), self.0);
        Verdict::Keep
    }
}

/// Drops every other item.
struct Half(usize);

impl<'a> Editor<'a> for Half {
    fn level(&self) -> Level {
        Level::Item
    }

    fn log(&mut self, _: Owner<'_, 'a>, _: &mut LogDraft<'a>) -> Verdict {
        self.0 += 1;
        if self.0.is_multiple_of(2) { Verdict::Drop } else { Verdict::Keep }
    }
}

fn edits(criterion: &mut Criterion) {
    let logs = Request::encode_logs(&realistic_logs(ITEMS));
    let traces = Request::encode_traces(&realistic_traces(ITEMS));
    let mut group = criterion.benchmark_group("edit");
    group.throughput(Throughput::Elements(ITEMS as u64));
    for (name, request) in [("rename_logs", &logs), ("rename_traces", &traces)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let (canonical, arena) = (request.canonical(), Arena::new());
                black_box(rewrite(&canonical, &arena, &mut Rename(&arena)))
            });
        });
    }
    group.bench_function("half_logs", |bencher| {
        bencher.iter(|| {
            let (canonical, arena) = (logs.canonical(), Arena::new());
            black_box(rewrite(&canonical, &arena, &mut Half(0)))
        });
    });
    group.bench_function("prost_logs", |bencher| {
        bencher.iter(|| {
            let mut message = logs.decode_logs();
            for resource in &mut message.resource_logs {
                for record in resource.scope_logs.iter_mut().flat_map(|scope| &mut scope.log_records) {
                    let route = record.attributes.iter_mut().find(|entry| entry.key == "http.route");
                    route.into_iter().for_each(|entry| entry.key = "route".to_owned());
                }
            }
            black_box(Request::encode_logs(&message))
        });
    });
    group.finish();
}

criterion_group!(benches, edits);
criterion_main!(benches);
