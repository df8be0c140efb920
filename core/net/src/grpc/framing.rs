//! gRPC's length-prefixed messages.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{Code, Status};
use crate::compression::{self, DecompressError, Encoding};

/// Flag and length.
const PREFIX: usize = 5;
/// A smaller message is copied out of the buffer it was read into, which it would keep alive otherwise.
const COPY_BELOW: usize = 2 << 10;

/// Puts the one message of a unary call together from DATA frames.
pub(crate) struct MessageReader {
    limit: usize,
    prefix: [u8; PREFIX],
    prefix_len: usize,
    body: Body,
}

enum Body {
    Empty,
    /// All of it in one frame: a slice of what was read.
    Slice(Bytes),
    /// From several frames, exactly sized from the start.
    Joined(BytesMut),
}

impl MessageReader {
    /// A reader of a message of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, prefix: [0; PREFIX], prefix_len: 0, body: Body::Empty }
    }

    /// Takes the next DATA frame.
    pub(crate) fn push(&mut self, mut data: Bytes) -> Result<(), Status> {
        if self.prefix_len < PREFIX {
            let take = data.len().min(PREFIX - self.prefix_len);
            data.copy_to_slice(&mut self.prefix[self.prefix_len..][..take]);
            self.prefix_len += take;
            if self.prefix_len == PREFIX {
                self.check_prefix()?;
            }
        }
        if data.is_empty() {
            return Ok(());
        }
        let length = self.len();
        if data.len() > length - self.held() {
            return Err(Status::new(Code::Internal, "more than one message in a unary call"));
        }
        match &mut self.body {
            Body::Empty if data.len() == length => self.body = Body::Slice(data),
            Body::Empty => {
                let mut joined = BytesMut::with_capacity(length);
                joined.put(data);
                self.body = Body::Joined(joined);
            }
            Body::Joined(joined) => joined.put(data),
            Body::Slice(_) => {}
        }
        Ok(())
    }

    /// Whether all of it has come.
    pub(crate) fn is_complete(&self) -> bool {
        self.prefix_len == PREFIX && self.held() == self.len()
    }

    /// The message, decompressed.
    pub(crate) fn finish(self, encoding: Encoding) -> Result<Bytes, Status> {
        if !self.is_complete() {
            return Err(Status::new(Code::Internal, "the message is incomplete"));
        }
        let body = match self.body {
            Body::Empty => Bytes::new(),
            Body::Slice(body) => body,
            Body::Joined(body) => body.freeze(),
        };
        if self.prefix[0] == 0 {
            return Ok(if body.len() < COPY_BELOW { Bytes::copy_from_slice(&body) } else { body });
        }
        if encoding == Encoding::Identity {
            return Err(Status::new(Code::Internal, "a compressed message without grpc-encoding"));
        }
        compression::decompress(encoding, &body, self.limit).map_err(|error| match error {
            DecompressError::TooLarge { limit } => too_large("the decompressed message", limit),
            DecompressError::Corrupt { .. } => Status::new(Code::Internal, error.to_string()),
        })
    }

    fn check_prefix(&self) -> Result<(), Status> {
        if self.prefix[0] > 1 {
            let text = format!("malformed message prefix: compression flag {}", self.prefix[0]);
            return Err(Status::new(Code::Internal, text));
        }
        if self.len() > self.limit {
            return Err(too_large(&format!("a message of {} bytes", self.len()), self.limit));
        }
        Ok(())
    }

    /// What the prefix says.
    fn len(&self) -> usize {
        let [_, length @ ..] = self.prefix;
        u32::from_be_bytes(length) as usize
    }

    fn held(&self) -> usize {
        match &self.body {
            Body::Empty => 0,
            Body::Slice(body) => body.len(),
            Body::Joined(body) => body.len(),
        }
    }
}

fn too_large(what: &str, limit: usize) -> Status {
    Status::new(Code::ResourceExhausted, format!("{what} is larger than the limit of {limit} bytes"))
}

/// The prefix of a message.
pub(crate) fn prefix(compressed: bool, length: usize) -> Result<[u8; PREFIX], Status> {
    let Ok(length) = u32::try_from(length) else {
        return Err(too_large("the message", u32::MAX as usize));
    };
    let [a, b, c, d] = length.to_be_bytes();
    Ok([u8::from(compressed), a, b, c, d])
}

/// Prefix and message in one buffer: one DATA frame instead of two.
pub(crate) fn joined(compressed: bool, message: &[u8]) -> Result<Bytes, Status> {
    let prefix = prefix(compressed, message.len())?;
    let mut out = BytesMut::with_capacity(PREFIX + message.len());
    out.put_slice(&prefix);
    out.put_slice(message);
    Ok(out.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(frames: &[Bytes], limit: usize) -> Result<Bytes, Status> {
        let mut reader = MessageReader::new(limit);
        for frame in frames {
            reader.push(frame.clone())?;
        }
        reader.finish(Encoding::Identity)
    }

    #[test]
    fn a_message_in_one_frame_is_a_slice_of_it() {
        let frame = joined(false, &[7; 10_000]).unwrap();
        let message = read(std::slice::from_ref(&frame), 10_000).unwrap();
        assert_eq!(message.as_ptr(), frame[5..].as_ptr());
        // The same if the prefix travels alone.
        let message = read(&[frame.slice(..5), frame.slice(5..)], 10_000).unwrap();
        assert_eq!(message.as_ptr(), frame[5..].as_ptr());
    }

    #[test]
    fn a_small_message_keeps_no_larger_buffer_alive() {
        let frame = joined(false, b"small").unwrap();
        let message = read(std::slice::from_ref(&frame), 10).unwrap();
        assert_eq!(message, "small");
        assert_ne!(message.as_ptr(), frame[5..].as_ptr());
    }

    #[test]
    fn frames_may_be_cut_anywhere() {
        let body: Vec<u8> = (0..200).collect();
        let frame = joined(false, &body).unwrap();
        for size in 1..frame.len() {
            let parts: Vec<Bytes> = frame.chunks(size).map(Bytes::copy_from_slice).collect();
            assert_eq!(read(&parts, 200).unwrap(), body, "frames of {size} bytes");
        }
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let code = |frames: &[&'static [u8]], limit| {
            let frames: Vec<Bytes> = frames.iter().map(|frame| Bytes::from_static(frame)).collect();
            read(&frames, limit).unwrap_err().code
        };
        assert_eq!(code(&[], 10), Code::Internal);
        assert_eq!(code(&[b"\0\0\0\0"], 10), Code::Internal);
        assert_eq!(code(&[b"\0\0\0\0\x02a"], 10), Code::Internal);
        assert_eq!(code(&[b"\0\0\0\0\x01ab"], 10), Code::Internal);
        assert_eq!(code(&[b"\0\0\0\0\x01a", b"b"], 10), Code::Internal);
        assert_eq!(code(&[b"\x02\0\0\0\x01a"], 10), Code::Internal);
        assert_eq!(code(&[b"\x01\0\0\0\x01a"], 10), Code::Internal);
        assert_eq!(code(&[b"\0\0\0\0\x0b"], 10), Code::ResourceExhausted);
    }
}
