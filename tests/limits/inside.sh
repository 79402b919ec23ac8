#!/bin/bash
# SPDX-License-Identifier: ISC
#
# inside.sh BUILD TEST [ARGUMENT...]: run by the systemd that tests/limits/run has started: the users
# of the packages, a build whose daemons are services, and the test with it. "BRIDGE" among the
# arguments is the bridge of that build.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
export LIMITS_BUILD=$1
shift

# The build again, but for its two daemons.
build_make() {
    local daemon

    mkdir -p "$LAB_BUILD/rpld" "$LAB_BUILD/bridge"
    ln -s "$LIMITS_BUILD/rplctl" "$LIMITS_BUILD/tests" "$LIMITS_BUILD/sim" "$LAB_BUILD"
    for daemon in rpld/rpld bridge/rpld-bridge; do
        printf '#!/bin/bash\nexec %q %q "$@"\n' "$here/as-unit.sh" "$LIMITS_BUILD/$daemon" \
            >"$LAB_BUILD/$daemon"
        chmod 755 "$LAB_BUILD/$daemon"
    done
}

systemd-sysusers "$top/debian/rpld.sysusers" "$top/debian/rpld-bridge.sysusers" 2>/dev/null || exit 1
# Where a service finds them: not in a home of root's, nor in /tmp, of which it has its own.
mkdir /usr/local/lib/limits
cp "$LIMITS_BUILD/rpld/rpld" "$LIMITS_BUILD/bridge/rpld-bridge" "$here/ended.sh" \
    /usr/local/lib/limits/
export LAB_BUILD=/run/limits/build LIMITS=1 LAB_INSIDE=2 T_BRIDGE_INSIDE=1
export TMPDIR=/run/limits/tmp LIMITS_UNITS=/run/limits/units
mkdir -p "$LAB_BUILD" $TMPDIR $LIMITS_UNITS
build_make
ip link add eth0 type veth peer name other # a machine has a card, by which the bridge names itself
cd $TMPDIR || exit 1
test=$1 arguments=()
shift
for argument; do
    [ "$argument" != BRIDGE ] || argument=$LAB_BUILD/bridge/rpld-bridge
    arguments+=("$argument")
done
"$top/$test" "${arguments[@]}"
status=$?
if journalctl --no-pager -q -b -g 'does not support|not supported|roceeding without|[Ii]gnoring' _PID=1 |
    grep -vE 'SysV|sysv' | grep -E '.'; then
    echo "FAIL the above: a directive of a unit has no effect in this systemd"
    [ $status -ne 0 ] || status=1
fi
exit $status
