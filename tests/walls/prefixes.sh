#!/bin/sh
# SPDX-License-Identifier: ISC
# prefixes.sh OBJECTS: OBJECTS is a file of "ROOM PATH" lines. A global symbol carries the prefix
# of its room; where a room has no single one (the programs), at least not that of another.
set -eu
. "$(dirname "$0")/lib.sh"

if ! grep -q . "$1"; then
    echo "no object in $1"
    exit 1
fi

# owner SYMBOL: the room whose prefix it carries, if any.
owner()
{
    for other in $rooms; do
        prefix=$(room_prefix "$other")
        case $1 in
        "${prefix:-/}"*)
            echo "$other"
            return
            ;;
        esac
    done
}

while read -r room object; do
    prefix=$(room_prefix "$room")
    [ -f "$object" ] || bad "$object: not built"
    # Only functions and objects; sanitizers and coverage add their own with two underscores.
    for symbol in $(nm -g --defined-only "$object" | awk 'NF == 3 { print $3 }' |
        grep -vE '^(main$|__|_sub_|\.L)' || true); do
        of=$(owner "$symbol")
        if [ -n "$of" ] && [ "$of" != "$room" ]; then
            bad "$object: $symbol carries the prefix of $of/"
        elif [ -n "$prefix" ] && [ -z "$of" ]; then
            bad "$object: $symbol does not begin with $prefix"
        fi
    done
done <"$1"

finish "symbols with a wrong prefix"
