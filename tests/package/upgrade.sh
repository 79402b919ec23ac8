#!/bin/bash
# SPDX-License-Identifier: ISC
# upgrade.sh: run by life.sh: a mesh of two stays reached while the packages are replaced by newer ones,
# and no route of it goes away meanwhile.
. /root/rpld/debian/tests/lib.sh

upgrade() {
    dpkg -i /root/newer/rpld_*.deb /root/newer/rpld-bridge_*.deb >/tmp/upgrade.log 2>&1 ||
        { cat /tmp/upgrade.log; return 1; }
}

echo "-- an upgrade"
mesh_start
address=$(mote_address)
before=$(systemctl show -P MainPID rpld)
ip -6 monitor route >/tmp/routes.log &
watcher=$!
ping -6 -n -q -i 0.1 -W 2 "$address" >/tmp/pings.log &
pings=$!
check "dpkg puts the newer ones in place" upgrade
check "which run" until_ok 20 eval 'systemctl -q is-active rpld && rplctl status'
check "as another process" test "$(systemctl show -P MainPID rpld)" != "$before"
check "the node has its address still" until_ok 60 eval '[ "$(mote_address)" = "$address" ]'
check "its route is in the kernel" mote_route "$address"
kill $watcher
check "and was never away" eval '! grep "^Deleted $address" /tmp/routes.log'
kill -INT $pings
wait $pings
echo "   $(grep transmitted /tmp/pings.log)"
check "the prefix has not changed" grep -q prefix /var/lib/rpld/rpld.state
finish
