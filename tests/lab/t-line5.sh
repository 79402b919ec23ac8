#!/bin/bash
# SPDX-License-Identifier: ISC
# t-line5.sh storing|non-storing: a line of five, the root at one end and an Internet host behind
# it. Routes are where they belong, everybody reaches everybody, nothing is lost without loss, and
# a clean stop leaves nothing in the kernel.
. "$(dirname "$0")/lab.sh"
LAB_MODE=${1:-non-storing}
lab_enter "$@"

lab_need traceroute traceroute
lab_mesh 120 5 --topology line
lab_uplink

chain() {
    local node

    for ((node = 2; node <= 5; node++)); do
        [ "$(lab_default $node)" = $((node - 1)) ] || {
            echo "node $node has the default route to node $(lab_default $node)"
            return 1
        }
    done
}

no_loss() {
    local lost

    lost=$(lab_lost "$@")
    echo "$lost of $3 lost"
    [ "$lost" = 0 ]
}

parents() {
    lab_json 1 nodes '.nodes[] | [.address, .parents[0].address] | join(" ")'
}

parents_wanted() {
    local node

    for ((node = 2; node <= 5; node++)); do
        echo "$(lab_address $node) $(lab_address $((node - 1)))"
    done
}

# hops FROM TO OPTIONS...: the addresses that traceroute names.
hops() {
    local from=$1 to=$2

    shift 2
    lab_in "$from" traceroute -6 -n -q 1 -w 5 -m 8 "$@" "$to" | awk 'NR > 1 { print $2 }'
}

# From the Internet and back; by UDP, and by echoes.
traced() {
    local how down up

    down=$(echo $LAB_UPLINK::1 && lab_addresses)
    up=$(for node in 4 3 2 1; do lab_address $node; echo; done; echo $LAB_UPLINK::2)
    for how in "-N 1" "-I -N 1"; do
        # shellcheck disable=SC2086
        diff <(hops uplink "$(lab_address 5)" $how) <(echo "$down") &&
            diff <(hops 5 $LAB_UPLINK::2 $how) <(echo "$up") || return 1
    done
    # From the root itself.
    diff <(hops 1 "$(lab_address 5)" -N 1) <(lab_addresses)
}

unreachable_at_once() {
    lab_in uplink ping -6 -n -c 1 -W 5 "$(lab_address 77)" | grep -i unreachable
}

lab_check "status says what it is" test "$(lab_json 1 status '.instances[0] |
    [.id, .role, .mode, .objective, .dodag_id, .nodes] | join(" ")')" = \
    "0 root $LAB_MODE mrhof $(lab_address 1) 4"
lab_check "nodes lists the four with their EUI-64" lab_same \
    "$(lab_json 1 nodes '.nodes[].eui64')" \
    "$(for node in 2 3 4 5; do lab_eui64 $node; echo; done)"
lab_check "the kernel's host routes are those of the nodes" lab_kernel_agrees
if [ "$LAB_MODE" = storing ]; then
    lab_check "all of them go by way of node 2" test "$(ip -n n1 -6 route show proto 155 |
        grep -c "via $(lab_link_local 2) dev lowpan0")" = 4
    lab_check "and nodes says so" test "$(lab_json 1 nodes '.nodes[].via' | sort -u)" = \
        "$(lab_link_local 2)"
else
    lab_check "all of them go into rpl0" test "$(ip -n n1 -6 route show proto 155 dev rpl0 |
        grep -vc /)" = 4
    lab_check "nodes has everybody's parent" lab_same "$(parents)" "$(parents_wanted)"
    lab_check "and the hops of the last" test "$(lab_json 1 nodes \
        ".nodes[] | select(.address == \"$(lab_address 5)\") | .hops")" = 4
fi
lab_check "the rest of the prefix is unreachable" grep -q "^unreachable $LAB_PREFIX::/64" \
    <(ip -n n1 -6 route show proto 155)
lab_check "each default route goes to the parent" chain
lab_check "the root reaches everybody" lab_all 1
lab_check "the last one reaches everybody" lab_all 5
lab_check "the middle reaches everybody" lab_all 3
lab_check "an Internet host reaches the last one" lab_reaches uplink "$(lab_address 5)"
lab_check "the last one reaches an Internet host" lab_reaches 5 $LAB_UPLINK::2
lab_check "a packet to nobody gets an error at once" unreachable_at_once
lab_check "1000 pings to the last one lose none" no_loss 1 "$(lab_address 5)" 1000 0.01
lab_check "100 pings of 1000 octets from the Internet lose none" \
    no_loss uplink "$(lab_address 5)" 100 0.01 1000
lab_check "100 pings of 1200 octets from the Internet lose none" \
    no_loss uplink "$(lab_address 5)" 100 0.02 1200
lab_talkative
lab_check "a traceroute names each hop, both ways" traced
# As large as a link has to carry: no room for a source route.
lab_check "100 pings of 1232 octets from the Internet lose none" \
    no_loss uplink "$(lab_address 5)" 100 0.02 1232
if [ "$LAB_MODE" = non-storing ]; then
    lab_check "they went in fragments" test 100 = \
        "$(lab_ctl 1 counters | awk '$1 == "forward-down-fragmented" { print $2 }')"
fi
lab_check "100 pings of 1232 octets from the root lose none" \
    no_loss 1 "$(lab_address 5)" 100 0.02 1232
lab_check "and 100 from the root to its neighbour" no_loss 1 "$(lab_address 2)" 100 0.02 1232

lab_signal TERM 1 rpld
lab_check "a clean stop leaves no route" test -z "$(ip -n n1 -6 route show proto 155)"
lab_check "and no rpl0" lab_unless ip -n n1 link show rpl0
lab_finish
