#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-alias.sh BRIDGE: topic aliases of MQTT 5 with mosquitto, which takes three here: what the
# bridge says to it, octet by octet, and what a subscriber then gets. In a network namespace of its
# own. Exit 77: something is missing here, and the line says what.
set -u
. "$(dirname "$0")/lib.sh"
need coap-client-notls libcoap3-bin
bridge=$(realpath "$1")
bridge_enter "$0" "$bridge"
port=21941
tap=21942
node=00124b0000010000
values=40

# push NAME VALUE
push() {
    timeout 20 coap-client-notls -a fd00::1 -B 10 -m put -e "$2" "coap://[fd00::ff]:5690/r/$1" \
        >push.txt 2>&1 || fail "libcoap's client cannot push: $(cat push.txt)"
}

# sent NAME: how often the topic stands in what the bridge said.
sent() {
    grep -ao "mesh/$node/$1.." tap.bin | wc -l
}

got() {
    [ "$(wc -l <told.txt)" -ge "$1" ]
}

for n in 1 ff; do
    ip -6 addr add fd00::$n/128 dev lo nodad
done
broker_start broker $port 'max_topic_alias 3'
: >tap.bin
python3 "$here/tcp-tap.py" $tap $port tap.bin &
until_ok 10 listens $tap || fail 'nothing listens between them'
: >told.txt
mosquitto_sub -h 127.0.0.1 -p $port -q 1 -t "mesh/$node/+" -T "mesh/$node/availability" \
    -T "mesh/$node/info" -F '%t %p' >told.txt &
until_ok 5 subscribed broker "mesh/$node/+" || fail 'nobody listens'
player_start
bridge_start "$bridge" "broker = \"mqtt://127.0.0.1:$tap\"; control_socket = \"none\";
    topic_aliases = 100; format = \"value\"; node_rate = 0"
printf 'up %s fd00::1\n' $node >&3
until_ok 20 grep -q 'broker: connected.*mqtt=5' bridge.log || fail 'the broker has no bridge'
until_ok 20 grep -q 'node: online' bridge.log || fail 'there is no node'

# Five topics for three numbers, which the topics of the bridge itself have first.
for v in $(seq $values); do
    push often "$v"
    [ $((v % 10)) -ne 0 ] || for k in 1 2 3 4; do push "seldom$k" "$v"; done
done
until_ok 20 got $((values + values / 10 * 4)) || fail "not all arrived: $(wc -l <told.txt)"
seq $values | sed "s|^|mesh/$node/often |" >wanted
grep /often told.txt | cmp -s - wanted || fail "other values: $(grep /often told.txt)"
for k in 1 2 3 4; do
    printf "mesh/$node/seldom$k %s\n" 10 20 30 40 >wanted
    grep "/seldom$k" told.txt | cmp -s - wanted || fail "other values: $(grep "/seldom$k" told.txt)"
done
[ "$(sent often)" -le 12 ] || fail "the topic was sent $(sent often) times for $values values"
[ "$(sent often)" -ge 1 ] || fail 'the topic was never sent'
echo "ok: $values values with the topic sent $(sent often) times"
grep -q 'broker: away' bridge.log && fail 'the broker was offended'
bridge_stop
echo 'all well'
