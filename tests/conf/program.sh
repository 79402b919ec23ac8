#!/bin/sh
# SPDX-License-Identifier: ISC
# program.sh RPLD: the files of this folder through the program itself: a wrong one gives its
# errors, how to go on, and status 1; a right one passes the check, and so does what -T prints.
set -eu
rpld=$1
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail()
{
    echo "$1"
    failed=1
}

# status EXPECTED ARGUMENTS...: runs rpld, its output into $work/out and $work/err.
status()
{
    expected=$1
    shift
    got=0
    "$rpld" "$@" >"$work/out" 2>"$work/err" || got=$?
    [ "$got" -eq "$expected" ] || fail "rpld $*: status $got, $expected expected"
}

for file in bad-*.conf; do
    for option in -t -T; do
        status 1 $option -c "$file"
        [ ! -s "$work/out" ] || fail "rpld $option -c $file: writes to standard output"
        head -n -1 "$work/err" | cmp -s - "${file%.conf}.out" ||
            fail "rpld $option -c $file: other errors than in ${file%.conf}.out"
        tail -n 1 "$work/err" | grep -q "rpld -t -c $file" ||
            fail "rpld $option -c $file: does not say how to go on"
    done
done
for file in good-*.conf; do
    status 0 -t -c "$file"
    status 0 -T -c "$file"
    cmp -s "$work/out" "${file%.conf}.out" || fail "rpld -T -c $file: not as in ${file%.conf}.out"
    mv "$work/out" "$work/effective.conf"
    status 0 -t -c "$work/effective.conf"
    status 0 -T -c "$work/effective.conf"
    cmp -s "$work/out" "$work/effective.conf" || fail "rpld -T -c $file: does not read back"
done
status 1 -t -c "$work/nothing.conf"
status 2 -t good-include.conf
status 2 -x
exit $failed
