//! The Collector's `pprof` (profiles of the running process): known, so that its configurations load, but idle.

use crate::idle::{AnyKeys, Idle};
use std::sync::Arc;
use tidewatch_component::{BuildContext, Extension, ExtensionFactory};
use tidewatch_config::Mistake;

/// The `pprof` type.
pub struct Pprof;

impl ExtensionFactory for Pprof {
    const TYPE: &'static str = "pprof";
    const NOTE: Option<&'static str> = Some("does nothing yet");
    type Config = AnyKeys;

    fn build(_: AnyKeys, _: &BuildContext) -> Result<Arc<dyn Extension>, Vec<Mistake>> {
        Ok(Arc::new(Idle))
    }
}
