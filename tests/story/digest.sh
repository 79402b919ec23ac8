#!/bin/sh
# SPDX-License-Identifier: ISC
# digest.sh RPLSIM SOURCE: a seed is the same run whoever compiled it. Builds rplsim again with
# other compilers, without optimisation and for 32 bits, and compares what they say, whole.
set -eu
rplsim=$1 top=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

run() {
    for mop in 1 2; do
        # Whether all is well in so short a time is not asked here. Sizes of structs differ, and so does the memory that is used.
        "$1" --nodes 40 --degree 8 --mop $mop --hours 1 --loss 0.15 --traffic up,down,p2p \
            --restarts 20 --cuts 20 --partition 300 --seed 3 --json 2>/dev/null |
            sed 's/"memory_per_node": [0-9]*/"memory_per_node": -/'
    done
}

compare() {
    name=$(echo "$*" | tr ' ' '-')
    if ! command -v "$1" >/dev/null || ! echo 'int main(void) { return 0; }' |
        "$@" -x c - -o "$work/probe" 2>/dev/null || ! "$work/probe"; then
        echo "left out: $* makes no program that runs here"
        return
    fi
    # shellcheck disable=SC2046
    "$@" -std=c17 -w -DNDEBUG -D_GNU_SOURCE -I"$top" $(pkg-config --cflags libbsd-overlay) \
        "$top"/trickle/*.c "$top"/of/*.c "$top"/rpl/*.c "$top"/sim/*.c -o "$work/rplsim-$name"
    run "$work/rplsim-$name" >"$work/$name"
    if ! cmp -s "$work/usual" "$work/$name"; then
        echo "$*: another run than that of $rplsim"
        diff "$work/usual" "$work/$name"
        exit 1
    fi
    echo "$*: the same run"
    builds=$((builds + 1))
}

builds=0
run "$rplsim" >"$work/usual"
grep digest "$work/usual"
compare gcc -O2 -m32
compare gcc -O0
compare clang -O0
[ $builds -gt 0 ] || {
    echo "no other compiler: nothing was compared"
    exit 77
}
