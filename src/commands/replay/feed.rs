//! Sends originals to a receiver, by way of the `otlp_http` exporter.

use serde_json::json;
use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tidewatch_component::{
    Batch, BuildContext, DataType, DeadLetter, ExportError, Exporter, ExporterFactory, Payload, Rejection,
    dead_letter::{JSON, PROTOBUF},
};
use tidewatch_config::ComponentId;
use tidewatch_exporters::otlp_http::OtlpHttp;
use tidewatch_otlp::{Request, Signal, json as otlp_json};
use tidewatch_telemetry::Metrics;

/// The pause before a further try grows from the one to the other.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(30)];

/// What one try may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The way in.
pub(super) struct Feed {
    exporter: Arc<dyn Exporter>,
    patience: Duration,
    stopped: bool,
}

/// What became of a letter.
pub(super) enum Fed {
    /// The receiver has taken it.
    Taken,
    /// But for some of its items, which it refuses for good.
    TakenInPart(Rejection),
    /// The receiver refuses it for good.
    Refused(String),
    /// It is nothing that an OTLP receiver could take.
    Unusable(String),
    /// The receiver did not take it in time.
    GivenUp(String),
    /// It was given up before.
    NotTried,
}

impl Feed {
    /// # Errors
    /// What is wrong with the endpoint or the headers.
    pub(super) async fn new(
        endpoint: &str,
        headers: &[(String, String)],
        patience: Duration,
    ) -> Result<Self, String> {
        let headers: BTreeMap<_, _> = headers.iter().cloned().collect();
        let keys = json!({"endpoint": endpoint, "headers": headers, "timeout": "0s"});
        let config = serde_json::from_value(keys).map_err(|error| error.to_string())?;
        let context = BuildContext::new(ComponentId::new("otlp_http"), &Metrics::default());
        let built = OtlpHttp::build(config, &context).map_err(|mistakes| {
            let all = mistakes.iter().map(|mistake| format!("{}: {}", mistake.path, mistake.message));
            all.collect::<Vec<_>>().join("; ")
        })?;
        built.exporter.start().await.map_err(|error| error.to_string())?;
        Ok(Self { exporter: built.exporter, patience, stopped: false })
    }

    /// Sends one letter, for as long as it takes, or until `stop`. A try that is under way has its answer first: what
    /// was taken must not be fed in twice. After a letter that was given up, nothing is tried any more.
    pub(super) async fn feed(
        &mut self,
        letter: &DeadLetter,
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Fed {
        let request = match original(letter) {
            Ok(request) => request,
            Err(reason) => return Fed::Unusable(reason),
        };
        if self.stopped || is_ready(stop.as_mut()).await {
            self.stopped = true;
            return Fed::NotTried;
        }
        let batch = Batch::unattended(Payload::Telemetry(request), letter.context.clone());
        let started = Instant::now();
        let mut pause = PAUSES[0];
        loop {
            let tried = tokio::time::timeout(TIMEOUT, self.exporter.export(&batch)).await;
            let (reason, after) = match tried {
                Ok(Ok(exported)) => {
                    let rejected = exported.rejected.filter(|rejected| rejected.items > 0);
                    return match rejected {
                        None => Fed::Taken,
                        Some(all) if all.items >= letter.items => Fed::Refused(all.reason),
                        Some(some) => Fed::TakenInPart(some),
                    };
                }
                Ok(Err(ExportError::Permanent { reason, .. })) => return Fed::Refused(reason),
                Ok(Err(ExportError::Retryable { reason, after, .. })) => (reason, after),
                Err(_) => (format!("no answer within {TIMEOUT:?}"), None),
            };
            let next = pause.max(after.unwrap_or_default());
            self.stopped = started.elapsed() + next > self.patience
                || tokio::time::timeout(next, stop.as_mut()).await.is_ok();
            if self.stopped {
                return Fed::GivenUp(reason);
            }
            pause = (pause * 2).min(PAUSES[1]);
        }
    }
}

async fn is_ready(future: Pin<&mut impl Future<Output = ()>>) -> bool {
    tokio::select! {
        biased;
        () = future => true,
        () = std::future::ready(()) => false,
    }
}

/// The request that a letter holds.
///
/// # Errors
/// Why it holds none.
fn original(letter: &DeadLetter) -> Result<Request, String> {
    if letter.is_cut() {
        let (kept, size) = (letter.original.len(), letter.size);
        return Err(format!("only {kept} of its {size} bytes were kept"));
    }
    let signal = match letter.signal {
        DataType::Traces => Signal::Traces,
        DataType::Metrics => Signal::Metrics,
        DataType::Logs | DataType::Alerts => Signal::Logs,
    };
    let wire = match letter.content_type.as_str() {
        PROTOBUF => letter.original.clone(),
        JSON => otlp_json::decode(signal, &letter.original).map_err(|error| error.to_string())?.into(),
        other => return Err(format!("{other} is nothing that an OTLP receiver takes")),
    };
    let checked = Request::check(signal, wire).map_err(|error| error.to_string())?;
    if !checked.rejected.is_none() {
        return Err("it has items with ids of a wrong length".into());
    }
    Ok(checked.request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn letter(content_type: &str, original: &'static [u8]) -> DeadLetter {
        let original = Bytes::from_static(original);
        DeadLetter::undecodable(DataType::Logs, content_type, original, "why", &Arc::default())
    }

    #[test]
    fn only_whole_requests_are_fed_in() {
        let error = |letter: &DeadLetter| original(letter).expect_err("unusable");
        assert_eq!(original(&letter(PROTOBUF, b"")).map(|request| request.items()), Ok(0));
        let json = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}"#;
        assert_eq!(original(&letter(JSON, json)).map(|request| request.items()), Ok(1));
        assert!(error(&letter("text/plain", b"a line")).starts_with("text/plain is nothing"));
        assert!(error(&letter(PROTOBUF, b"\xff")).len() > 1);
        let cut = DeadLetter { size: 10, ..letter(PROTOBUF, b"") };
        assert_eq!(error(&cut), "only 0 of its 10 bytes were kept");
    }
}
