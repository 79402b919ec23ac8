#!/bin/bash
# SPDX-License-Identifier: ISC
# depends.sh: every package that a CMakeLists.txt asks for is installed by tests/lab/apt.sh, and stands
# in debian/control; what is needed without the bridge and the tests stands in the README's line too.
# What a test needs or is skipped is installed by tests/lab/apt.sh as well.
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
mapfile -t packages < <(grep -rhoE '\<(need|lab_need|need_module) [a-z0-9_.-]+ [a-z0-9-]+$' tests/*/*.sh |
    sed 's/.* //' | sort -u)
[ ${#packages[@]} -ge 8 ] || { echo "only ${#packages[@]} packages of tests found"; exit 1; }
for package in "${packages[@]}"; do
    printf '%s\n' "${APT_TOOLS[@]}" "${APT_SHOW[@]}" "${APT_TEST[@]}" "${APT_BROKERS[@]}" |
        grep -qxF "$package" || {
        echo "$package is needed by a test and not in tests/lab/apt.sh"
        failed=1
    }
done
exit $failed
