#!/bin/bash
# SPDX-License-Identifier: ISC
# t-inspect.sh storing|non-storing: what the operator has for looking into a living mesh, over a
# line of four: captures that other programs read.
. "$(dirname "$0")/lab.sh"
LAB_MODE=${1:-non-storing}
lab_need tcpdump tcpdump
lab_enter "$@"

LAB_ROOT_LINES="names = ( { node = \"$(lab_eui64 3)\"; name = \"hall.house\"; },
                         { node = \"$(lab_address 4)\"; name = \"Attic\"; } );"
lab_mesh 120 4 --topology line
lab_uplink
last=$(lab_address 4)

# --- capture ---

# capture NAME [FILTER...]: begins one at the root, into $LAB/NAME.pcapng.
capture() {
    local name=$1

    shift
    "$LAB_BUILD/rplctl/rplctl" -s $LAB/n1/rpld.sock -o $LAB/$name.pcapng capture "$@" &
    LAB_PIDS[1/$name]=$!
    lab_until 10 test -s $LAB/$name.pcapng
}

# What tcpdump reads in a capture, one packet a line.
packets() {
    lab_tcpdump -r $LAB/"$1".pcapng "${@:2}" 2>/dev/null
}

# A live one, as people use it.
mkfifo $LAB/live
lab_tcpdump -l -r $LAB/live >$LAB/live.log 2>&1 &
LAB_PIDS[1/tcpdump]=$!
"$LAB_BUILD/rplctl/rplctl" -s $LAB/n1/rpld.sock capture rpl >$LAB/live &
LAB_PIDS[1/live]=$!
capture all
capture data data
capture out out lowpan0
lab_check "5 pings of the last node are answered" test "$(lab_lost 1 "$last" 5 0.1)" = 0
lab_ctl 1 dtsn
lab_check "a live capture shows RPL messages as they come" lab_until 60 eval \
    "grep -q 'RPL, .*DODAG Information Object' $LAB/live.log &&
        grep -q 'RPL, .*Destination Advertisement Object' $LAB/live.log"
for name in all data out live; do
    lab_signal TERM 1 $name
done
lab_ended 1 tcpdump
unset "LAB_PIDS[1/tcpdump]"
lab_check "the DIOs of the root are in it" eval \
    "packets all | grep -q '$(lab_link_local 1) > ff02::1a: ICMP6, RPL.*Information Object'"
if [ "$LAB_MODE" = non-storing ]; then
    lab_check "5 echo requests went into rpl0, and 5 left with a source route" eval \
        "[ \"\$(packets data | grep -c '> $last: ICMP6, echo request')\" = 5 ] &&
            [ \"\$(packets out | grep -c 'type=3, segleft=2')\" = 5 ]"
    lab_check "with the neighbour they went to" grep -qa "to $(lab_link_local 2)" $LAB/out.pcapng
fi
lab_check "a capture of data has no message of the protocol" lab_unless eval \
    "packets data | grep -q RPL"
if type -P tshark >/dev/null; then
    lab_check "tshark reads it, too" eval "tshark -r $LAB/all.pcapng -Y icmpv6.rpl.dio.rank -T fields \
        -e frame.interface_name 2>/dev/null | grep -qx lowpan0"
else
    echo "   tshark is not installed: only tcpdump has read it"
fi

# --- hosts and ping ---

lab_check "hosts has a line for each of the four" lab_same "$(lab_ctl 1 hosts)" \
    "$(for node in 1 2 3 4; do
        name=
        [ $node != 3 ] || name='hall.house '
        [ $node != 4 ] || name='Attic '
        echo "$(lab_address $node) ${name}rpl-$(lab_eui64 $node)"
    done)"

# hops NODE TARGET: who answered on the way, as node numbers, and how many of 3 probes each.
hops() {
    lab_ctl "$1" --json ping "$2" -c 3 |
        jq -r '.hops[] | "\(.address) \(.received)/\(.sent) \(.loss_percent) \(.mean_ms > 0)"' |
        while read -r address rest; do
            [ "$address" = null ] && echo "? $rest" || echo "$(lab_node "$address") $rest"
        done
}
whole=$'2 3/3 0 true\n3 3/3 0 true\n4 3/3 0 true'
lab_talkative
lab_check "ping shows each hop, without loss" lab_same "$(hops 1 "$last")" "$whole"
lab_check "a node's EUI-64 does as well" lab_same "$(hops 1 "$(lab_eui64 4)")" "$whole"
lab_check "and its name" lab_same "$(hops 1 attic)" "$whole"
lab_check "a router finds the way out" lab_same "$(hops 4 "$(lab_address 1)")" \
    $'3 3/3 0 true\n2 3/3 0 true\n1 3/3 0 true'
# What rplctl(8) says of hops that are sparing with Time Exceeded; asked itself, one answers.
if [ "$LAB_MODE" = storing ]; then
    lab_in 3 sh -c 'echo 60000 >/proc/sys/net/ipv6/icmp/ratelimit'
    lab_check "a hop that says little loses nothing of what is behind it" eval \
        'lab_ctl 1 --json ping $last -c 15 | tee $LAB/check.json |
            jq -e ".hops | (.[1].received < 15) and (.[2].received == 15)"'
    lab_check "nor of its own" eval 'lab_ctl 1 --json ping $(lab_address 3) -c 15 |
        jq -e ".hops[-1].received == 15"'
    lab_talkative
fi
lab_air cut 3 4 >/dev/null
silent=4 # where the way is known, and who is behind the cut
[ "$LAB_MODE" = non-storing ] || silent='?'
lab_check "a link that is cut shows at its hop" lab_same "$(hops 1 "$last" | cut -d' ' -f1-3)" \
    $'2 3/3 0\n3 3/3 0\n'"$silent 0/3 100"
lab_air restore 3 4 >/dev/null
lab_check "the node is back" lab_until 90 lab_reaches 1 "$last"

# --- nodes by their names, and the DODAG ---

for name in hall.house HALL.house "$(lab_eui64 3)"; do
    lab_check "node $name is node 3" test "$(lab_ctl 1 --json node "$name" |
        jq -r '.nodes[0].address')" = "$(lab_address 3)"
done
lab_check "a name that nobody has is an error of usage" eval \
    'lab_ctl 1 node cellar 2>$LAB/check.err; [ $? = 2 ] && grep "neither a name" $LAB/check.err'
lab_check "forget hall.house" lab_ctl 1 forget hall.house
lab_check "the log has who forgot it" grep -q 'forget hall.house uid=.* result=ok' $LAB/n1/rpld.log
lab_check "its history has it" eval 'lab_ctl 1 --json node hall.house | jq -r ".history[].event" |
    grep node-down'
lab_ctl 1 dtsn # ask all for their DAOs
lab_check "it comes back" lab_until 60 eval '[ "$(lab_ctl 1 --json node hall.house |
    jq -r ".nodes[0].route")" = installed ]'

# What root and router have to agree on, and what they do not.
shared() {
    lab_json "$1" dodag '.dodags[0] | [.dodag_id, .version, .mode, .objective, .grounded, .preference,
        .min_hop_rank_increase, .max_rank_increase, .dio_interval_min, .dio_interval_doublings,
        .dio_redundancy_constant, .default_lifetime, .lifetime_unit_s, .prefix, .more_prefixes,
        .path_control_size, .rpi_type, .compressed_6lorh] | map(tostring) | join(" ")'
}
lab_check "dodag of the root" test "$(shared 1)" = "$(lab_address 1) 240 $LAB_MODE mrhof true 0 256 \
$(lab_json 1 dodag '.dodags[0].max_rank_increase') 12 8 10 30 60 $LAB_PREFIX::/64 [] 0 0x63 false"
lab_check "is the same at the last node" lab_same "$(shared 4)" "$(shared 1)"
lab_check "their ranks are not" test "$(for node in 1 2 3 4; do
    lab_json $node dodag '.dodags[0] | "\(.dag_rank) \(.rank == .lowest_rank)"'
done | tr '\n' ' ')" = "1 true 2 true 3 true 4 true "
lab_check "nor do all have sent DAOs" eval \
    '[ "$(lab_json 1 dodag ".dodags[0].dao_sequence")" = 239 ] &&
        [ "$(lab_json 4 dodag ".dodags[0].dao_sequence")" != 239 ]'

# --- doctor ---

# finds CHECK: doctor finds fault with it; prints what it says and how to mend it.
finds() {
    lab_json 1 doctor ".checks[] | select(.name == \"$1\")" | tee $LAB/check.json
    [ "$(jq -s 'any(.ok | not)' $LAB/check.json)" = true ] && ! jq -e '.mend == null' $LAB/check.json
}

fine() {
    [ "$(lab_json 1 doctor "[.checks[] | select(.name == \"$1\") | .ok] | all and length > 0")" = true ]
}

# A router advertisement on the uplink that announces the mesh's prefix.
advertise() {
    lab_in uplink python3 - "$LAB_PREFIX::" <<'END'
import socket, struct, sys
ra = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
ra += struct.pack("!BBBBIII16s", 3, 4, 64, 0xc0, 3600, 3600, 0, socket.inet_pton(socket.AF_INET6, sys.argv[1]))
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
s.sendto(ra, ("ff02::1", 0, 0, socket.if_nametoindex("eth0")))
END
}

for name in 'flags of lowpan0' 'second router' 'stale routes' 'routes elsewhere' clock firewall 'source routes' \
    'sysctl max_hbh_opts_number'; do
    lab_check "doctor: $name is fine" fine "$name"
done
lab_check "somebody advertises the mesh's prefix on the LAN" advertise
lab_check "doctor finds the second router" lab_until 10 finds 'second router'
ip -n n1 -6 route add "$(lab_address 153)" dev rpl0
lab_check "and a stale route" finds 'stale routes'
ip -n n1 -6 route del "$(lab_address 153)" dev rpl0
ip -n n1 -6 route add "$(lab_address 154)" dev eth0
lab_check "and one of the mesh that leads elsewhere" finds 'routes elsewhere'
ip -n n1 -6 route del "$(lab_address 154)" dev eth0
if type -P nft >/dev/null; then
    lab_in 1 nft 'add table ip6 wall; add chain ip6 wall FORWARD { type filter hook forward priority 0; policy drop; }'
    lab_check "and a firewall that lets nothing through" finds firewall
    lab_in 1 nft 'add rule ip6 wall FORWARD iifname "rpl0" accept'
    lab_check "but not one with a rule for the mesh" fine firewall
    lab_in 1 nft 'delete table ip6 wall'
else
    lab_check "nft, from the package nftables, is there to try a firewall" false
fi
touch -d '2 hours' $LAB/n1/state/rpld.late
lab_check "and a clock that went back" finds clock
rm $LAB/n1/state/rpld.late

# --- recordings ---

# The last digest that a node's log has, and what rplsim makes of a recording.
logged_digest() {
    sed -n 's/.*record: ended .*digest=\([0-9a-f]*\).*/\1/p' $LAB/n"$1"/rpld.log | tail -n 1
}

replayed() {
    "$LAB_BUILD/sim/rplsim" --json --replay "$1" | jq -r "$2"
}

# repeats NODE FILE: the replay comes to the digest that the daemon has in its log.
repeats() {
    echo "the daemon: $(logged_digest "$1"), rplsim:"
    "$LAB_BUILD/sim/rplsim" --replay "$2"
    [ "$(replayed "$2" .result)" = same ] &&
        [ "$(replayed "$2" .digest)" = "$(logged_digest "$1")" ]
}

record() {
    "$LAB_BUILD/rplctl/rplctl" -s $LAB/n1/rpld.sock record $LAB/root.rec &
    LAB_PIDS[1/record]=$!
    lab_until 10 test -s $LAB/root.rec
}

lab_check "a recording begins" record
lab_check "a second one is refused" lab_unless lab_ctl 1 record $LAB/other.rec
lab_check "the new engine knows every node at once" test \
    "$(lab_json 1 nodes '[.nodes[] | select(.reachable)] | length')" = 3
lab_check "20 pings while the new engine takes over lose none" \
    test "$(lab_lost 1 "$last" 20 0.02)" = 0
lab_check "DAOs begin to confirm it" lab_until 60 lab_joined 1
# Trouble: a lossy air, and the root's interface down and up.
for hop in '1 2' '2 3' '3 4'; do
    lab_air link $hop 0.2 >/dev/null
done
ip -n n1 link set lowpan0 down
ip -n n1 link set lowpan0 up
lab_check "the mesh is whole again" lab_until 90 lab_reaches 1 "$last"
lab_ctl 1 forget "$last"
lab_ctl 1 dtsn
lab_ctl 1 repair global
for hop in '1 2' '2 3' '3 4'; do
    lab_air link $hop 0 >/dev/null
done
lab_signal INT 1 record
lab_ended 1 record
status=$?
unset "LAB_PIDS[1/record]"
lab_check "rplctl ends well when interrupted" test $status = 0
lab_check "rplsim repeats the run of the root to the same digest" repeats 1 $LAB/root.rec
echo "   $(replayed $LAB/root.rec '"\(.time_s) s, \(.events) events, \(.effects) effects"')"
head -c $(($(stat -c %s $LAB/root.rec) / 2)) $LAB/root.rec >$LAB/half.rec
lab_check "half of it is known to be cut short" test "$(replayed $LAB/half.rec .result)" = "cut short"

# From the start of a daemon on.
lab_signal TERM 4 rpld
lab_run 4 rpld "$LAB_BUILD/rpld/rpld" -c $LAB/n4/rpld.conf --record $LAB/n4/start.rec -f
lab_check "a node that records from its start joins" lab_until 60 lab_reaches 1 "$last"
lab_signal TERM 4 rpld
lab_check "rplsim repeats its run to the same digest" repeats 4 $LAB/n4/start.rec
lab_finish
