//! OTLP/gRPC.

use super::accept::{Accepted, Acceptor, Declined};
use bytes::Bytes;
use prost::Message;
use tidewatch_net::grpc::{Code, Reply, Request, Status, UnaryService};
use tidewatch_otlp::{
    Signal,
    proto::collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse},
};

/// The three OTLP services on one port.
pub(super) struct GrpcService {
    pub(super) acceptor: Acceptor,
}

impl UnaryService for GrpcService {
    fn knows(&self, path: &str) -> bool {
        signal_of(path).is_some_and(|signal| self.acceptor.takes(signal))
    }

    async fn call(&self, request: Request) -> Reply {
        let Some(signal) = signal_of(request.path.path()) else {
            return Err(Status::new(Code::Unimplemented, "unknown method"));
        };
        let status = match self.acceptor.accept(signal, request.message, &request.headers).await {
            Ok(accepted) => return Ok(response(&accepted)),
            Err(Declined::Retryable { reason, after }) => {
                Status::new(Code::Unavailable, reason).retry_after(after)
            }
            Err(Declined::Permanent { reason }) => Status::new(Code::InvalidArgument, reason),
        };
        self.acceptor.count_refused(status.code);
        Err(status)
    }

    fn refused(&self, _path: &str, status: &Status) {
        self.acceptor.count_refused(status.code);
    }
}

fn signal_of(path: &str) -> Option<Signal> {
    Signal::ALL.into_iter().find(|signal| signal.grpc_path() == path)
}

/// The response for every signal: they are the same on the wire. Empty when everything was taken.
pub(super) fn response(accepted: &Accepted) -> Bytes {
    if accepted.rejected == 0 && accepted.reason.is_empty() {
        return Bytes::new();
    }
    let partial = ExportLogsPartialSuccess {
        rejected_log_records: i64::try_from(accepted.rejected).unwrap_or(i64::MAX),
        error_message: accepted.reason.clone(),
    };
    ExportLogsServiceResponse { partial_success: Some(partial) }.encode_to_vec().into()
}
