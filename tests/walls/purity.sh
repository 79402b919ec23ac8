#!/bin/sh
# SPDX-License-Identifier: ISC
# purity.sh OBJECTS: OBJECTS is a file of "ROOM PATH" lines. What the pure rooms leave undefined
# must be defined in a pure room, or be one of a few memory functions: no system call, no clock,
# no allocator, no text.
set -eu
. "$(dirname "$0")/lib.sh"

objects=$(for room in $pure_rooms; do sed -n "s/^$room //p" "$1"; done)
if [ -z "$objects" ]; then
    echo "no object of a pure room in $1"
    exit 1
fi

# The second and third line are what a hardened build and the arithmetic of 32-bit machines add,
# the rest belongs to sanitizers and coverage.
harmless='^(memcpy|memmove|memset|memcmp|bcmp|_GLOBAL_OFFSET_TABLE_
|__stack_chk_(fail|guard)|__(memcpy|memmove|memset)_chk
|__u?(div|mod|divmod)[dt]i[34]|__(ashl|ashr|lshr|mul|clz|ctz|popcount)[sdt]i[23]|__aeabi_[a-z0-9]+
|__(asan|ubsan|tsan|msan|hwasan|sanitizer|sancov)_.*|__(start|stop)___sancov_.*
|__gcov_.*|__llvm_(profile|gcov).*)$'
harmless=$(printf '%s' "$harmless" | tr -d '\n')

defined=$(mktemp)
trap 'rm -f "$defined"' EXIT
# Paths hold no spaces: they come from the build tree.
# shellcheck disable=SC2086
nm -g --defined-only $objects | awk 'NF == 3 { print $3 }' >"$defined"
for object in $objects; do
    [ -f "$object" ] || bad "$object: not built"
    for symbol in $(nm -u "$object" | awk '{ print $2 }' | grep -vE "$harmless" |
        grep -vxFf "$defined" || true); do
        bad "$object: a pure room must not use $symbol"
    done
done

finish "calls out of the pure rooms"
