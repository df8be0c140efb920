//! Again and again, as long as somebody counts on it; and what is at fault is cut out.

use crate::kit::{Answer, Bench, Call, eventually, logs};
use std::time::Duration;
use tidewatch_component::Verdict;
use tokio::time::Instant;

fn config(sink: &str) -> String {
    format!(
        "
receivers: {{source: {{acknowledge_timeout: 1h}}}}
exporters: {{sink: {{{sink}}}}}
service: {{pipelines: {{main: {{receivers: [source], exporters: [sink]}}}}}}
"
    )
}

/// The first `times` requests get `answer`.
fn at_first(times: usize, answer: Answer) -> impl FnMut(&Call) -> Answer + Send + 'static {
    let mut left = times;
    move |_| {
        if left == 0 {
            return Answer::Take;
        }
        left -= 1;
        answer.clone()
    }
}

fn failure(verdict: Verdict) -> String {
    verdict.failure.expect("it failed").reason
}

/// The pauses between the requests that a destination saw, in whole seconds.
fn pauses(calls: &[Call]) -> Vec<u64> {
    calls.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs()).collect()
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_and_nothing_is_given_up() {
    let bench = Bench::start(&config("retry_on_failure: {randomization_factor: 0, multiplier: 2}")).await;
    bench.sink("sink").answer(at_first(5, Answer::Refuse(None)));
    assert!(bench.send(logs([1])).verdict().await.is_settled());
    assert_eq!(pauses(&bench.sink("sink").calls()), [5, 10, 20, 30, 30]);
    bench.stop_and_expect(&[1]).await;
}

#[tokio::test(start_paused = true)]
async fn the_destinations_own_wish_is_kept() {
    let bench = Bench::start(&config("retry_on_failure: {randomization_factor: 0}")).await;
    bench.sink("sink").answer(at_first(1, Answer::Refuse(Some(Duration::from_secs(77)))));
    assert!(bench.send(logs([1])).verdict().await.is_settled());
    assert_eq!(pauses(&bench.sink("sink").calls()), [77]);
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn no_answer_in_time_is_a_failure_that_is_tried_again() {
    let bench = Bench::start(&config("timeout: 2s, retry_on_failure: {randomization_factor: 0}")).await;
    bench.sink("sink").answer(at_first(1, Answer::Hang));
    assert!(bench.send(logs([1])).verdict().await.is_settled());
    assert_eq!(pauses(&bench.sink("sink").calls()), [2 + 5]);
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn it_ends_where_the_configuration_says_so() {
    for (retry, tries) in [("{enabled: false}", 1), ("{max_elapsed_time: 20s, randomization_factor: 0}", 3)] {
        let bench = Bench::start(&config(&format!("retry_on_failure: {retry}"))).await;
        bench.sink("sink").always(Answer::Refuse(None));
        assert_eq!(failure(bench.send(logs([1])).verdict().await), "overloaded");
        assert_eq!(bench.sink("sink").calls().len(), tries, "{retry}");
        let degraded = bench.running.health().degraded;
        assert_eq!(degraded, [("sink".to_owned(), "overloaded".to_owned())], "{retry}");
        let (_, accounts) = bench.stop().await;
        assert_eq!(accounts.dropped("sink", "retries_exhausted"), 1, "{retry}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_and_then_given_up_is_not_sent_and_makes_room() {
    let bench = Bench::start(&config("sending_queue: {queue_size: 1}")).await;
    bench.sink("sink").always(Answer::Refuse(Some(Duration::from_secs(3600))));
    let sent = bench.send(logs([1]));
    eventually("it is refused once", || bench.running.health().degraded.len() == 1).await;
    assert!(bench.send_to("source", logs([2])).is_err());
    bench.sink("sink").always(Answer::Take);
    let started = Instant::now();
    drop(sent);
    eventually("there is room", || bench.accounts().queued() == 0).await;
    assert!(started.elapsed() < Duration::from_secs(60), "long before the next try");
    assert!(bench.send(logs([2])).verdict().await.is_settled());
    let accounts = bench.stop_and_expect(&[2]).await;
    assert_eq!(accounts.dropped("sink", "abandoned"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_arrived_goes_on_when_its_sender_gives_up() {
    let bench = Bench::start(&config("")).await;
    bench.sink("sink").answer(at_first(1, Answer::BreakOff));
    let sent = bench.send(logs([1]));
    eventually("it broke off", || bench.running.health().degraded.len() == 1).await;
    drop(sent);
    bench.stop_and_expect(&[1, 1]).await;
}

#[tokio::test]
async fn what_waits_in_a_queue_and_is_given_up_makes_room_for_the_next() {
    let bench = Bench::start(&config("sending_queue: {queue_size: 2, num_consumers: 1}")).await;
    bench.sink("sink").hold();
    let first = bench.send(logs([1]));
    eventually("the first is under way", || bench.sink("sink").under_way() == 1).await;
    drop(bench.send(logs([2])));
    eventually("the second makes room", || bench.send_to("source", logs([3])).is_ok()).await;
    bench.sink("sink").let_pass(10);
    assert!(first.verdict().await.is_settled());
    let (_, accounts) = bench.stop().await;
    assert!(accounts.dropped("sink", "abandoned") >= 1);
}

#[tokio::test(start_paused = true)]
async fn a_sender_is_told_when_its_patience_ends() {
    let bench = Bench::start(&config("").replace("1h", "3s")).await;
    bench.sink("sink").always(Answer::Refuse(None));
    assert_eq!(failure(bench.send(logs([1])).verdict().await), "not delivered within 3s");
    bench.sink("sink").always(Answer::Take);
    bench.stop_and_expect(&[]).await;
}

#[tokio::test]
async fn one_poisoned_record_is_isolated_and_only_its_sender_learns_of_it() {
    let bench = Bench::start(&config("sending_queue: {num_consumers: 1}")).await;
    bench.sink("sink").hold();
    let first = bench.send(logs([0]));
    eventually("the first is under way", || bench.sink("sink").under_way() == 1).await;
    bench.sink("sink").answer(|call| if call.ids.contains(&666) { Answer::Malformed } else { Answer::Take });
    let good: Vec<_> = (1..8).map(|at| bench.send(logs(at * 10..at * 10 + 7))).collect();
    let poisoned = bench.send(logs([664, 665, 666, 667]));
    let also_good = bench.send(logs([900]));
    bench.sink("sink").let_pass(1000);
    for sent in good.into_iter().chain([first, also_good]) {
        let verdict = sent.verdict().await;
        assert!(verdict.is_settled() && verdict.rejected.is_none() && verdict.dropped.is_none());
    }
    let verdict = poisoned.verdict().await;
    assert!(verdict.is_settled());
    let rejected = verdict.rejected.expect("told");
    assert_eq!((rejected.items, rejected.reason.as_str()), (1, "exporter `sink`: malformed"));
    let expected: Vec<u64> = [0]
        .into_iter()
        .chain((1..8).flat_map(|at| at * 10..at * 10 + 7))
        .chain([664, 665, 667, 900])
        .collect();
    let accounts = bench.stop_and_expect(&expected).await;
    assert_eq!(accounts.dropped("sink", "rejected"), 1);
}

#[tokio::test]
async fn a_destination_that_refuses_everything_is_not_asked_about_each_record() {
    let bench = Bench::start(&config("")).await;
    bench.sink("sink").always(Answer::Malformed);
    let verdict = bench.send(logs(0..5000)).verdict().await;
    assert_eq!(verdict.rejected.expect("told").items, 5000);
    assert!(bench.sink("sink").calls().len() < 300, "{} requests", bench.sink("sink").calls().len());
    bench.stop_and_expect(&[]).await;
}

#[tokio::test]
async fn a_refusal_for_good_and_a_partial_success_are_the_senders_answer() {
    let bench = Bench::start(&config("")).await;
    bench.sink("sink").always(Answer::Forbidden);
    let rejected = bench.send(logs(0..10)).verdict().await.rejected.expect("told");
    assert_eq!((rejected.items, rejected.reason.as_str()), (10, "exporter `sink`: forbidden"));
    assert_eq!(bench.sink("sink").calls().len(), 1, "no smaller parts are tried");
    bench.sink("sink").always(Answer::TakeAllBut(3));
    let rejected = bench.send(logs(0..10)).verdict().await.rejected.expect("told");
    assert_eq!((rejected.items, rejected.reason.as_str()), (3, "exporter `sink`: some are too old"));
    let accounts = bench.stop_and_expect(&[3, 4, 5, 6, 7, 8, 9]).await;
    assert_eq!(accounts.dropped("sink", "rejected"), 13);
}

#[tokio::test]
async fn items_that_wait_behind_a_part_in_retry_are_held_in_the_books() {
    let bench = Bench::start(&config("sending_queue: {batch: {min_size: 0, max_size: 4}}")).await;
    bench.sink("sink").always(Answer::Refuse(None));
    let sent = bench.send(logs(0..10));
    eventually("the first part is refused", || bench.running.health().degraded.len() == 1).await;
    assert_eq!(bench.accounts().held(), 10);
    assert_eq!(bench.accounts().unbalanced(), Vec::<String>::new());
    drop(sent);
    eventually("all of it is given up", || bench.accounts().held() == 0).await;
    bench.stop().await;
}
