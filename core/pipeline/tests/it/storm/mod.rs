//! Anything at once: whatever components do and whenever the agent stops, each receipt ends once and
//! truly, nothing that was acknowledged is missing, and the books balance.

mod plan;
mod truth;

use crate::kit::{Accounts, Answer, Bench, Call, eventually, logs};
use plan::{Plan, Submission, Weather};
use proptest::prelude::*;
use rand::{Rng, SeedableRng, rngs::SmallRng};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tidewatch_component::{Context, DataType, Intake, Verdict};
use tokio::sync::watch;

/// What became of one submission; none where its source gave up.
struct Fate {
    source: usize,
    ids: Vec<u64>,
    verdict: Option<Verdict>,
}

proptest! {
    // A case runs on several threads, so that a smaller one need not fail.
    #![proptest_config(ProptestConfig {
        cases: 64,
        max_shrink_iters: 0,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_receipt_tells_the_truth_and_the_books_balance(plan in plan::plans()) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(3)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(weather(plan));
    }
}

/// Lets a plan happen, and looks whether all is well.
async fn weather(plan: Plan) {
    let plan = Arc::new(plan);
    let bench = Bench::start(&plan.yaml()).await;
    for (number, sink) in plan.sinks.iter().enumerate() {
        let random = SmallRng::seed_from_u64(plan.seed.wrapping_add(number as u64));
        bench.sink(&format!("sink/{number}")).answer(answers(sink.weather, random));
    }
    let ids = Arc::new(AtomicU64::new(1));
    let answers = Arc::new(watch::Sender::new(0));
    let (stopping, stopped) = watch::channel(false);
    let sources: Vec<_> = (0..plan.sources.len())
        .map(|number| {
            let intake = bench.world.intake(&format!("source/{number}"));
            let work = source(plan.clone(), number, intake, ids.clone(), answers.clone(), stopped.clone());
            tokio::spawn(work)
        })
        .collect();
    let (world, metrics) = (bench.world.clone(), bench.running.metrics().clone());
    let fates = if let Some(after) = plan.stop_after {
        let mut answered = answers.subscribe();
        let enough = answered.wait_for(|count| *count >= after);
        // Or until the sources are done.
        tokio::time::timeout(Duration::from_millis(300), enough).await.ok();
        stopping.send_replace(true);
        bench.running.stop().await;
        fates(sources).await
    } else {
        let fates = fates(sources).await;
        eventually("everybody is at rest", || {
            let accounts = bench.accounts();
            accounts.queued() == 0 && accounts.unbalanced().is_empty()
        })
        .await;
        bench.running.stop().await;
        fates
    };
    let accounts = Accounts::read(&metrics.render());
    assert_eq!(accounts.unbalanced(), Vec::<String>::new());
    assert_eq!((accounts.held(), accounts.queued()), (0, 0), "held and queued after the stop");
    truth::check(&plan, &fates, &world);
    truth::check_flows(&plan, &fates, &accounts);
}

async fn fates(sources: Vec<tokio::task::JoinHandle<Vec<Fate>>>) -> Vec<Fate> {
    let mut fates = Vec::new();
    for source in sources {
        let own = tokio::time::timeout(Duration::from_secs(60), source).await;
        fates.extend(own.expect("every receipt ends").expect("no source panics"));
    }
    fates
}

/// Sends what the plan says, several at once.
async fn source(
    plan: Arc<Plan>,
    number: usize,
    intake: Intake,
    ids: Arc<AtomicU64>,
    answers: Arc<watch::Sender<usize>>,
    stopped: watch::Receiver<bool>,
) -> Vec<Fate> {
    let mut random = SmallRng::seed_from_u64(plan.seed ^ number as u64);
    let mut open = Vec::new();
    for submission in &plan.sources[number].submissions {
        let first = ids.fetch_add(submission.items, Relaxed);
        let ids: Vec<u64> = (first..first + submission.items).collect();
        let patience = Duration::from_micros(random.random_range(0..5_000));
        let work = submit(intake.clone(), *submission, ids.clone(), patience, stopped.clone());
        let answers = answers.clone();
        open.push(tokio::spawn(async move {
            let verdict = work.await;
            answers.send_modify(|count| *count += 1);
            verdict.map(|verdict| Fate { source: number, ids, verdict })
        }));
        if random.random_bool(0.3) {
            tokio::time::sleep(Duration::from_micros(random.random_range(0..2_000))).await;
        }
    }
    let mut fates = Vec::new();
    for task in open {
        fates.extend(task.await.expect("no submission panics"));
    }
    fates
}

/// None where it was refused; a verdict unless it was given up.
async fn submit(
    intake: Intake,
    submission: Submission,
    ids: Vec<u64>,
    patience: Duration,
    mut stopped: watch::Receiver<bool>,
) -> Option<Option<Verdict>> {
    let payload = logs(ids);
    let bytes = payload.memory();
    let permit = if submission.waits_for_room {
        tokio::select! {
            permit = intake.admit_when_possible(DataType::Logs, bytes) => permit,
            _ = stopped.wait_for(|stopped| *stopped) => return None,
        }
    } else {
        intake.admit(DataType::Logs, bytes).ok()?
    };
    let submitted = intake.submit(permit, payload, Arc::new(Context::of_receiver("source")));
    let answer = intake.acknowledged(submitted);
    if submission.gives_up {
        return Some(tokio::time::timeout(patience, answer).await.ok());
    }
    Some(Some(answer.await))
}

/// What a destination says in such weather.
fn answers(weather: Weather, mut random: SmallRng) -> impl FnMut(&Call) -> Answer + Send + 'static {
    move |call| {
        if weather.poison > 0 && call.ids.iter().any(|id| id % weather.poison == 0) {
            return Answer::Malformed;
        }
        let dice = random.random_range(0..100);
        let mut below = 0;
        let mut is = |share: u32| {
            below += share;
            dice < below
        };
        match () {
            () if is(weather.refuse) => Answer::Refuse((dice % 2 == 0).then_some(Duration::from_millis(2))),
            () if is(weather.break_off) => Answer::BreakOff,
            () if is(weather.partial) => Answer::TakeAllBut(1),
            () if is(weather.forbidden) => Answer::Forbidden,
            () if is(weather.hang) => Answer::Hang,
            () if is(weather.panic) => Answer::Panic,
            () => Answer::Take,
        }
    }
}
