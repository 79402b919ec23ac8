#!/bin/bash
# SPDX-License-Identifier: ISC
# t-leaf.sh storing|non-storing: a host that does not speak RPL, behind a line of three (RFC 9010). It
# finds its router, registers its address, is reached from the Internet and reaches it; it hears
# nothing of restarts of its router and of the root; it goes to another router, comes back, and
# leaves.
. "$(dirname "$0")/lab.sh"
LAB_MODE=${1:-non-storing}
lab_enter "$@"

LEAF=4
lab_start 4 --topology line
lab_uplink
start() {
    lab_rpld "$1" "$([ "$1" = 1 ] && echo root || echo router)" \
        'leaves = "on"; compat = { upward_rpi = "on"; };'
}
for node in 1 2 3; do
    start $node
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

# --- its router and the root restart, and it does not know ---

# kept NODE LINE: the node's snapshot has such a line.
kept() {
    grep -q "^$2" $LAB/n"$1"/state/rpld.targets
}

# The root heard of the leaf since |restarted|.
announced() {
    [ "$(lab_json 1 nodes ".nodes[] | select(.address == \"$(lab_address $LEAF)\") |
        .last_dao_s")" -lt $((SECONDS - restarted)) ]
}

lab_check "the router's snapshot has the leaf as it registered last" \
    lab_until 75 kept 3 "leaf 0 $(lab_address $LEAF) tid 2 "
lab_check "and the root's who owns the address" \
    lab_until 75 kept 1 "owner 0 $(lab_address $LEAF) tid 2 "
lab_run uplink ping ping -6 -n -O -i 0.1 -W 2 "$(lab_address $LEAF)"
for how in KILL TERM; do
    lab_check "its router goes by SIG$how while it is pinged" lab_signal $how 3 rpld
    restarted=$SECONDS
    start 3
    lab_check "it is reached when its router is" eval \
        'lab_until 60 lab_pings 1 "$(lab_address 3)" && lab_until 3 lab_pings uplink \
         "$(lab_address $LEAF)"'
    lab_check "and announced again" lab_until 30 announced
done
lab_signal TERM uplink ping
awk '/no answer yet/ { n++ } END { print "   without an answer, both times:", n / 10, "s" }' \
    $LAB/uplink/ping.log
lab_check "nothing is lost on the way to it and back" no_loss uplink "$(lab_address $LEAF)" 40
lab_check "nor from it to the Internet" no_loss $LEAF $LAB_UPLINK::2 40
lab_signal KILL 1 rpld
start 1
lab_check "the root dies, too, and reaches it" lab_until 60 lab_pings uplink "$(lab_address $LEAF)"
lab_check "its register still has the owner" lab_until 75 kept 1 \
    "owner 0 $(lab_address $LEAF) tid 2 "
lab_check "a refresh is one for the router" test "$(register 3 60)" = \
    "$told router=$(lab_link_local 3) capabilities=0x16"
lab_check "nobody asked the 6LBR for it again" test "$(counter 3 edar-out)" = 0

# --- it goes elsewhere ---

lab_air cut 3 4 >/dev/null
lab_air link 2 4 0 >/dev/null
lab_check "node 2 registers it" test "$(register 4 60)" = \
    "$told router=$(lab_link_local 2) capabilities=0x16"
configure 2
lab_check "the root has it behind node 2" lab_until 10 behind_is "$(lab_address 2)"
no_route() {
    ! ip -n n"$1" -6 route show proto 155 | grep -q "^$(lab_address $LEAF) "
}
lab_check "node 3 was told, and has no route to it" lab_until 20 no_route 3
lab_check "nothing is lost on the new way" no_loss uplink "$(lab_address $LEAF)" 40
lab_check "it leaves" test "$(register 5 0)" = \
    "status=0 route=0 address=$(lab_address $LEAF) router=$(lab_link_local 2) capabilities=0x16"
lab_check "and nobody has a route to it" lab_until 20 behind_is ''
lab_check "node 2 has none" lab_until 10 no_route 2
lab_finish
