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

# "room prefix" of every room that has one, for awk.
prefixes=$(for room in $rooms; do echo "$room $(room_prefix "$room")"; done | awk 'NF == 2')

while read -r room object; do
    [ -f "$object" ] || bad "$object: not built"
    # main, and what sanitizers and coverage add with two underscores, is nobody's.
    for symbol in $(nm -g --defined-only "$object" | awk 'NF == 3 { print $3 }' |
        grep -vE '^(main$|__|_sub_|\.L)' |
        awk -v room="$room" -v prefixes="$prefixes" '
            BEGIN { n = split(prefixes, p); for (i = 1; i < n; i += 2) { own[p[i]] = p[i + 1] } }
            {
                owner = ""
                for (r in own) if (index($0, own[r]) == 1) owner = r
                if (owner != "" ? owner != room : room in own) print owner ":" $0
            }'); do
        of=${symbol%%:*} name=${symbol#*:}
        if [ -n "$of" ]; then
            bad "$object: $name carries the prefix of $of/"
        else
            bad "$object: $name does not begin with $(room_prefix "$room")"
        fi
    done
done <"$1"

finish "symbols with a wrong prefix"
