//! What the Collector has and Tidewatch only knows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidewatch_component::Extension;

/// Any keys: they belong to the Collector, and none has an effect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnyKeys {
    #[serde(flatten)]
    keys: serde_json::Map<String, serde_json::Value>,
}

/// Does nothing.
pub(crate) struct Idle;

impl Extension for Idle {}
