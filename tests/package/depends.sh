#!/bin/bash
# SPDX-License-Identifier: ISC
# depends.sh: every package that a CMakeLists.txt asks for is installed by tests/lab/apt.sh, and stands
# in debian/control; what is needed without the bridge and the tests stands in the README's line too.
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
needed=$(grep -hE '^ *require_(library|header)\(' CMakeLists.txt {rpl,sim,netlink,conf,rpld,rplctl,sandbox}/CMakeLists.txt |
    sed 's/.* \([^ )]*\)).*/\1/' | sort -u)
for package in $needed; do
    sed -n '/^apt-get install build-essential/,/[^\]$/p' README.md | grep -qw -- "$package" || {
        echo "$package is not in the apt-get line of README.md"
        failed=1
    }
done
exit $failed
