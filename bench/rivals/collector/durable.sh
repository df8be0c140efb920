#!/usr/bin/env bash
# Builds the OpenTelemetry Collectors that the judge holds beside Tidewatch, into the folder $1: otelcol-queue, with
# its queues on disk, and otelcol-filelog, which reads files, too, in the newest version whose modules the public
# proxy holds. Needs Go 1.25; about 3 minutes on two cores.
set -euo pipefail

out=$(realpath -m "${1:?folder}")
core=go.opentelemetry.io/collector
contrib=github.com/open-telemetry/opentelemetry-collector-contrib
mkdir -p "$out"

# The builder would resolve modules anew, so the sources are made by it and built without it.
build() { # name, version, version of the providers, more receivers
    local name=$1 version=$2 providers=$3 work module
    shift 3
    work=$(mktemp -d)
    {
        echo "dist: {name: $name, output_path: ./out, version: ${version#v}}"
        echo "receivers:"
        for module in "$core/receiver/otlpreceiver" "$@"; do echo "  - gomod: $module $version"; done
        echo "exporters:"
        echo "  - gomod: $core/exporter/otlpexporter $version"
        echo "  - gomod: $core/exporter/otlphttpexporter $version"
        echo "extensions:"
        echo "  - gomod: $contrib/extension/storage/filestorage $version"
        echo "  - gomod: $contrib/extension/healthcheckextension $version"
        echo "providers:"
        for module in env file; do echo "  - gomod: $core/confmap/provider/${module}provider $providers"; done
    } > "$work/builder.yaml"
    cd "$work"
    GOBIN="$work" go install "$core/cmd/builder@$version"
    ./builder --config builder.yaml --skip-get-modules --skip-compilation
    cd out
    rm -f go.mod go.sum
    go mod init "$name"
    sed -n 's/.*gomod: /require /p' ../builder.yaml >> go.mod
    echo "require $core/otelcol $version" >> go.mod
    go build -mod=mod -trimpath -ldflags '-s -w' -o "$out/$name" .
    rm -rf "$work"
    "$out/$name" --version
}

build otelcol-queue v0.155.0 v1.61.0
build otelcol-filelog v0.149.0 v1.55.0 "$contrib/receiver/filelogreceiver"
