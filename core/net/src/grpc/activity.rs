//! What can be seen of a connection from outside `h2`: that the peer is alive, and how often it pings.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What a client says before its first frame.
pub(crate) const CLIENT_PREFACE: usize = 24;

/// When something was last read from a connection, and the pings among it.
#[derive(Debug)]
pub(crate) struct Activity {
    since: Instant,
    last_read: AtomicU64,
    pings: AtomicU64,
}

impl Activity {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { since: Instant::now(), last_read: AtomicU64::new(0), pings: AtomicU64::new(0) })
    }

    /// When something was read last.
    pub(crate) fn last_read(&self) -> Instant {
        self.since + Duration::from_millis(self.last_read.load(Ordering::Relaxed))
    }

    /// How many PING frames the peer has sent, acknowledgements not counted.
    pub(crate) fn pings(&self) -> u64 {
        self.pings.load(Ordering::Relaxed)
    }

    fn read(&self, pings: u64) {
        let now = self.since.elapsed().as_millis() as u64;
        self.last_read.store(now, Ordering::Relaxed);
        if pings > 0 {
            self.pings.fetch_add(pings, Ordering::Relaxed);
        }
    }
}

/// Finds PING frames in what is read: `h2` answers them without telling.
#[derive(Debug)]
struct Frames {
    skip: usize,
    header: [u8; Self::HEADER],
    header_len: usize,
}

impl Frames {
    const HEADER: usize = 9;
    const PING: u8 = 6;
    const ACK: u8 = 1;

    fn pings(&mut self, mut data: &[u8]) -> u64 {
        let mut pings = 0;
        loop {
            let skipped = self.skip.min(data.len());
            self.skip -= skipped;
            data = &data[skipped..];
            if data.is_empty() {
                return pings;
            }
            let taken = data.len().min(Self::HEADER - self.header_len);
            self.header[self.header_len..][..taken].copy_from_slice(&data[..taken]);
            self.header_len += taken;
            data = &data[taken..];
            if self.header_len == Self::HEADER {
                let [a, b, c, kind, flags, ..] = self.header;
                pings += u64::from(kind == Self::PING && flags & Self::ACK == 0);
                self.skip = u32::from_be_bytes([0, a, b, c]) as usize;
                self.header_len = 0;
            }
        }
    }
}

/// A stream whose reading is watched.
#[derive(Debug)]
pub(crate) struct Watched<T> {
    io: T,
    frames: Frames,
    activity: Arc<Activity>,
}

impl<T> Watched<T> {
    /// Watches `io`, whose peer says `preface` bytes before its first frame.
    pub(crate) fn new(io: T, preface: usize, activity: Arc<Activity>) -> Self {
        Self { io, frames: Frames { skip: preface, header: [0; Frames::HEADER], header_len: 0 }, activity }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let result = Pin::new(&mut this.io).poll_read(cx, buf);
        let read = &buf.filled()[before..];
        if !read.is_empty() {
            this.activity.read(this.frames.pings(read));
        }
        result
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}

/// Pings a peer that has been silent for long, and finds out that it is gone.
pub(crate) struct Liveness {
    activity: Arc<Activity>,
    pings: Option<h2::PingPong>,
    time: Duration,
    timeout: Duration,
    waiting: Option<Instant>,
}

impl Liveness {
    /// Pings after `time` of silence and waits for `timeout` then.
    pub(crate) fn new(
        activity: Arc<Activity>,
        pings: Option<h2::PingPong>,
        time: Duration,
        timeout: Duration,
    ) -> Self {
        Self { activity, pings, time, timeout, waiting: None }
    }

    /// Looks at the peer, pings it if need be and allowed, and says when to look again; `None` if it is gone.
    pub(crate) fn check(&mut self, now: Instant, may_ping: bool) -> Option<Instant> {
        let last_read = self.activity.last_read();
        // What is read within the millisecond of the ping counts as an answer only if it comes later.
        self.waiting = self.waiting.filter(|sent| last_read <= *sent);
        if let Some(sent) = self.waiting {
            return (now < sent + self.timeout).then_some(sent + self.timeout);
        }
        if now < last_read + self.time {
            return Some(last_read + self.time);
        }
        if !may_ping {
            return Some(now + self.time);
        }
        if let Some(pings) = &mut self.pings {
            // A ping that is still under way serves as well.
            pings.send_ping(h2::Ping::opaque()).ok();
        }
        self.waiting = Some(now);
        Some(now + self.timeout)
    }

    /// Takes the answer to a ping from `h2`, which allows the next one.
    pub(crate) fn take_pong(&mut self, cx: &mut Context<'_>) {
        if self.waiting.is_some()
            && let Some(pings) = &mut self.pings
            && let Poll::Ready(Ok(_)) = pings.poll_pong(cx)
        {
            self.waiting = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pings_are_found_wherever_reads_are_cut() {
        let mut bytes = vec![0xaa; CLIENT_PREFACE];
        let frame = |kind: u8, flags: u8, payload: &[u8]| {
            let mut frame = vec![0, 0, payload.len() as u8, kind, flags, 0, 0, 0, 0];
            frame.extend(payload);
            frame
        };
        bytes.extend(frame(4, 0, &[]));
        bytes.extend(frame(6, 0, &[6; 8]));
        bytes.extend(frame(0, 1, &[6; 200]));
        bytes.extend(frame(6, 1, &[6; 8]));
        bytes.extend(frame(6, 0, &[6; 8]));
        for size in 1..bytes.len() {
            let mut frames = Frames { skip: CLIENT_PREFACE, header: [0; 9], header_len: 0 };
            let pings: u64 = bytes.chunks(size).map(|chunk| frames.pings(chunk)).sum();
            assert_eq!(pings, 2, "reads of {size} bytes");
        }
    }
}
