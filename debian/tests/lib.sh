# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# A mesh of two: the packaged service is the root on lowpan0, one end of a veth; at the other end, in
# the network namespace "mote", the same program runs as a router. Sourced by the tests here.
set -u
export LC_ALL=C.UTF-8
mote=
. "$(dirname "${BASH_SOURCE[0]}")/../../tests/lib/check.sh"

mote_start() {
    ip netns add mote
    ip link add lowpan0 type veth peer name lowpan0 netns mote
    ip netns exec mote sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.lowpan0.accept_ra=0 \
        net.ipv6.conf.lowpan0.accept_dad=0
    ip link set lowpan0 up
    ip -n mote link set lo up
    ip -n mote link set lowpan0 up
    mkdir -p /tmp/mote
    chown rpld /tmp/mote
    cat >/tmp/mote/rpld.conf <<END
instances = ( {
    id = 0;  role = "router";  mode = "non-storing";  objective = "mrhof";
    interfaces = ( "lowpan0" );
} );
control = { socket = "/tmp/mote/rpld.sock"; };
state = { directory = "/tmp/mote"; };
END
    ip netns exec mote rpld -f -c /tmp/mote/rpld.conf >/tmp/mote/log 2>&1 &
    mote=$!
}

mote_address() {
    rplctl --json nodes | jq -r '.nodes[] | select(.route == "installed") | .address'
}

mote_joined() {
    [ -n "$(mote_address)" ]
}

mote_pinged() {
    ping -6 -n -q -c 1 -W 1 "$(mote_address)"
}

mote_route() {
    ip -6 route show proto 155 | grep -q "^$1 "
}

# What everything needs: the service runs, and the node behind it is reached.
mesh_start() {
    mote_start
    systemctl restart rpld
    check "the service is active" systemctl -q is-active rpld
    check "the node has joined" until_ok 60 mote_joined
    check "and is reached" until_ok 20 mote_pinged
}

finish() {
    [ -z "$mote" ] || { kill "$mote" && wait "$mote"; }
    ip netns del mote 2>/dev/null
    ip link del lowpan0 2>/dev/null
    if [ $failed -ne 0 ]; then
        journalctl --no-pager -u rpld -u rpld-bridge | tail -n 40
        tail -n 20 /tmp/mote/log 2>/dev/null
    fi
    rm -rf /tmp/mote
    exit $failed
}
