#!/bin/bash
# SPDX-License-Identifier: ISC
# t-inspect.sh storing|non-storing: what the operator has for looking into a living mesh, over a
# line of four: captures that other programs read.
. "$(dirname "$0")/lab.sh"
LAB_MODE=${1:-non-storing}
lab_need tcpdump tcpdump
lab_enter "$@"

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
lab_check "their DAOs confirm it" lab_until 60 lab_joined 3
# Trouble: a lossy air, a link that is cut, the root's interface down and up, a repair.
for hop in '1 2' '2 3' '3 4'; do
    lab_air link $hop 0.2 >/dev/null
done
lab_air cut 3 4 >/dev/null
lab_ctl 1 repair global
ip -n n1 link set lowpan0 down
ip -n n1 link set lowpan0 up
lab_air restore 3 4 >/dev/null
lab_check "the mesh is whole again" lab_until 90 lab_reaches 1 "$last"
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
