#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-units.sh: what stands in the packaged units has an effect in the systemd and on the kernel that
# tests/limits/run uses; and how exposed systemd-analyze finds them. Run by tests/limits/run.
. "$(dirname "$0")/installed.sh"
installed_need python3
installed_need mosquitto
installed_need apparmor_parser apparmor
place=/run/systemd/system
spaces=("$(readlink /proc/self/ns/mnt)" "$(readlink /proc/self/ns/uts)" "$(readlink /proc/self/ns/ipc)")
mkdir -p /usr/lib/modules
mknod -m 666 /run/limits/device c 1 11
install -m 755 "$top/tests/limits/probe.sh" /usr/local/lib/limits/

# as_unit UNIT NAME COMMAND [LINE...]: runs it as the unit runs its program, and prints what it printed.
as_unit() {
    local unit=$1 name=$2 command=$3

    shift 3
    mkdir -p "$place/$name.service.d"
    cp "$top/debian/$unit.service" "$place/$name.service"
    printf '%s\n' '[Service]' Type=oneshot ExecCondition= ExecStartPre= ExecStart= \
        "ExecStart=$command" ExecReload= WatchdogSec=0 Restart=no FileDescriptorStoreMax=0 \
        "StandardOutput=file:/run/limits/$name.out" "$@" >"$place/$name.service.d/limits.conf"
    systemctl daemon-reload
    systemctl start "$name"
    cat "/run/limits/$name.out"
}

# Of the directives that probe.sh knows, those that the unit has and that do something.
wanted() {
    awk -F= '/^[A-Z][A-Za-z]*=/ && $2 != "no" { print $1 }' "$top/debian/$1.service" |
        grep -vxF -e "${2:-none}" | sort -u | grep -xF -f /run/limits/known
}

effects() {
    diff <(wanted "$1" "${2:-}") <(as_unit "$1" "limits-$1" \
        "/bin/bash /usr/local/lib/limits/probe.sh ${spaces[*]}" | sort)
}

# A connection of IPv4 to this machine; one whose packets are dropped would be tried for two minutes.
connects() {
    # shellcheck disable=SC2016
    as_unit rpld "$1" '/bin/timeout 10 /bin/bash -c ": <>/dev/tcp/127.0.0.1/1883 && echo connected"' \
        RestrictAddressFamilies= "${@:2}"
}

exposed() {
    systemd-analyze security --no-pager --offline=true --threshold="$2" "$top/debian/$1.service" |
        grep Overall
    return "${PIPESTATUS[0]}"
}

sed -n 's/^effect \([A-Za-z]*\) .*/\1/p' "$top/tests/limits/probe.sh" | sort >/run/limits/known
check "without a unit nothing is limited" diff /dev/null \
    <(bash /usr/local/lib/limits/probe.sh "${spaces[@]}")
check "each directive of rpld.service has an effect" effects rpld
# Its set of capabilities to hand on is empty, as it is without the line.
check "each directive of rpld-bridge.service has an effect" effects rpld-bridge AmbientCapabilities
mosquitto -p 1883 >/run/limits/mosquitto.log 2>&1 &
check "a process with rpld's addresses cannot reach IPv4" eval \
    'until_ok 10 eval "(: <>/dev/tcp/127.0.0.1/1883)" && [ -z "$(connects limits-denied 2>&1 |
    grep connected)" ]'
check "because of them" eval \
    '[ "$(connects limits-allowed IPAddressDeny= IPAddressAllow=)" = connected ]'
check_told "rpld is exposed by 2.0 at most" exposed rpld 20
check_told "rpld-bridge by 1.5" exposed rpld-bridge 15
for profile in rpld rpld-bridge; do
    check "the AppArmor profile of $profile compiles" apparmor_parser -QKT -I /etc/apparmor.d \
        "$top/debian/apparmor/$profile"
done
installed_finish
