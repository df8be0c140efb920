#!/usr/bin/env bash
# Judges Tidewatch and OpenTelemetry Collectors in the same way, in full, and leaves what was found in the folder $1
# (default: target/reliability): a file for each, with its table at the end. Builds Tidewatch, the judge, and the
# Collectors where they are missing (Go 1.25). About an hour; run it as root, as it mounts small file systems.
set -uo pipefail
cd "$(dirname "$0")/../.."

out=$(realpath -m "${1:-target/reliability}")
mkdir -p "$out"
cargo build --release --bin tidewatch || exit
cargo build --release -p tidewatch-judge || exit
if ! [ -x "$out/otelcol-queue" ] || ! [ -x "$out/otelcol-filelog" ]; then
    bench/rivals/collector/durable.sh "$out" || exit
fi

judge() { # name of the result, then arguments
    local result=$out/$1.txt
    shift
    # That a promise is broken is a result, too.
    target/release/judge --full "$@" >"$result" 2>&1
    tail -n 30 "$result" | grep '^|'
}

echo 'Tidewatch'
judge tidewatch
for fsync in off on; do
    echo "Collector, fsync $fsync"
    collector=(--agent-kind collector --fsync "$fsync")
    judge "collector-queue-fsync-$fsync" "${collector[@]}" --agent "$out/otelcol-queue" \
        --scenario kill9 --scenario sigterm_disk --scenario outage --scenario sink_moods --scenario damage \
        --scenario disk_full
    judge "collector-files-fsync-$fsync" "${collector[@]}" --agent "$out/otelcol-filelog" --scenario rotation
done
echo 'Collector, queue and patience by default'
collector=(--agent-kind collector --defaults)
judge collector-queue-defaults "${collector[@]}" --agent "$out/otelcol-queue" \
    --scenario kill9 --scenario sigterm_disk --scenario outage
judge collector-files-defaults "${collector[@]}" --agent "$out/otelcol-filelog" --scenario rotation
