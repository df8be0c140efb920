//! A component that panics costs what it had in hand, never the agent.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`; none if it panicked, which is logged under `component`.
pub(crate) fn isolated<T>(component: &str, work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| report(component, &*panic)).ok()
}

/// Logs a panic under `component`.
pub(crate) fn report(component: &str, panic: &(dyn std::any::Any + Send)) {
    let message = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(component, panic = message, "component panicked; what it had in hand is lost");
}
