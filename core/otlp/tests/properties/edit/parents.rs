//! Owners that are changed from what belongs to them.

use tidewatch_otlp::Request;
use tidewatch_otlp::edit::{
    Arena, Editor, Level, LogDraft, MetricDraft, Owner, PointDraft, ResourceDraft, Verdict, rewrite,
};
use tidewatch_otlp::proto::metrics::v1::metric::Data;
use tidewatch_otlp::testing::{realistic_logs, realistic_metrics};
use tidewatch_otlp::views::{AttributesView, Temporality, ValueView};

/// Gives the resource one attribute, and has a record take it away.
struct Emptied<'a>(&'a Arena);

impl<'a> Editor<'a> for Emptied<'a> {
    fn level(&self) -> Level {
        Level::Item
    }

    fn resource(&mut self, resource: &mut ResourceDraft<'a>) -> Verdict {
        let secret = AttributesView::empty_map().with("password", ValueView::Str("hunter2"), self.0);
        resource.set_attributes(secret, self.0);
        Verdict::Keep
    }

    fn log(&mut self, owner: Owner<'_, 'a>, _: &mut LogDraft<'a>) -> Verdict {
        owner.resource.set_attributes(owner.resource.attributes().without("password", self.0), self.0);
        Verdict::Keep
    }
}

#[test]
fn an_owner_that_is_emptied_from_its_members_is_empty() {
    let (canonical, arena) = (Request::encode_logs(&realistic_logs(2)).canonical(), Arena::new());
    let edited = rewrite(&canonical, &arena, &mut Emptied(&arena)).expect("it was edited");
    assert_eq!(edited.decode_logs().resource_logs[0].resource.as_ref().unwrap().attributes, []);
}

/// Edits the metric and the point in hand.
struct Both<'a>(&'a Arena);

impl<'a> Editor<'a> for Both<'a> {
    fn level(&self) -> Level {
        Level::Part
    }

    fn point(
        &mut self,
        _: Owner<'_, 'a>,
        metric: &mut MetricDraft<'a>,
        point: &mut PointDraft<'a>,
    ) -> Verdict {
        assert!(metric.set_temporality(Temporality::Delta, self.0) && metric.sum_to_gauge(self.0));
        point.set_flags(1);
        Verdict::Keep
    }
}

#[test]
fn a_metric_and_its_point_are_edited_together() {
    let mut expected = realistic_metrics(1);
    let metric = &mut expected.resource_metrics[0].scope_metrics[0].metrics[0];
    let Some(Data::Sum(sum)) = &mut metric.data else { panic!("the first metric is a sum") };
    sum.data_points.truncate(1);
    let (canonical, arena) = (Request::encode_metrics(&expected).canonical(), Arena::new());
    let edited = rewrite(&canonical, &arena, &mut Both(&arena)).expect("it was edited").decode_metrics();
    match &edited.resource_metrics[0].scope_metrics[0].metrics[0].data {
        Some(Data::Gauge(gauge)) => assert_eq!(gauge.data_points[0].flags, 1),
        other => panic!("not a gauge: {other:?}"),
    }
}
