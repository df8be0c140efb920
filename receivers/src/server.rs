//! What receivers that are servers have in common.

use http::{HeaderMap, HeaderValue, StatusCode};
use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tidewatch_component::{BuildContext, Intake, Metadata, StartError};
use tidewatch_config::Mistake;
use tidewatch_net::{
    auth::{AuthConfig, ServerAuthenticator},
    grpc::Code,
    stream::{Address, Listener},
};
use tidewatch_telemetry::{IntCounterVec, Metrics};
use tokio::{sync::watch, task::JoinHandle, time::Instant};

/// The servers wait for their last answers as long as the receiver itself is allowed to, which is told when it
/// stops; hence no limit of their own.
pub(crate) const UNTIL_STOPPED: Duration = Duration::from_secs(24 * 60 * 60);

/// The tasks of one receiver.
#[derive(Default)]
pub(crate) struct Servers {
    stop: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Servers {
    /// Resolves when they are to stop.
    pub(crate) fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stop = self.stop.subscribe();
        async move {
            // The receiver being gone is the end, too.
            stop.wait_for(|stop| *stop).await.ok();
        }
    }

    /// Runs one.
    pub(crate) fn spawn(&self, server: impl Future<Output = ()> + Send + 'static) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(tokio::spawn(server));
    }

    /// Stops them; what is not done by `deadline` is cut off.
    pub(crate) async fn stop(&self, deadline: Instant) {
        self.stop.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for mut task in tasks {
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}

/// Binds one of the receiver's sockets, or takes it over from its predecessor.
pub(crate) async fn bind(
    address: &Result<Address, Mistake>,
    intake: &Intake,
) -> Result<Listener, StartError> {
    let address = address.as_ref().map_err(|mistake| StartError(mistake.message.clone()))?;
    let listener = intake.sockets().bind(address).await.map_err(|error| StartError(error.to_string()))?;
    if let Some(bound) = listener.local_addr() {
        tracing::info!(receiver = intake.receiver(), address = %bound, "listening");
    }
    Ok(listener)
}

/// The extension that lets requests in; `path` is where the server's keys stand.
pub(crate) fn authenticator(
    auth: Option<&AuthConfig>,
    path: &str,
    context: &BuildContext,
    mistakes: &mut Vec<Mistake>,
) -> Option<Arc<dyn ServerAuthenticator>> {
    let id = auth?.authenticator.to_string();
    match context.provided::<Arc<dyn ServerAuthenticator>>(&id) {
        Ok(authenticator) => Some(Arc::clone(&authenticator)),
        Err(problem) => {
            mistakes.push(Mistake::new(format!("{path}auth.authenticator"), problem));
            None
        }
    }
}

/// A request's headers, for `include_metadata`.
pub(crate) fn metadata(headers: &HeaderMap) -> Metadata {
    let mut metadata = Metadata::new();
    for (name, value) in headers {
        if let Ok(value) = value.to_str() {
            metadata.entry(name.as_str().to_owned()).or_default().push(value.to_owned());
        }
    }
    metadata
}

/// The value of `Retry-After`: whole seconds, never zero, since the header knows nothing finer.
pub(crate) fn retry_after(after: Duration) -> HeaderValue {
    let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
    seconds.max(1).into()
}

/// Counts requests that are answered with an error: of many, nobody knows how many items they held.
pub(crate) struct RefusedRequests {
    counter: IntCounterVec,
    receiver: String,
    transport: &'static str,
}

impl RefusedRequests {
    pub(crate) fn new(metrics: &Metrics, receiver: &str, transport: &'static str) -> Self {
        let counter = metrics.counter(
            "tidewatch_receiver_refused_requests",
            "Requests that were answered with an error, by google.rpc.Code.",
            &["receiver", "transport", "code"],
        );
        Self { counter, receiver: receiver.to_owned(), transport }
    }

    pub(crate) fn count(&self, code: Code) {
        self.counter.with_label_values(&[self.receiver.as_str(), self.transport, code.name()]).inc();
    }
}

/// The gRPC code that means the same as an HTTP status.
pub(crate) fn code_of(status: StatusCode) -> Code {
    match status.as_u16() {
        400 | 422 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 | 405 | 415 => Code::Unimplemented,
        408 => Code::DeadlineExceeded,
        413 | 429 => Code::ResourceExhausted,
        503 => Code::Unavailable,
        _ => Code::Unknown,
    }
}
