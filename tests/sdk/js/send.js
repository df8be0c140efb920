// Sends traces, metrics and logs with the OpenTelemetry SDK, and writes down what it sent.
//
//     node send.js protobuf|json ENDPOINT RECORD

const fs = require("node:fs");
const { context } = require("@opentelemetry/api");
const { AsyncLocalStorageContextManager } = require("@opentelemetry/context-async-hooks");
const { ExportResultCode } = require("@opentelemetry/core");
const { CompressionAlgorithm } = require("@opentelemetry/otlp-exporter-base");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { LoggerProvider, BatchLogRecordProcessor } = require("@opentelemetry/sdk-logs");
const { MeterProvider, PeriodicExportingMetricReader } = require("@opentelemetry/sdk-metrics");
const { BatchSpanProcessor, TracerProvider } = require("@opentelemetry/sdk-trace");
const record = require("./record");
const telemetry = require("./telemetry");

const [protocol, endpoint, path] = process.argv.slice(2);
const kind = { protobuf: "proto", json: "http" }[protocol];
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${kind}`);
const { OTLPMetricExporter } = require(`@opentelemetry/exporter-metrics-otlp-${kind}`);
const { OTLPLogExporter } = require(`@opentelemetry/exporter-logs-otlp-${kind}`);

const sent = { spans: [], points: [], logs: [] };
let refused;

/** An exporter whose batches are noted when they are sent. */
function noted(Exporter, signal, items) {
  const exporter = new Exporter({
    url: `${endpoint}/v1/${signal}`,
    compression: kind === "proto" ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
  });
  const send = exporter.export.bind(exporter);
  exporter.export = (batch, done) => {
    items(batch);
    send(batch, (result) => {
      if (result.code !== ExportResultCode.SUCCESS) refused = result.error ?? "refused";
      done(result);
    });
  };
  return exporter;
}

const spans = noted(OTLPTraceExporter, "traces", (batch) => sent.spans.push(...batch.map(record.span)));
const metrics = noted(OTLPMetricExporter, "metrics", (batch) => sent.points.push(...record.points(batch)));
const logs = noted(OTLPLogExporter, "logs", (batch) => sent.logs.push(...batch.map(record.log)));

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const resource = resourceFromAttributes(
  { "service.name": "checkout", "service.instance.id": "js-1", "process.pid": 4711, "host.cpu.load": 0.25 },
  { schemaUrl: "https://opentelemetry.io/schemas/1.30.0" },
);
const tracers = new TracerProvider({ resource, spanProcessors: [new BatchSpanProcessor({ exporter: spans })] });
const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 2 ** 31 - 1 });
const meters = new MeterProvider({ resource, readers: [reader], views: telemetry.VIEWS });
const loggers = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: logs })] });

async function main() {
  const options = { schemaUrl: "https://opentelemetry.io/schemas/1.29.0" };
  const tracer = tracers.getTracer("shop.checkout", "1.2.3", options);
  telemetry.tracesAndLogs(tracer, loggers.getLogger("shop.checkout", "1.2.3"));
  await telemetry.metrics(meters.getMeter("shop.checkout", "1.2.3", options), () => meters.forceFlush());
  await Promise.all([tracers, meters, loggers].map((provider) => provider.shutdown()));
  fs.writeFileSync(path, JSON.stringify(sent));
  if (refused) throw refused;
}

main();
