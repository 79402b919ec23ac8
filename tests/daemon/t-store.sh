#!/bin/bash
# SPDX-License-Identifier: ISC
# t-store.sh: the root under a service manager that keeps its descriptors. It is killed under
# traffic and started again after a second: packets wait in the TUN for it, and none is lost. A
# clean stop takes everything back, unless it is for a restart.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"

lab_start 4 --topology line
lab_config 1 root
lab_run 1 keeper "$LAB_BUILD/tests/daemon/keeper" 1000 "$LAB_BUILD/rpld/rpld" \
    -c $LAB/n1/rpld.conf -f
for node in 2 3 4; do
    lab_rpld $node
done
lab_check "the root knows a way to all 3 nodes within 120 s" lab_until 120 lab_joined 3 ||
    lab_finish

# The process that runs now.
rpld_pid() {
    awk '$1 == "started" { pid = $2 } END { print pid }' $LAB/n1/keeper.log
}

said() {
    [ "$(grep -c "$2" $LAB/n1/keeper.log)" = "$1" ]
}

kept() {
    [ "$(grep -c '^target ' $LAB/n1/state/rpld.targets)" = 3 ]
}

# lost_over NODE ADDRESS SIGNAL PID: packets to the last node while its echoes come back: both ways.
lost_over() {
    lab_run "$1" traffic ping -6 -n -q -c "${LAB_PINGS:-600}" -i 0.01 -W 3 "$2"
    lab_until 10 lab_pings "$1" "$2"
    kill "-$3" "$4"
    lab_ended "$1" traffic
    lost=$(awk '/packets transmitted/ { lost = $1 - $4 } END { print lost }' "$LAB/n$1/traffic.log")
    echo "$lost of ${LAB_PINGS:-600} lost"
    [ "$lost" = 0 ]
}

lab_check "its TUN is in the store" said 1 '^stored rpld-tun'
lab_check "its packet socket too" said 1 '^stored rpld-packet'
lab_check "within 30 s what it knows is kept" lab_until 30 kept
first=$(rpld_pid)
lab_check "killed for a second under 100 pings a second it loses none" \
    lost_over 1 "$(lab_address 4)" KILL "$first"
lab_check "it was another process afterwards" test "$(rpld_pid)" != "$first"
lab_check "which went on with the descriptors it found" said 1 '^stored rpld-tun'
lab_check "every route is confirmed within 120 s" lab_until 120 lab_joined 3
lab_check "everybody is reached" lab_all 1

second=$(rpld_pid)
lab_in 1 ip -6 monitor route >$LAB/routes.log &
watcher=$!
lab_check "told to end for a restart it loses none, either" \
    lost_over 1 "$(lab_address 4)" USR1 "${LAB_PIDS[1/keeper]}"
lab_check "it was a third process afterwards" test "$(rpld_pid)" != "$second"
kill $watcher
lab_check "no route to a node went away meanwhile" lab_unless \
    grep -E '^Deleted .*(dev rpl0|proto (155|rpl))' $LAB/routes.log
lab_check "what is in the store is still that" said 1 '^stored rpld-tun'
lab_check "every route is confirmed again within 120 s" lab_until 120 lab_joined 3

lab_signal TERM 1 keeper
lab_check "a clean stop takes them out of the store" said 1 '^removed rpld-tun'
lab_check "leaves no route" test -z "$(ip -n n1 -6 route show proto 155)"
lab_check "and no rpl0" lab_unless ip -n n1 link show rpl0
lab_finish
