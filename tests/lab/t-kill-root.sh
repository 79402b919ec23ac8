#!/bin/bash
# SPDX-License-Identifier: ISC
# t-kill-root.sh storing|non-storing: the root dies by kill -9 and comes back to the network it had:
# same DODAG, same version, and everybody is reached again. In storing mode the kernel has carried
# the packets meanwhile and none is lost; in non-storing mode those of the gap are, and counted.
. "$(dirname "$0")/lab.sh"
LAB_MODE=${1:-non-storing}
lab_enter "$@"

lab_mesh 120 4 --topology line

identity() {
    lab_json 1 status '.instances[0] | [.dodag_id, .version, .rank] | join(" ")'
}

before=$(identity)
lab_run 1 traffic ping -6 -n -q -c 200 -i 0.1 -W 2 "$(lab_address 4)"
lab_signal KILL 1 rpld
killed=${EPOCHREALTIME/[.,]/}
lab_check "its routes stay behind" lab_same "$(lab_routes 1 | grep -v /)" "$(lab_addresses)"
began=$SECONDS
lab_rpld 1
lab_check "it answers again within 10 s" lab_until 10 identity
gap_ms=$(((${EPOCHREALTIME/[.,]/} - killed) / 1000))
lab_check "same DODAG, same version, same rank" test "$(identity)" = "$before"
lab_check "the last one is reached again within 60 s" lab_until 60 lab_pings 1 "$(lab_address 4)"
echo "   it took $((SECONDS - began)) s"
lab_ended 1 traffic
lost=$(awk '/packets transmitted/ { print $1 - $4 }' $LAB/n1/traffic.log)
echo "   $lost of 200 pings were lost over the restart; 10 a second x $gap_ms ms of nobody there is" \
    $((gap_ms / 100))
if [ "$LAB_MODE" = storing ]; then
    lab_check "storing: none was lost" test "$lost" = 0
fi
lab_check "every route is confirmed within 120 s" lab_until 120 lab_joined 3
lab_check "everybody is reached" lab_all 1
lab_check "the kernel's host routes are those of the nodes" lab_kernel_agrees

before=$(identity)
lab_signal TERM 1 rpld
lab_rpld 1
lab_check "a clean restart keeps version and DODAG too" lab_until 10 eval \
    '[ "$(identity)" = "$before" ]'
lab_check "and everybody is back within 120 s" lab_until 120 lab_joined 3
lab_check "and reached" lab_all 1
lab_finish
