#!/bin/sh
# SPDX-License-Identifier: ISC
# includes.sh ROOT: who may see whom. A room's files include, of ours, only what the table below
# grants; the pure rooms see nothing of the system but types and memory functions.
set -eu
. "$(dirname "$0")/lib.sh"
root=$1

# allowed ROOM HEADER: may a file of ROOM include HEADER?
allowed()
{
    case $1:$2 in
    trickle:trickle/* | of:of/*) ;;
    rpl:trickle/* | rpl:of/* | rpl:rpl/*) ;;
    sim:trickle/* | sim:of/* | sim:rpl/* | sim:sim/*) ;;
    netlink:netlink/* | conf:conf/*) ;;
    netlink:rpl/rpl.h | netlink:rpl/rpl_view.h | netlink:rpl/rpl_wire.h | netlink:of/of.h) ;;
    conf:rpl/rpl.h | conf:rpl/rpl_view.h | conf:rpl/rpl_wire.h | conf:of/of.h) ;;
    rplctl:rplctl/* | bridge:bridge/* | sandbox:sandbox/*) ;;
    bridge:sandbox/sandbox.h | bridge:sandbox/sandbox_log.h) ;;
    rpld:bridge/* | rpld:sim/* | rpld:tests/* | rpld:rplctl/*) return 1 ;;
    rpld:*/*) ;;
    *) return 1 ;;
    esac
}

# What a pure room may ask of the system: no call, no clock, no text.
pure_header()
{
    case $1 in
    stdbool.h | stddef.h | stdint.h | string.h | limits.h | stdalign.h) ;;
    sys/queue.h | bsd/sys/queue.h | bsd/sys/tree.h) ;;
    *) return 1 ;;
    esac
}

for file in $(sources "$root"); do
    room=${file%%/*}
    case " $rooms tests " in
    *" $room "*) ;;
    *)
        bad "$file: a folder with C files that the walls do not know"
        continue
        ;;
    esac
    [ "$room" != tests ] || continue

    while read -r line header; do
        case $header in
        '') ;;
        *..*) bad "$file:$line: \"$header\": headers go by their path from the root" ;;
        *) allowed "$room" "$header" || bad "$file:$line: $room/ must not include \"$header\"" ;;
        esac
    done <<EOF
$(sed -nE '/^[[:space:]]*#[[:space:]]*include[[:space:]]*"/{=;s/^[^"]*"([^"]*)".*/\1/p;}' \
    "$root/$file" | paste -d' ' - -)
EOF

    case " $pure_rooms " in
    *" $room "*) ;;
    *) continue ;;
    esac
    # shellcheck disable=SC2013
    for header in $(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*<([^>]*)>.*/\1/p' \
        "$root/$file"); do
        pure_header "$header" || bad "$file: pure $room/ must not include <$header>"
    done
done

finish "includes against the walls"
