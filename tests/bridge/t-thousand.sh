#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-thousand.sh BRIDGE FARM: a thousand nodes, each with an address of its own, that all answer at
# once; and one that never stops. Nothing is lost, MQTT's keep-alive stays alive. In a network
# namespace of its own. Exit 77: something is missing here, and the line says what.
set -u
. "$(dirname "$0")/lib.sh"
# In a user namespace of its own it would be somebody who may not.
if [ "$(id -u)" -ne 0 ] || ! unshare --net true 2>/dev/null; then
    echo "skipped: the buffer of a socket cannot be made large here. Grant it with: run as root"
    exit 77
fi
bridge=$(realpath "$1") farm=$(realpath "$2")
bridge_enter "$0" "$bridge" "$farm"
chmod 777 "$dir"
mqtt=21886
nodes=1000

fail() {
    echo "FAILED: $*"
    tail -n 20 bridge.log broker.log | cut -c -300
    exit 1
}

# tell COMMAND: the farm's answer to it.
tell() {
    echo "$1" >&4
    read -r answer <&5 || fail 'the farm is gone'
}

# figure NAME: of the last report.
figure() {
    [[ "$answer" =~ \"$1\":([0-9]+) ]] || fail "no $1 in $answer"
    echo "${BASH_REMATCH[1]}"
}

ip -6 route add local fd00:b::/64 dev lo || fail 'no addresses'
cat >broker.conf <<CONF
listener $mqtt 127.0.0.1
allow_anonymous true
user root
max_queued_messages 0
log_type error
log_type warning
log_type notice
CONF
cat >rpld.conf <<CONF
bridge = {
    control_socket = "none";
    broker = "mqtt://127.0.0.1:$mqtt"; coap_port = 5690; settle_s = 0; keepalive_s = 10;
    socket = "$dir/rpld.sock"; spool = "$dir/spool.db"; log = "warning"; node_rate = 20;
};
CONF
mosquitto -c broker.conf >broker.log 2>&1 &
until_ok 10 listens $mqtt || fail 'the broker does not start'
mkfifo play in out
python3 "$here/rpld-play.py" "$dir/rpld.sock" <play &
exec 3>play
for ((n = 1; n <= nodes; n++)); do
    printf 'up %016x fd00:b::%x\n' $n $n
done >&3
until_ok 20 has_socket || fail 'the player of rpld does not start'
"$farm" --port $mqtt --nodes $nodes --rate 1000000 --max-age 600 <in >out &
exec 4>in 5<out
"$bridge" -c rpld.conf -f 2>bridge.log &
bridge_pid=$!
tell 'wait 120'
[ "$answer" = "observed $nodes" ] || fail "$answer of $nodes nodes"
echo "ok: $nodes nodes are observed"

# Every node speaks whenever nothing of it is unacknowledged: all of them at once, again and again.
tell 'go 6'
tell 'settle 120'
[ "$answer" = 'settled 0' ] || fail "acknowledged and not arrived: $answer"
tell report
echo "   $answer"
[ "$(figure acked_lost)" -eq 0 ] || fail 'what was acknowledged is lost'
[ "$(figure acked)" -gt $((nodes * 5)) ] || fail 'too little was acknowledged'
[ "$(figure dropped)" -eq 0 ] || fail 'a node gave the bridge up'
[ "$(figure observed)" -eq $nodes ] || fail 'an observation is gone'
echo 'ok: all at once, and nothing that was acknowledged is lost'
drops=$(awk 'NR > 1 && $2 ~ /:163A$/ { n += $NF } END { print n + 0 }' /proc/net/udp6)
[ "$drops" -eq 0 ] || fail "the socket overflowed: $drops"
echo 'ok: the socket did not overflow'
kill -0 $bridge_pid || fail 'the bridge is gone'
grep -q 'broker: away' bridge.log && fail 'the broker was lost'
grep -Eq 'Client rpld-.*(exceeded timeout|closed its connection|disconnected)' broker.log && fail 'the keep-alive starved'
echo 'ok: the broker kept the connection'

# The daemon's restart: every observation goes on without a word to the nodes.
registrations=$(figure registrations)
kill -9 $bridge_pid
wait $bridge_pid 2>/dev/null
"$bridge" -c rpld.conf -f 2>>bridge.log &
tell 'go 3'
tell 'settle 120'
tell report
[ "$(figure acked_lost)" -eq 0 ] || fail 'what was acknowledged is lost, after kill -9'
[ "$(figure dropped)" -eq 0 ] || fail 'a notification was not recognised'
[ "$(figure registrations)" -eq "$registrations" ] || fail 'the bridge registered again'
echo 'ok: killed, and no node had to be asked again'
echo 'all well'
