#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-snippets.sh BRIDGE SENSOR: the examples of doc/examples for mosquitto do what they say: access
# rules, and a broker that passes the mesh on to a second one and keeps what that one misses.
set -u
. "$(dirname "$0")/lib.sh"
bridge=$(realpath "$1") sensor=$(realpath "$2")
examples=$(cd "$here/../../doc/examples" && pwd)
bridge_enter "$0" "$bridge" "$sensor"

port=21921 second=21922
heat=00124b0000030000

as() {
    local user=$1 command=$2

    shift 2
    "$command" -h 127.0.0.1 -p $port -u "$user" -P secret -V 5 "$@"
}

# sees USER TOPIC: what the broker keeps there.
sees() {
    [ -n "$(as "$1" mosquitto_sub -W 1 -C 1 -t "$2" 2>/dev/null)" ]
}

sees_second() {
    mosquitto_sub -h 127.0.0.1 -p $second -W 1 -C 1 -t "$1" -F %p 2>/dev/null | grep -Eq "$2"
}

# may USER VALUE: sets the thermostat's setpoint, and it is carried out.
may() {
    as "$1" mosquitto_pub -q 1 -t "mesh/$heat/setpoint/set" -m "$2" 2>/dev/null
    until_ok "${3:-20}" eval "as viewer mosquitto_sub -W 1 -C 1 -t mesh/$heat/setpoint | grep -q '\"v\":$2,'"
}

: >passwd
for user in bridge viewer operator caretaker admin; do
    mosquitto_passwd -b passwd $user secret 2>/dev/null || fail 'no password file'
done
chmod 600 passwd
cp "$examples/mosquitto-acl.conf" acl
chmod 600 acl
sed "s/^address .*/address 127.0.0.1:$second/; /^connection/a restart_timeout 1" \
    "$examples/mosquitto-bridge.conf" >pass-on
broker_start second $second 'persistence false'
second_pid=$broker
{
    echo "listener $port 127.0.0.1"
    echo 'user root'
    echo 'allow_anonymous false'
    echo "password_file $dir/passwd"
    echo "acl_file $dir/acl"
    echo 'log_type error'
    echo 'log_type warning'
    cat pass-on
} >first.conf
mosquitto -c first.conf >>first.log 2>&1 &
until_ok 10 listens $port || fail 'the broker does not start'
player_start
ip -6 addr add fd00::3/128 dev lo nodad
"$sensor" -A fd00::3 -i 2 thermostat >/dev/null &
bridge_start "$bridge" "broker = \"mqtt://127.0.0.1:$port\"; username = \"bridge\";
    password = \"secret\"; control_socket = \"none\"; commands = ( \"setpoint\" );
    home_assistant = true;"
printf 'up %s fd00::3\n' $heat >&3

until_ok 30 sees viewer "mesh/$heat/setpoint" || fail 'a viewer sees nothing'
sees bridge "homeassistant/device/+/config" && fail 'the bridge reads what it need not'
may viewer 18 3 && fail 'a viewer commands'
may operator 19 || fail 'an operator cannot command'
request() {
    as "$1" mosquitto_pub -q 1 -t mesh/bridge/request/health_check -m "{\"transaction\":\"$1\"}" \
        2>/dev/null
}
as viewer mosquitto_sub -W 20 -C 20 -t mesh/bridge/response/health_check >answers 2>/dev/null &
waits=$!
until_ok 20 eval 'request admin; grep -q admin answers' || fail 'an admin gets no answer'
kill $waits 2>/dev/null
: >answers
as viewer mosquitto_sub -W 3 -t mesh/bridge/response/health_check >answers 2>/dev/null &
waits=$!
for _ in 1 2 3; do
    request operator
done
wait $waits
# What an admin asked may still be answered.
! grep operator answers || fail 'an operator asks something of the bridge'
asks() {
    as "$1" mosquitto_pub -q 1 -t "mesh/bridge/request/device/$2" -m "{\"id\":\"$heat\"}" 2>/dev/null
}
as viewer mosquitto_sub -W 20 -t 'mesh/bridge/response/#' -F %t >answers 2>/dev/null &
waits=$!
until_ok 20 eval 'asks caretaker options; grep -q device/options answers' ||
    fail 'a caretaker gets no answer'
asks caretaker remove
before=$(wc -l <answers)
until_ok 20 eval 'asks caretaker options; [ "$(wc -l <answers)" -gt $before ]' ||
    fail 'no answer again'
grep -q device/remove answers && fail 'a caretaker removes nodes'
kill $waits 2>/dev/null
echo 'ok: the access rules let each do what they say'

until_ok 20 sees_second "site1/mesh/$heat/setpoint" '"v":19,' || fail 'the second broker has nothing'
until_ok 20 sees_second site1/mesh/bridge/state '^online$' || fail 'nor the state of the bridge'
until_ok 20 sees_second site1/connected '^1$' || fail 'nor whether the first one is there'
mosquitto_pub -h 127.0.0.1 -p $second -q 1 -t "site1/mesh/$heat/setpoint/set" -m 23.5
until_ok 20 sees_second "site1/mesh/$heat/setpoint" '"v":23.5,' || fail 'no command comes from there'
echo 'ok: a second broker has the mesh, and commands it'

kill -9 $second_pid
wait $second_pid 2>/dev/null
may operator 17 || fail 'the first broker needs the second'
broker_start second $second 'persistence false'
until_ok 30 sees_second "site1/mesh/$heat/setpoint" '"v":17,' || fail 'what it missed does not come'
echo 'ok: and gets what it missed'
bridge_stop
echo 'all well'
