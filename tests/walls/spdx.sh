#!/bin/sh
# SPDX-License-Identifier: ISC
# spdx.sh ROOT: every C file opens with its licence, every shell script has it in line 1 or 2.
set -eu
. "$(dirname "$0")/lib.sh"
root=$1

for file in $(sources "$root"); do
    [ "$(head -n 1 "$root/$file")" = '/* SPDX-License-Identifier: ISC */' ] ||
        bad "$file: the first line is not /* SPDX-License-Identifier: ISC */"
done
for file in $(cd "$root" && find tests man debian -name '*.sh' -type f 2>/dev/null | sort); do
    head -n 2 "$root/$file" | grep -qx '# SPDX-License-Identifier: ISC' ||
        bad "$file: no # SPDX-License-Identifier: ISC in the first two lines"
done

finish "files without a licence"
