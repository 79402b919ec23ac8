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
lab_finish
