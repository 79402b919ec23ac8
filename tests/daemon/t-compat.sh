#!/bin/bash
# SPDX-License-Identifier: ISC
# t-compat.sh: the ways of RFC 6550, 6554 and 9008 where the defaults side with the motes: source
# routes in tunnels, RPIs down and up, of both types. A line of four carries everything in each.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"

lab_start 4 --topology line
lab_uplink

no_loss() {
    test "$(lab_lost "$@")" = 0
}

# counter NODE NAME
counter() {
    lab_json "$1" counters ".counters[] | select(.name == \"$2\") | .value"
}

moved() {
    [ "$(counter "$1" "$2")" -gt 0 ]
}

# try MODE SETTINGS: the mesh with these compat settings on every node.
try() {
    local node

    LAB_MODE=$1
    for node in 1 2 3 4; do
        lab_rpld $node "$([ $node = 1 ] && echo root || echo router)" "compat = { $2 };"
    done
    lab_check "$1, $2: the root knows a way to all" lab_until 60 lab_joined 3
    for node in 1 2 3 4; do
        lab_check "node $node reaches everybody" lab_all $node
    done
    lab_check "the Internet loses nothing to the last one" no_loss uplink "$(lab_address 4)" 50 0.02
    lab_check "nor of 1000 octets" no_loss uplink "$(lab_address 4)" 50 0.02 1000
    lab_check "nor of 1232 octets" no_loss uplink "$(lab_address 4)" 50 0.02 1232
    lab_check "the last one loses nothing to the Internet" no_loss 4 $LAB_UPLINK::2 50 0.02
    lab_check "nor of 1232 octets" no_loss 4 $LAB_UPLINK::2 50 0.02 1232
    lab_check "no packet was taken for a rank error" test "$(counter 2 forward-rank-marked)" = 0
}

stop() {
    local node

    for node in 1 2 3 4; do
        lab_signal TERM $node rpld
        rm -f $LAB/n$node/state/rpld.state
    done
}

try non-storing 'srh = "encapsulate"; downward_rpi = true; upward_rpi = true; rpi_type = 0x63'
lab_check "tunnels were made" moved 1 forward-down-encapsulated
lab_check "and opened" moved 4 forward-decapsulated
lab_check "RPIs were carried up by routers" moved 2 forward-up
stop
try non-storing 'srh = "encapsulate"; downward_rpi = true; upward_rpi = true; rpi_type = 0x23'
lab_check "the kernel carried them up, and we looked" moved 2 forward-judged-copy
stop
try non-storing 'srh = "inline"; downward_rpi = true; upward_rpi = true; rpi_type = 0x63'
stop
try storing 'upward_rpi = true; rpi_type = 0x63'
lab_check "RPIs were carried up by routers" moved 2 forward-up
lab_finish
