#!/bin/bash
# SPDX-License-Identifier: ISC
#
# probe.sh MOUNTS HOST IPC: prints the directives that have an effect on it, one a line. The arguments are
# namespaces of a process without limits. Run by t-units.sh, within each unit and without.
mounts=$1 host=$2 ipc=$3

effect() {
    local name=$1

    shift
    ! "$@" >/dev/null 2>&1 || echo "$name"
}

# mount_has PLACE [PATTERN]: a mount there, among whose options one is like that.
mount_has() {
    awk -v place="$1" -v pattern="${2:-.}" \
        '$5 == place && (" " $6 "," $NF) ~ pattern { found = 1 } END { exit !found }' \
        /proc/self/mountinfo
}

status_is() {
    grep -Eq "^$1:[[:space:]]*$2\$" /proc/self/status
}

not() {
    ! "$@"
}

other() {
    [ "$(readlink /proc/self/ns/"$1")" != "$2" ]
}

# A device that is not among those of every service, though anybody may write it.
device_opens() {
    (exec 3>>/run/limits/device)
}

set_user_id() {
    local file=${STATE_DIRECTORY:-/var/tmp}/attempt status

    : >"$file" || return 0
    chmod u+s "$file"
    status=$?
    rm -f "$file"
    return $status
}

python3 -c pass || echo 'nothing can be said: python3 does not run'
effect User not test "$(id -u)" -eq 0
effect AmbientCapabilities status_is CapAmb 0000000000003000
effect CapabilityBoundingSet status_is CapBnd '000000000000[03]000'
effect NoNewPrivileges status_is NoNewPrivs 1
effect UMask test "$(umask)" = 0077
effect SystemCallFilter not python3 -c 'import os; os.nice(1)'
effect ProtectSystem mount_has / ' ro'
effect ProtectHome mount_has /root
effect PrivateTmp mount_has /tmp
effect PrivateMounts other mnt "$mounts"
effect PrivateIPC other ipc "$ipc"
effect ProtectHostname other uts "$host"
effect ProtectKernelTunables mount_has /sys ' ro'
effect ProtectKernelModules mount_has /usr/lib/modules
effect ProtectKernelLogs eval 'mount_has /proc/kmsg || [ ! -e /proc/kmsg ]'
effect ProtectControlGroups mount_has /sys/fs/cgroup ' ro'
effect ProtectProc mount_has /proc 'hidepid=invisible'
effect ProcSubset mount_has /proc 'subset=pid'
effect PrivateDevices not test -e /dev/net/tun
effect DevicePolicy not device_opens
effect RestrictAddressFamilies not python3 -c 'from socket import *
socket(AF_INET, SOCK_DGRAM); socket(AF_NETLINK, SOCK_RAW)'
effect RestrictNamespaces not unshare --user true
effect RestrictRealtime not chrt -f 1 true
effect RestrictSUIDSGID not set_user_id
effect LockPersonality not setarch -R true
effect MemoryDenyWriteExecute not python3 -c 'import mmap; mmap.mmap(-1, 4096, prot=7)'
