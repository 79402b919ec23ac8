#!/bin/bash
# SPDX-License-Identifier: ISC
# walls.sh: run by machine.sh, with the packages in /root/packages: what a program in the place of a
# parser can do in the daemons as they were installed, under a kernel that has AppArmor and Landlock
# (tests/limits/attempts.c); and which of it the AppArmor profiles refuse without any other wall.
. /root/rpld/debian/tests/lib.sh

# attempted PROCESS WHO: how many went as they have to, or those that did not.
attempted() {
    local out status

    out=$(/root/rpld/attempts "$@" 2>&1)
    status=$?
    grep -v '^ok' <<<"$out" || echo "$(grep -c '^ok' <<<"$out") attempts"
    [ $status -eq 0 ] && [ "$(grep -c '^ok' <<<"$out")" -ge 30 ]
}

main() {
    systemctl show -P MainPID "$1"
}

# By its profile, and by a filter of calls.
confined() {
    [ "$(cat "/proc/$(main "$1")/attr/apparmor/current")" = "$1 (enforce)" ] &&
        grep -q '^Seccomp:.2' "/proc/$(main "$1")/status"
}

echo "-- walls"
check "they are installed once more" dpkg -i /root/packages/rpld_*.deb /root/packages/rpld-bridge_*.deb
echo 'bridge = { };' >>/etc/rpld/rpld.conf
mote_start
check "and run" systemctl restart rpld
check "both" until_ok 60 systemctl -q is-active rpld-bridge
check "the bridge follows the nodes" until_ok 60 eval \
    'journalctl --no-pager -b -u rpld-bridge | grep -q "following its nodes"'
check "rpld is confined" until_ok 60 confined rpld
check "and the bridge" until_ok 60 confined rpld-bridge
install -m 755 /dev/null /usr/local/bin/attempt # to be started by nobody
sleep infinity &
check_told "a process without walls comes through" attempted $! free
kill $!
check_told "rpld is refused what it need not do" attempted "$(main rpld)" rpld
check_told "rpld-bridge is refused what it need not do" attempted "$(main rpld-bridge)" bridge
check_told "root with no wall but rpld's profile is refused" attempted --profile rpld
check_told "with no wall but the bridge's profile" attempted --profile bridge
check "rpld goes on as if nothing had been" rplctl status
check "the bridge as well" until_ok 30 rplctl bridge
rm /usr/local/bin/attempt
check "removed again" dpkg --purge rpld-bridge rpld
finish
