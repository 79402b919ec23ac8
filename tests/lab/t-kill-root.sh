#!/bin/bash
# SPDX-License-Identifier: ISC
# t-kill-root.sh storing|non-storing: the root dies by kill -9 and comes back to the network it had:
# same DODAG, same version, and everybody is reached again. In storing mode the kernel has carried
# the packets meanwhile and none is lost; in non-storing mode those of the gap are, and counted: it
# has kept what it knew of the tree, and carries on with that until the DAOs come. $LAB_PINGS is how
# many packets there are, 1000 unless told. At last it comes back without its state.
. "$(dirname "$0")/lab.sh"
LAB_MODE=${1:-non-storing}
PINGS=${LAB_PINGS:-1000}
lab_enter "$@"

lab_mesh 120 4 --topology line

identity() {
    lab_json 1 status '.instances[0] | [.dodag_id, .version, .rank] | join(" ")'
}

# The nodes that the root will find when it starts again.
kept() {
    grep -c '^target ' $LAB/n1/state/rpld.targets
}

taken_up() {
    grep -c 'of the last run are taken up' $LAB/n1/rpld.log
}

microseconds() {
    echo "${EPOCHREALTIME/[.,]/}"
}

before=$(identity)
lab_check "within 30 s what it knows is kept" lab_until 30 eval '[ "$(kept)" = 3 ]'
lab_run 1 traffic ping -6 -n -q -c "$PINGS" -i 0.01 -W 2 "$(lab_address 4)"
lab_until 10 lab_pings 1 "$(lab_address 4)"
[ "$PINGS" -le 1000 ] || sleep $((PINGS / 200)) # to the middle of it
killed=$(microseconds)
lab_signal KILL 1 rpld
lab_check "its routes stay behind" lab_same "$(lab_routes 1 | grep -v /)" "$(lab_addresses)"
lab_rpld 1
until [ "$(taken_up)" = 1 ] || [ $(($(microseconds) - killed)) -gt 10000000 ]; do
    sleep 0.005
done
gap=$((($(microseconds) - killed) / 1000))
lab_check "it takes up what it knew" test "$(taken_up)" = 1
lab_check "it answers again within 10 s" lab_until 10 identity
lab_check "same DODAG, same version, same rank" test "$(identity)" = "$before"
lab_ended 1 traffic
lost=$(awk '/packets transmitted/ { print $1 - $4 }' $LAB/n1/traffic.log)
echo "   $lost of $PINGS pings at 100 a second were lost; the gap was $gap ms, rate x gap $((gap / 10))"
if [ "$LAB_MODE" = storing ]; then
    lab_check "storing: none was lost" test "$lost" = 0
else
    # Those of the gap, and of what the first packets need to find their next hop.
    lab_check "non-storing: those of the gap, not more" test "$lost" -le $((gap / 10 + 50))
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

# Nothing is left of the state: the nodes hold a newer version than a root begins with.
version() {
    lab_json "$1" status '.instances[0].version'
}
lab_ctl 1 repair global
moved=$(version 1)
lab_check "the nodes follow to another version" lab_until 60 eval '[ "$(version 4)" = $moved ]'
lab_signal KILL 1 rpld
rm -f $LAB/n1/state/*
lab_rpld 1
lab_check "a root without its state goes past the version that they hold" lab_until 60 eval \
    '[ "$(version 1)" -gt $moved ]'
lab_check "and everybody is back within 120 s" lab_until 120 lab_joined 3
lab_check "and reached" lab_until 60 lab_all 1
lab_finish
