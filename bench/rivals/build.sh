#!/usr/bin/env bash
# Builds the agents that Tidewatch is compared with into the folder $1 (default: bin beside this script).
# Needs Go 1.25 and Rust; about 5 minutes for the Collectors, 15 to 25 for the engine on two cores.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$(realpath -m "${1:-$here/bin}")
mkdir -p "$out"

"$here/collector/build.sh" "$out/otelcol-bench"
"$here/collector/durable.sh" "$out"

cargo build --release --locked --manifest-path "$here/engine/Cargo.toml" --target-dir "$here/engine/target"
cp "$here/engine/target/release/dfe-bench" "$out/dfe-bench"
