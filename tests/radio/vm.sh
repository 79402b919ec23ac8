#!/bin/bash
# SPDX-License-Identifier: ISC
#
# vm.sh [-t SECONDS] KERNEL SCRIPT [ARGUMENTS...]: boots the kernel that kernel.sh made ready in the
# folder KERNEL, in emulation, and runs SCRIPT in there as root. The machine sees this one's file
# system, read only under a tmpfs. What the script says is our output, its status is ours; 124 if it
# took too long, 125 if the kernel died: then its last words are on standard error. What the script
# leaves in /out is in $VM_OUT, if that is set.
set -eu
limit=300
if [ "$1" = -t ]; then
    limit=$2
    shift 2
fi
kernel=$(cd "$1" && pwd)
shift
script=$(readlink -f "$1")
shift
out=${VM_OUT:-$(mktemp -d)}
mkdir -p "$out"
rm -f "$out"/{status,log,console,run,modules}
[ -n "${VM_OUT:-}" ] || trap 'rm -rf "$out"' EXIT

echo "$kernel/lib/modules/$(cat "$kernel/version")" >"$out/modules"
{
    printf 'cd %q\n' "$PWD"
    for name in LAB_BUILD LAB_LOG; do
        [ -z "${!name:-}" ] || printf 'export %s=%q\n' $name "${!name}"
    done
    printf 'exec bash %q' "$script"
    [ $# -eq 0 ] || printf ' %q' "$@"
    echo
} >"$out/run"

# By emulation, which works everywhere; RADIO_ACCEL=kvm is faster where it does.
case ${RADIO_ACCEL:-tcg} in
kvm) accel='-accel kvm -cpu host' ;;
*) accel='-accel tcg,thread=multi,tb-size=256 -cpu max' ;;
esac
status=0
# shellcheck disable=SC2086
timeout -k 5 "$limit" qemu-system-x86_64 $accel -m 512 -smp 2 -nodefaults -no-user-config \
    -display none -no-reboot -kernel "$kernel/vmlinux" -initrd "$kernel/initrd" \
    -append "console=ttyS0 quiet loglevel=5 panic=-1 mitigations=off clocksource=hpet no_timer_check \
rcupdate.rcu_expedited=1 random.trust_cpu=on" \
    -serial file:"$out/console" -device virtio-rng-pci \
    -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap \
    -device virtio-9p-pci,fsdev=host,mount_tag=host \
    -fsdev local,id=out,path="$out",security_model=none \
    -device virtio-9p-pci,fsdev=out,mount_tag=out </dev/null || status=$?

[ ! -e "$out/log" ] || cat "$out/log"
if [ -e "$out/status" ]; then
    exit "$(cat "$out/status")"
fi
tail -n 40 "$out/console" >&2
if [ $status -eq 124 ]; then
    echo "vm.sh: not done after $limit s" >&2
    exit 124
fi
echo "vm.sh: the machine died (qemu's status $status); the console is above" >&2
exit 125
