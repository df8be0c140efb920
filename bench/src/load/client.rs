//! One connection that requests go out on, in gRPC or HTTP.

use super::{Load, Protocol};
use crate::{Result, compression::Compression, signal::Signal};
use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use tonic::{
    Code, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::{Channel, Endpoint},
};

/// What came back.
pub(super) enum Answer {
    Accepted,
    Refused,
    None,
}

#[derive(Clone)]
pub(super) enum Client {
    Grpc { grpc: Grpc<Channel>, signal: Signal },
    Http { client: HttpClient<HttpConnector, Full<Bytes>>, url: String, compression: Compression },
}

impl Client {
    pub(super) async fn open(load: &Load) -> Result<Self> {
        if load.protocol == Protocol::Http {
            let client = HttpClient::builder(TokioExecutor::new()).build_http();
            let url = format!("http://{}{}", load.to, load.signal.http_path());
            return Ok(Self::Http { client, url, compression: load.compression });
        }
        let channel = Endpoint::from_shared(format!("http://{}", load.to))?
            .initial_stream_window_size(4 << 20)
            .initial_connection_window_size(16 << 20)
            .connect()
            .await
            .map_err(|error| format!("connecting to {}: {error}", load.to))?;
        let mut grpc = Grpc::new(channel);
        if let Some(encoding) = load.compression.of_grpc() {
            grpc = grpc.send_compressed(encoding).accept_compressed(encoding);
        }
        Ok(Self::Grpc { grpc, signal: load.signal })
    }

    /// Sends a request. Only what is wrong here is an error.
    pub(super) async fn send(&mut self, body: Bytes) -> Result<Answer> {
        match self {
            Self::Grpc { grpc, signal } => {
                if grpc.ready().await.is_err() {
                    return Ok(Answer::None);
                }
                let path = PathAndQuery::from_static(signal.grpc_path());
                Ok(match grpc.unary(tonic::Request::new(body), path, Raw).await {
                    Ok(_) => Answer::Accepted,
                    Err(status) if is_silence(&status) => Answer::None,
                    Err(_) => Answer::Refused,
                })
            }
            Self::Http { client, url, compression } => {
                let mut request =
                    http::Request::post(url.as_str()).header("content-type", "application/x-protobuf");
                if let Some(name) = compression.name() {
                    request = request.header("content-encoding", name);
                }
                let request = request.body(Full::new(compression.compress(body)?))?;
                let Ok(response) = client.request(request).await else { return Ok(Answer::None) };
                let accepted = response.status().is_success();
                // Read to the end, or the connection is not used again.
                let whole = response.into_body().collect().await.is_ok();
                Ok(if !whole {
                    Answer::None
                } else if accepted {
                    Answer::Accepted
                } else {
                    Answer::Refused
                })
            }
        }
    }
}

/// Whether tonic made this status itself, because the connection broke.
fn is_silence(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled)
        && status.message().contains("transport")
}

/// Passes encoded messages on as they are.
#[derive(Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
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
