"""Sends traces, metrics and logs with the OpenTelemetry SDK, and writes down what it sent.

    send.py grpc|http ENDPOINT RECORD
"""

import json
import logging
import sys

import telemetry
from record import Record

from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

SCOPE = ("shop.checkout", "1.2.3")


def exporters(protocol, endpoint):
    """Exporters of traces, metrics and logs."""
    if protocol == "grpc":
        from grpc import Compression
        from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        options = {"endpoint": endpoint, "insecure": True, "compression": Compression.Gzip}
        return tuple(exporter(**options) for exporter in (OTLPSpanExporter, OTLPMetricExporter, OTLPLogExporter))

    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return (
        OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces"),
        OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics"),
        OTLPLogExporter(endpoint=f"{endpoint}/v1/logs"),
    )


def noted(exporter, note):
    """The exporter, with every batch that it sent noted; a batch that was refused ends the program."""
    export = exporter.export

    def export_and_note(batch, **options):
        result = export(batch, **options)
        note(batch)
        record.refused |= result.name != "SUCCESS"
        return result

    exporter.export = export_and_note
    return exporter


protocol, endpoint, path = sys.argv[1:]
record = Record()
spans, metrics, logs = exporters(protocol, endpoint)
resource = Resource(
    {"service.name": "checkout", "service.instance.id": "python-1", "process.pid": 4711, "host.cpu.load": 0.25},
    schema_url="https://opentelemetry.io/schemas/1.30.0",
)

tracers = TracerProvider(resource=resource)
tracers.add_span_processor(BatchSpanProcessor(noted(spans, record.spans)))
reader = PeriodicExportingMetricReader(noted(metrics, record.metrics), export_interval_millis=float("inf"))
meters = MeterProvider([reader], resource=resource, views=telemetry.VIEWS)
loggers = LoggerProvider(resource=resource)
loggers.add_log_record_processor(BatchLogRecordProcessor(noted(logs, record.logs)))
logger = logging.getLogger(SCOPE[0])
logger.setLevel(logging.DEBUG)
logger.addHandler(LoggingHandler(logger_provider=loggers))

tracer = tracers.get_tracer(*SCOPE, attributes={"scope.team": "core"})
meter = meters.get_meter(*SCOPE, schema_url="https://opentelemetry.io/schemas/1.29.0")
telemetry.traces_and_logs(tracer, logger)
telemetry.events(loggers.get_logger(*SCOPE))
telemetry.metrics(meter, tracer, collect=reader.collect)

for provider in (tracers, meters, loggers):
    provider.shutdown()
with open(path, "w", encoding="utf-8") as file:
    json.dump(record.items, file)
sys.exit("a batch was refused" if record.refused else 0)
