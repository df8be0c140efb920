use super::{
    operators::{Part, Stream},
    record::Record,
};
use tidewatch_otlp::write::Value;

/// Joins parts of lines that runtimes of containers have cut.
///
/// Parts of both streams may alternate. While one waits for more, complete lines behind it are held back, so that a
/// restart can begin at the first part without repeating them.
#[derive(Debug)]
pub(super) struct Joiner<'a> {
    /// The parts so far of a line of each stream.
    open: [Option<Record<'a>>; 2],
    /// Complete records behind them.
    held: Vec<Record<'a>>,
    /// The operator that records go on with.
    pub(super) next: usize,
    /// Bytes of a file that may wait.
    max_open: usize,
    /// Bytes of a joined line.
    max_size: usize,
}

impl<'a> Joiner<'a> {
    pub(super) fn new(max_open: usize, max_size: usize) -> Self {
        Self { open: [None, None], held: Vec::new(), next: 0, max_open, max_size }
    }

    /// Whether a part waits for more.
    pub(super) fn is_open(&self) -> bool {
        self.open.iter().any(Option::is_some)
    }

    /// Whether nothing waits at all.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty() && !self.is_open()
    }

    /// Whether `bytes` are more than may wait.
    pub(super) fn is_overdue(&self, bytes: usize) -> bool {
        self.is_open() && bytes >= self.max_open
    }

    /// Keeps a complete record until nothing before it waits.
    pub(super) fn hold(&mut self, record: Record<'a>) {
        self.held.push(record);
    }

    /// Adds a part. Gives the line if this was its last part, or if it is long enough. It has time and attributes of
    /// its first part.
    pub(super) fn join(&mut self, part: Part, record: Record<'a>) -> Option<Record<'a>> {
        let open = &mut self.open[if part.stream == Stream::Stdout { 0 } else { 1 }];
        let joined = match open.take() {
            None => record,
            Some(mut first) => {
                if let (Value::Text(text), Value::Text(more)) = (&mut first.body, &record.body) {
                    text.to_mut().push_str(more);
                }
                first
            }
        };
        let size = joined.body.as_str().map_or(0, str::len);
        if part.last || size > self.max_size {
            return Some(joined);
        }
        *open = Some(joined);
        None
    }

    pub(super) fn take_open(&mut self) -> Vec<Record<'a>> {
        self.open.iter_mut().filter_map(Option::take).collect()
    }

    pub(super) fn take_held(&mut self) -> Vec<Record<'a>> {
        std::mem::take(&mut self.held)
    }
}
