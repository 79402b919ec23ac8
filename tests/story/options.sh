#!/bin/sh
# SPDX-License-Identifier: ISC
# options.sh RPLSIM: meshes from a file and their timetable, kinds of traffic, the page.
set -eu
rplsim=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

fail() {
    echo "$*"
    exit 1
}

cat >"$work/mesh" <<'EOF'
# The better way fails after a quarter of an hour, the other one half an hour later.
node root
node left
node right
node far
link root left
link root right 0.1
link left far
link right far 0.1 0.2
at 900 cut left far
at 1800 stop left
at 2000 link left far 0.05
at 2700 start left fresh
EOF
"$rplsim" --topology "$work/mesh" --hours 1 --log --html "$work/page.html" >"$work/log"
grep -q '^[0-9.]* far parent ~left value=.* cause=first' "$work/log" || fail "far did not join by left"
awk '$1 > 900 && $1 < 2000 && $2 == "far" && $3 == "parent" && $4 == "~right"' "$work/log" |
    grep -q . || fail "far did not go to right when its link to left was cut"
awk '$1 > 1800 && $1 < 2700 && $2 == "left"' "$work/log" | grep -q . &&
    fail "left spoke while it was switched off"
grep -q '"names":\["root","left","right","far"\]' "$work/page.html" || fail "the page has no nodes"
grep -qi 'http\|src=' "$work/page.html" && fail "the page asks for something from elsewhere"

# Whatever is wrong in a file is said with its line.
wrong() {
    printf 'node a\nnode b\nlink a b\n%s\n' "$1" >"$work/wrong"
    "$rplsim" --topology "$work/wrong" --hours 0.1 >/dev/null 2>"$work/why" && fail "passed: $1"
    grep -q "wrong:4: $2" "$work/why" || fail "$1: $(cat "$work/why")"
}
wrong 'node a' 'a: there is such a node already'
wrong 'node c<d' 'a name has'
wrong 'node abcdefghijklmnop' 'a name has'
wrong 'link a c' 'c: no such node above'
wrong 'link a a' 'a: a link has two ends'
wrong 'link a b 1.5' '1.5: not a number from 0 to 1'
wrong 'link a b 0 0 0' 'expected: link'
wrong 'at -1 cut a b' '-1: not a number'
wrong 'at 5 paint a' 'expected: at'
wrong 'at 5 start a again' 'again: not one of'
wrong 'edge a b' 'edge: not one of'
wrong "$(printf '%300s' x)" 'the line is longer'
"$rplsim" --topology "$work/nothing" 2>/dev/null && fail "a mesh without a file passed"
"$rplsim" --traffic sideways 2>/dev/null && fail "traffic sideways passed"

# A packet from mote to mote by way of the root cannot be shorter than the shortest way, and a
# source route has its price.
for mop in 1 2; do
    "$rplsim" --nodes 30 --topology grid --mop $mop --loss 0 --hours 0.5 --traffic p2p --json \
        >"$work/p2p-$mop"
    grep -q '"up": {"sent": 0,' "$work/p2p-$mop" || fail "there was traffic upwards"
    grep -q '"p2p": {"sent": [1-9]' "$work/p2p-$mop" || fail "there was none across"
    sed -n 's/.*"p2p_stretch": \([0-9.]*\), "header_octets_per_hop": \([0-9.]*\),/\1 \2/p' \
        "$work/p2p-$mop" >"$work/figures-$mop"
done
paste "$work/figures-1" "$work/figures-2" | awk '
    { if ($1 < 1 || $3 < 1 || $2 <= 0 || $2 <= $4 || $1 < $3) { print; exit 1 } }' ||
    fail "those are stretch and header octets of modes 1 and 2"

for objective in of0 etx hops latency; do
    "$rplsim" --nodes 20 --degree 6 --objective $objective --hours 0.5 --json |
        grep -q "\"objective\": \"$objective\"" || fail "--objective $objective"
done
# The half without a root comes back when the mesh is whole again.
"$rplsim" --nodes 40 --degree 8 --partition 900 --hours 2 --json >"$work/parted" ||
    fail "the halves did not find together"
grep -q '"detached": 0,' "$work/parted" && fail "nobody noticed the partition"
exit 0
