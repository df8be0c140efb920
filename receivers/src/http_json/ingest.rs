//! A file, handed over from its first line to its last.

use super::{
    answer::{self, Fault, Tally},
    body::Piece,
    files::{Line, Lines},
    load::Load,
    root::{Opened, Root, Unreadable},
    submit::{Acceptor, Declined},
};
use bytes::Bytes;
use http::{Response, StatusCode};
use std::{
    future::Future,
    io,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};
use tidewatch_component::Context;
use tidewatch_otlp::write::Map;
use tokio::{fs::File, io::AsyncReadExt};

/// A request is handed over at this size, or with so many records.
const REQUEST: usize = 1 << 20;
const MAX_RECORDS: usize = 10_000;

/// What reads files.
pub(super) struct Ingest {
    pub(super) root: Root,
    pub(super) max_record_size: usize,
    /// How long room in the queues is waited for.
    pub(super) patience: Duration,
    pub(super) acceptor: Arc<Acceptor>,
}

/// Why a file was not read to its end.
enum Left {
    Unreadable(io::Error),
    Declined(Declined),
    NoRoom(Duration),
    Stopping,
}

impl Ingest {
    /// Reads a file, and says what became of it.
    pub(super) async fn run(
        self: Arc<Self>,
        asked: String,
        context: Arc<Context>,
        stopped: impl Future<Output = ()> + Send,
    ) -> Response<Bytes> {
        let root = self.root.clone();
        let open = tokio::task::spawn_blocking(move || (root.open(&asked), asked));
        let opened = match open.await {
            Ok((Ok(opened), _)) => opened,
            Ok((Err(error), asked)) => return unreadable(&asked, &error),
            Err(panic) => return answer::error(StatusCode::INTERNAL_SERVER_ERROR, &panic.to_string()),
        };
        let name = opened.name.clone();
        let mut tally = Tally::default();
        let left = self.read(opened, &context, &mut tally, pin!(stopped)).await;
        let receiver = context.origins.first().map(|origin| origin.receiver.to_string());
        tracing::info!(
            receiver,
            file = name,
            successful = tally.successful,
            failed = tally.failed,
            complete = left.is_ok(),
            "a file was read"
        );
        match left {
            Ok(()) => answer::file(&name, tally),
            Err(left) => left.told(&name, tally),
        }
    }

    async fn read(
        &self,
        opened: Opened,
        context: &Arc<Context>,
        tally: &mut Tally,
        mut stopped: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Result<(), Left> {
        let Opened { file, length, name } = opened;
        // What is added from now on is not part of it.
        let mut lines = Lines::new(File::from_std(file).take(length), self.max_record_size);
        let mut load = Load::new(&Map::from_iter([("log.file.path", name.as_str().into())]));
        let mut number = 0;
        loop {
            let line = lines.next().await.map_err(Left::Unreadable)?;
            let ended = line.is_none();
            if let Some(line) = line {
                let refused = match &line {
                    Line::Text(text, column) => {
                        let piece = Piece { text, line: lines.number(), column: *column };
                        load.push(number, &piece).err()
                    }
                    Line::TooLong => Some(self.too_long(number, lines.number())),
                };
                if let Some(fault) = refused {
                    tally.refuse(fault);
                    self.acceptor.count_invalid(1);
                }
                number += 1;
            }
            let full = load.bytes() >= REQUEST || load.items() >= MAX_RECORDS;
            if full || (ended && load.items() > 0) {
                let room = self.acceptor.room_for(&load);
                let permit = tokio::select! {
                    biased;
                    () = stopped.as_mut() => return Err(Left::Stopping),
                    permit = tokio::time::timeout(self.patience, room) => {
                        permit.map_err(|_| Left::NoRoom(self.patience))?
                    }
                };
                self.acceptor.hand_over(permit, &mut load, context, tally).await.map_err(Left::Declined)?;
            }
            if ended {
                return Ok(());
            }
        }
    }

    fn too_long(&self, number: u64, line: u64) -> Fault {
        let reason = format!("the line is longer than {} bytes", self.max_record_size);
        Fault { index: Some(number), line: Some(line), reason, ..Fault::default() }
    }
}

impl Left {
    fn told(self, name: &str, tally: Tally) -> Response<Bytes> {
        let (status, reason, after) = match self {
            Self::Unreadable(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string(), None),
            Self::Declined(Declined { reason, after }) => (StatusCode::INTERNAL_SERVER_ERROR, reason, after),
            Self::NoRoom(patience) => {
                let reason = format!("no room within {patience:?} for what is read");
                (StatusCode::SERVICE_UNAVAILABLE, reason, Some(COME_BACK))
            }
            Self::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "shutting down".to_owned(), Some(COME_BACK)),
        };
        let message = format!("{name}: not read to its end: {reason}");
        answer::later(answer::file_left(status, &message, tally), after)
    }
}

/// When to come back if nobody knows better.
const COME_BACK: Duration = Duration::from_secs(1);

fn unreadable(asked: &str, error: &Unreadable) -> Response<Bytes> {
    let status = match error {
        Unreadable::Missing => StatusCode::NOT_FOUND,
        Unreadable::Outside | Unreadable::Upwards => StatusCode::FORBIDDEN,
        Unreadable::NoFile => StatusCode::UNPROCESSABLE_ENTITY,
        Unreadable::Io(error) => match error.kind() {
            io::ErrorKind::PermissionDenied => StatusCode::FORBIDDEN,
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidFilename => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        },
    };
    answer::error(status, &format!("{asked:?}: {error}"))
}
