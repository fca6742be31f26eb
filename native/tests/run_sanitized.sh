#!/bin/sh
# Build the kernel test with the address and undefined-behaviour sanitizers and run it.
# Usage: run_sanitized.sh [number of random cases]
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD_DIR:-"$here/build/sanitized"}
cmake -S "$here" -B "$build" -DPIXELPREP_SANITIZE=ON -DCMAKE_BUILD_TYPE=Debug
cmake --build "$build" --parallel
UBSAN_OPTIONS=print_stacktrace=1 "$build/kernel_test" "${1:-100}"
