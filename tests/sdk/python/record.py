"""What was sent, as JSON: the SDK's own objects, read without any help of the exporters.

The form is described in ../README.md.
"""

from collections.abc import Mapping, Sequence

from opentelemetry.sdk.metrics.export import ExponentialHistogram, Gauge, Histogram, Sum

HAS_IS_REMOTE, IS_REMOTE = 0x100, 0x200


class Record:
    """Items by signal, in the order of their sending."""

    def __init__(self):
        self.items = {"spans": [], "points": [], "logs": []}
        self.refused = False

    def spans(self, batch):
        self.items["spans"] += [span(each) for each in batch]

    def metrics(self, data):
        for resource in data.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    origin = {**origin_of(resource.resource, scope.scope), **metric_of(metric)}
                    self.items["points"] += [{**origin, **point(each)} for each in metric.data.data_points]

    def logs(self, batch):
        self.items["logs"] += [log(each) for each in batch]


def value(any):
    if any is None:
        return {}
    if isinstance(any, bool):
        return {"bool": any}
    if isinstance(any, str):
        return {"string": any}
    if isinstance(any, int):
        return {"int": any}
    if isinstance(any, float):
        return double(any)
    if isinstance(any, bytes):
        return {"bytes": any.hex()}
    if isinstance(any, Sequence):
        return {"array": [value(each) for each in any]}
    if isinstance(any, Mapping):
        return {"map": attributes(any)}
    raise TypeError(type(any))


def double(number):
    return {"double": repr(float(number))}


def attributes(mapping):
    return {key: value(each) for key, each in (mapping or {}).items()}


def trace_id(number):
    return f"{number:032x}" if number else ""


def span_id(number):
    return f"{number:016x}" if number else ""


def origin_of(resource, scope):
    return {
        "resource": {"attributes": attributes(resource.attributes), "schema_url": resource.schema_url},
        "scope": {
            "name": scope.name,
            "version": scope.version or "",
            "attributes": attributes(scope.attributes),
            "schema_url": scope.schema_url or "",
        },
    }


def span(span):
    context = span.get_span_context()
    return {
        **origin_of(span.resource, span.instrumentation_scope),
        "trace_id": trace_id(context.trace_id),
        "span_id": span_id(context.span_id),
        "parent_span_id": span_id(span.parent.span_id if span.parent else 0),
        "trace_state": context.trace_state.to_header(),
        "flags": remote(span.parent),
        "name": span.name,
        "kind": span.kind.name,
        "start": span.start_time,
        "end": span.end_time,
        "attributes": attributes(span.attributes),
        "events": [
            {"name": event.name, "time": event.timestamp, "attributes": attributes(event.attributes)}
            for event in span.events
        ],
        "links": [
            {
                "trace_id": trace_id(link.context.trace_id),
                "span_id": span_id(link.context.span_id),
                # The exporter leaves the link's trace state out.
                "trace_state": "",
                "flags": remote(link.context),
                "attributes": attributes(link.attributes),
            }
            for link in span.links
        ],
        "status": {"code": span.status.status_code.name, "message": span.status.description or ""},
        "dropped": [span.dropped_attributes, span.dropped_events, span.dropped_links],
    }


def remote(context):
    return HAS_IS_REMOTE | (IS_REMOTE if context and context.is_remote else 0)


def log(log):
    record = log.log_record
    return {
        **origin_of(log.resource, log.instrumentation_scope),
        "time": record.timestamp or 0,
        "observed": record.observed_timestamp or 0,
        "severity": {
            "number": record.severity_number.value if record.severity_number else 0,
            "text": record.severity_text or "",
        },
        "body": value(record.body),
        "event_name": record.event_name or "",
        "attributes": attributes(record.attributes),
        "trace_id": trace_id(record.trace_id),
        "span_id": span_id(record.span_id),
        "flags": int(record.trace_flags),
        "dropped": log.dropped_attributes,
    }


TYPES = {
    Sum: "sum",
    Gauge: "gauge",
    Histogram: "histogram",
    ExponentialHistogram: "exponential_histogram",
}


def metric_of(metric):
    data = metric.data
    return {
        "metric": {
            "name": metric.name,
            "description": metric.description or "",
            "unit": metric.unit or "",
            "type": TYPES[type(data)],
            "monotonic": getattr(data, "is_monotonic", False),
            "temporality": data.aggregation_temporality.name if hasattr(data, "aggregation_temporality") else "",
        }
    }


def point(point):
    common = {
        "attributes": attributes(point.attributes),
        "start": point.start_time_unix_nano or 0,
        "time": point.time_unix_nano,
        "flags": getattr(point, "flags", 0),
        "exemplars": [
            {
                "value": value(exemplar.value),
                "time": exemplar.time_unix_nano,
                "attributes": attributes(exemplar.filtered_attributes),
                "trace_id": trace_id(exemplar.trace_id),
                "span_id": span_id(exemplar.span_id),
            }
            for exemplar in point.exemplars
        ],
    }
    if hasattr(point, "value"):
        return {**common, "value": value(point.value)}
    summary = {
        "count": point.count,
        "sum": double(point.sum),
        "min": double(point.min),
        "max": double(point.max),
    }
    if hasattr(point, "bucket_counts"):
        return {
            **common,
            **summary,
            "bounds": [double(bound) for bound in point.explicit_bounds],
            "buckets": list(point.bucket_counts),
        }
    return {
        **common,
        **summary,
        "scale": point.scale,
        "zero_count": point.zero_count,
        "positive": buckets(point.positive),
        "negative": buckets(point.negative),
    }


def buckets(buckets):
    return {"offset": buckets.offset, "buckets": list(buckets.bucket_counts)}
