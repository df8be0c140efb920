//! Records on their way into one request.

use super::{answer::Fault, body::Piece};
use tidewatch_otlp::{
    Request,
    write::{Attributes, Group, LogRecord, LogsWriter, Map, Slot},
};
use tidewatch_parse::json::{Numbers, put_object};

/// Records that will be handed over together, and where each of them stands.
pub(super) struct Load {
    writer: LogsWriter,
    /// The only one, once there is a record in it.
    group: Option<Group>,
    attributes: Attributes,
    /// Number in the request or file, and line, of each.
    places: Vec<(u64, u64)>,
    body: Vec<u8>,
}

/// No more memory is kept between two requests.
const MAX_SCRATCH: usize = 64 << 10;

impl Load {
    /// Every record gets `attributes`.
    pub(super) fn new(attributes: &Map<'_>) -> Self {
        let attributes = Attributes::new(attributes);
        Self { writer: LogsWriter::default(), group: None, attributes, places: Vec::new(), body: Vec::new() }
    }

    /// Adds the record `number`, counted from 0.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub(super) fn push(&mut self, number: u64, piece: &Piece<'_>) -> Result<(), Fault> {
        let fault = |line, column, reason: String| Fault {
            index: Some(number),
            line: Some(piece.line + line - 1),
            column: Some(if line == 1 { piece.column + column - 1 } else { column }),
            field: None,
            reason,
        };
        let text = simdutf8::compat::from_utf8(piece.text).map_err(|error| {
            let before = &piece.text[..error.valid_up_to()];
            let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1) + 1;
            fault(
                memchr::memchr_iter(b'\n', before).count() as u64 + 1,
                column,
                "this is not UTF-8".to_owned(),
            )
        })?;
        self.body.clear();
        Slot::new(&mut self.body)
            .map(|map| put_object(text, Numbers::AsWritten, map))
            .map_err(|wrong| fault(wrong.line as u64, wrong.column, wrong.reason.into_owned()))?;
        let no_resource = || Attributes::new(&Map::new());
        let group = *self.group.get_or_insert_with(|| self.writer.group(&no_resource(), ""));
        let record = LogRecord {
            observed_time: tidewatch_component::timestamp::now(),
            shared: Some(&self.attributes),
            ..LogRecord::default()
        };
        self.writer.push_encoded(group, &record, &self.body);
        self.places.push((number, piece.line));
        Ok(())
    }

    pub(super) fn items(&self) -> usize {
        self.writer.items()
    }

    /// About how many bytes the request will have.
    pub(super) fn bytes(&self) -> usize {
        self.writer.bytes()
    }

    /// The request and the places of its records, if there are any. The load is empty then.
    pub(super) fn take(&mut self) -> Option<(Request, Vec<(u64, u64)>)> {
        self.group = None;
        self.body.clear();
        self.body.shrink_to(MAX_SCRATCH);
        Some((self.writer.finish()?, std::mem::take(&mut self.places)))
    }
}
