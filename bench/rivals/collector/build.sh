#!/usr/bin/env bash
# Builds an OpenTelemetry Collector of just the components that the cells use, as $1.
set -euo pipefail

out=$(realpath -m "${1:?name of the binary}")
core=v0.155.0
providers=v1.61.0
modules=go.opentelemetry.io/collector
contrib=github.com/open-telemetry/opentelemetry-collector-contrib
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > builder.yaml <<YAML
dist: {name: otelcol-bench, output_path: ./out, version: ${core#v}}
receivers:
  - gomod: $modules/receiver/otlpreceiver $core
processors:
  - gomod: $modules/processor/batchprocessor $core
  - gomod: $contrib/processor/attributesprocessor $core
  - gomod: $contrib/processor/filterprocessor $core
exporters:
  - gomod: $modules/exporter/otlpexporter $core
providers:
  - gomod: $modules/confmap/provider/envprovider $providers
  - gomod: $modules/confmap/provider/fileprovider $providers
YAML

GOBIN="$work" go install "$modules/cmd/builder@$core"
# The builder would resolve modules anew; the versions are written out instead.
./builder --config builder.yaml --skip-get-modules --skip-compilation
cd out
rm -f go.mod go.sum
go mod init otelcol-bench
sed -n 's/.*gomod: /require /p' ../builder.yaml >> go.mod
echo "require $modules/otelcol $core" >> go.mod
go build -mod=mod -trimpath -ldflags '-s -w' -o "$out" .
"$out" --version
