#!/bin/bash
# SPDX-License-Identifier: ISC
# machine.sh: run by the systemd of the machine that tests/package/vm boots: all that life.sh does, with
# AppArmor and Landlock in the kernel, and nothing that they had to refuse; then walls.sh, which tries
# what they have to refuse.
set -u
. "$(dirname "$0")/../lib/check.sh"

# Two calls are refused as a matter of course, and the kernel notes them: clone3, whose arguments no
# filter sees, so that libc takes clone (435); and libmosquitto's pair of sockets for a thread of its
# own, which the bridge does not have (53).
denied() {
    dmesg | grep -E 'apparmor="DENIED"|type=1326' | grep -E 'comm="(rpld|rplctl)' |
        grep -vE 'type=1326 .* syscall=435 ' |
        grep -vE 'type=1326 .* comm="rpld-bridge" .* syscall=53 '
}

echo "$(uname -r), up after $(cut -d' ' -f1 /proc/uptime) s"
check "AppArmor is on" grep -qx Y /sys/module/apparmor/parameters/enabled
check "Landlock is on" grep -q landlock /sys/kernel/security/lsm
bash /root/rpld/tests/package/life.sh || failed=1
check "AppArmor and the filter of calls had nothing to refuse" eval '! denied'
check "the files were walled off by Landlock" eval \
    'journalctl --no-pager -b -u rpld | grep -q "privileges: enclosed calls=filtered files=[1-9]" &&
    journalctl --no-pager -b -u rpld-bridge | grep -q "privileges: enclosed calls=filtered files=[1-9]"'
bash /root/rpld/tests/package/walls.sh || failed=1
echo "done after $(cut -d' ' -f1 /proc/uptime) s"
exit $failed
