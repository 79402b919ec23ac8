#!/bin/bash
# SPDX-License-Identifier: ISC
# t-attached.sh storing|non-storing: a network that hangs on the last node of a line. The root
# routes to it if it accepts the prefix, and refuses it loudly if it does not.
. "$(dirname "$0")/lab.sh"
LAB_MODE=${1:-non-storing}
lab_enter "$@"

NET=2001:db8:a77
accept="accept = ( \"$NET::/48\" );"

lab_start 3 --topology line
lab_netns n9 0
ip -n n3 link add eth0 type veth peer name eth0 netns n9
ip -n n3 link set eth0 up
ip -n n9 link set eth0 up
ip -n n3 addr add $NET::1/64 dev eth0 nodad
ip -n n9 addr add $NET::2/64 dev eth0 nodad
ip -n n9 route add default via $NET::1

lab_rpld 1
lab_rpld 2 router "$accept"
lab_rpld 3 router "$accept attached = ( \"$NET::/64\" );"
lab_check "both nodes join" lab_until 120 lab_joined 2

refusals() {
    lab_json 1 counters '.counters[] | select(.name == "refused-outside-prefix") | .value'
}

refused() {
    [ "$(refusals)" -gt 0 ]
}

no_loss() {
    local lost

    lost=$(lab_lost "$@")
    echo "$lost of $3 lost"
    [ "$lost" = 0 ]
}

lab_check "a root that does not accept the network refuses it" lab_until 60 refused
lab_check "and has no route to it" lab_unless grep -q $NET <(lab_routes 1)

lab_signal TERM 1 rpld
lab_rpld 1 root "$accept"
known() {
    lab_routes 1 | grep -q "^$NET::/64$"
}
lab_check "one that does has a route" lab_until 120 known
lab_uplink
ip -n uplink route add $NET::/64 via $LAB_UPLINK::1
lab_check "the root reaches the host behind it" no_loss 1 $NET::2 20
lab_check "so does a host on the Internet, both ways" no_loss uplink $NET::2 20
lab_check "and with packets of 1200 octets" no_loss uplink $NET::2 10 0.2 1200
for node in 1 2 3; do
    lab_check "the host behind it reaches node $node" no_loss 9 "$(lab_address $node)" 5
done
lab_finish
