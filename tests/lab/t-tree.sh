#!/bin/bash
# SPDX-License-Identifier: ISC
# t-tree.sh storing|non-storing: seven nodes as a binary tree on a lossy air. Nodes in different
# branches do not hear each other, and reach each other all the same.
. "$(dirname "$0")/lab.sh"
LAB_MODE=${1:-non-storing}
lab_enter "$@"

lab_mesh 180 7 --topology tree --fanout 2 --loss 10 --seed 3

# The answers come from as far as the way is long: the hop limit tells how many forwarded.
hops_between() {
    lab_in "$1" ping -6 -n -c 3 -i 0.2 -W 2 "$(lab_address "$2")" |
        awk '/bytes from/ { for (i = 1; i <= NF; i++) if (split($i, part, "=") == 2 &&
            part[1] == "ttl") print 64 - part[2] + 1; exit }'
}

lab_check "the kernel's host routes are those of the nodes" lab_kernel_agrees
for node in 1 4 7; do
    lab_check "node $node reaches everybody" lab_all $node
done
if [ "$LAB_MODE" = storing ]; then
    lab_check "node 4 reaches its sister 5 by way of their parent" test "$(hops_between 4 5)" = 2
    lab_check "node 4 reaches node 6 by way of the root" test "$(hops_between 4 6)" = 4
fi
lab_check "no frame was heard across the branches" lab_unless lab_pings 4 \
    "$(lab_link_local 6)%lowpan0"
# Here, since this one is also run under the packaged unit (tests/limits).
lab_check "the root's kernel keeps source routes of others out" test "$(lab_json 1 doctor \
    '.checks[] | select(.name == "source routes") | .detail')" = \
    "kept out of the mesh by the table ip6 rpld: 0 dropped on their way in, 0 on their way out"
lab_finish
