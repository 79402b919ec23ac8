#!/bin/bash
# SPDX-License-Identifier: ISC
# life.sh: run by the systemd of a Debian of its own (boot.sh), with the packages in /root/packages:
# they are installed, tried by the tests of debian/tests, upgraded and purged.
set -u
. "$(dirname "$0")/../lib/check.sh"

# try NAME: one of debian/tests.
try() {
    echo "-- debian/tests/$1"
    bash "/root/rpld/debian/tests/$1" || failed=1
}

# The same packages as if a release had come after them.
newer() {
    local package tree

    mkdir -p /root/newer
    for package in /root/packages/*.deb; do
        tree=$(mktemp -d)
        dpkg-deb -R "$package" "$tree" || return 1
        sed -i 's/^Version: .*/&+next1/; s/\(rpld (= [^)]*\))/\1+next1)/' "$tree/DEBIAN/control"
        dpkg-deb -Zgzip -z1 -b "$tree" /root/newer || return 1
        rm -rf "$tree"
    done
}

# All files of the system; what comes and goes by itself, the accounts, which stay, and a folder that
# dh_apparmor removes when it is empty, left out.
files() {
    find / -xdev \( -path /root -o -path /tmp -o -path /var/tmp -o -path /var/log -o -path /var/cache \
        -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/lib/systemd \) -prune -o -print |
        grep -vE '^/etc/(passwd|group|shadow|gshadow|subuid|subgid|\.pwd\.lock)-?$|^/etc/apparmor\.d/disable$' |
        sort
}

rm -f /usr/sbin/policy-rc.d
files >/root/files.before
check "rpld, rpld-bridge and rpl-sim are installed" dpkg -i /root/packages/rpld_*.deb \
    /root/packages/rpld-bridge_*.deb /root/packages/rpl-sim_*.deb
check "the service runs" systemctl is-active rpld
check "and comes with the next start" systemctl is-enabled rpld
check "it has a user of its own" id rpld
check "the simulator runs" rplsim --nodes 10 --hours 1
for name in mesh restart wrong-configuration; do
    try $name
done

newer >/tmp/newer.log 2>&1 || { cat /tmp/newer.log; failed=1; }
bash /root/rpld/tests/package/upgrade.sh || failed=1
check "removed and not purged, the state stays" eval 'dpkg -r rpld-bridge rpld rpl-sim &&
    test -f /var/lib/rpld/rpld.state && test -f /etc/rpld/rpld.conf'
check "and is there after the next installation" eval 'before=$(cat /var/lib/rpld/rpld.state) &&
    dpkg -i /root/newer/*.deb && systemctl is-active rpld &&
    [ "$(grep -m1 prefix /var/lib/rpld/rpld.state)" = "$(grep -m1 prefix <<<"$before")" ]'
try purge
dpkg --purge rpl-sim >/dev/null 2>&1
files >/root/files.after
check "a purge leaves the file system as it was" diff /root/files.before /root/files.after
exit $failed
