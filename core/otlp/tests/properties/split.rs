use bytes::Bytes;
use proptest::prelude::*;
use tidewatch_otlp::testing::{Source, arb_request, rearrange};
use tidewatch_otlp::views::{DataView, MetricView};
use tidewatch_otlp::{Request, Signal};

use crate::oracle::reencoded;
use crate::{any_signal, choices};

/// Every item with all that stands above it.
fn items(request: &Request) -> Vec<String> {
    let canonical = request.canonical();
    let mut items = Vec::new();
    for resource in canonical.resources() {
        for scope in resource.scopes() {
            let above = format!(
                "{:?} {:?} {:?} {:?}",
                resource.resource_bytes(),
                resource.schema_url(),
                scope.scope_bytes(),
                scope.schema_url(),
            );
            items.extend(scope.records().map(|record| format!("{above} {:?}", record.bytes())));
            items.extend(scope.spans().map(|span| format!("{above} {:?}", span.bytes())));
            for metric in scope.metrics() {
                items.extend(points(metric).into_iter().map(|point| format!("{above} {point}")));
            }
        }
    }
    items
}

fn points(metric: MetricView<'_>) -> Vec<String> {
    let (kind, points): (_, Vec<&[u8]>) = match metric.data() {
        DataView::Empty => (String::new(), Vec::new()),
        DataView::Gauge(points) => ("gauge".to_owned(), points.iter().map(|point| point.bytes()).collect()),
        DataView::Sum { temporality, monotonic, points } => {
            (format!("sum {temporality:?} {monotonic}"), points.iter().map(|point| point.bytes()).collect())
        }
        DataView::Histogram { temporality, points } => {
            (format!("histogram {temporality:?}"), points.iter().map(|point| point.bytes()).collect())
        }
        DataView::ExponentialHistogram { temporality, points } => {
            (format!("exponential {temporality:?}"), points.iter().map(|point| point.bytes()).collect())
        }
        DataView::Summary(points) => {
            ("summary".to_owned(), points.iter().map(|point| point.bytes()).collect())
        }
    };
    let (name, description, unit) = (metric.name(), metric.description(), metric.unit());
    let metadata = metric.metadata().to_json();
    points.iter().map(|point| format!("{name} {description} {unit} {metadata} {kind} {point:?}")).collect()
}

/// Asserts that splitting loses, repeats and reorders nothing and keeps to the limits.
pub(crate) fn splits_well(request: &Request, max_items: usize, max_bytes: usize) {
    let parts = request.clone().split(max_items, max_bytes);
    for part in &parts {
        let checked = Request::check(part.signal(), part.bytes().clone()).unwrap();
        assert!(checked.rejected.is_none());
        assert_eq!(checked.request.items(), part.items());
        assert_eq!(checked.request.is_canonical(), part.is_canonical());
        assert!(max_items == 0 || part.items() <= max_items);
        assert!(max_bytes == 0 || part.bytes().len() <= max_bytes || part.items() <= 1);
    }
    assert_eq!(parts.iter().map(Request::items).sum::<usize>(), request.items());
    assert_eq!(parts.iter().flat_map(items).collect::<Vec<_>>(), items(request));
}

/// Asserts that the halves are the whole, and that neither is empty.
pub(crate) fn halves_well(request: &Request) {
    let Some((first, second)) = request.clone().halve() else {
        assert!(request.items() < 2);
        return;
    };
    assert!(!first.is_empty() && !second.is_empty());
    assert_eq!([items(&first), items(&second)].concat(), items(request));
}

/// Asserts that merging is putting one behind the other.
pub(crate) fn merges_well(requests: &[Request]) {
    let merged = Request::merge(requests.to_vec());
    let checked = Request::check(merged.signal(), merged.bytes().clone()).unwrap().request;
    assert_eq!((checked.items(), checked.is_canonical()), (merged.items(), merged.is_canonical()));
    assert_eq!(requests.iter().flat_map(items).collect::<Vec<_>>(), items(&merged));
    let each = requests.iter().map(|part| reencoded(part.signal(), part.bytes()));
    assert_eq!(reencoded(merged.signal(), merged.bytes()), each.collect::<Vec<_>>().concat());
}

fn request(signal: Signal, bytes: Vec<u8>) -> Option<Request> {
    Request::check(signal, Bytes::from(bytes)).ok().map(|checked| checked.request)
}

proptest! {
    #[test]
    fn parts_are_the_whole_within_the_limits(
        signal in any_signal(),
        choices in choices(),
        max_items in 0usize..6,
        max_bytes in prop_oneof![Just(0), 1usize..60, 60usize..2_000],
    ) {
        let request = request(signal, arb_request(signal, &mut Source::from_bytes(&choices))).unwrap();
        splits_well(&request, max_items, max_bytes);
        halves_well(&request);
    }

    #[test]
    fn odd_requests_are_split_and_merged_as_prost_reads_them(
        signal in any_signal(),
        choices in choices(),
        seed: u64,
        max_items in 0usize..4,
        max_bytes in 0usize..300,
    ) {
        let mut source = Source::from_seed(seed);
        let regular = arb_request(signal, &mut Source::from_bytes(&choices));
        let odd = rearrange(&rearrange(&regular, &mut source), &mut source);
        let regular = request(signal, regular).unwrap();
        if let Some(odd) = request(signal, odd) {
            splits_well(&odd, max_items, max_bytes);
            halves_well(&odd);
            merges_well(&[odd.clone(), regular.clone(), odd]);
        }
        merges_well(&[regular.clone(), regular]);
    }
}
