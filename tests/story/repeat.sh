#!/bin/sh
# SPDX-License-Identifier: ISC
# repeat.sh RPLSIM: the same seed is the same run, another one is another; a failure says how to
# repeat it, and repeats.
set -eu
rplsim=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

for mop in 1 2; do
    run="--nodes 20 --mop $mop --loss 0.2 --hours 0.5 --json"
    # shellcheck disable=SC2086
    for seed in 5 5 6; do
        "$rplsim" $run --seed $seed | grep digest
    done >"$work/digests"
    [ "$(sort -u "$work/digests" | wc -l)" -eq 2 ] || {
        echo "two seeds, but these digests:"
        cat "$work/digests"
        exit 1
    }
    [ "$(sed -n 1p "$work/digests")" = "$(sed -n 2p "$work/digests")" ]
done

# Links that lose everything: nobody joins, and the line that is printed does the same again.
if "$rplsim" --nodes 3 --loss 1 --hours 0.1 --seed 9 >"$work/first" 2>"$work/why"; then
    echo "a mesh without links passed"
    exit 1
fi
grep -q '2 nodes never joined' "$work/why"
again=$(sed -n 's/^repeat with: rplsim //p' "$work/why")
# shellcheck disable=SC2086
if "$rplsim" $again >"$work/second" 2>/dev/null; then
    echo "the repeated run passed"
    exit 1
fi
cmp "$work/first" "$work/second"
if "$rplsim" --nodes 1 2>/dev/null || "$rplsim" --loss 2 2>/dev/null ||
    "$rplsim" --topology ring 2>/dev/null; then
    echo "a wrong command line passed"
    exit 1
fi
