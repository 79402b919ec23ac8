#!/bin/bash
# SPDX-License-Identifier: ISC
# t-trouble.sh storing|non-storing: much of what goes wrong in a year, in a minute, at the root of a
# mesh: its link and its uplink go down and up, its address and its prefix change, its routes are
# deleted and replaced by others, an interface is renamed and comes back, the daemon is killed, is
# stopped, reads its configuration again. The host has routes, tables and rules of its own, some
# close to ours. At the end the mesh works, and nothing but routes of protocol 155 has changed.
# $LAB_ROUNDS is how often everything happens, 2 unless told.
. "$(dirname "$0")/lab.sh"
LAB_MODE=${1:-non-storing}
lab_enter "$@"

ROUNDS=${LAB_ROUNDS:-2}
lab_start 3 --topology line
lab_uplink
lab_config 1 root 'uplink = "eth0";'
sed -i 's/^ *prefix = "[^"]*";//' $LAB/n1/rpld.conf

# What somebody else has there; a part of it in prefixes that we take, too.
ip -n n1 link add dummy0 type veth peer name dummy1
ip -n n1 link set dummy1 up
ip -n n1 link set dummy0 up
ip -n n1 addr add 2001:db8:77::1/64 dev dummy0 nodad
ip -n n1 -6 route add 2001:db8:88::/48 dev dummy0 proto static metric 77
ip -n n1 -6 route add unreachable 2001:db8:99::/48 proto static
ip -n n1 -6 route add default via $LAB_UPLINK::2 dev eth0 proto static metric 2048
ip -n n1 -6 route add 2001:db8:88:1::/64 dev dummy0 proto 42 table 100
ip -n n1 -6 route add default dev dummy0 proto 155 table 155 # the number is ours, the table is not
ip -n n1 -6 rule add from 2001:db8:88::/48 lookup 100 pref 500
ip -n n1 -6 neigh add proxy 2001:db8:1::7777 dev eth0

# All of the host's routing that is none of ours: every table, rules, addresses, proxies.
host_routing() {
    ip -n n1 -6 rule show
    ip -n n1 -6 route show table all | grep -v '^local\|^anycast\|^multicast' |
        grep -v 'proto rpl metric\|proto 155 metric\|dev lowpan0\|^fe80\|dev eth0 .*kernel'
    ip -n n1 -6 route show table 155
    ip -n n1 -6 route show table all proto kernel dev dummy0
    ip -n n1 -6 -o addr show dev dummy0 scope global
    ip -n n1 -6 neigh show proxy
}

prefix() {
    lab_json 1 status '.instances[0].prefix' | sed 's,::/64,,'
}

# An address of the uplink with a prefix of its own for the mesh; the mesh has the last /64 of it.
uplink_prefix() {
    ip -n n1 -6 addr flush dev eth0 scope global
    ip -n n1 -6 addr add 2001:db8:"$1"00::1/56 dev eth0 nodad noprefixroute
}

all_reached() {
    local node now

    now=$(prefix)
    for node in 2 3; do
        LAB_PREFIX=$now lab_pings 1 "$(LAB_PREFIX=$now lab_address $node)" || return 1
    done
}

root_start() {
    lab_run 1 rpld "$LAB_BUILD/rpld/rpld" -c $LAB/n1/rpld.conf -f
}

up_again() {
    lab_check "$1: everybody is reached" lab_until 90 all_reached
}

uplink_prefix 10
ip -n n1 -6 route replace $LAB_UPLINK::/64 dev eth0 proto static
before=$(host_routing)
root_start
for node in 2 3; do
    lab_rpld $node
done
lab_check "the mesh has a prefix of the uplink" lab_until 30 eval '[ "$(prefix)" = 2001:db8:1000:ff ]'
lab_check "the mesh is up" lab_until 120 all_reached || lab_finish

for ((round = 1; round <= ROUNDS; round++)); do
    echo "   round $round"
    for _ in 1 2 3; do
        ip -n n1 link set lowpan0 down
        ip -n n1 link set lowpan0 up
    done
    up_again "its link flapped"
    ip -n n1 -6 route flush proto 155 2>/dev/null
    up_again "somebody deleted its routes"
    target=$(LAB_PREFIX=$(prefix) lab_address 3)
    metric=$(ip -n n1 -6 route show "$target" | sed -n 's/.*metric \([0-9]*\).*/\1/p')
    ip -n n1 -6 route replace unreachable "$target" metric "${metric:-1024}" proto static
    up_again "somebody replaced one"
    address=$(ip -n n1 -6 -o addr show dev lowpan0 scope global | awk '{ print $4; exit }')
    ip -n n1 -6 addr del "$address" dev lowpan0
    up_again "somebody took its address away"
    lab_signal HUP 1 rpld
    lab_signal KILL 1 rpld
    root_start
    up_again "it was killed"
    ip -n n1 link set lowpan0 down
    ip -n n1 link set lowpan0 name radio0
    ip -n n1 link set radio0 up
    lab_check "its interface is missed" lab_until 30 eval 'lab_ctl 1 interfaces | grep "^lowpan0 .*missing"'
    ip -n n1 link set radio0 down
    ip -n n1 link set radio0 name lowpan0
    ip -n n1 link set lowpan0 up
    up_again "its interface was renamed and is back"
    uplink_prefix $((10 + round))
    lab_check "it follows to another prefix" lab_until 30 eval \
        '[ "$(prefix)" = 2001:db8:$((10 + round))00:ff ]'
    up_again "the prefix changed"
done
lab_signal TERM 1 rpld
root_start
lab_check "stopped and started: everybody is reached" lab_until 120 all_reached
ip -n n1 -6 route show table all proto 155 | grep -v 'table 155' >$LAB/ours
echo "   $(wc -l <$LAB/ours) routes of ours are there"
outside=$(grep -vE '2001:db8:1[0-9]00:ff:' $LAB/ours)
lab_check "all of ours are inside of our prefixes" test -z "$outside"
# What a round put there itself.
ip -n n1 -6 route flush proto static type unreachable root 2001:db8:1000::/36 2>/dev/null
lab_check "nothing of the host's own routing has changed" diff <(echo "$before") <(host_routing)
lab_signal TERM 1 rpld
lab_check "a clean stop leaves none of ours" test -z "$(ip -n n1 -6 route show proto 155)"
lab_check "and nothing else has changed" diff <(echo "$before") <(host_routing)
lab_finish
