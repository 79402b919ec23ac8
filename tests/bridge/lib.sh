# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What the bridge's scripts share: a network namespace of their own with a broker, the player of
# rpld, and the bridge. For `. lib.sh; bridge_enter "$0" "$@"`.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

. "$here/../lib/check.sh"

# The process that a bridge is which we have started as process PID.
process_of() {
    echo "$1"
}

# Under tests/limits/run the namespaces are there, and the bridge is a service.
[ -z "${LIMITS:-}" ] || . "$here/../limits/house.sh"

need() {
    [ -n "$(type -P "$1")" ] && return
    echo "skipped: $1 is missing. Mend it with: apt-get install $2"
    exit 77
}

# need_module MODULE PACKAGE: of Python; $python is one that has it. Debian's own is tried where
# another comes first.
need_module() {
    for python in python3 /usr/bin/python3; do
        "$python" -c "import $1" 2>/dev/null && return
    done
    echo "skipped: Python's $1 is missing. Mend it with: apt-get install $2"
    exit 77
}

# Runs the script again in namespaces of its own, in a folder that goes with it.
bridge_enter() {
    local options='--net --pid --fork --kill-child=KILL --mount-proc'

    if [ -z "${T_BRIDGE_INSIDE:-}" ]; then
        need mosquitto mosquitto
        need mosquitto_sub mosquitto-clients
        need python3 python3
        need ip iproute2
        # shellcheck disable=SC2086
        unshare $options true 2>/dev/null || options="--user --map-root-user $options"
        # shellcheck disable=SC2086
        if ! unshare $options true 2>/dev/null; then
            echo "skipped: namespaces cannot be made. Grant them with: run as root, or:" \
                "sysctl kernel.unprivileged_userns_clone=1"
            exit 77
        fi
        # shellcheck disable=SC2086
        T_BRIDGE_INSIDE=1 exec unshare $options "$@"
    fi
    dir=$(mktemp -d "${TMPDIR:-/tmp}/t-bridge.XXXXXX")
    chmod 755 "$dir"
    trap 'rm -rf "$dir"' EXIT
    cd "$dir" || exit 1
    ip link set lo up || fail 'no loopback'
}

fail() {
    echo "FAILED: $*"
    tail -n 20 ./*.log 2>/dev/null
    exit 1
}

listens() {
    (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# broker_start NAME PORT [LINE...]: a mosquitto; its process is $broker.
broker_start() {
    local name=$1 port=$2

    shift 2
    printf '%s\n' "listener $port 127.0.0.1" 'allow_anonymous true' 'user root' \
        'log_type subscribe' 'log_type error' 'log_type warning' "$@" >"$name.conf"
    mosquitto -c "$name.conf" >>"$name.log" 2>&1 &
    broker=$!
    until_ok 10 listens "$port" || fail "the broker $name does not start"
}

# subscribed BROKER TOPIC: somebody listens to it.
subscribed() {
    grep -q " [0-2] $2\$" "$1.log"
}

has_socket() {
    chmod 666 rpld.sock 2>/dev/null
}

# Plays rpld, as process $player; its script is file descriptor 3.
player_start() {
    mkfifo play
    python3 "$here/rpld-play.py" "$dir/rpld.sock" <play &
    player=$!
    exec 3>play
    until_ok 5 has_socket || fail 'the player of rpld does not start'
}

# bridge_start BRIDGE SETTINGS: its process is $bridge_pid; it has the spool $spool, or none.
bridge_start() {
    printf 'bridge = { coap_port = 5690; settle_s = 0; spool = "%s"; socket = "%s"; %s };\n' \
        "${spool:-none}" "$dir/rpld.sock" "$2" >rpld.conf
    "$1" -c rpld.conf -f 2>>bridge.log &
    bridge_pid=$!
}

bridge_stop() {
    kill -TERM $bridge_pid
    wait $bridge_pid || fail 'the bridge does not end well'
}
