//! OTLP/HTTP: protobuf and JSON, answered in the request's own encoding.

use super::{
    accept::{Acceptor, Declined},
    grpc,
};
use crate::server::{code_of, retry_after};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE, RETRY_AFTER},
    request::Parts,
};
use prost::Message;
use std::time::Duration;
use tidewatch_net::http::HttpService;
use tidewatch_otlp::{
    Signal,
    json::{self, RpcStatus},
};

/// The three paths on one port.
pub(super) struct Http {
    pub(super) acceptor: Acceptor,
    /// Path and signal.
    pub(super) paths: Vec<(String, Signal)>,
}

/// How a request is encoded, and its answer will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Protobuf,
    Json,
}

const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

impl HttpService for Http {
    fn refuse(&self, head: &Parts) -> Option<Response<Bytes>> {
        let encoding = encoding_of(&head.headers);
        let answer = |status, text: &str| Some(self.error(encoding, status, text, None));
        let Some(signal) = self.signal_of(head.uri.path()) else {
            return answer(StatusCode::NOT_FOUND, "there is nothing at this path");
        };
        if head.method != Method::POST {
            let mut response = answer(StatusCode::METHOD_NOT_ALLOWED, "OTLP is sent by POST");
            if let Some(response) = &mut response {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            }
            return response;
        }
        if encoding.is_none() {
            return answer(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the content type is neither application/x-protobuf nor application/json",
            );
        }
        if !self.acceptor.takes(signal) {
            return answer(StatusCode::NOT_FOUND, "no pipeline takes this signal");
        }
        None
    }

    async fn call(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (head, body) = request.into_parts();
        let (Some(signal), Some(encoding)) = (self.signal_of(head.uri.path()), encoding_of(&head.headers))
        else {
            return self.error(None, StatusCode::NOT_FOUND, "there is nothing at this path", None);
        };
        let wire = match encoding {
            Encoding::Protobuf => body,
            Encoding::Json => match json::decode(signal, &body) {
                Ok(wire) => wire.into(),
                Err(problem) => {
                    return self.error(Some(encoding), StatusCode::BAD_REQUEST, &problem.to_string(), None);
                }
            },
        };
        let (status, reason, after) = match self.acceptor.accept(signal, wire, &head.headers).await {
            Ok(accepted) => return success(encoding, signal, grpc::response(&accepted)),
            Err(Declined::Permanent { reason }) => (StatusCode::BAD_REQUEST, reason, None),
            Err(Declined::Retryable { reason, after }) => {
                (StatusCode::SERVICE_UNAVAILABLE, reason, Some(after))
            }
        };
        self.error(Some(encoding), status, &reason, after)
    }

    fn refused(&self, head: &Parts, answer: Response<Bytes>) -> Response<Bytes> {
        let message = String::from_utf8_lossy(answer.body());
        let mut told = self.error(encoding_of(&head.headers), answer.status(), &message, None);
        // Challenges and the like stay.
        for (name, value) in answer.headers().iter().filter(|(name, _)| **name != CONTENT_TYPE) {
            told.headers_mut().insert(name, value.clone());
        }
        told
    }
}

impl Http {
    fn signal_of(&self, path: &str) -> Option<Signal> {
        self.paths.iter().find(|(known, _)| known == path).map(|(_, signal)| *signal)
    }

    /// A `google.rpc.Status` in the request's encoding; in JSON where that has none that is known.
    fn error(
        &self,
        encoding: Option<Encoding>,
        status: StatusCode,
        message: &str,
        after: Option<Duration>,
    ) -> Response<Bytes> {
        let code = code_of(status);
        self.acceptor.count_refused(code);
        let rpc = RpcStatus { code: code as i32, message: message.to_owned() };
        let encoding = encoding.unwrap_or(Encoding::Json);
        let body = match encoding {
            Encoding::Protobuf => rpc.encode_to_vec(),
            Encoding::Json => rpc.to_json(),
        };
        let mut response = respond(encoding, status, body.into());
        if let Some(after) = after {
            response.headers_mut().insert(RETRY_AFTER, retry_after(after));
        }
        response
    }
}

fn encoding_of(headers: &HeaderMap) -> Option<Encoding> {
    let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/x-protobuf") {
        return Some(Encoding::Protobuf);
    }
    media_type.eq_ignore_ascii_case("application/json").then_some(Encoding::Json)
}

fn success(encoding: Encoding, signal: Signal, wire: Bytes) -> Response<Bytes> {
    let body = match encoding {
        Encoding::Protobuf => wire,
        // What we have just encoded ourselves can be read.
        Encoding::Json => json::encode_response(signal, &wire).unwrap_or_else(|_| b"{}".to_vec()).into(),
    };
    respond(encoding, StatusCode::OK, body)
}

fn respond(encoding: Encoding, status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let content_type = match encoding {
        Encoding::Protobuf => PROTOBUF,
        Encoding::Json => JSON,
    };
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
