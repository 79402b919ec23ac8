#!/bin/bash
# SPDX-License-Identifier: ISC
# build.sh SOURCE DIR PRESET [options...]: configures and builds; says only what went wrong.
set -eu
source=$1 dir=$2 preset=$3
shift 3
cd "$source"
cmake --preset "$preset" -B "$dir" -G Ninja "$@"
cmake --build "$dir"
