use super::record::{Record, Resource, SharedMap};
use tidewatch_otlp::{
    Request,
    write::{Attributes, Group, LogRecord, LogsWriter, Map, Value},
};

/// Collects records of several files for one request.
#[derive(Debug)]
pub(crate) struct Requests {
    limit: usize,
    logs: LogsWriter,
    dropped: usize,
}

/// Where the last records went.
#[derive(Debug, Default)]
pub(super) struct Place<'a>(Option<(&'a SharedMap, Group)>);

impl Requests {
    /// Takes records until it holds `limit` bytes; the last ones may exceed it.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, logs: LogsWriter::default(), dropped: 0 }
    }

    /// About how many bytes the request has.
    pub(crate) fn bytes(&self) -> usize {
        self.logs.bytes()
    }

    /// Whether it holds as many bytes as it should.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes() >= self.limit
    }

    /// Records that operators dropped since the last call, by reason; for `Intake::dropped`.
    pub(crate) fn take_dropped(&mut self) -> Vec<(&'static str, usize)> {
        match std::mem::take(&mut self.dropped) {
            0 => Vec::new(),
            dropped => vec![("operator_error", dropped)],
        }
    }

    /// The request, if there are records; what follows goes into the next one.
    pub(crate) fn finish(&mut self) -> Option<Request> {
        self.logs.finish()
    }

    pub(super) fn drop_records(&mut self, count: usize) {
        self.dropped += count;
    }

    /// Writes an entry that no operator has looked at.
    pub(super) fn push_plain<'a>(
        &mut self,
        place: &mut Place<'a>,
        resource: &'a SharedMap,
        body: &Value<'_>,
        (shared, attributes): (&Attributes, &Map<'_>),
        now: u64,
    ) {
        let group = self.group(place, resource);
        let record =
            LogRecord { body, shared: Some(shared), attributes, observed_time: now, ..LogRecord::default() };
        self.logs.push(group, &record);
    }

    /// Writes a record.
    pub(super) fn push<'a>(&mut self, place: &mut Place<'a>, record: &Record<'a>, now: u64) {
        let group = match &record.resource {
            Resource::Shared(resource) if record.scope.is_empty() => self.group(place, resource),
            Resource::Shared(resource) => self.logs.group(&resource.written, &record.scope),
            Resource::Own(map) => self.logs.group(&Attributes::new(map), &record.scope),
        };
        let written = LogRecord {
            time: record.time,
            observed_time: now,
            severity_number: record.severity_number,
            severity_text: &record.severity_text,
            body: &record.body,
            shared: None,
            attributes: &record.attributes,
            flags: record.trace.flags,
            trace_id: record.trace.trace_id,
            span_id: record.trace.span_id,
        };
        self.logs.push(group, &written);
    }

    fn group<'a>(&mut self, place: &mut Place<'a>, resource: &'a SharedMap) -> Group {
        match place.0 {
            Some((last, group)) if std::ptr::eq(last, resource) => group,
            _ => {
                let group = self.logs.group(&resource.written, "");
                place.0 = Some((resource, group));
                group
            }
        }
    }
}
