#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-hass.sh BRIDGE SENSOR: Home Assistant's discovery. Its messages are held against a schema made
# from its documentation; they come again when Home Assistant starts and when the broker comes back
# with nothing, and go when a node is removed.
set -u
. "$(dirname "$0")/lib.sh"
need_module jsonschema python3-jsonschema
bridge=$(realpath "$1") sensor=$(realpath "$2")
bridge_enter "$0" "$bridge" "$sensor"

port=21901
door=00124b0000020000
heat=00124b0000030000
green=00124b0000040000

# What the broker keeps of discovery, a line each.
discovery() {
    mosquitto_sub -h 127.0.0.1 -p $port -t 'homeassistant/device/+/config' --retained-only \
        -F '%t %p' -W 1 2>/dev/null
}

# has LINE: a component like that is announced, and all are as they should be.
has() {
    discovery >discovery.txt
    "$python" "$here/hass-check.py" "$here/hass-device.schema.json" <discovery.txt >found.txt &&
        grep -qx -- "$1" found.txt
}

all_there() {
    discovery >discovery.txt
    [ "$(wc -l <discovery.txt)" -eq 3 ]
}

for n in 2 3 4; do
    ip -6 addr add fd00::$n/128 dev lo nodad
done
broker_start broker $port
player_start
"$sensor" -A fd00::2 -i 2 door >/dev/null &
sensors=$!
"$sensor" -A fd00::3 -i 2 thermostat >/dev/null &
sensors="$sensors $!"
"$sensor" -A fd00::4 -i 2 greenhouse >/dev/null &
sensors="$sensors $!"
mkdir -m 777 spool
spool=$dir/spool/spool.db
bridge_start "$bridge" "broker = \"mqtt://127.0.0.1:$port\"; home_assistant = true; summary = true;
    control_socket = \"none\"; commands = ( \"setpoint\" );
    requests = ( \"device/*\", \"health_check\", \"spool/drop\" );
    names = ( { node = \"$green\"; name = \"garden/house\"; } );"
printf 'up %s fd00::%s\n' $door 2 $heat 3 $green 4 >&3

until_ok 30 has "garden/house sensor mesh/garden/house/climate/temperature - °C temperature" ||
    fail "no temperature: $(cat discovery.txt found.txt)"
until_ok 30 has "garden/house sensor mesh/garden/house/climate/humidity - % humidity" ||
    fail "no humidity: $(cat found.txt)"
until_ok 30 has "$heat number mesh/$heat/setpoint mesh/$heat/setpoint/set - -" ||
    fail "no setpoint: $(cat found.txt)"
until_ok 30 has "$door sensor mesh/$door/door - - -" || fail "no door: $(cat found.txt)"
grep -q "door/event" found.txt && fail 'an event is announced as what it is not'
echo "ok: $(wc -l <found.txt) components of 3 devices, as Home Assistant wants them"

# What it would send when somebody turns the knob does what it should.
: >result
mosquitto_sub -h 127.0.0.1 -p $port -W 30 -C 2 -t "mesh/$heat/setpoint/set/result" >result &
waits=$!
until_ok 5 subscribed broker "mesh/$heat/setpoint/set/result" || fail 'nobody listens'
mosquitto_pub -h 127.0.0.1 -p $port -t "mesh/$heat/setpoint/set" -m 22.5
wait $waits
grep -q '"status":"ok"' result || fail "the knob does nothing: $(cat result)"
echo 'ok: the command topic works'

# Home Assistant starts: all of it once more.
: >again
mosquitto_sub -h 127.0.0.1 -p $port -W 20 -C 3 -R -t 'homeassistant/device/+/config' -F %t \
    >again &
waits=$!
until_ok 5 subscribed broker 'homeassistant/device/+/config' || fail 'nobody listens'
mosquitto_pub -h 127.0.0.1 -p $port -t homeassistant/status -m online
wait $waits
[ "$(sort -u again | wc -l)" -eq 3 ] || fail "not told again: $(cat again)"
echo 'ok: told again when Home Assistant starts'

kill -9 $broker
wait $broker 2>/dev/null
broker_start broker $port
until_ok 60 all_there || fail 'not told again to a broker that forgot it'
echo 'ok: and when a broker comes back with nothing'

# The bridge is killed and its nodes are away: all of it is told at once to a broker that has
# nothing, though no value comes.
until_ok 30 has "garden/house sensor mesh/garden/house/climate/temperature - °C temperature" ||
    fail "no temperature: $(cat found.txt)"
sort found.txt >before.txt
kill -9 $bridge_pid $broker
wait $bridge_pid $broker 2>/dev/null
kill $sensors
printf 'down %s\n' $door $heat $green >&3
broker_start broker $port
"$bridge" -c rpld.conf -f 2>>bridge.log &
bridge_pid=$!
until_ok 30 all_there || fail "not told at once: $(discovery)"
discovery | "$python" "$here/hass-check.py" "$here/hass-device.schema.json" | sort >after.txt
cmp before.txt after.txt || fail "something else is told: $(diff before.txt after.txt)"
echo 'ok: right at once after a restart, packs too'

# Requests to the bridge: a node that is removed leaves nothing behind.
ask() {
    mosquitto_rr -h 127.0.0.1 -p $port -V 5 -W 10 -t "mesh/bridge/request/$1" -e me/answers -m "$2"
}

until_ok 20 eval 'ask health_check "{\"transaction\":3}" | grep -q "\"healthy\":true.*\"transaction\":3}"' ||
    fail 'not healthy'
ask observe/refresh '{"id":"x"}' | grep -q 'not allowed' || fail 'what is not allowed is'
ask device/remove '{"id":"nobody"}' | grep -q 'no such node' || fail 'nobody is removed'
printf 'down %s\n' $green >&3
ask device/remove '{"id":"garden/house"}' | grep -q '"status":"ok"' || fail 'it is not removed'
gone() {
    ! mosquitto_sub -h 127.0.0.1 -p $port -t '#' --retained-only -F %t -W 1 2>/dev/null |
        grep -Eq "garden|rpld_$green"
}
until_ok 20 gone || fail 'something of it is left'
echo 'ok: a node that is removed leaves no retained message'
ask spool/drop '' | grep -q '"dropped":' || fail 'nothing can be dropped'
bridge_stop
echo 'all well'
