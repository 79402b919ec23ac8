#!/bin/bash
# SPDX-License-Identifier: ISC
# t-errors.sh: ICMPv6 errors from inside a mesh, as a host on the Internet gets to see them: about its
# own packets, whether the root puts them into tunnels or a source route into them. A line of four.
. "$(dirname "$0")/lab.sh"
LAB_MODE=non-storing
lab_need traceroute traceroute
lab_need tcpdump tcpdump
lab_enter "$@"

lab_start 4 --topology line
lab_uplink
lab_talkative
last=$(lab_address 4)

# patience REACHABLE DELAY RETRANS: of the kernels with their neighbours, in ms, s and ms.
patience() {
    local node

    for node in 1 2 3; do
        lab_in $node sh -c "cd /proc/sys/net/ipv6/neigh/lowpan0 &&
            echo $1 >base_reachable_time_ms && echo $2 >delay_first_probe_time &&
            echo $3 >retrans_time_ms"
    done
}

# doubt NODE: its kernel no longer takes for granted that its neighbours are there.
doubt() {
    local address lladdr

    ip -n n$1 -6 neigh show dev lowpan0 nud reachable |
        while read -r address _ lladdr _; do
            ip -n n$1 neigh change "$address" dev lowpan0 lladdr "$lladdr" nud stale
        done
}

# refused: a datagram to a port where nobody listens; the socket is told.
refused() {
    lab_in uplink bash -c "exec 3<>/dev/udp/$last/9 && echo x >&3 && ! read -t 10 -u 3" 2>&1 |
        grep 'Connection refused'
}

traced() {
    diff <(lab_in uplink traceroute -6 -n -q 1 -N 1 -w 5 -m 8 "$last" | awk 'NR > 1 { print $2 }') \
        <(echo $LAB_UPLINK::1 && lab_addresses)
}

no_loss() {
    [ "$(lab_lost uplink "$last" 5 0.02 "$1")" = 0 ]
}

# hears WORDS [SECONDS]: a ping that goes on until it says so.
hears() {
    lab_in uplink timeout "${2:-60}" ping -6 -n -i 0.3 "$last" | grep -m 1 "$1"
}

counter() {
    lab_json 1 counters ".counters[] | select(.name == \"$1\") | .value"
}

# What came out of the uplink in the way of errors, and quotes nothing but what went in there.
strange() {
    tcpdump -n -r $LAB/uplink.pcap 'icmp6 and ip6[40] < 128 and ip6[54] != 58 and ip6[54] != 17' |
        grep .
}

if lab_is_root; then
    lab_in 1 tcpdump -Z root -n -U -i eth0 -w $LAB/uplink.pcap icmp6 2>$LAB/uplink.log &
    LAB_PIDS[1/tcpdump]=$!
else
    echo "   only root can capture here: what the errors quote is not looked at"
fi
for srh in encapsulate inline; do
    for node in 1 2 3 4; do
        lab_rpld $node "$([ $node = 1 ] && echo root || echo router)" "compat = { srh = \"$srh\"; };"
    done
    lab_check "$srh: the root knows a way to all" lab_until 60 lab_joined 3
    lab_check "a port where nobody listens is unreachable" refused
    lab_check "a traceroute names each hop" traced
    # The first link carries more than the others do.
    ip -n n1 link set lowpan0 mtu 1400
    for size in 1160 1180 1200 1232; do
        lab_check "nothing of $((size + 48)) octets is lost" no_loss $size
    done
    lab_check "more than that is too big" eval \
        'lab_in uplink ping -6 -n -c 2 -i 0.3 -M do -s 1300 $last 2>&1 | grep "mtu.*1280"'
    lab_in uplink ip -6 route flush cache
    ip -n n1 link set lowpan0 mtu 1280
    # From here on a neighbour that is gone is found out within a second or two, and one that a busy
    # machine keeps waiting for a third of a second passes for gone.
    patience 500 1 100
    lab_air cut 3 4 >/dev/null
    doubt 3
    # Within the time that the kernels take: 0.75 s that they believe in it, 1 s more, three probes.
    lab_check "a hop that is gone makes the address unreachable" hears "Address unreachable" 15
    case $srh in
    encapsulate) name=forward-error-relayed ;;
    inline) name=forward-error-translated ;;
    esac
    lab_check "the root has told so" test "$(counter $name)" -gt 0
    lab_check "and has dropped the way" hears "No route"
    # Inline a router's kernel may complain of the packet as it went out, and the sender gets both.
    if [ $srh = encapsulate ] && lab_is_root; then
        lab_signal TERM 1 tcpdump
        lab_check "no error has shown a header of ours" lab_unless strange
    fi
    lab_air restore 3 4 >/dev/null
    patience 30000 5 1000 # as they come
    for node in 1 2 3 4; do
        lab_signal TERM $node rpld
        rm -f $LAB/n$node/state/rpld.state
    done
done
lab_finish
