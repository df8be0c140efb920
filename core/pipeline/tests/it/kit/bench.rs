//! An agent at work, and what a test does with it.

use super::{
    Accounts, Sink, World, actor::Actor, disk::Disk, guard::Guard, sink::SinkExporter, source::Source,
};
use std::{sync::Arc, time::Duration};
use tidewatch_component::{Context, Intake, Payload, Refusal, Registry, Submission, Verdict};
use tidewatch_config::{Config, Source as Text, load};
use tidewatch_pipeline::{Agent, Changes, ReloadError, Report, Running, StartFailure};
use tidewatch_telemetry::Metrics;
use tokio::task::JoinHandle;

/// An agent, its world and its metrics.
pub(crate) struct Bench {
    pub(crate) world: Arc<World>,
    pub(crate) running: Running,
}

fn registry() -> Registry {
    Registry::new()
        .receiver::<Source>()
        .processor::<Actor>()
        .exporter::<SinkExporter>()
        .extension::<Guard>()
        .extension::<Disk>()
}

fn config(yaml: &str, registry: &Registry) -> Config {
    let loaded = load(&[Text::Yaml(yaml.into())], &[], registry.catalog(), &|_| None);
    loaded.config.unwrap_or_else(|| panic!("{}", loaded.diagnostics.render(false)))
}

/// Builds an agent of test components: `source`, `actor`, `sink`, `guard` and `disk`.
pub(crate) fn build(yaml: &str, metrics: &Metrics) -> (Agent, Arc<World>) {
    let registry = registry();
    let config = config(yaml, &registry);
    let world = Arc::<World>::default();
    let built = world.around(|| Agent::build(&config, &registry, metrics));
    (built.unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false))), world)
}

impl Bench {
    /// Starts an agent.
    pub(crate) async fn start(yaml: &str) -> Self {
        let (agent, world) = build(yaml, &Metrics::default());
        let running = agent.start().await.unwrap_or_else(|failure| panic!("{failure}"));
        Self { world, running }
    }

    /// Tries to start one that should fail.
    pub(crate) async fn fail_to_start(yaml: &str) -> (StartFailure, Arc<World>) {
        let (agent, world) = build(yaml, &Metrics::default());
        match agent.start().await {
            Ok(_) => panic!("it started"),
            Err(failure) => (failure, world),
        }
    }

    /// Goes on with another configuration; its components are part of the same world.
    pub(crate) async fn reload(&mut self, yaml: &str) -> Result<Changes, ReloadError> {
        let registry = registry();
        let config = config(yaml, &registry);
        // What is built later on is built on this thread, too.
        self.world.around(|| ());
        self.running.reload(&config, &registry).await
    }

    pub(crate) fn sink(&self, id: &str) -> Arc<Sink> {
        self.world.sink(id)
    }

    /// Admits and hands over at once, for receiver `source`.
    pub(crate) fn send(&self, payload: Payload) -> Sent {
        self.send_to("source", payload).unwrap_or_else(|refusal| panic!("refused: {refusal}"))
    }

    /// Admits and hands over at once; waits for the answer in a task of its own.
    pub(crate) fn send_to(&self, receiver: &str, payload: Payload) -> Result<Sent, Refusal> {
        self.send_from(receiver, payload, Context::of_receiver(receiver))
    }

    /// With a context of its own.
    pub(crate) fn send_from(
        &self,
        receiver: &str,
        payload: Payload,
        context: Context,
    ) -> Result<Sent, Refusal> {
        let intake = self.world.intake(receiver);
        let permit = intake.admit(payload.data_type(), payload.memory())?;
        let submission = intake.submit(permit, payload, Arc::new(context));
        Ok(Sent::wait(intake, submission))
    }

    pub(crate) fn accounts(&self) -> Accounts {
        Accounts::read(&self.running.metrics().render())
    }

    /// Stops the agent, and checks that its books are closed: everything balances, and nothing is held.
    pub(crate) async fn stop(self) -> (Report, Accounts) {
        let metrics = self.running.metrics().clone();
        // Keeps the nodes alive, so that they can still tell what they hold.
        let report = self.running.stop().await;
        let accounts = Accounts::read(&metrics.render());
        assert_eq!(accounts.unbalanced(), Vec::<String>::new());
        (report, accounts)
    }

    /// Stops it, after which exporter `sink` must have taken exactly these, in this order.
    pub(crate) async fn stop_and_expect(self, ids: &[u64]) -> Accounts {
        let sink = self.sink("sink");
        let (_, accounts) = self.stop().await;
        assert_eq!(sink.taken(), ids);
        accounts
    }
}

/// Something that was handed over. Dropping it is giving up.
pub(crate) struct Sent(JoinHandle<Verdict>);

impl Sent {
    fn wait(intake: Intake, submission: Submission) -> Self {
        Self(tokio::spawn(async move { intake.acknowledged(submission).await }))
    }

    /// What became of it.
    pub(crate) async fn verdict(mut self) -> Verdict {
        (&mut self.0).await.expect("nothing cancels it")
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits until `condition` holds; a test that waits for ever fails.
pub(crate) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let patience = tokio::time::Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(tokio::time::Instant::now() < patience, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
