// What was sent, as JSON: the SDK's own objects, read without any help of the exporters.
//
// The form is described in ../README.md.

const { SpanKind, SpanStatusCode, ValueType } = require("@opentelemetry/api");
const { AggregationTemporality, DataPointType } = require("@opentelemetry/sdk-metrics");

const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

function value(any) {
  if (any === undefined || any === null) return {};
  if (typeof any === "boolean") return { bool: any };
  if (typeof any === "string") return { string: any };
  if (typeof any === "number") return Number.isInteger(any) ? { int: any } : double(any);
  if (any instanceof Uint8Array) return { bytes: Buffer.from(any).toString("hex") };
  if (Array.isArray(any)) return { array: any.map(value) };
  return { map: attributes(any) };
}

const double = (number) => ({ double: String(number) });

const attributes = (map) => Object.fromEntries(Object.entries(map ?? {}).map(([key, any]) => [key, value(any)]));

const nanoseconds = ([seconds, rest]) => String(BigInt(seconds) * 1_000_000_000n + BigInt(rest));

const originOf = (resource, scope) => ({
  resource: { attributes: attributes(resource.attributes), schema_url: resource.schemaUrl ?? "" },
  scope: {
    name: scope.name,
    version: scope.version ?? "",
    attributes: attributes(scope.attributes),
    schema_url: scope.schemaUrl ?? "",
  },
});

const flags = (context, remote) => (context.traceFlags ?? 0) | HAS_IS_REMOTE | (remote?.isRemote ? IS_REMOTE : 0);

function span(span) {
  const context = span.spanContext();
  return {
    ...originOf(span.resource, span.instrumentationScope),
    trace_id: context.traceId,
    span_id: context.spanId,
    parent_span_id: span.parentSpanContext?.spanId ?? "",
    trace_state: context.traceState?.serialize() ?? "",
    flags: flags(context, span.parentSpanContext),
    name: span.name,
    kind: SpanKind[span.kind],
    start: nanoseconds(span.startTime),
    end: nanoseconds(span.endTime),
    attributes: attributes(span.attributes),
    events: span.events.map((event) => ({
      name: event.name,
      time: nanoseconds(event.time),
      attributes: attributes(event.attributes),
    })),
    links: span.links.map((link) => ({
      trace_id: link.context.traceId,
      span_id: link.context.spanId,
      trace_state: link.context.traceState?.serialize() ?? "",
      flags: flags(link.context, link.context),
      attributes: attributes(link.attributes),
    })),
    status: { code: SpanStatusCode[span.status.code], message: span.status.message ?? "" },
    dropped: [span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount],
  };
}

const log = (log) => ({
  ...originOf(log.resource, log.instrumentationScope),
  time: nanoseconds(log.hrTime),
  observed: nanoseconds(log.hrTimeObserved),
  severity: { number: log.severityNumber ?? 0, text: log.severityText ?? "" },
  body: value(log.body),
  event_name: log.eventName ?? "",
  attributes: attributes(log.attributes),
  trace_id: log.spanContext?.traceId ?? "",
  span_id: log.spanContext?.spanId ?? "",
  flags: log.spanContext?.traceFlags ?? 0,
  dropped: log.droppedAttributesCount,
});

const points = (batch) =>
  batch.scopeMetrics.flatMap(({ scope, metrics }) =>
    metrics.flatMap((metric) => {
      const origin = { ...originOf(batch.resource, scope), metric: describe(metric) };
      return metric.dataPoints.map((each) => ({ ...origin, ...point(each, metric.descriptor) }));
    }),
  );

function describe(metric) {
  const { name, description, unit } = metric.descriptor;
  const gauge = metric.dataPointType === DataPointType.GAUGE;
  return {
    name,
    description,
    unit,
    type: DataPointType[metric.dataPointType].toLowerCase(),
    monotonic: metric.isMonotonic ?? false,
    temporality: gauge ? "" : AggregationTemporality[metric.aggregationTemporality],
  };
}

function point(point, { valueType }) {
  const common = {
    attributes: attributes(point.attributes),
    start: nanoseconds(point.startTime),
    time: nanoseconds(point.endTime),
    flags: 0,
    exemplars: [],
  };
  const data = point.value;
  if (typeof data === "number") {
    return { ...common, value: valueType === ValueType.INT ? { int: data } : double(data) };
  }
  const summary = { count: data.count, sum: double(data.sum), min: double(data.min), max: double(data.max) };
  if (data.buckets) {
    const { boundaries, counts } = data.buckets;
    return { ...common, ...summary, bounds: boundaries.map(double), buckets: counts };
  }
  const { scale, zeroCount, positive, negative } = data;
  return {
    ...common,
    ...summary,
    scale,
    zero_count: zeroCount,
    positive: buckets(positive),
    negative: buckets(negative),
  };
}

const buckets = ({ offset, bucketCounts }) => ({ offset, buckets: bucketCounts });

module.exports = { span, log, points };
