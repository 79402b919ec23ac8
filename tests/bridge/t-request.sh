#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-request.sh BRIDGE SENSOR: what may be asked of the bridge itself while it runs: another name for a
# node, options, and to begin anew; that it is kept when the bridge is killed; and that Home Assistant
# follows. In a network namespace of its own. Exit 77: something is missing here, and the line says
# what.
set -u
. "$(dirname "$0")/lib.sh"
need_module jsonschema python3-jsonschema
bridge=$(realpath "$1") sensor=$(realpath "$2")
bridge_enter "$0" "$bridge" "$sensor"
port=21931
heat=00124b0000030000
green=00124b0000040000

ask() {
    mosquitto_rr -h 127.0.0.1 -p $port -V 5 -W 10 -t "mesh/bridge/request/$1" -e me/answers -m "$2"
}

# asked REQUEST PAYLOAD WANTED: the response has that.
asked() {
    local got

    got=$(ask "$1" "$2")
    [[ "$got" == *"$3"* ]] || fail "$1 $2: got '$got', not $3"
    echo "ok: $1 $2"
}

# What the broker keeps under topics that begin like that, a line each: the last of what was told as
# retained, unless it was empty.
kept() {
    awk -v head="$1" '$1 == 1 && index($2, head) == 1 { last[$2] = $0 }
        END { for (t in last) if (last[t] != "1 " t " ") print substr(last[t], 3) }' told.txt
}

keeps() {
    kept "$1" | grep -Eq -- "$2"
}

keeps_none() {
    ! kept "mesh/$1" | grep -q .
}

announced() {
    kept homeassistant/device/ >discovery.txt
    "$python" "$here/hass-check.py" "$here/hass-device.schema.json" <discovery.txt >found.txt &&
        grep -qx -- "$1" found.txt
}

for n in 3 4; do
    ip -6 addr add fd00::$n/128 dev lo nodad
done
broker_start broker $port
: >told.txt
mosquitto_sub -h 127.0.0.1 -p $port -V 5 --retain-as-published -q 1 -t '#' -F '%r %t %p' >told.txt &
until_ok 5 subscribed broker '#' || fail 'nobody listens'
player_start
"$sensor" -A fd00::3 -i 1 thermostat >/dev/null 2>&1 &
"$sensor" -A fd00::4 -i 1 greenhouse >/dev/null 2>&1 &
mkdir -m 777 spool
spool=$dir/spool/spool.db
bridge_start "$bridge" "broker = \"mqtt://127.0.0.1:$port\"; home_assistant = true; summary = true; senml_array = true;
    control_socket = \"none\"; commands = ( \"setpoint\" );
    requests = ( \"device/*\", \"health_check\", \"restart\" )"
printf 'up %s fd00::%s\n' $heat 3 $green 4 >&3
until_ok 30 keeps "mesh/$green/climate/temperature" '"u":"Cel"' || fail 'no value'
until_ok 30 announced "$heat number mesh/$heat/setpoint mesh/$heat/setpoint/set - -" ||
    fail "Home Assistant is not told: $(cat found.txt)"

# What it has of a node, at one look; and a pack as a whole.
until_ok 30 keeps "mesh/$green" '^mesh/[0-9a-f]+ \{"climate":\[\{"n":.*"climate/humidity":\{"v":' ||
    fail "no summary: $(kept "mesh/$green")"
until_ok 30 keeps "mesh/$green/climate" ' \[\{"n":"temperature","u":"Cel","t":[0-9.]+,"v":[0-9.]+\},\{"n":' ||
    fail "no array: $(kept "mesh/$green/climate")"
until_ok 30 keeps "mesh/$heat" '^mesh/[0-9a-f]+ .*"setpoint":\{"v":[0-9.]+,"t":[0-9.]+,"tq":"bridge"' ||
    fail "no summary: $(kept "mesh/$heat")"
echo 'ok: the summary of a node, and a pack as one array'

# A name: the topics move, with what they hold, and nothing is left behind.
: >event
mosquitto_sub -h 127.0.0.1 -p $port -W 60 -C 1 -R -t mesh/bridge/event >event &
waits=$!
until_ok 5 subscribed broker mesh/bridge/event || fail 'nobody listens'
asked device/rename "{\"id\":\"$heat\",\"name\":\"hall/heat\",\"transaction\":\"t1\"}" \
    "{\"status\":\"ok\",\"data\":{\"from\":\"$heat\",\"to\":\"hall/heat\",\"kept\":true},\"error\":null,\"transaction\":\"t1\"}"
kill -9 $bridge_pid # at once: what was answered is kept
wait $bridge_pid 2>/dev/null
wait $waits
grep -q "\"event\":\"node-renamed\",\"node\":\"$heat\"" event || fail "no event: $(cat event)"
"$bridge" -c rpld.conf -f 2>>bridge.log &
bridge_pid=$!
until_ok 30 keeps mesh/hall/heat/setpoint '"v":' || fail 'no value under the new name'
until_ok 30 keeps mesh/hall/heat/availability '^mesh/hall/heat/availability online$' || fail 'not there'
until_ok 30 keeps mesh/hall/heat/info "\"node\":\"$heat\",\"name\":\"hall/heat\"" || fail 'no info'
until_ok 30 keeps mesh/bridge/devices "\"node\":\"$heat\",\"name\":\"hall/heat\"" || fail 'no table'
until_ok 30 keeps_none $heat || fail "left behind: $(kept "mesh/$heat")"
echo 'ok: a new name is kept over kill -9, and nothing is left under the old one'
until_ok 30 announced \
    "hall/heat number mesh/hall/heat/setpoint mesh/hall/heat/setpoint/set - -" ||
    fail "Home Assistant does not follow: $(cat found.txt)"
[ "$(grep -c "rpld_$heat/config" discovery.txt)" -eq 1 ] || fail 'another device'
echo 'ok: Home Assistant follows, and it is the same device'
result=$(mosquitto_rr -h 127.0.0.1 -p $port -V 5 -W 20 -t mesh/hall/heat/setpoint/set -m 22.5 \
    -e me/answers)
[[ "$result" == *'"status":"ok"'* ]] || fail "no command by the new name: $result"
echo 'ok: commands by the new name'

# Options.
asked device/options "{\"id\":\"$green\",\"options\":{\"format\":\"value\",\"qos\":0}}" \
    '"to":{"sleepy":null,"qos":0,"retain":null,"format":"value","poll_interval_s":null},"kept":true}'
until_ok 30 keeps "mesh/$green/climate/temperature" "temperature -?[0-9.]+$" ||
    fail 'it has another format'
followed() {
    announced "$green sensor mesh/$green/climate/temperature - °C temperature" &&
        ! grep "rpld_$green" discovery.txt | grep -q 'value_json\.v }}'
}
until_ok 30 followed || fail 'Home Assistant expects JSON'
echo 'ok: another format, for Home Assistant too'
asked device/options "{\"id\":\"$green\",\"options\":{\"retain\":false}}" '"retain":false'
gone() {
    keeps_none "$green/climate"
}
until_ok 30 gone || fail "it is still retained: $(kept "mesh/$green")"
echo 'ok: what is not to be retained is not'

# Warnings of the log, and no flood of them. With SIGHUP there is one.
warned() {
    [ "$(grep -c 'read at start only' bridge.log)" -ge "$1" ]
}
told_log() {
    grep -c '^0 mesh/bridge/log {"level":"warning","t":[0-9.]*,"message":"bridge: the configuration is' \
        told.txt
}
for n in {1..25}; do
    kill -HUP $bridge_pid
    until_ok 5 warned "$n" || fail 'no warning in the log'
done
asked health_check '' '"healthy":true'
enough() {
    [ "$(told_log)" -eq 20 ]
}
until_ok 10 enough || fail "$(told_log) lines of the log are told, not 20"
echo 'ok: 20 of 25 warnings are told, and then no more'

# To begin anew: the response is there, and who looks after it sees why it ended.
asked device/rename "{\"id\":\"hall/heat\",\"name\":\"$green\"}" '"error":"a name that is none'
asked spool/drop '' 'not allowed'
restarted() {
    ask restart '{"transaction":9}' >restart.txt
    grep -q '"status":"ok".*"transaction":9' restart.txt
}
until_ok 30 restarted || fail "it does not begin anew: $(cat restart.txt)"
wait $bridge_pid
[ $? -eq 3 ] || fail 'its exit status is not 3'
until_ok 5 keeps mesh/bridge/state offline || fail 'it did not say good-bye'
"$bridge" -c rpld.conf -f 2>>bridge.log &
bridge_pid=$!
until_ok 30 keeps mesh/bridge/state online || fail 'it does not come back'
asked device/options "{\"id\":\"$green\"}" '"from":{"sleepy":null,"qos":0,"retain":false,"format":"value"'
awk '$2 != "mesh/hall/heat/setpoint" || NF < 3 { next } /"v":22.5/ { set = 1 }
    set && !/"v":22.5/ { old = 1 } END { exit old }' told.txt || fail 'an older value came back'
asked device/rename '{"id":"hall/heat","name":null}' "\"to\":\"$heat\""
until_ok 30 keeps "mesh/$heat/setpoint" '"v":22.5' || fail 'its value did not move back'

# Killed before the values went to the disk, but not before the node was told that they are safe: what
# the broker has is not made older, and the node is asked.
result=$(mosquitto_rr -h 127.0.0.1 -p $port -V 5 -W 20 -t mesh/$heat/setpoint/set -m 24.5 \
    -e me/answers)
[[ "$result" == *'"status":"ok"'* ]] || fail "no command: $result"
until_ok 30 keeps "mesh/$heat/setpoint" '"v":24.5' || fail 'it is not told'
for _ in {1..20}; do # which takes longer than the transaction is put off, by far
    ask health_check '' >/dev/null
done
kill -9 $bridge_pid
wait $bridge_pid 2>/dev/null
"$bridge" -c rpld.conf -f 2>>bridge.log &
bridge_pid=$!
again() {
    ask health_check '{"transaction":"again"}' | grep -q again
}
until_ok 30 again || fail 'it does not come back'
grep '^[01] mesh/.*/setpoint {' told.txt | awk '/"v":24.5/ { set = 1 }
    set && !/"v":24.5/ { old = 1 } END { exit old }' || fail 'an older value came back'
echo 'ok: no older value comes back after kill -9'
bridge_stop
echo 'all well'
