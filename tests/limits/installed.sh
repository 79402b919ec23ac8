# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# The daemons installed as the packages install them, in the copy of the machine that
# tests/limits/run has made, built as packages build them; lowpan0 is a wire with nobody at its end.
# For `. installed.sh`, in a test that is started by tests/limits/run.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$top/tests/lib/check.sh"
[ -n "${LIMITS:-}" ] || {
    echo "${0##*/}: it is started by tests/limits/run" >&2
    exit 2
}

# installed_need PROGRAM [PACKAGE]
installed_need() {
    [ -n "$(type -P "$1")" ] && return
    echo "FAIL $1 is missing. Mend it with: apt-get install ${2:-$1}"
    exit 1
}

# installed_start [LINES]: a root and a bridge, whose group has LINES.
installed_start() {
    install -m 755 "$LIMITS_BUILD/tests/limits/rpld-packaged" /usr/sbin/rpld
    install -m 755 "$LIMITS_BUILD/tests/limits/rpld-bridge-packaged" /usr/sbin/rpld-bridge
    install -m 755 "$LIMITS_BUILD/rplctl/rplctl" /usr/bin/rplctl
    install -m 644 "$top/debian/rpld.service" "$top/debian/rpld-bridge.service" /etc/systemd/system
    install -m 644 "$top/debian/rpld.rpld-metrics.service" \
        /etc/systemd/system/rpld-metrics.service
    install -m 644 "$top/debian/rpld.rpld-metrics.timer" /etc/systemd/system/rpld-metrics.timer
    mkdir /etc/rpld
    cat >/etc/rpld/rpld.conf <<END
instances = ( {
    id = 0;  role = "root";  mode = "non-storing";  objective = "mrhof";
    interfaces = ( "lowpan0" );
} );
bridge = { ${1:-} };
END
    ip link add lowpan0 type veth peer name nobody
    ip link set lowpan0 up
    ip link set nobody up
    printf 'listener 1883 127.0.0.1\nallow_anonymous true\nuser root\n' >/run/limits/mosquitto.conf
    mosquitto -c /run/limits/mosquitto.conf >/run/limits/mosquitto.log 2>&1 &
    systemctl daemon-reload
    systemctl enable -q rpld-bridge # wanted by rpld then
    check "rpld starts" systemctl start rpld
    check "and the bridge with it" until_ok 20 systemctl -q is-active rpld-bridge
    check "the bridge has its broker" until_ok 20 bridge_connected
}

bridge_connected() {
    journalctl -q -u rpld-bridge -b | grep 'broker: connected'
}

installed_finish() {
    [ $failed -eq 0 ] || journalctl --no-pager -q -b -u 'rpld*' | tail -n 60
    exit $failed
}
