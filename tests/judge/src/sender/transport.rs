//! One try of one request, over gRPC (tonic) or HTTP (hyper).

use crate::{
    Result,
    protocol::{GRPC_LOGS, HTTP_LOGS, Protocol, RpcStatus},
    wire::HttpClient,
};
use bytes::{Buf, BufMut, Bytes};
use http::{Request, header, uri::PathAndQuery};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use prost::Message;
use std::{error::Error as _, net::SocketAddr, time::Duration};
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::{Channel, Endpoint},
};

/// What became of one try.
#[derive(Debug)]
pub(super) enum Tried {
    /// Success, except for so many rejected records.
    Acknowledged { rejected: u64 },
    /// A status that says no.
    Refused { code: u16, retry_after: Option<Duration> },
    /// The sender's own deadline passed.
    Late,
    /// The connection failed: nobody knows.
    Broken,
    /// There was no connection to send it on.
    Unreachable,
}

/// A connection.
#[derive(Clone)]
pub(super) enum Transport {
    Grpc(Channel),
    Http(Box<HttpClient>, SocketAddr),
}

impl Transport {
    pub(super) fn new(protocol: Protocol, address: SocketAddr) -> Result<Self> {
        Ok(match protocol {
            Protocol::Grpc => Self::Grpc(Endpoint::new(format!("http://{address}"))?.connect_lazy()),
            Protocol::Http => Self::Http(Box::new(HttpClient::http1()), address),
        })
    }

    pub(super) async fn send(&self, message: Bytes, deadline: Duration) -> Tried {
        let sending = async {
            match self {
                Self::Grpc(channel) => send_grpc(channel.clone(), message, deadline).await,
                Self::Http(client, address) => send_http(client, *address, message).await,
            }
        };
        tokio::time::timeout(deadline, sending).await.unwrap_or(Tried::Late)
    }
}

async fn send_grpc(channel: Channel, message: Bytes, deadline: Duration) -> Tried {
    let mut client = tonic::client::Grpc::new(channel);
    if client.ready().await.is_err() {
        return Tried::Unreachable;
    }
    let mut request = tonic::Request::new(message);
    // The agent hears of the deadline, too, as from any gRPC client.
    request.set_timeout(deadline);
    let path = PathAndQuery::from_static(GRPC_LOGS);
    match client.unary(request, path, Raw).await {
        Ok(response) => acknowledged(response.get_ref()),
        // What tonic makes up itself has a source; what came over the wire has none.
        Err(status) if status.source().is_some() => made_up(&status),
        Err(status) => Tried::Refused {
            code: u16::try_from(i32::from(status.code())).unwrap_or(u16::MAX),
            retry_after: RpcStatus::decode(status.details()).ok().and_then(|status| status.retry_after()),
        },
    }
}

/// What a failure on this side of the wire means.
fn made_up(status: &Status) -> Tried {
    let mut cause = status.source();
    while let Some(error) = cause {
        if error.is::<tonic::ConnectError>() {
            return Tried::Unreachable;
        }
        if error.is::<tonic::TimeoutExpired>() {
            return Tried::Late;
        }
        cause = error.source();
    }
    Tried::Broken
}

async fn send_http(client: &HttpClient, address: SocketAddr, message: Bytes) -> Tried {
    let request = Request::post(format!("http://{address}{HTTP_LOGS}"))
        .header(header::CONTENT_TYPE, "application/x-protobuf")
        .body(message.into())
        .expect("a request of constants");
    let reply = match client.send(request).await {
        Ok(reply) => reply,
        Err(error) => {
            let legacy = error.downcast_ref::<hyper_util::client::legacy::Error>();
            return if legacy.is_some_and(hyper_util::client::legacy::Error::is_connect) {
                Tried::Unreachable
            } else {
                Tried::Broken
            };
        }
    };
    if reply.status.is_success() {
        return acknowledged(&reply.body);
    }
    let retry_after = reply.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    Tried::Refused {
        code: reply.status.as_u16(),
        retry_after: retry_after.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs),
    }
}

fn acknowledged(message: &[u8]) -> Tried {
    match ExportLogsServiceResponse::decode(message) {
        Ok(response) => {
            let rejected = response.partial_success.map_or(0, |partial| partial.rejected_log_records);
            Tried::Acknowledged { rejected: u64::try_from(rejected).unwrap_or(0) }
        }
        Err(_) => Tried::Broken,
    }
}

/// Messages are encoded once, not at every try.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
