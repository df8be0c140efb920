//! What the components of one agent share with the test that runs it.

use super::sink::Sink;
use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tidewatch_component::Intake;

/// The other ends of all components of one agent.
#[derive(Default)]
pub(crate) struct World {
    intakes: Mutex<HashMap<String, Intake>>,
    sinks: Mutex<HashMap<String, Arc<Sink>>>,
    events: Mutex<Vec<String>>,
}

thread_local! {
    /// Factories are called on the thread that builds the agent.
    static BUILT_NOW: RefCell<Arc<World>> = RefCell::default();
}

impl World {
    /// Runs `build`, whose components become part of this world.
    pub(crate) fn around<T>(self: &Arc<Self>, build: impl FnOnce() -> T) -> T {
        BUILT_NOW.replace(self.clone());
        build()
    }

    pub(crate) fn built_now() -> Arc<Self> {
        BUILT_NOW.with_borrow(Arc::clone)
    }

    /// Where receiver `id` puts its data; it must have been started.
    pub(crate) fn intake(&self, id: &str) -> Intake {
        self.intakes.lock().unwrap()[id].clone()
    }

    pub(crate) fn add_intake(&self, id: &str, intake: Intake) {
        self.intakes.lock().unwrap().insert(id.into(), intake);
    }

    /// The exporter `id`, made when it is first asked for.
    pub(crate) fn sink(&self, id: &str) -> Arc<Sink> {
        self.sinks.lock().unwrap().entry(id.into()).or_default().clone()
    }

    /// Notes something that happened.
    pub(crate) fn note(&self, event: impl Into<String>) {
        self.events.lock().unwrap().push(event.into());
    }

    /// Everything noted so far, in order.
    pub(crate) fn events(&self) -> Vec<String> {
        self.events.lock().unwrap().clone()
    }

    /// How often `event` was noted.
    pub(crate) fn times(&self, event: &str) -> usize {
        self.events().iter().filter(|known| *known == event).count()
    }
}
