use std::borrow::Cow;

use crate::wire::{Fields, Value, block_len, put_block_header, varint_len};
use crate::{Request, Signal};

/// A cut inside a resource repeats its header (and the scope's, and the metric's) in every part. All repeats of one
/// request together take at most this many bytes, or this many times the request; after that nothing is cut any
/// more. This bounds what a request with a huge header and tiny items can be blown up to.
const MIN_REPEATS: usize = 16 << 20;
const MAX_BLOW_UP: usize = 8;

impl Request {
    /// Splits the request into parts of at most `max_items` items and `max_bytes` bytes; 0 means unlimited.
    ///
    /// The order of items is kept. Cuts fall between resources where possible, and such parts share this request's
    /// bytes. A resource too large for one part is cut inside, between scopes, metrics or items, and its parts repeat
    /// what stands above the items. A single item larger than `max_bytes` gets a part of its own. Parts exceed the
    /// limits further only where headers would have to be repeated out of all proportion.
    pub fn split(self, max_items: usize, max_bytes: usize) -> Vec<Self> {
        let unlimited = |limit| if limit == 0 { usize::MAX } else { limit };
        let limits = Limits { items: unlimited(max_items), bytes: unlimited(max_bytes) };
        if limits.allow(self.items(), self.bytes().len()) {
            return vec![self];
        }
        let request = self.canonical().into_request();
        Splitter::new(&request, limits).split()
    }

    /// Cuts the request in two halves by the number of items, as nearly as cheap cuts allow; `None` if it has fewer
    /// than two items. Doing so again and again isolates every single item.
    pub fn halve(self) -> Option<(Self, Self)> {
        if self.items() < 2 {
            return None;
        }
        let half = self.items().div_ceil(2);
        let mut first = self.split(half, 0);
        let mut items = 0;
        let cut = first.iter().take_while(|part| {
            items += part.items();
            items <= half
        });
        let second = first.split_off(cut.count());
        Some((Self::merge(first), Self::merge(second)))
    }
}

/// What one part may hold; `usize::MAX` where there is no limit.
#[derive(Clone, Copy)]
struct Limits {
    items: usize,
    bytes: usize,
}

impl Limits {
    fn allow(self, items: usize, bytes: usize) -> bool {
        items <= self.items && bytes <= self.bytes
    }
}

/// The messages from a resource entry down to its items.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Resource,
    Scope,
    Metric,
    Data,
    Item,
}

impl Level {
    fn below(self, signal: Signal) -> Self {
        match self {
            Self::Resource => Self::Scope,
            Self::Scope if signal == Signal::Metrics => Self::Metric,
            Self::Metric => Self::Data,
            Self::Scope | Self::Data | Self::Item => Self::Item,
        }
    }

    /// Whether this field of a message at this level leads to items.
    fn leads_down(self, number: u32) -> bool {
        match self {
            Self::Resource | Self::Scope => number == 2,
            Self::Metric => matches!(number, 5 | 7 | 9 | 10 | 11),
            Self::Data => number == 1,
            Self::Item => false,
        }
    }

    fn count(self, signal: Signal, message: &[u8]) -> usize {
        if self == Self::Item {
            return 1;
        }
        let below = self.below(signal);
        let inner = Fields::new(message).filter(|field| self.leads_down(field.number));
        match below {
            Self::Item => inner.count(),
            _ => inner
                .map(|field| match field.value {
                    Value::Block(block) => below.count(signal, block),
                    _ => 0,
                })
                .sum(),
        }
    }
}

/// Neighbouring fields that go into one message together, and the items in them.
struct Piece<'a> {
    fields: Cow<'a, [u8]>,
    items: usize,
}

struct Splitter<'a> {
    request: &'a Request,
    signal: Signal,
    limits: Limits,
    /// How many more bytes of headers may be repeated.
    repeats: usize,
}

impl<'a> Splitter<'a> {
    fn new(request: &'a Request, limits: Limits) -> Self {
        let repeats = MIN_REPEATS.max(request.bytes().len().saturating_mul(MAX_BLOW_UP));
        Self { request, signal: request.signal(), limits, repeats }
    }

    /// Gathers neighbouring entries as long as they fit, and cuts those that do not fit alone.
    fn split(mut self) -> Vec<Request> {
        let mut parts = Vec::new();
        let (mut start, mut end, mut items) = (0, 0, 0);
        for field in Fields::new(self.request.bytes()) {
            let entry = match field.value {
                Value::Block(block) if field.number == 1 => block,
                // Fields that we do not know stay where they are.
                _ => &[],
            };
            let entry_items = Level::Resource.count(self.signal, entry);
            if !self.limits.allow(items + entry_items, field.end - start) {
                parts.extend(self.slice(start, end, items));
                (start, items) = (field.start, 0);
            }
            if !entry.is_empty() && !self.limits.allow(entry_items, field.end - field.start) {
                parts.extend(self.cut_entry(entry));
                start = field.end;
            } else {
                items += entry_items;
            }
            end = field.end;
        }
        parts.extend(self.slice(start, end, items));
        parts
    }

    fn slice(&self, start: usize, end: usize, items: usize) -> Option<Request> {
        let bytes = self.request.bytes().slice(start..end);
        (!bytes.is_empty()).then(|| Request::trusted(self.signal, bytes, items, true))
    }

    fn cut_entry(&mut self, entry: &[u8]) -> impl Iterator<Item = Request> + use<> {
        let signal = self.signal;
        let pieces = self.cut_field(1, entry, Level::Resource, self.limits);
        pieces
            .into_iter()
            .map(move |piece| Request::trusted(signal, piece.fields.into_owned().into(), piece.items, true))
    }

    /// Cuts one message and wraps every piece as this field of the message above.
    fn cut_field(
        &mut self,
        number: u32,
        message: &[u8],
        level: Level,
        limits: Limits,
    ) -> Vec<Piece<'static>> {
        let around = 1 + varint_len(limits.bytes.min(message.len()));
        let inside = Limits { bytes: limits.bytes.saturating_sub(around), ..limits };
        let wrap = |piece: Piece<'_>| {
            let mut fields = Vec::with_capacity(block_len(piece.fields.len()));
            put_block_header(number, piece.fields.len(), &mut fields);
            fields.extend_from_slice(&piece.fields);
            Piece { fields: fields.into(), items: piece.items }
        };
        self.cut(message, level, inside).into_iter().map(wrap).collect()
    }

    /// Cuts one message into several of its kind: each has the same header, which is everything that does not lead
    /// to items, and some of the rest.
    fn cut(&mut self, message: &[u8], level: Level, limits: Limits) -> Vec<Piece<'static>> {
        let below = level.below(self.signal);
        let mut header = Vec::new();
        for field in Fields::new(message).filter(|field| !level.leads_down(field.number)) {
            header.extend_from_slice(&message[field.start..field.end]);
        }
        let room = Limits { bytes: limits.bytes.saturating_sub(header.len()), ..limits };

        let mut rest = Vec::new();
        for field in Fields::new(message).filter(|field| level.leads_down(field.number)) {
            let Value::Block(inner) = field.value else { continue };
            let fields = &message[field.start..field.end];
            let items = below.count(self.signal, inner);
            if below == Level::Item || room.allow(items, fields.len()) {
                rest.push(Piece { fields: fields.into(), items });
            } else {
                rest.extend(self.cut_field(field.number, inner, below, room));
            }
        }
        self.pack(&header, rest, limits)
    }

    /// Puts neighbouring pieces behind a header as long as they fit together.
    fn pack(&mut self, header: &[u8], rest: Vec<Piece<'_>>, limits: Limits) -> Vec<Piece<'static>> {
        let mut packed = Vec::new();
        let (mut fields, mut items, mut empty) = (header.to_vec(), 0, true);
        for piece in rest {
            let fits = limits.allow(items + piece.items, fields.len() + piece.fields.len());
            if !fits && !empty && self.repeats >= header.len() {
                self.repeats -= header.len();
                let full = std::mem::replace(&mut fields, header.to_vec());
                packed.push(Piece { fields: full.into(), items });
                items = 0;
            }
            fields.extend_from_slice(&piece.fields);
            items += piece.items;
            empty = false;
        }
        packed.push(Piece { fields: fields.into(), items });
        packed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{realistic_logs, realistic_metrics};

    #[test]
    fn cuts_between_resources_share_the_bytes() {
        let one = Request::encode_logs(&realistic_logs(10));
        let request = Request::merge(vec![one.clone(), one.clone(), one.clone()]);
        let parts = request.clone().split(20, 0);
        assert_eq!(parts.iter().map(Request::items).collect::<Vec<_>>(), [20, 10]);
        assert_eq!(parts[0].bytes().as_ptr(), request.bytes().as_ptr());
        assert_eq!(parts[1].bytes(), one.bytes());
    }

    #[test]
    fn a_request_within_the_limits_is_returned_as_it_is() {
        let request = Request::encode_logs(&realistic_logs(10));
        let parts = request.clone().split(10, request.bytes().len());
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].bytes().as_ptr(), request.bytes().as_ptr());
    }

    #[test]
    fn one_metric_with_many_points_splits_too() {
        let mut message = realistic_metrics(1);
        let metric = &mut message.resource_metrics[0].scope_metrics[0].metrics[0];
        let Some(crate::proto::metrics::v1::metric::Data::Sum(sum)) = &mut metric.data else {
            panic!("the first metric is a sum")
        };
        sum.data_points = vec![sum.data_points[0].clone(); 10_000];
        let request = Request::encode_metrics(&message);
        let parts = request.clone().split(3_000, 0);
        assert_eq!(parts.iter().map(Request::items).collect::<Vec<_>>(), [3_000, 3_000, 3_000, 1_000]);
        let parts = request.split(0, 20_000);
        assert!(parts.iter().all(|part| part.bytes().len() <= 20_000));
        assert_eq!(parts.iter().map(Request::items).sum::<usize>(), 10_000);
    }

    #[test]
    fn a_huge_header_is_not_repeated_for_every_item() {
        let mut message = realistic_logs(5_000);
        message.resource_logs[0].schema_url = "x".repeat(1 << 20);
        let request = Request::encode_logs(&message);
        let bound = request.bytes().len() * (MAX_BLOW_UP + 1) + MIN_REPEATS;
        let parts = request.split(1, 0);
        assert!(parts.iter().map(|part| part.bytes().len()).sum::<usize>() <= bound);
        assert_eq!(parts.iter().map(Request::items).sum::<usize>(), 5_000);
    }

    #[test]
    fn halving_again_and_again_isolates_every_item() {
        let mut requests = vec![Request::encode_logs(&realistic_logs(21))];
        let mut single = 0;
        while let Some(request) = requests.pop() {
            match request.clone().halve() {
                Some((first, second)) => {
                    assert!(!first.is_empty() && !second.is_empty());
                    assert_eq!(first.items() + second.items(), request.items());
                    requests.extend([first, second]);
                }
                None => single += request.items(),
            }
        }
        assert_eq!(single, 21);
    }
}
