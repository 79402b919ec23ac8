#!/bin/bash
# SPDX-License-Identifier: ISC
# The air by itself: a line of three with static routes and no RPL. Frames go over two hops, four
# tries carry them through loss, a cut stops them, and what was sent is in the capture.
. "$(dirname "$0")/lab.sh"
lab_need tcpdump tcpdump
lab_enter "$@"

lab_start 3 --topology line --seed 7
for node in 1 2 3; do
    ip -n n$node addr add "$(lab_address $node)/128" dev lowpan0
done
ip -n n1 route add $LAB_PREFIX::/64 via "$(lab_link_local 2)" dev lowpan0
ip -n n3 route add $LAB_PREFIX::/64 via "$(lab_link_local 2)" dev lowpan0
ip -n n2 route add "$(lab_address 1)" via "$(lab_link_local 1)" dev lowpan0
ip -n n2 route add "$(lab_address 3)" via "$(lab_link_local 3)" dev lowpan0

lost_at_most() {
    local lost

    lost=$(lab_lost 1 "$(lab_address 3)" "$2" 0.01)
    echo "$lost of $2 lost, $1 allowed"
    [ "$lost" -le "$1" ]
}

captured() {
    lab_tcpdump -r $LAB/air.pcap "$1" 2>/dev/null | grep -c .
}

lab_check "node 1 has an EUI-64 link address" grep -q 02:12:4b:00:00:01:00:00 \
    <(ip -n n1 link show lowpan0)
lab_check "node 1 has the link-local of it" grep -q "$(lab_link_local 1)" \
    <(ip -n n1 addr show lowpan0)
lab_check "neighbours hear each other" lab_pings 1 "$(lab_link_local 2)%lowpan0"
lab_check "the far end of the line is out of reach" \
    lab_unless lab_pings 1 "$(lab_link_local 3)%lowpan0"
lab_check "200 pings over two hops lose none" lost_at_most 0 200
lab_air link 1 2 30 >/dev/null
lab_air link 2 3 30 >/dev/null
# Four hops there and back, 0.81 % a hop after four tries: 3.2 % is expected, 10 % is out of reach.
lab_check "with 30 % loss a try, 300 pings lose at most 30" lost_at_most 30 300
lab_check "and some tries were lost" test "$(lab_air stats | awk '$1 == 2 { print ($3 > $2) }')" = 1
lab_air link 1 2 0 >/dev/null
lab_air link 2 3 0 >/dev/null
lab_air cut 2 3 >/dev/null
lab_check "a cut stops everything" lab_unless lost_at_most 9 10
lab_air restore 2 3 >/dev/null
lab_check "and healed it carries again" lab_until 10 lab_pings 1 "$(lab_address 3)"
lab_air kill 2 >/dev/null
lab_check "a node off the air carries nothing" lab_unless lab_pings 1 "$(lab_address 3)"
lab_air revive 2 >/dev/null
lab_check "and carries again when it is back" lab_until 10 lab_pings 1 "$(lab_address 3)"
lab_check "a link that is not there cannot be cut" lab_unless lab_air cut 1 3
lab_check "tcpdump reads the capture" test "$(captured 'icmp6[0] == 128')" -gt 400
lab_finish
