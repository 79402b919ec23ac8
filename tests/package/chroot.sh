# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# A Debian of its own for a test: a chroot with nothing but the essential packages and apt, and a clone
# of this tree's last commit in it. It lives in a mount and a process namespace, so that whatever ends
# the test, no mount and no process stays; the directory goes with the script that made it, or with the
# next one. Sourced by tests/fresh and by tests/package/*:
#
#   chroot_enter "$@"     starts the script again inside of the namespaces and ends with its status;
#                         inside, it makes the chroot $ROOM of the release $RELEASE and comes back
#   chroot_run COMMAND    runs it in the clone, as a fresh root shell would
#   check TEXT COMMAND... reports on a command of this script; $FAILED is what it ends with

CHROOT_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$CHROOT_TOP/tests/lab/apt.sh"
RELEASE=bookworm
FAILED=0
MIRROR=${FRESH_MIRROR:-http://deb.debian.org/debian}
# Where the tree is inside; a fresh user has it in the home.
INSIDE=/root/rpld

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

say() {
    printf '\n== %s\n' "$*"
}

chroot_release() {
    case $1 in
    bookworm | trixie) RELEASE=$1 ;;
    *) die "--release is '$1', it has to be bookworm or trixie" ;;
    esac
}

# --- outside: a directory, and a mount namespace whose end undoes every mount ---

# What a run that was killed has left; a run that lives holds the lock.
chroot_sweep() {
    local old

    for old in "${TMPDIR:-/var/tmp}"/rpld-chroot.*; do
        [ ! -d "$old" ] || flock -n "$old" rm -rf --one-file-system "$old"
    done
}

# The children are in a process namespace of which our child was the first: with it all have gone.
# shellcheck disable=SC2317 # by trap
chroot_leave() {
    kill -KILL %1 2>/dev/null
    wait 2>/dev/null
    rm -rf --one-file-system "$ROOM"
}

chroot_enter() {
    if [ -n "${CHROOT_ROOM:-}" ]; then
        ROOM=$CHROOT_ROOM
        mount --make-rprivate /
        mount -t proc proc /proc
        chroot_make
        chroot_bring
        return 0
    fi
    [ "$(id -u)" -eq 0 ] || die "only root can make a chroot; run it as root"
    [ -e /dev/net/tun ] || die "/dev/net/tun is missing; grant it with: modprobe tun"
    apt_need ca-certificates debian-archive-keyring git mmdebstrap mount util-linux || exit 1
    chroot_sweep
    ROOM=$(mktemp -d "${TMPDIR:-/var/tmp}/rpld-chroot.XXXXXX") || exit 1
    exec 9<"$ROOM"
    flock 9
    chmod 755 "$ROOM"
    trap chroot_leave EXIT
    trap 'exit 130' INT TERM HUP
    CHROOT_ROOM=$ROOM setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child=KILL \
        bash "$0" "$@" 9<&- &
    wait $!
    exit $?
}

# --- inside of the mount namespace ---

# The chroot is a mount point, so that `ip netns` can make mounts that propagate there.
chroot_make() {
    say "a $RELEASE with nothing in it"
    mount --bind "$ROOM" "$ROOM"
    mount --make-private "$ROOM"
    mmdebstrap --quiet --variant=apt --components=main "$RELEASE" "$ROOM" "$MIRROR" ||
        die "mmdebstrap cannot make a $RELEASE from $MIRROR"
    printf '%s packages\n' "$(chroot "$ROOM" dpkg-query -W | wc -l)"
    mount -t proc proc "$ROOM/proc"
    mount --rbind /sys "$ROOM/sys"
    mount --rbind /dev "$ROOM/dev"
    mount --make-rslave "$ROOM/sys"
    mount --make-rslave "$ROOM/dev"
    mount -t tmpfs -o mode=0755 tmpfs "$ROOM/run"
    cp -L /etc/resolv.conf "$ROOM/etc/resolv.conf"
}

# The last commit as a fresh clone has it. Git would refuse a tree of another user.
chroot_bring() {
    [ -z "$(git -c safe.directory='*' -C "$CHROOT_TOP" status --porcelain)" ] ||
        echo "note: what is not committed here does not come along"
    git -c safe.directory='*' clone -q --no-hardlinks "$CHROOT_TOP" "$ROOM$INSIDE" ||
        die "$CHROOT_TOP cannot be cloned"
    git -c safe.directory='*' -C "$ROOM$INSIDE" log -1 --format='the tree is %h, %s'
}

chroot_run() {
    chroot "$ROOM" env -i HOME=/root \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${http_proxy:+"http_proxy=$http_proxy"} sh -c "cd $INSIDE && $1" </dev/null
}

# check TEXT COMMAND...: prints "ok TEXT", or "FAIL TEXT" and the end of what it said, all of which is in
# $ROOM/root/check.log then; $FAILED is 1 as soon as one has failed.
check() {
    local text=$1 began=$SECONDS

    shift
    if "$@" >"$ROOM/root/check.log" 2>&1; then
        echo "ok $text ($((SECONDS - began)) s)"
    else
        echo "FAIL $text"
        grep -E -B 2 -A 8 'ERROR|^FAIL|error:' "$ROOM/root/check.log" | head -n 60 | sed 's/^/    /'
        tail -n 40 "$ROOM/root/check.log" | sed 's/^/    /'
        FAILED=1
        return 1
    fi
}

apt() {
    chroot_run "DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends $*"
}
