//! `batch`: how much the exporters behind it gather before they send.

use schemars::JsonSchema;
use serde::Deserialize;
use std::{collections::HashSet, sync::Arc, time::Duration};
use tidewatch_component::{BuildContext, Gather, Out, Processor, ProcessorFactory, SignalSet};
use tidewatch_config::{Mistake, values::GoDuration};

/// Makes `batch` processors.
pub struct Batch;

/// Keys of `batch`, as in the Collector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BatchConfig {
    /// How long data whose sender has its answer may wait for more. Default 200ms; 0s: send at once.
    pub timeout: GoDuration,
    /// Items (spans, data points, log records) worth a request of their own. Default 8192; 0: any number is.
    pub send_batch_size: usize,
    /// Items in one request at the most. Default 0: unlimited.
    pub send_batch_max_size: usize,
    /// Request headers that keep batches apart. Batches of different metadata are never joined, whether
    /// they are named here or not; which headers are kept is said by the receiver's `include_metadata`.
    pub metadata_keys: Vec<String>,
    /// As in the Collector. There is no state per combination of headers here, and so nothing to limit.
    pub metadata_cardinality_limit: u32,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(200).into(),
            send_batch_size: 8192,
            send_batch_max_size: 0,
            metadata_keys: Vec::new(),
            metadata_cardinality_limit: 1000,
        }
    }
}

impl BatchConfig {
    fn mistakes(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        if self.send_batch_max_size > 0 && self.send_batch_max_size < self.send_batch_size {
            let message = format!(
                "a request of at most {} items never reaches the {} of `send_batch_size`",
                self.send_batch_max_size, self.send_batch_size
            );
            mistakes.push(
                Mistake::new("send_batch_max_size", message)
                    .help(format!("write at least {}, or a smaller `send_batch_size`", self.send_batch_size)),
            );
        }
        let mut seen = HashSet::new();
        for (index, key) in self.metadata_keys.iter().enumerate() {
            if !seen.insert(key.to_lowercase()) {
                let message = format!("`{key}` is named twice; upper and lower case are the same");
                mistakes.push(Mistake::new(format!("metadata_keys[{index}]"), message));
            }
        }
        mistakes
    }
}

impl ProcessorFactory for Batch {
    const TYPE: &'static str = "batch";
    type Config = BatchConfig;

    fn build(config: BatchConfig, _: &BuildContext) -> Result<Arc<dyn Processor>, Vec<Mistake>> {
        let mistakes = config.mistakes();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let timeout = config.timeout.into();
        let gather = Gather {
            // Without a timeout nothing waits, as in the Collector.
            min_items: if timeout == Duration::ZERO { 0 } else { config.send_batch_size },
            max_items: config.send_batch_max_size,
            timeout,
        };
        Ok(Arc::new(BatchProcessor { gather }))
    }
}

struct BatchProcessor {
    gather: Gather,
}

impl Processor for BatchProcessor {
    fn handles(&self) -> SignalSet {
        SignalSet::NONE
    }

    fn process(&self, batch: tidewatch_component::Batch, out: &mut Out<'_>) {
        out.send(batch);
    }

    fn gather(&self) -> Option<Gather> {
        Some(self.gather)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use serde_json::{Value as Json, json};
    use tidewatch_otlp::{Request, Signal};

    fn config(keys: Json) -> BatchConfig {
        serde_json::from_value(keys).unwrap()
    }

    fn build(keys: Json) -> Arc<dyn Processor> {
        Batch::build(config(keys), &testing::context("batch")).ok().unwrap()
    }

    fn gather(keys: Json) -> Gather {
        build(keys).gather().unwrap()
    }

    #[test]
    fn the_keys_of_the_collector_say_how_exporters_gather() {
        let default = Gather { min_items: 8192, max_items: 0, timeout: Duration::from_millis(200) };
        assert_eq!(gather(json!({})), default);
        let own = gather(
            json!({"timeout": "1s", "send_batch_size": 100, "send_batch_max_size": 150, "metadata_keys": ["x"]}),
        );
        assert_eq!(own, Gather { min_items: 100, max_items: 150, timeout: Duration::from_secs(1) });
        assert_eq!(gather(json!({"timeout": "0s"})).min_items, 0);
    }

    #[test]
    fn mistakes_stand_at_their_keys() {
        let mistakes = config(json!({"send_batch_max_size": 10, "metadata_keys": ["a", "A"]})).mistakes();
        let paths: Vec<_> = mistakes.iter().map(|mistake| mistake.path.as_str()).collect();
        assert_eq!(paths, ["send_batch_max_size", "metadata_keys[1]"]);
    }

    #[test]
    fn it_passes_everything_on() {
        let processor = build(json!({}));
        let request = Request::check(Signal::Logs, bytes::Bytes::new()).unwrap().request;
        let batches = testing::outputs(|out| processor.process(testing::batch(request.clone()), out));
        assert_eq!(batches[0].telemetry(), Some(&request));
        assert!(processor.handles().is_empty());
    }
}
