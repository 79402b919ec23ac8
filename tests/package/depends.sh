#!/bin/bash
# SPDX-License-Identifier: ISC
# depends.sh: every package that a CMakeLists.txt asks for is installed by tests/lab/apt.sh, and stands
# in debian/control.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lab/apt.sh
failed=0

asked() {
    git ls-files '*CMakeLists.txt' 2>/dev/null | grep . || find . -name CMakeLists.txt -not -path './build*'
}

mapfile -t packages < <(asked | xargs grep -hE '^ *require_(library|header)\(' |
    sed 's/.* \([^ )]*\)).*/\1/' | sort -u)
[ ${#packages[@]} -ge 8 ] || { echo "only ${#packages[@]} packages found"; exit 1; }
for package in "${packages[@]}"; do
    printf '%s\n' "${APT_BUILD[@]}" | grep -qxF "$package" || {
        echo "$package is not in APT_BUILD of tests/lab/apt.sh"
        failed=1
    }
    sed -n '/^Build-Depends:/,/^[^ ]*:/p' debian/control | sed '1!{/^[^ ]/d}' |
        grep -qE "[ ]$package( <!nocheck>)?,?$" || {
        echo "$package is not in Build-Depends of debian/control"
        failed=1
    }
done
exit $failed
