#!/bin/bash
# SPDX-License-Identifier: ISC
# t-leaf.sh storing|non-storing: a host that does not speak RPL, behind a line of three (RFC 9010). It
# finds its router, registers its address, is reached from the Internet and reaches it; it goes to
# another router, comes back, and leaves.
. "$(dirname "$0")/lab.sh"
LAB_MODE=${1:-non-storing}
lab_enter "$@"

LEAF=4
lab_start 4 --topology line
lab_uplink
for node in 1 2 3; do
    lab_rpld $node "$([ $node = 1 ] && echo root || echo router)" \
        'leaves = "on"; compat = { upward_rpi = "on"; };'
done
lab_check "the root knows a way to both routers" lab_until 120 lab_joined 2 || lab_finish

# register TID MINUTES: what the leaf is told.
register() {
    lab_in $LEAF timeout 40 "$LAB_BUILD/tests/lab/leaf" lowpan0 "$1" "$2"
}

# What the host of a leaf would do with what it was told.
configure() {
    ip -n n$LEAF addr replace "$(lab_address $LEAF)"/128 dev lowpan0 nodad
    ip -n n$LEAF -6 route replace default via "$(lab_link_local "$1")" dev lowpan0
}

behind() {
    lab_json 1 nodes ".nodes[] | select(.address == \"$(lab_address $LEAF)\") |
        .parents[0].address"
}

behind_is() {
    [ "$(behind)" = "$1" ]
}

no_loss() {
    local lost

    lost=$(lab_lost "$@")
    echo "$lost of $3 lost"
    [ "$lost" = 0 ]
}

# counter NODE NAME
counter() {
    lab_json "$1" counters ".counters[] | select(.name == \"$2\") | .value"
}

told="status=0 route=1 address=$(lab_address $LEAF)"
lab_check "node 3 offers itself and registers the leaf" test "$(register 1 60)" = \
    "$told router=$(lab_link_local 3) capabilities=0x16"
configure 3
lab_check "the root has it behind node 3" lab_until 10 behind_is "$(lab_address 3)"
lab_check "nothing is lost on the way to it and back" no_loss uplink "$(lab_address $LEAF)" 40
lab_check "nor from it to the Internet" no_loss $LEAF $LAB_UPLINK::2 40
lab_check "nor to a router" no_loss $LEAF "$(lab_address 2)" 20
lab_check "what it sends goes up in tunnels" test "$(counter 3 forward-up-encapsulated)" -ge 40
lab_check "the 6LBR was asked once" test "$(counter 1 edar-in)" = 1
lab_check "a refresh needs no further question" test "$(register 2 60)" = \
    "$told router=$(lab_link_local 3) capabilities=0x16"
lab_check "and none was asked" test "$(counter 1 edar-in)" = 1

lab_air cut 3 4 >/dev/null
lab_air link 2 4 0 >/dev/null
lab_check "node 2 registers it" test "$(register 3 60)" = \
    "$told router=$(lab_link_local 2) capabilities=0x16"
configure 2
lab_check "the root has it behind node 2" lab_until 10 behind_is "$(lab_address 2)"
no_route() {
    ! ip -n n"$1" -6 route show proto 155 | grep -q "^$(lab_address $LEAF) "
}
lab_check "node 3 was told, and has no route to it" lab_until 20 no_route 3
lab_check "nothing is lost on the new way" no_loss uplink "$(lab_address $LEAF)" 40
lab_check "it leaves" test "$(register 4 0)" = \
    "status=0 route=0 address=$(lab_address $LEAF) router=$(lab_link_local 2) capabilities=0x16"
lab_check "and nobody has a route to it" lab_until 20 behind_is ''
lab_check "node 2 has none" lab_until 10 no_route 2
lab_finish
