#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-picky.sh BRIDGE: brokers that do not take everything: less QoS than is asked for, nothing
# retained, no large packet and no word for it, and one that acknowledges nothing. What they can take
# gets there. In a network namespace of its own.
set -u
. "$(dirname "$0")/lib.sh"
bridge=$(realpath "$1")
bridge_enter "$0" "$bridge"
node=00124b0000020000
port=22100
mkdir -m 777 spool

logged() {
    grep -q -- "$1" bridge.log
}

received() {
    grep -Eq -- "$1" "$name.txt"
}

# picky NAME SETTINGS LINE...: a bridge with a broker that is configured by these lines, and somebody
# who listens there.
picky() {
    local settings=$2

    name=$1
    port=$((port + 1))
    shift 2
    : >bridge.log
    broker_start "$name" $port "$@"
    mosquitto_sub -h 127.0.0.1 -p $port -V mqttv5 -q 2 -t 'mesh/#' -F '%q %t' >"$name.txt" &
    listener=$!
    until_ok 10 subscribed "$name" 'mesh/#' || fail "$name: nobody listens"
    spool=$dir/spool/$name.db bridge_start "$bridge" "broker = \"mqtt://127.0.0.1:$port\";
        control_socket = \"none\"; nodes = ( \"$node fd00::2\" ); $settings"
}

picky_end() {
    bridge_stop
    kill $listener $broker
    wait $listener $broker
    echo "ok: $1"
}

ip -6 addr add fd00::2/128 dev lo nodad
python3 "$here/node-plain.py" fd00::2 &

picky less 'qos = 2;' 'max_qos 1'
until_ok 20 received "^1 mesh/$node/small\$" || fail 'QoS 1 for 2: no value'
until_ok 20 received "^1 mesh/$node/big\$" || fail 'QoS 1 for 2: no large value'
picky_end 'QoS 1 where 2 was asked for'

picky least 'qos = 1;' 'max_qos 0'
until_ok 20 received "^0 mesh/$node/small\$" || fail 'QoS 0 for 1: no value'
logged 'it takes QoS 0 only' || fail 'QoS 0 is not told'
picky_end 'QoS 0 where 1 was asked for, and that is told'

picky forgetful '' 'retain_available false'
until_ok 20 received "^1 mesh/$node/small\$" || fail 'nothing retained: no value'
logged 'it retains nothing' || fail 'that nothing is retained is not told'
picky_end 'a broker that retains nothing, and that is told'

# The large value is the first that it hangs up on, and what comes behind it is told again and again.
picky curt 'mqtt_version = "3.1.1"; rules = ( { path = "small"; poll_interval_s = 1; } );' \
    'max_packet_size 600'
until_ok 90 logged "hangs up on a message.* topic=mesh/$node/big octets=9" ||
    fail 'the message that the broker hangs up on is not found'
: >curt.txt
until_ok 60 received "^1 mesh/$node/small\$" || fail 'nothing comes behind the message given up'
! logged 'another client' || fail 'somebody else was blamed'
picky_end 'a message that the broker hangs up on is given up, and no other'

: >bridge.log
port=$((port + 1))
python3 "$here/broker-mute.py" $port >mute.txt &
broker=$!
until_ok 10 listens $port || fail 'the mute broker does not start'
spool=$dir/spool/mute.db bridge_start "$bridge" "broker = \"mqtt://127.0.0.1:$port\"; keepalive_s = 10;
    mqtt_version = \"3.1.1\"; control_socket = \"none\"; nodes = ( \"$node fd00::2\" );"
until_ok 90 logged 'away.*it does not acknowledge' || fail 'that nothing is acknowledged is not seen'
told_again() {
    [ "$(grep -c "^mesh/$node/small\$" mute.txt)" -ge 2 ]
}
until_ok 30 told_again || fail 'what was not acknowledged is not sent again'
bridge_stop
kill $broker
echo 'ok: a broker that acknowledges nothing is left and asked again'
echo 'all well'
