//! The Collector's `zpages` (pages about the running process): known, so that its configurations load, but idle.

use crate::idle::{AnyKeys, Idle};
use std::sync::Arc;
use tidewatch_component::{BuildContext, Extension, ExtensionFactory};
use tidewatch_config::Mistake;

/// The `zpages` type.
pub struct Zpages;

impl ExtensionFactory for Zpages {
    const TYPE: &'static str = "zpages";
    const NOTE: Option<&'static str> = Some("does nothing yet");
    type Config = AnyKeys;

    fn build(_: AnyKeys, _: &BuildContext) -> Result<Arc<dyn Extension>, Vec<Mistake>> {
        Ok(Arc::new(Idle))
    }
}
