//! Attributes of every resource.

use super::{
    config::Detector,
    detect::{self, Machine},
};
use indexmap::IndexMap;
use serde_json::Value as Json;
use tidewatch_otlp::write::MapWriter;

/// Attributes, the first of a name counts.
pub(super) type Attributes = IndexMap<String, Json>;

/// The attributes of the configuration, and what is detected beside them, as entries of a `KeyValueList`. A detector
/// that finds nothing is told about in the log of `name`.
pub(super) fn encode(
    configured: &Attributes,
    detectors: &[Detector],
    machine: &Machine,
    name: &str,
) -> Vec<u8> {
    let mut all = configured.clone();
    for detector in detectors {
        match detect::run(*detector, machine) {
            Ok(found) => {
                for (key, value) in found {
                    all.entry(key).or_insert(value);
                }
            }
            Err(reason) => {
                tracing::warn!(processor = name, ?detector, reason, "a detector has found nothing");
            }
        }
    }
    let mut out = Vec::new();
    let mut map = MapWriter::new(1, &mut out);
    all.iter().for_each(|(key, value)| map.at(key).json(value));
    out
}
