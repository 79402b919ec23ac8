#!/bin/bash
# SPDX-License-Identifier: ISC
# t-cut.sh storing|non-storing: a ladder of six nodes, two ways to each. The link that the far end
# uses is cut while traffic flows: everybody is reached again within 60 s, and what the kernel has
# agrees with what rpld says.
. "$(dirname "$0")/lab.sh"
LAB_MODE=${1:-non-storing}
lab_enter "$@"

lab_mesh 180 6 --topology grid --columns 2 --loss 5 --seed 5
lab_check "the root reaches everybody" lab_all 1

parent=$(lab_default 4)
lab_check "node 4 has a parent" test -n "$parent"
lab_run 1 traffic ping -6 -n -q -i 0.5 "$(lab_address 4)"
began=$SECONDS
lab_air cut 4 "$parent" >/dev/null
lab_check "node 4 has another parent within 60 s of the cut" lab_until 60 eval \
    '[ -n "$(lab_default 4)" ] && [ "$(lab_default 4)" != "$parent" ]'
lab_check "and is reached within 60 s of the cut" \
    lab_until $((began + 60 - SECONDS)) lab_pings 1 "$(lab_address 4)"
echo "   it took $((SECONDS - began)) s"
lab_check "everybody is reached again" lab_until 60 lab_all 1
lab_check "the kernel's host routes are those of the nodes" lab_until 60 lab_kernel_agrees
lab_finish
