//! What nobody takes and nobody would miss is kept, with the reason.

use crate::kit::{Answer, Bench, Call, eventually, ids_of, logs, metrics};
use std::path::Path;
use tidewatch_component::{DataType, DeadLetter, Payload, dead_letter::DeadLetterKind};
use tidewatch_otlp::{Request, Signal};

/// An exporter `sink` whose refusals go to the exporter `sink/dead`.
fn yaml(receiver: &str, sink: &str, dead: &str) -> String {
    format!(
        "
receivers: {{source: {{{receiver}}}}}
exporters: {{sink: {{{sink}}}, sink/dead: {{{dead}}}}}
service:
  dead_letter: sink/dead
  shutdown_timeout: 2s
  pipelines: {{main: {{receivers: [source], exporters: [sink]}}}}
"
    )
}

const QUEUED: &str = "acknowledge: queued";

/// The numbers in a letter's original.
fn ids(letter: &DeadLetter) -> Vec<u64> {
    let signal = if letter.signal == DataType::Logs { Signal::Logs } else { Signal::Metrics };
    ids_of(&Payload::Telemetry(Request::check(signal, letter.original.clone()).expect("OTLP").request))
}

/// Refuses what one of these numbers is in.
fn all_but(poison: &'static [u64]) -> impl FnMut(&Call) -> Answer + Send + 'static {
    move |call| if call.ids.iter().any(|id| poison.contains(id)) { Answer::Malformed } else { Answer::Take }
}

#[tokio::test(start_paused = true)]
async fn exactly_what_was_refused_is_kept_with_all_that_is_known() {
    let bench = Bench::start(&yaml(QUEUED, "", "")).await;
    bench.sink("sink").answer(all_but(&[3, 7]));
    let sent = logs([7]);
    let Payload::Telemetry(request) = &sent else { unreachable!() };
    let bytes = request.bytes().clone();
    bench.send(logs(1..6));
    bench.send(sent);
    let dead = bench.sink("sink/dead");
    eventually("both are kept", || dead.letters().len() == 2).await;
    let letters = dead.letters();
    assert_eq!(letters.iter().map(ids).collect::<Vec<_>>(), [[3], [7]]);
    let letter = &letters[1];
    assert_eq!(letter.original, bytes);
    assert_eq!((letter.kind, letter.items), (DeadLetterKind::Refused, 1));
    assert_eq!(letter.exporter.as_deref(), Some("sink"));
    assert_eq!(letter.reason, "exporter `sink`: malformed");
    assert_eq!(&*letter.context.origins[0].receiver, "source");
    let accounts = bench.stop_and_expect(&[1, 2, 4, 5]).await;
    assert_eq!((accounts.dropped("sink", "dead_letter"), accounts.dropped("sink", "rejected")), (2, 0));
    let made = accounts.sum("tidewatch_node_items", &[("node", "service.dead_letter"), ("book", "created")]);
    assert_eq!(made, 2);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_told_instead() {
    let bench = Bench::start(&yaml("", "", "")).await;
    bench.sink("sink").answer(all_but(&[3]));
    let verdict = bench.send(logs(1..6)).verdict().await;
    assert_eq!(verdict.rejected.map(|rejected| rejected.items), Some(1));
    let dead = bench.sink("sink/dead");
    let accounts = bench.stop_and_expect(&[1, 2, 4, 5]).await;
    assert_eq!(dead.letters(), []);
    assert_eq!((accounts.dropped("sink", "dead_letter"), accounts.dropped("sink", "rejected")), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn what_was_tried_long_enough_is_kept_too() {
    let bench = Bench::start(&yaml(QUEUED, "retry_on_failure: {enabled: false}", "")).await;
    bench.sink("sink").always(Answer::Refuse(None));
    bench.send(metrics([1, 2]));
    let dead = bench.sink("sink/dead");
    eventually("it is kept", || dead.letters().len() == 1).await;
    assert_eq!(ids(&dead.letters()[0]), [1, 2]);
    let (_, accounts) = bench.stop().await;
    assert_eq!(accounts.dropped("sink", "dead_letter"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_is_refused_is_counted_and_makes_no_other() {
    let bench = Bench::start(&yaml(QUEUED, "", "")).await;
    bench.sink("sink").always(Answer::Forbidden);
    bench.sink("sink/dead").always(Answer::Forbidden);
    bench.send(logs([1, 2]));
    eventually("it was tried", || bench.sink("sink/dead").calls().len() == 1).await;
    let dead = bench.sink("sink/dead");
    let (_, accounts) = bench.stop().await;
    assert_eq!(dead.calls().len(), 1);
    assert_eq!(accounts.dropped("sink", "rejected"), 2);
    assert_eq!(
        (accounts.dropped("sink/dead", "rejected"), accounts.dropped("sink/dead", "dead_letter")),
        (1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_exporter_of_dead_letters_refuses_itself_is_counted() {
    let both = yaml(QUEUED, "", "").replace("exporters: [sink]", "exporters: [sink/dead]");
    let bench = Bench::start(&both).await;
    bench.sink("sink/dead").always(Answer::Forbidden);
    bench.send(logs([1, 2]));
    eventually("it was tried", || bench.sink("sink/dead").calls().len() == 1).await;
    let (_, accounts) = bench.stop().await;
    assert_eq!(accounts.dropped("sink/dead", "rejected"), 2);
}

#[tokio::test(start_paused = true)]
async fn letters_wait_for_room_and_nothing_is_lost() {
    // Room for one letter of some 22 KB.
    let bench = Bench::start(&yaml(QUEUED, "", "sending_queue: {max_bytes: 30000}")).await;
    bench.sink("sink").always(Answer::Forbidden);
    let dead = bench.sink("sink/dead");
    dead.hold();
    for turn in 0..5 {
        bench.send(logs(turn * 2000..turn * 2000 + 2000));
    }
    eventually("a letter waits for its answer", || dead.under_way() == 1).await;
    assert!(bench.accounts().held() >= 10_000, "{}", bench.accounts().held());
    dead.let_pass(100);
    let kept = || dead.letters().iter().map(|letter| letter.items).sum::<usize>();
    eventually("all are kept", || kept() == 10_000).await;
    let mut all: Vec<u64> = dead.letters().iter().flat_map(ids).collect();
    all.sort_unstable();
    assert_eq!(all, (0..10_000).collect::<Vec<_>>());
    let (_, accounts) = bench.stop().await;
    assert_eq!(accounts.dropped("sink", "dead_letter"), 10_000);
}

#[tokio::test(start_paused = true)]
async fn letters_have_room_where_all_queues_together_are_full() {
    let limit = "dead_letter: sink/dead\n  memory_limit: 30000";
    let bench = Bench::start(&yaml(QUEUED, "", "").replace("dead_letter: sink/dead", limit)).await;
    let (sink, dead) = (bench.sink("sink"), bench.sink("sink/dead"));
    sink.always(Answer::Forbidden);
    sink.hold();
    bench.send(logs(0..2000));
    assert!(bench.send_to("source", logs(0..2000)).is_err(), "the limit is reached");
    sink.let_pass(1);
    eventually("it is kept", || dead.letters().len() == 1).await;
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn letters_of_the_last_moment_are_delivered_before_the_stop() {
    let bench = Bench::start(&yaml(QUEUED, "", "")).await;
    let (sink, dead) = (bench.sink("sink"), bench.sink("sink/dead"));
    sink.always(Answer::Forbidden);
    sink.hold();
    bench.send(logs([1]));
    eventually("it is under way", || sink.under_way() == 1).await;
    let late = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        sink.let_pass(1);
    };
    let ((report, accounts), ()) = tokio::join!(bench.stop(), late);
    assert_eq!(report.undelivered, []);
    assert_eq!(dead.letters().len(), 1);
    assert_eq!(accounts.dropped("sink", "dead_letter"), 1);
}

/// A processor complains about every third record.
fn complaining(receiver: &str, dead: &str) -> String {
    let yaml = yaml(receiver, "", dead).replace("[source],", "[source], processors: [actor],");
    format!("processors: {{actor: {{complain: {{every: 3}}}}}}\n{yaml}")
}

#[tokio::test(start_paused = true)]
async fn what_a_processor_cannot_use_is_kept_before_it_is_acknowledged() {
    let bench = Bench::start(&complaining("", "")).await;
    let dead = bench.sink("sink/dead");
    dead.hold();
    let sent = bench.send(logs(1..6));
    eventually("the others are delivered", || bench.sink("sink").taken().len() == 4).await;
    let mut verdict = std::pin::pin!(sent.verdict());
    assert!(futures_util::poll!(&mut verdict).is_pending(), "its letter is not kept yet");
    dead.let_pass(1);
    assert!(verdict.await.is_settled());
    let letters = dead.letters();
    assert_eq!(letters.iter().map(ids).collect::<Vec<_>>(), [[3]]);
    assert_eq!((letters[0].kind, letters[0].items), (DeadLetterKind::Unusable, 1));
    assert_eq!((letters[0].reason.as_str(), &letters[0].exporter), ("`state` is missing", &None));
    let accounts = bench.stop_and_expect(&[1, 2, 4, 5]).await;
    assert_eq!(accounts.dropped("actor", "dead_letter"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_processor_posts_at_the_last_moment_is_delivered_before_the_stop() {
    let bench = Bench::start(&complaining(QUEUED, "")).await;
    let dead = bench.sink("sink/dead");
    dead.hold();
    bench.send(logs(1..31));
    let late = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        dead.let_pass(100);
    };
    let ((report, accounts), ()) = tokio::join!(bench.stop(), late);
    assert_eq!(report.undelivered, []);
    assert_eq!(
        dead.letters().iter().flat_map(ids).collect::<Vec<_>>(),
        (1..=10).map(|id| id * 3).collect::<Vec<_>>()
    );
    assert_eq!(accounts.dropped("actor", "dead_letter"), 10);
}

#[tokio::test(start_paused = true)]
async fn what_there_is_no_room_for_is_counted_and_holds_nobody_back() {
    // Room for a few letters of some 300 bytes.
    let bench = Bench::start(&complaining("", "sending_queue: {max_bytes: 1000}")).await;
    let dead = bench.sink("sink/dead");
    dead.hold();
    let sent = bench.send(logs(1..301));
    eventually("the others are delivered", || bench.sink("sink").taken().len() == 200).await;
    dead.let_pass(100);
    assert!(sent.verdict().await.is_settled());
    let kept = i64::try_from(dead.letters().len()).unwrap();
    let (_, accounts) = bench.stop().await;
    assert!((1..10).contains(&kept), "{kept}");
    assert_eq!(accounts.dropped("actor", "dead_letter"), kept);
    assert_eq!(accounts.dropped("actor", "unusable"), 100 - kept);
}

fn on_disk(directory: &Path) -> String {
    let storage = "sending_queue: {storage: disk}";
    let yaml = yaml("", storage, storage);
    let extension = format!("extensions: {{disk: {{directory: '{}'}}}}\n", directory.display());
    extension + &yaml.replace("service:", "service:\n  extensions: [disk]")
}

#[tokio::test]
async fn on_disk_the_original_stays_until_its_letter_is_there() {
    let directory = tempfile::tempdir().expect("a directory");
    let bench = Bench::start(&on_disk(directory.path())).await;
    bench.sink("sink").always(Answer::Forbidden);
    bench.sink("sink/dead").always(Answer::Refuse(None));
    assert!(bench.send(logs([1, 2])).verdict().await.is_settled());
    // The letter is on disk, and so needs no original.
    let kept = |bench: &Bench| bench.accounts().dropped("sink", "dead_letter") == 2;
    eventually("the letter is on disk", || kept(&bench)).await;
    let (report, _) = bench.stop().await;
    assert_eq!(report.kept, [("sink/dead".to_owned(), 1)]);

    let bench = Bench::start(&on_disk(directory.path())).await;
    let dead = bench.sink("sink/dead");
    eventually("the letter is delivered", || dead.letters().len() == 1).await;
    assert_eq!(ids(&dead.letters()[0]), [1, 2]);
    let (report, _) = bench.stop().await;
    assert_eq!((report.kept, report.undelivered), (vec![], vec![]));
}

#[tokio::test]
async fn what_a_processor_cannot_use_is_acknowledged_once_its_letter_is_on_disk() {
    let directory = tempfile::tempdir().expect("a directory");
    let yaml = on_disk(directory.path()).replace("sink: {sending_queue: {storage: disk}}", "sink: {}");
    let yaml = yaml.replace("[source],", "[source], processors: [actor],");
    let bench = Bench::start(&format!("processors: {{actor: {{complain: {{every: 3}}}}}}\n{yaml}")).await;
    let dead = bench.sink("sink/dead");
    dead.always(Answer::Refuse(None));
    // The others are to be delivered: their queue is in memory.
    let sent = bench.send(logs(1..6));
    assert!(sent.verdict().await.is_settled());
    assert_eq!(bench.sink("sink").taken(), [1, 2, 4, 5]);
    let (report, _) = bench.stop().await;
    assert_eq!(report.kept, [("sink/dead".to_owned(), 1)]);
}

#[tokio::test]
async fn an_original_on_disk_whose_letter_is_not_safe_is_tried_by_the_next_agent() {
    let directory = tempfile::tempdir().expect("a directory");
    // The letters' queue is in memory.
    let half =
        on_disk(directory.path()).replace("sink/dead: {sending_queue: {storage: disk}}", "sink/dead: {}");
    let bench = Bench::start(&half).await;
    bench.sink("sink").always(Answer::Forbidden);
    let dead = bench.sink("sink/dead");
    dead.always(Answer::Refuse(None));
    assert!(bench.send(logs([1, 2])).verdict().await.is_settled());
    eventually("the letter was tried", || !dead.calls().is_empty()).await;
    let (report, _) = bench.stop().await;
    assert_eq!(report.kept, [("sink".to_owned(), 2)]);

    // By now the destination takes it.
    let bench = Bench::start(&half).await;
    eventually("it is tried again", || bench.sink("sink").taken() == [1, 2]).await;
    assert!(bench.sink("sink/dead").calls().is_empty());
    bench.stop().await;
}
