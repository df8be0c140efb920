//! Batches are joined on the way out: as much as has gathered, and no caller waits for a timer.

use crate::kit::{Answer, Bench, Sent, eventually, logs, metrics};
use std::{sync::Arc, time::Duration};
use tidewatch_component::{Context, DataType, Metadata};
use tokio::time::Instant;

fn config(source: &str, processors: &str, sink: &str) -> String {
    format!(
        "
receivers: {{source: {{{source}}}}}
processors: {{actor: {{pass: {{}}}}, actor/batch: {{gather: {{min_items: 10, max_items: 0, timeout: 30s}}}}}}
exporters: {{sink: {{timeout: 0, {sink}}}}}
service: {{pipelines: {{main: {{receivers: [source], processors: [{processors}], exporters: [sink]}}}}}}
"
    )
}

/// Waits until so many requests wait for their answers.
async fn under_way(bench: &Bench, requests: usize) {
    eventually("requests are under way", || bench.sink("sink").under_way() == requests).await;
}

async fn all_settled(sent: impl IntoIterator<Item = Sent>) {
    for sent in sent {
        assert!(sent.verdict().await.is_settled());
    }
}

#[tokio::test]
async fn an_idle_exporter_sends_at_once_and_a_busy_one_what_has_gathered() {
    let bench = Bench::start(&config("", "", "sending_queue: {num_consumers: 1}")).await;
    bench.sink("sink").hold();
    let first = bench.send(logs([0]));
    under_way(&bench, 1).await;
    let more: Vec<_> = (1..6).map(|id| bench.send(logs([id]))).collect();
    bench.sink("sink").let_pass(2);
    all_settled(more.into_iter().chain([first])).await;
    assert_eq!(bench.sink("sink").requests(), [vec![0], vec![1, 2, 3, 4, 5]]);
    bench.stop().await;
}

#[tokio::test]
async fn signals_that_alternate_are_gathered_each_on_its_own() {
    let bench = Bench::start(&config("", "", "sending_queue: {num_consumers: 1}")).await;
    bench.sink("sink").hold();
    let mut sent = vec![bench.send(logs([0]))];
    under_way(&bench, 1).await;
    for id in 1..6 {
        sent.push(bench.send(metrics([10 + id])));
        sent.push(bench.send(logs([id])));
    }
    bench.sink("sink").let_pass(3);
    all_settled(sent).await;
    assert_eq!(bench.sink("sink").requests(), [vec![0], vec![11, 12, 13, 14, 15], vec![1, 2, 3, 4, 5]]);
    bench.stop().await;
}

#[tokio::test]
async fn consumers_bound_the_requests_under_way() {
    let bench = Bench::start(&config("", "", "sending_queue: {num_consumers: 3}")).await;
    bench.sink("sink").hold();
    let mut sent = Vec::new();
    for id in 0..6 {
        sent.push(bench.send(logs([id])));
        under_way(&bench, 3.min(id as usize + 1)).await;
    }
    bench.sink("sink").let_pass(100);
    all_settled(sent).await;
    assert_eq!(bench.sink("sink").most_under_way(), 3);
    bench.stop().await;
}

/// How long answered data is held back, and in how many requests it leaves.
async fn held_back(config: &str, batches: u64) -> (Duration, Vec<usize>) {
    let bench = Bench::start(config).await;
    let started = Instant::now();
    for id in 0..batches {
        all_settled([bench.send(logs([2 * id, 2 * id + 1]))]).await;
    }
    let all = 2 * usize::try_from(batches).unwrap();
    eventually("it is sent", || bench.sink("sink").taken().len() == all).await;
    let sizes = bench.sink("sink").requests().iter().map(Vec::len).collect();
    let took = started.elapsed();
    bench.stop().await;
    (took, sizes)
}

#[tokio::test(start_paused = true)]
async fn data_whose_sender_has_its_answer_waits_for_more() {
    let timer = Duration::from_secs(30);
    let queued = "acknowledge: queued";
    let batch = "sending_queue: {batch: {flush_timeout: 30s, min_size: 10}}";
    for config in [config(queued, "actor/batch", ""), config(queued, "", batch)] {
        let (took, sizes) = held_back(&config, 4).await;
        assert!(took >= timer, "{took:?}");
        assert_eq!(sizes, [8], "the timer came first");
        let (took, sizes) = held_back(&config, 5).await;
        assert!(took < timer, "{took:?}");
        assert_eq!(sizes, [10], "ten are enough");
    }
}

#[tokio::test(start_paused = true)]
async fn a_minimum_in_bytes_holds_back_too() {
    let bytes = logs([0, 1]).memory() * 3;
    let batch = format!("sending_queue: {{batch: {{flush_timeout: 30s, sizer: bytes, min_size: {bytes}}}}}");
    let (took, sizes) = held_back(&config("acknowledge: queued", "", &batch), 3).await;
    assert!(took < Duration::from_secs(30), "{took:?}");
    assert_eq!(sizes, [6]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_waits_is_never_held_for_a_timer() {
    for config in [
        config("", "actor/batch", ""),
        config("", "actor, actor/batch", "sending_queue: {batch: {flush_timeout: 30s, min_size: 10}}"),
    ] {
        let bench = Bench::start(&config).await;
        let started = Instant::now();
        for id in 0..10 {
            all_settled([bench.send(logs([id]))]).await;
        }
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        bench.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn alerts_that_are_tried_again_and_again_do_not_make_callers_wait() {
    let config = config("", "actor/batch, actor/alert", "sending_queue: {num_consumers: 1}").replacen(
        "processors: {",
        "processors: {actor/alert: {state: {every: 7}}, ",
        1,
    );
    let bench = Bench::start(&config).await;
    bench.sink("sink").answer(|call| match call.data_type {
        DataType::Alerts => Answer::Refuse(None),
        _ => Answer::Take,
    });
    all_settled([bench.send(logs([7]))]).await;
    eventually("the alert is tried", || {
        bench.sink("sink").calls().iter().any(|call| call.data_type == DataType::Alerts)
    })
    .await;
    let started = Instant::now();
    for id in 10..14 {
        all_settled([bench.send(logs([id]))]).await;
    }
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    bench.sink("sink").always(Answer::Take);
    bench.stop().await;
}

#[tokio::test]
async fn max_size_splits_what_is_joined_and_what_came_too_large() {
    let batch = "sending_queue: {num_consumers: 1, batch: {min_size: 0, max_size: 4}}";
    let bench = Bench::start(&config("", "", batch)).await;
    bench.sink("sink").hold();
    let first = bench.send(logs(0..9));
    under_way(&bench, 1).await;
    let more: Vec<_> = (10..16).map(|id| bench.send(logs([id]))).collect();
    bench.sink("sink").let_pass(100);
    all_settled(more.into_iter().chain([first])).await;
    let requests = bench.sink("sink").requests();
    assert_eq!(requests.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 1, 4, 2]);
    assert_eq!(requests.concat(), (0..9).chain(10..16).collect::<Vec<_>>());
    bench.stop().await;
}

#[tokio::test]
async fn data_on_behalf_of_different_people_never_leaves_together() {
    let bench = Bench::start(&config("", "", "sending_queue: {num_consumers: 1}")).await;
    bench.sink("sink").hold();
    let first = bench.send(logs([0]));
    under_way(&bench, 1).await;
    let tenant = |name: &str| Context { tenant: Some(Arc::from(name)), ..Context::of_receiver("source") };
    let metadata = |name: &str| Context {
        metadata: Metadata::from([(name.to_owned(), vec!["x".to_owned()])]),
        ..Context::of_receiver("source")
    };
    let contexts =
        [tenant("a"), tenant("a"), tenant("b"), metadata("x-scope"), metadata("x-scope"), metadata("x-user")];
    let more: Vec<_> = contexts
        .into_iter()
        .zip(1..)
        .map(|(context, id)| bench.send_from("source", logs([id]), context).expect("room"))
        .collect();
    bench.sink("sink").let_pass(100);
    all_settled(more.into_iter().chain([first])).await;
    let calls = bench.sink("sink").calls();
    let seen: Vec<_> =
        calls.iter().map(|call| (call.tenant.as_deref(), call.metadata.concat(), call.ids.clone())).collect();
    assert_eq!(
        seen,
        [
            (None, String::new(), vec![0]),
            (Some("a"), String::new(), vec![1, 2]),
            (Some("b"), String::new(), vec![3]),
            (None, "x-scope".into(), vec![4, 5]),
            (None, "x-user".into(), vec![6]),
        ]
    );
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn total_order_means_one_at_a_time_as_it_came_across_signals_and_failures() {
    let sink = "in_total_order: true, retry_on_failure: {initial_interval: 1ms}";
    let bench = Bench::start(&config("", "", sink)).await;
    let mut turn = 0;
    bench.sink("sink").answer(move |_| {
        turn += 1;
        if turn % 3 == 0 { Answer::Refuse(None) } else { Answer::Take }
    });
    let mut sent = Vec::new();
    for id in 0..200 {
        sent.push(bench.send(if id % 5 == 0 { metrics([id]) } else { logs([id]) }));
        if id % 20 == 0 {
            tokio::task::yield_now().await;
        }
    }
    all_settled(sent).await;
    assert_eq!(bench.sink("sink").taken(), (0..200).collect::<Vec<_>>());
    assert_eq!(bench.sink("sink").most_under_way(), 1);
    bench.stop().await;
}
