//! Bytes on the wire: gRPC's framing, compression, and a plain HTTP client.

use crate::Result;
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use std::{io::Read, net::SocketAddr, time::Duration};

/// A request ready to be sent.
pub type Outgoing = Request<Full<Bytes>>;

/// A client that reuses connections and never tries twice on its own.
#[derive(Clone)]
pub struct HttpClient(Client<HttpConnector, Full<Bytes>>);

/// A whole answer.
#[derive(Debug)]
pub struct Reply {
    /// HTTP's status.
    pub status: StatusCode,
    /// HTTP's headers.
    pub headers: HeaderMap,
    /// HTTP's trailers, or the headers of an answer that has only those.
    pub trailers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl HttpClient {
    /// Speaks HTTP/1.1.
    pub fn http1() -> Self {
        Self(Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build_http())
    }

    /// Speaks HTTP/2 without asking first.
    pub fn http2() -> Self {
        let mut builder = Client::builder(TokioExecutor::new());
        builder.http2_only(true).timer(TokioTimer::new()).retry_canceled_requests(false);
        Self(builder.build_http())
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub async fn send(&self, request: Outgoing) -> Result<Reply> {
        let (parts, body) = self.0.request(request).await?.into_parts();
        let body = body.collect().await?;
        let trailers = body.trailers().cloned().unwrap_or_else(|| parts.headers.clone());
        Ok(Reply { status: parts.status, headers: parts.headers, trailers, body: body.to_bytes() })
    }

    /// Reads a page.
    ///
    /// # Errors
    /// When there is no such page.
    pub async fn get(&self, address: SocketAddr, path: &str) -> Result<String> {
        let request = Request::get(format!("http://{address}{path}")).body(Full::default())?;
        let reply = tokio::time::timeout(Duration::from_secs(5), self.send(request)).await??;
        if !reply.status.is_success() {
            return Err(format!("{path} answered {}", reply.status).into());
        }
        Ok(String::from_utf8(reply.body.into())?)
    }
}

impl Reply {
    /// gRPC's status, if there is one.
    pub fn grpc_status(&self) -> Option<u16> {
        self.trailers.get("grpc-status")?.to_str().ok()?.parse().ok()
    }
}

/// A gRPC message in its frame.
pub fn frame(message: &[u8], compressed: bool) -> Bytes {
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(compressed.into());
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.put_slice(message);
    framed.freeze()
}

/// The message of a gRPC body of one frame, and whether it is compressed.
pub fn unframe(body: &Bytes) -> Option<(Bytes, bool)> {
    let (prefix, message) = body.split_at_checked(5)?;
    let length = u32::from_be_bytes(prefix[1..].try_into().ok()?) as usize;
    (length == message.len()).then(|| (body.slice(5..), prefix[0] == 1))
}

/// Undoes a content encoding.
///
/// # Errors
/// On an unknown encoding and on broken data.
pub fn decompress(encoding: Option<&str>, body: Bytes) -> Result<Bytes> {
    let mut plain = Vec::new();
    match encoding {
        None | Some("identity") => return Ok(body),
        Some("gzip") => flate2::read::MultiGzDecoder::new(body.as_ref()).read_to_end(&mut plain)?,
        Some("zstd") => zstd::Decoder::new(body.as_ref())?.read_to_end(&mut plain)?,
        Some(other) => return Err(format!("unknown encoding {other}").into()),
    };
    Ok(plain.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_written() {
        assert_eq!(unframe(&frame(b"abc", true)), Some((Bytes::from_static(b"abc"), true)));
        assert_eq!(unframe(&Bytes::from_static(b"\0\0\0\0\x09abc")), None, "cut short");
        assert_eq!(unframe(&Bytes::from_static(b"\0\0")), None);
    }
}
