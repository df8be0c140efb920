// What an application could report: every signal, every kind of item, every type of attribute.

const { SpanKind, SpanStatusCode, TraceFlags, ValueType, context, createTraceState, trace } = require("@opentelemetry/api");
const { SeverityNumber } = require("@opentelemetry/api-logs");
const { AggregationType } = require("@opentelemetry/sdk-metrics");

const VIEWS = [{ instrumentName: "payload.size", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }];

// Numbers that are whole leave as integers, whatever they were meant to be.
const ATTRIBUTES = {
  text: "Größe ≤ 10 €, \"quoted\"\n\t\u0001 and 🚀",
  "text.empty": "",
  "text.long": "x".repeat(5000),
  "flag.true": true,
  "flag.false": false,
  int: 42,
  "int.min": Number.MIN_SAFE_INTEGER,
  "int.max": Number.MAX_SAFE_INTEGER,
  double: 0.1,
  "double.tiny": 5e-324,
  "double.precise": 1.7976931348623157,
  "array.text": ["a", "", "ö"],
  "array.flag": [true, false],
  "array.int": [1, -2, Number.MAX_SAFE_INTEGER],
  "array.double": [0.5, -1e-300],
  "array.empty": [],
};

// What log records and their bodies may hold besides.
const NESTED = {
  bytes: new Uint8Array([0, 255, 16]),
  mixed: [1, "two", 3.5, false, null, { deep: ["er", {}] }],
  map: { a: { b: { c: 1 } }, empty: {} },
};

/** A trace that began elsewhere, with children, events, links and a failure, and the log lines beside it. */
function tracesAndLogs(tracer, logger) {
  const remote = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "00f067aa0ba902b7",
    isRemote: true,
    traceFlags: TraceFlags.SAMPLED,
    traceState: createTraceState("vendor=a1,other=b2"),
  };
  const elsewhere = trace.setSpanContext(context.active(), remote);
  const server = { kind: SpanKind.SERVER, attributes: ATTRIBUTES };
  let order;
  tracer.startActiveSpan("POST /checkout", server, elsewhere, (span) => {
    order = span.spanContext();
    span.addEvent("cart.loaded", { items: 3, prices: [1.5, 2.25] }, new Date(Date.now() - 1));
    span.addEvent("without attributes");
    logger.emit({
      body: "loaded cart of jürgen",
      severityNumber: SeverityNumber.INFO,
      severityText: "INFO",
      attributes: { ...ATTRIBUTES, ...NESTED },
    });
    tracer.startActiveSpan("charge", { kind: SpanKind.CLIENT }, (client) => {
      client.recordException(new Error("the bank did not answer"));
      client.setStatus({ code: SpanStatusCode.ERROR, message: "gave up after 3 tries" });
      logger.emit({ body: "charge failed", severityNumber: SeverityNumber.ERROR2, timestamp: Date.now() });
      client.end();
    });
    span.setStatus({ code: SpanStatusCode.OK });
    span.end();
  });
  const links = [{ context: order, attributes: { why: "order", weights: [1, 2] } }, { context: remote }];
  for (const kind of [SpanKind.PRODUCER, SpanKind.CONSUMER, SpanKind.INTERNAL]) {
    tracer.startSpan(`ship ${SpanKind[kind]}`, { kind, links }).end();
  }
  logger.emit({ body: NESTED, severityNumber: SeverityNumber.FATAL4 });
  logger.emit({ eventName: "user.signed_in", attributes: { user: "eve" } });
  for (let number = 0; number < 50; number++) {
    tracer.startSpan("poll", { attributes: { number } }).end();
    logger.emit({ body: "outside of any span", attributes: { number } });
  }
}

/** Every instrument, collected twice. */
async function metrics(meter, collect) {
  const requests = meter.createCounter("requests", { unit: "1", description: "Requests", valueType: ValueType.INT });
  const revenue = meter.createCounter("revenue", { unit: "EUR" });
  const inFlight = meter.createUpDownCounter("in_flight", { valueType: ValueType.INT });
  const advice = { explicitBucketBoundaries: [0.1, 0.5, 1, 5] };
  const latency = meter.createHistogram("latency", { unit: "s", advice });
  const size = meter.createHistogram("payload.size", { unit: "By" });
  const temperature = meter.createGauge("temperature", { unit: "Cel" });
  const observed = [
    meter.createObservableCounter("cpu.time"),
    meter.createObservableUpDownCounter("queue.length"),
    meter.createObservableGauge("battery"),
  ];
  observed.forEach((instrument, number) =>
    instrument.addCallback((result) => {
      result.observe(number + 0.5, { cpu: 0 });
      result.observe(7, ATTRIBUTES);
    }),
  );

  for (let turn = 0; turn < 2; turn++) {
    requests.add(2 ** 40 + turn, ATTRIBUTES);
    requests.add(1);
    revenue.add(12.34, { currency: "EUR" });
    inFlight.add(-3, { route: "/" });
    [0.05, 0.1, 0.7, 100].forEach((value) => latency.record(value, { route: "/checkout" }));
    [0, 1, 1000, 1e9].forEach((value) => size.record(value, { direction: "in" }));
    temperature.record(-40.5 + turn, { room: "server" });
    await collect();
  }
}

module.exports = { VIEWS, tracesAndLogs, metrics };
