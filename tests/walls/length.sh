#!/bin/sh
# SPDX-License-Identifier: ISC
# length.sh ROOT: a C file of ours has at most 800 lines.
set -eu
. "$(dirname "$0")/lib.sh"
root=$1
limit=800

for file in $(sources "$root"); do
    lines=$(wc -l <"$root/$file")
    [ "$lines" -le "$limit" ] || bad "$file: $lines lines, $limit are allowed"
done

finish "files that are too long"
