"""What an application could report: every signal, every kind of item, every type of attribute."""

import time

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

VIEWS = [View(instrument_name="payload.size", aggregation=ExponentialBucketHistogramAggregation())]

ATTRIBUTES = {
    "text": "Größe ≤ 10 €, \"quoted\"\n\t\u0001 and 🚀",
    "text.empty": "",
    "text.long": "x" * 5000,
    "flag.true": True,
    "flag.false": False,
    "int": 42,
    "int.min": -(2**63),
    "int.max": 2**63 - 1,
    "double": 0.1,
    "double.whole": 3.0,
    "double.tiny": 5e-324,
    "double.huge": 1.7976931348623157e308,
    "double.negative_zero": -0.0,
    "double.nan": float("nan"),
    "double.infinite": float("-inf"),
    "array.text": ["a", "", "ö"],
    "array.flag": [True, False],
    "array.int": [1, -(2**63), 2**63 - 1],
    "array.double": [0.5, 1e21, float("inf")],
    "array.empty": [],
}

# What log records and their bodies may hold besides.
NESTED = {
    "bytes": b"\x00\xff\x10",
    "mixed": [1, "two", 3.0, False, None, b"\x05", {"deep": ["er", {}]}],
    "map": {"a": {"b": {"c": 1}}, "empty": {}},
}


def traces_and_logs(tracer, logger):
    """A trace that began elsewhere, with children, events, links and a failure, and the log lines beside it."""
    remote = SpanContext(
        trace_id=0x0AF7651916CD43DD8448EB211C80319C,
        span_id=0x00F067AA0BA902B7,
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
        trace_state=TraceState([("vendor", "a1"), ("other", "b2")]),
    )
    elsewhere = trace.set_span_in_context(NonRecordingSpan(remote))
    with tracer.start_as_current_span("POST /checkout", elsewhere, SpanKind.SERVER, ATTRIBUTES) as server:
        server.add_event("cart.loaded", {"items": 3, "prices": [1.5, 2.25]}, timestamp=time.time_ns() - 1)
        server.add_event("without attributes")
        logger.info("loaded cart of %s", "jürgen", extra={**ATTRIBUTES, **NESTED})
        with tracer.start_as_current_span("charge", kind=SpanKind.CLIENT) as client:
            try:
                raise TimeoutError("the bank did not answer")
            except TimeoutError as error:
                client.record_exception(error)
                client.set_status(Status(StatusCode.ERROR, "gave up after 3 tries"))
                logger.exception("charge failed")
        server.set_status(Status(StatusCode.OK))
        order = server.get_span_context()
    links = [Link(order, {"why": "order", "weights": [1, 2]}), Link(remote)]
    for kind in (SpanKind.PRODUCER, SpanKind.CONSUMER, SpanKind.INTERNAL):
        tracer.start_span(f"ship {kind.name}", kind=kind, links=links).end()
    for number in range(50):
        tracer.start_span("poll", attributes={"number": number}).end()
        logger.debug("outside of any span", extra={"number": number})


def events(logger):
    """Log records as the logs API makes them: without a time, with a structured body, with an event's name."""
    logger.emit(LogRecord(observed_timestamp=time.time_ns(), body=NESTED, severity_number=SeverityNumber.FATAL4))
    logger.emit(LogRecord(timestamp=time.time_ns(), event_name="user.signed_in", attributes={"user": "eve"}))


def metrics(meter, tracer, collect):
    """Every instrument, collected twice."""
    requests = meter.create_counter("requests", "1", "Requests served")
    revenue = meter.create_counter("revenue", "EUR")
    in_flight = meter.create_up_down_counter("in_flight")
    latency = meter.create_histogram("latency", "s", explicit_bucket_boundaries_advisory=[0.1, 0.5, 1, 5])
    size = meter.create_histogram("payload.size", "By", "Becomes an exponential histogram")
    temperature = meter.create_gauge("temperature", "Cel")
    observe = {
        "cpu.time": meter.create_observable_counter,
        "queue.length": meter.create_observable_up_down_counter,
        "battery": meter.create_observable_gauge,
    }
    for number, (name, create) in enumerate(observe.items()):
        create(name, [lambda _, number=number: [Observation(number + 0.5, {"cpu": 0}), Observation(7, ATTRIBUTES)]])

    for turn in range(2):
        # Inside of a span, so that there are exemplars.
        with tracer.start_as_current_span("measure"):
            requests.add(2**40 + turn, ATTRIBUTES)
            requests.add(1)
            revenue.add(12.34, {"currency": "EUR"})
            in_flight.add(-3, {"route": "/"})
            for value in (0.05, 0.1, 0.7, 100):
                latency.record(value, {"route": "/checkout"})
            for value in (0, 1, 1000, 1e9):
                size.record(value, {"direction": "in"})
            temperature.set(-40.5 + turn, {"room": "server"})
        collect()
