//! The OTLP messages as tables: which field holds what. The check walks requests along them.

use crate::Signal;

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A field this version does not know; skipped and kept.
    Unknown,
    Varint,
    Fixed32,
    Fixed64,
    Bytes,
    Text,
    /// A trace or span id of this many bytes.
    Id(usize),
    /// Numbers, packed or one by one.
    Varints,
    Fixed64s,
    /// One attribute: a message like any other, common enough for a short cut.
    KeyValue,
    Message(&'static Message),
}

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) kind: Kind,
    /// One bit for each field that may occur once; the members of a oneof share bit 0; none for repeated fields.
    pub(crate) once: u32,
}

/// One message: its fields by number.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) name: &'static str,
    fields: [Field; FIELDS],
    /// Bits of the fields that must be there and not be empty.
    pub(crate) required: u32,
    /// Whether this is what gets counted: a span, a data point, a log record.
    pub(crate) item: bool,
}

/// One more than the highest field number of OTLP, `Span.flags`.
const FIELDS: usize = 17;
const UNKNOWN: Field = Field { kind: Kind::Unknown, once: 0 };

impl Message {
    #[inline]
    pub(crate) fn field(&self, number: u32) -> Field {
        self.fields.get(number as usize).copied().unwrap_or(UNKNOWN)
    }

    const fn new(name: &'static str, known: &[(usize, Field)]) -> Self {
        let mut fields = [UNKNOWN; FIELDS];
        let mut index = 0;
        while index < known.len() {
            let (number, mut field) = known[index];
            if field.once == ITS_OWN_BIT {
                field.once = 1 << number;
            }
            fields[number] = field;
            index += 1;
        }
        Self { name, fields, required: 0, item: false }
    }

    const fn item(name: &'static str, known: &[(usize, Field)]) -> Self {
        let mut message = Self::new(name, known);
        message.item = true;
        message
    }

    const fn requires(mut self, bits: u32) -> Self {
        self.required = bits;
        self
    }
}

const ITS_OWN_BIT: u32 = u32::MAX;

const fn one(kind: Kind) -> Field {
    Field { kind, once: ITS_OWN_BIT }
}

const fn either(kind: Kind) -> Field {
    Field { kind, once: 1 }
}

const fn many(kind: Kind) -> Field {
    Field { kind, once: 0 }
}

const fn message(of: &'static Message) -> Field {
    one(Kind::Message(of))
}

const fn messages(of: &'static Message) -> Field {
    many(Kind::Message(of))
}

const VARINT: Field = one(Kind::Varint);
const FIXED32: Field = one(Kind::Fixed32);
const FIXED64: Field = one(Kind::Fixed64);
const TEXT: Field = one(Kind::Text);
const TRACE_ID: Field = one(Kind::Id(16));
const SPAN_ID: Field = one(Kind::Id(8));
const ATTRIBUTES: Field = many(Kind::KeyValue);

/// The `Export*ServiceRequest` of a signal.
pub(crate) fn request(signal: Signal) -> &'static Message {
    match signal {
        Signal::Traces => &TRACES,
        Signal::Metrics => &METRICS,
        Signal::Logs => &LOGS,
    }
}

static TRACES: Message = Message::new("ExportTraceServiceRequest", &[(1, messages(&RESOURCE_SPANS))]);
static METRICS: Message = Message::new("ExportMetricsServiceRequest", &[(1, messages(&RESOURCE_METRICS))]);
static LOGS: Message = Message::new("ExportLogsServiceRequest", &[(1, messages(&RESOURCE_LOGS))]);

static RESOURCE_SPANS: Message =
    Message::new("ResourceSpans", &[(1, message(&RESOURCE)), (2, messages(&SCOPE_SPANS)), (3, TEXT)]);
static RESOURCE_METRICS: Message =
    Message::new("ResourceMetrics", &[(1, message(&RESOURCE)), (2, messages(&SCOPE_METRICS)), (3, TEXT)]);
static RESOURCE_LOGS: Message =
    Message::new("ResourceLogs", &[(1, message(&RESOURCE)), (2, messages(&SCOPE_LOGS)), (3, TEXT)]);

static SCOPE_SPANS: Message =
    Message::new("ScopeSpans", &[(1, message(&SCOPE)), (2, messages(&SPAN)), (3, TEXT)]);
static SCOPE_METRICS: Message =
    Message::new("ScopeMetrics", &[(1, message(&SCOPE)), (2, messages(&METRIC)), (3, TEXT)]);
static SCOPE_LOGS: Message =
    Message::new("ScopeLogs", &[(1, message(&SCOPE)), (2, messages(&LOG_RECORD)), (3, TEXT)]);

static RESOURCE: Message =
    Message::new("Resource", &[(1, ATTRIBUTES), (2, VARINT), (3, messages(&ENTITY_REF))]);
static ENTITY_REF: Message =
    Message::new("EntityRef", &[(1, TEXT), (2, TEXT), (3, many(Kind::Text)), (4, many(Kind::Text))]);
static SCOPE: Message =
    Message::new("InstrumentationScope", &[(1, TEXT), (2, TEXT), (3, ATTRIBUTES), (4, VARINT)]);

pub(crate) static KEY_VALUE: Message =
    Message::new("KeyValue", &[(1, TEXT), (2, message(&ANY_VALUE)), (3, VARINT)]);
static ANY_VALUE: Message = Message::new(
    "AnyValue",
    &[
        (1, either(Kind::Text)),
        (2, either(Kind::Varint)),
        (3, either(Kind::Varint)),
        (4, either(Kind::Fixed64)),
        (5, either(Kind::Message(&ARRAY_VALUE))),
        (6, either(Kind::Message(&KEY_VALUE_LIST))),
        (7, either(Kind::Bytes)),
        (8, either(Kind::Varint)),
    ],
);
static ARRAY_VALUE: Message = Message::new("ArrayValue", &[(1, messages(&ANY_VALUE))]);
static KEY_VALUE_LIST: Message = Message::new("KeyValueList", &[(1, ATTRIBUTES)]);

static LOG_RECORD: Message = Message::item(
    "LogRecord",
    &[
        (1, FIXED64),
        (2, VARINT),
        (3, TEXT),
        (5, message(&ANY_VALUE)),
        (6, ATTRIBUTES),
        (7, VARINT),
        (8, FIXED32),
        (9, TRACE_ID),
        (10, SPAN_ID),
        (11, FIXED64),
        (12, TEXT),
    ],
);

static SPAN: Message = Message::item(
    "Span",
    &[
        (1, TRACE_ID),
        (2, SPAN_ID),
        (3, TEXT),
        (4, SPAN_ID),
        (5, TEXT),
        (6, VARINT),
        (7, FIXED64),
        (8, FIXED64),
        (9, ATTRIBUTES),
        (10, VARINT),
        (11, messages(&EVENT)),
        (12, VARINT),
        (13, messages(&LINK)),
        (14, VARINT),
        (15, message(&STATUS)),
        (16, FIXED32),
    ],
)
.requires(1 << 1 | 1 << 2);
static EVENT: Message = Message::new("Event", &[(1, FIXED64), (2, TEXT), (3, ATTRIBUTES), (4, VARINT)]);
static LINK: Message = Message::new(
    "Link",
    &[(1, TRACE_ID), (2, SPAN_ID), (3, TEXT), (4, ATTRIBUTES), (5, VARINT), (6, FIXED32)],
);
static STATUS: Message = Message::new("Status", &[(2, TEXT), (3, VARINT)]);

static METRIC: Message = Message::new(
    "Metric",
    &[
        (1, TEXT),
        (2, TEXT),
        (3, TEXT),
        (5, either(Kind::Message(&GAUGE))),
        (7, either(Kind::Message(&SUM))),
        (9, either(Kind::Message(&HISTOGRAM))),
        (10, either(Kind::Message(&EXPONENTIAL_HISTOGRAM))),
        (11, either(Kind::Message(&SUMMARY))),
        (12, ATTRIBUTES),
    ],
);
static GAUGE: Message = Message::new("Gauge", &[(1, messages(&NUMBER_POINT))]);
static SUM: Message = Message::new("Sum", &[(1, messages(&NUMBER_POINT)), (2, VARINT), (3, VARINT)]);
static HISTOGRAM: Message = Message::new("Histogram", &[(1, messages(&HISTOGRAM_POINT)), (2, VARINT)]);
static EXPONENTIAL_HISTOGRAM: Message =
    Message::new("ExponentialHistogram", &[(1, messages(&EXPONENTIAL_HISTOGRAM_POINT)), (2, VARINT)]);
static SUMMARY: Message = Message::new("Summary", &[(1, messages(&SUMMARY_POINT))]);

static NUMBER_POINT: Message = Message::item(
    "NumberDataPoint",
    &[
        (2, FIXED64),
        (3, FIXED64),
        (4, either(Kind::Fixed64)),
        (5, messages(&EXEMPLAR)),
        (6, either(Kind::Fixed64)),
        (7, ATTRIBUTES),
        (8, VARINT),
    ],
);
static HISTOGRAM_POINT: Message = Message::item(
    "HistogramDataPoint",
    &[
        (2, FIXED64),
        (3, FIXED64),
        (4, FIXED64),
        (5, FIXED64),
        (6, many(Kind::Fixed64s)),
        (7, many(Kind::Fixed64s)),
        (8, messages(&EXEMPLAR)),
        (9, ATTRIBUTES),
        (10, VARINT),
        (11, FIXED64),
        (12, FIXED64),
    ],
);
static EXPONENTIAL_HISTOGRAM_POINT: Message = Message::item(
    "ExponentialHistogramDataPoint",
    &[
        (1, ATTRIBUTES),
        (2, FIXED64),
        (3, FIXED64),
        (4, FIXED64),
        (5, FIXED64),
        (6, VARINT),
        (7, FIXED64),
        (8, message(&BUCKETS)),
        (9, message(&BUCKETS)),
        (10, VARINT),
        (11, messages(&EXEMPLAR)),
        (12, FIXED64),
        (13, FIXED64),
        (14, FIXED64),
    ],
);
static BUCKETS: Message = Message::new("Buckets", &[(1, VARINT), (2, many(Kind::Varints))]);
static SUMMARY_POINT: Message = Message::item(
    "SummaryDataPoint",
    &[
        (2, FIXED64),
        (3, FIXED64),
        (4, FIXED64),
        (5, FIXED64),
        (6, messages(&VALUE_AT_QUANTILE)),
        (7, ATTRIBUTES),
        (8, VARINT),
    ],
);
static VALUE_AT_QUANTILE: Message = Message::new("ValueAtQuantile", &[(1, FIXED64), (2, FIXED64)]);
static EXEMPLAR: Message = Message::new(
    "Exemplar",
    &[
        (2, FIXED64),
        (3, either(Kind::Fixed64)),
        (4, SPAN_ID),
        (5, TRACE_ID),
        (6, either(Kind::Fixed64)),
        (7, ATTRIBUTES),
    ],
);
