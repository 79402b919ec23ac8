#!/bin/bash
# SPDX-License-Identifier: ISC
#
# boot.sh ROOT SCRIPT: starts the systemd of the Debian in the directory ROOT, in namespaces of its
# own, has it run SCRIPT (a path inside) when it is up, and ends with that one's status. What SCRIPT
# prints is printed. It has its own network, processes, control groups and devices, as in a container;
# the kernel is this machine's, so that what units forbid is really forbidden.
set -u
root=$(realpath "$1") script=$2

if [ -z "${BOOT_INSIDE:-}" ]; then
    groups=/sys/fs/cgroup
    [ -e $groups/cgroup.procs ] || groups=/sys/fs/cgroup/unified
    [ -e $groups/cgroup.procs ] || {
        echo "boot.sh: there are no control groups of version 2. Grant them with:" \
            "mount -t cgroup2 cgroup2 /sys/fs/cgroup" >&2
        exit 1
    }
    group=$groups/rpld-package.$$
    mkdir "$group" || exit 1
    trap 'find "$group" -depth -type d -exec rmdir {} + 2>/dev/null' EXIT
    trap 'exit 130' INT TERM HUP
    rm -f "$root/root/script.out" "$root/root/script.status"
    bash -c 'echo $$ >"$1/cgroup.procs" && shift && BOOT_INSIDE=1 exec unshare --cgroup --pid --net \
        --uts --ipc --mount --fork --kill-child=KILL bash "$@"' - "$group" "$0" "$root" "$script" &
    wait $!
    cat "$root/root/script.out"
    exit "$(cat "$root/root/script.status" 2>/dev/null || echo 1)"
fi

device() {
    touch "$root/dev/$1"
    mount --bind "/dev/$1" "$root/dev/$1"
}

mount --make-rprivate /
mount --rbind "$root" "$root"
umount -R -l "$root/proc" "$root/sys" "$root/dev" "$root/run" 2>/dev/null
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for name in null zero full random urandom tty; do
    device $name
done
mkdir "$root/dev/net" "$root/dev/pts" "$root/dev/shm"
mknod -m 666 "$root/dev/net/tun" c 10 200
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"

mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
cat >"$root/etc/systemd/system/boot-script.service" <<END
[Unit]
After=multi-user.target
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
TimeoutStartSec=900
Environment=HOME=/root LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ExecStart=/bin/bash -c '/bin/bash $script; echo \$? >/root/script.status'
StandardOutput=file:/root/script.out
StandardError=inherit
END
ln -sf ../boot-script.service "$root/etc/systemd/system/multi-user.target.wants/"
cd "$root" || exit 1
mkdir -p .old
pivot_root . .old && umount -l .old && rmdir .old
exec env -i container=rpld-package /lib/systemd/systemd --unit=multi-user.target --show-status=0 \
    --log-level=warning </dev/null
