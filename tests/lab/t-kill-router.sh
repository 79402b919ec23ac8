#!/bin/bash
# SPDX-License-Identifier: ISC
# t-kill-router.sh storing|non-storing: the router on the only way dies by kill -9 and comes back:
# those behind it are reached again within 60 s. Then its radio dies, too, and comes back.
. "$(dirname "$0")/lab.sh"
LAB_MODE=${1:-non-storing}
lab_enter "$@"

lab_mesh 120 4 --topology line
lab_check "the root reaches everybody" lab_all 1

lab_signal KILL 2 rpld
began=$SECONDS
lab_rpld 2
lab_check "the restarted router has a parent within 60 s" lab_until 60 eval \
    '[ "$(lab_default 2)" = 1 ]'
lab_check "everybody is reached within 60 s" lab_until 60 lab_all 1
echo "   it took $((SECONDS - began)) s"
lab_check "the last one reaches everybody" lab_until 60 lab_all 4
lab_check "the kernel's host routes are those of the nodes" lab_until 60 lab_kernel_agrees

lab_air kill 2 >/dev/null
lab_check "with its radio off nobody is behind it" lab_unless lab_pings 1 "$(lab_address 4)"
lab_air revive 2 >/dev/null
began=$SECONDS
lab_check "with its radio on everybody is reached within 120 s" lab_until 120 lab_all 1
echo "   it took $((SECONDS - began)) s"
lab_finish
