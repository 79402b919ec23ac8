#!/bin/sh
# SPDX-License-Identifier: ISC
# format.sh ROOT: the tree is as clang-format 14 would leave it, Debian 12's; each other does it in its
# own way. Without the tool this is skipped (exit 77), but not where CI=true.
set -eu
. "$(dirname "$0")/lib.sh"
root=$1

if ! command -v clang-format >/dev/null; then
    echo "clang-format is missing. Mend it with: apt-get install clang-format"
    [ "${CI:-}" != true ] || exit 1
    exit 77
fi
version=$(clang-format --version | sed -E 's/.* version ([0-9]+).*/\1/')
if [ "$version" != 14 ]; then
    echo "skipped: this is clang-format $version, and the tree is formatted by 14, which is Debian 12's"
    exit 77
fi
for file in $(sources "$root"); do
    (cd "$root" && clang-format --dry-run -Werror "$file" >/dev/null 2>&1) ||
        bad "$file: not formatted. Mend it with: clang-format -i $file"
done

finish "files that clang-format would change"
