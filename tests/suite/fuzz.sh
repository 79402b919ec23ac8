#!/bin/bash
# SPDX-License-Identifier: ISC
# fuzz.sh NAME CORPUS BUILD SECONDS: runs a fuzz target for a while from its corpus in the tree,
# which stays as it is; a finding stays in BUILD/findings.
set -eu
name=$1 corpus=$2 build=$3 seconds=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$build/findings"
"$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
    -print_final_stats=1 -artifact_prefix="$build/findings/$name-" "$work" "$corpus"
