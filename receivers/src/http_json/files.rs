//! A file's lines, read in blocks.

use bytes::{Buf, BytesMut};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Read at once.
const BLOCK: usize = 256 << 10;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// One line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line that is not blank, trimmed, and where it begins in the line as it stands, from 1.
    Text(BytesMut, usize),
    /// One that is longer than allowed; nothing of it is kept.
    TooLong,
}

/// Gives out the lines of `source` one by one, and holds no more than one line and one block.
pub(super) struct Lines<R> {
    source: R,
    buffer: BytesMut,
    /// So many bytes of the buffer hold no end of a line.
    searched: usize,
    max: usize,
    number: u64,
    /// The rest of the line is passed over.
    skipping: bool,
    ended: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(source: R, max: usize) -> Self {
        let buffer = BytesMut::new();
        Self { source, buffer, searched: 0, max, number: 0, skipping: false, ended: false }
    }

    /// The number of the line that was given out last, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The next line that is not blank.
    ///
    /// # Errors
    /// The source cannot be read.
    pub(super) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            while let Some(line) = self.complete() {
                self.number += 1;
                if std::mem::take(&mut self.skipping) || line.len() > self.max {
                    return Ok(Some(Line::TooLong));
                }
                if let Some(text) = trimmed(line, self.number == 1) {
                    return Ok(Some(text));
                }
            }
            if self.ended {
                return Ok(None);
            }
            // An end of two bytes may follow.
            if self.buffer.len() > self.max + 1 {
                self.skipping = true;
                self.buffer.clear();
                self.searched = 0;
            }
            self.buffer.reserve(BLOCK);
            self.ended = self.source.read_buf(&mut self.buffer).await? == 0;
        }
    }

    /// The line at the front of the buffer, if its end is there.
    fn complete(&mut self) -> Option<BytesMut> {
        let newline = memchr::memchr(b'\n', &self.buffer[self.searched..]).map(|at| self.searched + at);
        let Some(newline) = newline else {
            self.searched = self.buffer.len();
            let last = self.ended && (self.skipping || !self.buffer.is_empty());
            self.searched = if last { 0 } else { self.searched };
            return last.then(|| self.buffer.split());
        };
        self.searched = 0;
        let mut line = self.buffer.split_to(newline);
        self.buffer.advance(1);
        if line.ends_with(b"\r") {
            line.truncate(line.len() - 1);
        }
        Some(line)
    }
}

fn trimmed(mut line: BytesMut, first: bool) -> Option<Line> {
    if first && line.starts_with(BOM) {
        line.advance(BOM.len());
    }
    let start = line.len() - line.trim_ascii_start().len();
    line.advance(start);
    line.truncate(line.trim_ascii_end().len());
    (!line.is_empty()).then_some(Line::Text(line, start + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };
    use tokio::io::ReadBuf;

    /// Gives out a few bytes at a time.
    struct Drip<'t>(&'t [u8], usize);

    impl AsyncRead for Drip<'_> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let (now, later) = self.0.split_at(self.1.min(self.0.len()));
            buffer.put_slice(now);
            self.0 = later;
            Poll::Ready(Ok(()))
        }
    }

    async fn lines(text: &[u8], at_once: usize, max: usize) -> Vec<(u64, String)> {
        let mut lines = Lines::new(Drip(text, at_once), max);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            let text = match line {
                Line::Text(text, column) => format!("{column}:{}", String::from_utf8_lossy(&text)),
                Line::TooLong => "too long".to_owned(),
            };
            found.push((lines.number(), text));
        }
        found
    }

    #[tokio::test]
    async fn lines_are_the_same_whatever_the_blocks_are() {
        let text = b"\xef\xbb\xbf{\"a\":1}\r\n\r\n  b \n\n1234567890\n12345678901\r\n \xff\nlast";
        let expected = [
            (1, "1:{\"a\":1}"),
            (3, "3:b"),
            (5, "1:1234567890"),
            (6, "too long"),
            (7, "2:\u{fffd}"),
            (8, "1:last"),
        ]
        .map(|(number, text)| (number, text.to_owned()));
        for at_once in [1, 2, 3, 7, 20, 1000] {
            assert_eq!(lines(text, at_once, 10).await, expected, "{at_once} bytes at once");
        }
        assert_eq!(lines(b"", 1, 10).await, []);
        assert_eq!(lines(b"\n", 1, 10).await, []);
        assert_eq!(lines(b"12345678901", 3, 10).await, [(1, "too long".to_owned())]);
    }

    #[tokio::test]
    async fn a_line_without_end_is_not_held() {
        let mut lines = Lines::new(tokio::io::repeat(b'x').take(64 << 20), 1000);
        assert_eq!(lines.next().await.unwrap(), Some(Line::TooLong));
        assert!(lines.buffer.capacity() <= 4 * BLOCK, "{}", lines.buffer.capacity());
        assert_eq!(lines.next().await.unwrap(), None);
    }
}
