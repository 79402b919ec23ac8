#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-bridge.sh BRIDGE SENSOR: rpld-bridge between real CoAP servers (libcoap's coap-server and the
# demo's sensors) and a real broker, in a network namespace of its own. The routing daemon is
# played by rpld-play.py. Exit 77: something is missing here, and the line says what.
set -u
. "$(dirname "$0")/lib.sh"
need coap-server-notls libcoap3-bin
need jq jq
bridge=$(realpath "$1") sensor=$(realpath "$2")
bridge_enter "$0" "$bridge" "$sensor"

clock=00124b0000010000 # libcoap's server
door=00124b0000020000
heat=00124b0000030000
green=00124b0000040000
twice=00124b0000050000 # a node that hears no acknowledgement
many=00124b0000060000  # a node that never stops
failed=0
mark=0

say() {
    printf '%s\n' "$*"
}

show_logs() {
    for log in bridge.log broker.log; do
        say "--- $log"
        tail -n 30 $log
    done
    say '--- the last messages'
    tail -n 30 mqtt.txt
}

fail() {
    say "FAILED: $*"
    show_logs
    failed=1
    exit 1
}

# expect SECONDS REGEX WHAT: a line in mqtt.txt behind the mark ("retained topic payload").
expect() {
    timeout "$1" grep -Eqm1 -- "$2" <(tail -n +$((mark + 1)) -f --pid=$$ mqtt.txt) ||
        fail "$3: no message like $2 within $1 s"
    say "ok: $3"
}

# expect_log SECONDS REGEX: a line in the bridge's log.
expect_log() {
    timeout "$1" grep -Eqm1 -- "$2" <(tail -n +1 -f --pid=$$ bridge.log) ||
        fail "no line like $2 in the log within $1 s"
}

pause() {
    read -rt "$1" <> <(:)
}

more_than() {
    [ "$(grep -c 'broker: away' bridge.log)" -gt "$1" ]
}

set_mark() {
    mark=$(wc -l <mqtt.txt)
}

# A subscriber that comes now and sees what the broker keeps.
retained() {
    mosquitto_sub -h 127.0.0.1 -p "$port" -t '#' -F '%r %t %p' -W 2 2>/dev/null | grep '^1'
}

broker_start() {
    mosquitto -c broker.conf >>broker.log 2>&1 &
    broker=$!
    until_ok 10 listens "$port" || fail 'the broker does not start'
}

watch_start() {
    # -r off: messages that were retained show as 1 when they come as such.
    mosquitto_sub -h 127.0.0.1 -p "$port" -t '#' -q 1 -F '%r %t %p' >>mqtt.txt 2>/dev/null &
    watcher=$!
}

bridge_start() {
    "$bridge" -c rpld.conf -f 2>>bridge.log &
    bridge_pid=$!
}

for n in 1 2 3 4 5 6; do
    ip -6 addr add fd00::$n/128 dev lo nodad
done

port=$((20000 + RANDOM % 20000))
cat >broker.conf <<CONF
listener $port 127.0.0.1
allow_anonymous true
user root
persistence false
log_type error
log_type warning
CONF
mkdir -m 777 spool ctl
cat >rpld.conf <<CONF
instances = ( { id = 0; } );
bridge = {
    broker = "mqtt://127.0.0.1:$port";
    coap_port = 5690;
    settle_s = 0;
    poll_interval_s = 1;
    socket = "$dir/rpld.sock";
    spool = "$dir/spool/spool.db";
    control_socket = "$dir/ctl/bridge.sock";
    commands = ( "setpoint", "example_data" );
    rules = ( { path = "door"; retain = true; qos = 2; format = "value"; },
              { path = "async"; ignore = true; } );
};
CONF
: >mqtt.txt
: >bridge.log

# Bad configurations: every error at once, exit 1.
sed 's/settle_s = 0/settle_s = -1; colour = 3/; s/qos = 2/qos = 9/' rpld.conf >bad.conf
"$bridge" -t -c bad.conf 2>bad.out && fail 'a bad configuration passes'
for line in 'bad.conf:5: bridge.settle_s = -1: out of range; allowed is a number from 0 to 3600' \
    'bad.conf:5: bridge.colour = 3: unknown setting; rpld-bridge.conf(5)' \
    'bad.conf:11: bridge.rules\[0\].qos = 9: out of range; allowed is a number from 0 to 2'; do
    grep -q "^$line" bad.out || fail "the errors lack: $line: $(cat bad.out)"
done
"$bridge" -t -c rpld.conf >/dev/null || fail 'the configuration does not pass'
say 'ok: the configuration is checked'

# Everything is away at first: the bridge waits for all of them.
bridge_start
expect_log 10 'broker: away, trying again'
expect_log 10 'rpld: cannot be followed, trying again'
player_start
broker_start
watch_start
coap-server-notls -A fd00::1 -v 0 &
"$sensor" -A fd00::2 -i 2 door >/dev/null &
"$sensor" -A fd00::3 -i 2 thermostat >/dev/null &
"$sensor" -A fd00::4 -i 2 greenhouse >/dev/null &
printf 'up %s fd00::%s\n' $clock 1 $door 2 $heat 3 $green 4 >&3

expect 20 '^[01] mesh/bridge/state online$' 'the bridge is online'
for node in $clock $door $heat $green; do
    expect 40 "^[01] mesh/$node/availability online\$" "$node is online"
done
expect 40 "^[01] mesh/$clock/time \{\"v\":\"[A-Z][a-z][a-z] .*\",\"t\":[0-9.]*,\"tq\":\"bridge\",\"seq\":[0-9]+,\"age\":0\.[0-9]{3}\}\$" \
    "libcoap's clock is observed"
expect 40 "^[01] mesh/$door/door (open|closed)\$" 'the door, by its rule'
expect 40 "^0 mesh/$door/door/event \{\"v\":\"(opened|shut)\"" 'its events'
expect 40 "^[01] mesh/$heat/temperature \{\"v\":[0-9.]+,\"t\":[0-9.]+,\"tq\":\"bridge\",\"seq\":[0-9]+,\"age\":[0-9.]+\}\$" \
    'the temperature'
expect 40 "^[01] mesh/$green/climate/temperature \{\"v\":[0-9.]+,\"u\":\"Cel\",.*\"seq\":[0-9]+,\"age\":[0-9.]+\}\$" \
    'SenML, the temperature'
expect 40 "^[01] mesh/$green/climate/humidity \{\"v\":[0-9.]+,\"u\":\"%RH\"," 'SenML, the humidity'

retained >kept.txt
for topic in bridge/state $clock/availability $clock/time $door/door $heat/temperature \
    $green/climate/humidity; do
    grep -q "^1 mesh/$topic " kept.txt || fail "mesh/$topic is not retained: $(cat kept.txt)"
done
grep -q "mesh/$door/door/event" kept.txt && fail 'an event is retained'
grep -q "/async" kept.txt && fail 'what a rule ignores is published'
say 'ok: state is retained, events are not'

# Acknowledged again and again, published once.
python3 "$here/node-twice.py" fd00::5 >twice.out &
twice_pid=$!
printf 'up %s fd00::5\n' $twice >&3
expect 20 "^[01] mesh/$twice/twice \{\"v\":5," 'the last of a node that hears no acknowledgement'
until_ok 10 test -s twice.out || fail 'the node does not end'
wait $twice_pid
grep -qx 'acknowledged 15 rejected 0' twice.out || fail "it should be 15: $(cat twice.out)"
for n in 1 2 3 4 5; do
    [ "$(grep -c "^0 mesh/$twice/twice {\"v\":$n," mqtt.txt)" -eq 1 ] ||
        fail "value $n was not published once: $(grep "$twice/twice" mqtt.txt)"
done
say 'ok: what came three times was acknowledged three times and published once'
printf 'down %s\n' $twice >&3

# The process has nothing it does not need.
status=/proc/$(process_of $bridge_pid)/status
grep -q '^CapEff:[[:space:]]*0*$' "$status" || fail 'the bridge has capabilities'
grep -q '^NoNewPrivs:[[:space:]]*1$' "$status" || fail 'new privileges are possible'
if [ "$(wc -l </proc/self/uid_map)" -eq 1 ] && grep -q ' 4294967295$' /proc/self/uid_map; then
    grep -q '^Uid:[[:space:]]*0' "$status" && fail 'the bridge is still root'
fi
say 'ok: no privileges'

# The control socket.
ctl() {
    "$(dirname "$bridge")/../rplctl/rplctl" -s ctl/bridge.sock "$@"
}

# has JQ-FILTER COMMAND...: it is so in the answer.
has() {
    local filter=$1

    shift
    ctl --json "$@" 2>/dev/null | jq -e "$filter" >/dev/null
}

until_ok 10 has ".sensors[] | select(.node == \"$green\" and .series == \"temperature\") |
    .unit == \"Cel\" and .state == \"observed\"" sensors ||
    fail "no sensor like that: $(ctl sensors)"
has '.broker.state == "connected" and .spool.state == "ok" and .mesh.online == 4' bridge ||
    fail "not what it should be: $(ctl bridge)"
ctl sensors | grep -q "^$door  door " || fail "no table: $(ctl sensors)"
seq=$(timeout 10 "$(dirname "$bridge")/../rplctl/rplctl" -s ctl/bridge.sock --json readings --since 0 |
    head -n 5 | jq -s 'map(select(.event == "reading" and (.seq | type) == "number")) |
        if length == 5 then .[4].seq else error("not five") end') || fail 'no five readings'
timeout 10 "$(dirname "$bridge")/../rplctl/rplctl" -s ctl/bridge.sock --json readings --since "$seq" |
    head -n 1 | jq -e ".seq == $seq + 1" >/dev/null || fail "not the reading behind $seq"
ctl nonsense 2>/dev/null
[ $? -eq 2 ] || fail 'it answers nonsense'
ctl sensors extra 2>/dev/null
[ $? -eq 2 ] || fail 'an argument too many is none'
say 'ok: rplctl sees sensors, bridge and readings'

publish() {
    mosquitto_pub -h 127.0.0.1 -p "$port" "$@"
}

set_mark
publish -t mesh/$heat/setpoint/set -m '{"v":23.5}'
expect 20 "^0 mesh/$heat/setpoint/set/result \{\"status\":\"sent\",\"t\":[0-9.]+\}\$" 'a command is sent'
expect 20 "^0 mesh/$heat/setpoint/set/result \{\"status\":\"ok\",\"code\":\"2.04\",\"ms\":[0-9]+,\"t\":" \
    'and done'
expect 20 "^[01] mesh/$heat/setpoint \{\"v\":23.5," 'and its effect is seen'
publish -t mesh/$heat/setpoint/set -m 99
expect 20 "^0 mesh/$heat/setpoint/set/result \{\"status\":\"error\",\"code\":\"4.00\"," \
    'a command the node does not like'
publish -t mesh/$heat/temperature/set -m 1
expect 20 "^0 mesh/$heat/temperature/set/result \{\"status\":\"refused\",\"reason\":\"not writable" \
    'a command that is not allowed'
publish -t mesh/$clock/nothing/here/set -m 1
expect 20 "^0 mesh/$clock/nothing/here/set/result .*no such resource" 'a command for nothing'
set_mark
kill -TERM $bridge_pid
wait $bridge_pid || fail 'the bridge does not end well'
expect 10 '^[01] mesh/bridge/state offline$' 'a bridge that ends says so'
publish -r -t mesh/$heat/setpoint/set -m 10
publish -r -t mesh/$twice/availability -m online # as if it had gone while the bridge was away
set_mark
bridge_start
expect 20 '^[01] mesh/bridge/state online$' 'it is back'
expect 40 "^[01] mesh/$heat/setpoint \{\"v\":23.5," 'a retained command was not carried out'
expect 20 "^[01] mesh/$twice/availability offline\$" 'a node that went meanwhile is told'
publish -r -n -t mesh/$heat/setpoint/set

# Nodes come and go.
set_mark
printf 'down %s\n' $green >&3
expect 20 "^[01] mesh/$green/availability offline\$" 'a node without a route is offline'
printf 'up %s fd00::4\n' $green >&3
expect 20 "^[01] mesh/$green/availability online\$" 'and online with one'
set_mark
printf 'hide %s\ngap\n' $door >&3
expect 30 "^[01] mesh/$door/availability offline\$" 'after a gap the snapshot counts'
printf 'up %s fd00::2\n' $door >&3
expect 30 "^[01] mesh/$door/availability online\$" 'the node is back'

# The routing daemon goes away: what was known stands; its new snapshot counts.
kill $player
wait $player 2>/dev/null
exec 3>&-
rm -f rpld.sock play
expect_log 20 'it closed the connection'
mkfifo play
python3 "$here/rpld-play.py" "$dir/rpld.sock" <play &
player=$!
exec 3>play
set_mark
printf 'up %s fd00::%s\n' $clock 1 $heat 3 $green 4 >&3
until_ok 5 has_socket || fail 'the player of rpld does not start again'
expect 40 "^[01] mesh/$door/availability offline\$" 'a new routing daemon does not know the door'
tail -n +$((mark + 1)) mqtt.txt | grep -q "mesh/$clock/availability offline" &&
    fail 'a node was offline though it was there all the time'
printf 'up %s fd00::2\n' $door >&3
expect 20 "^[01] mesh/$door/availability online\$" 'then it does'

# The broker dies and comes back with nothing.
before=$(grep -c 'broker: away' bridge.log)
kill -9 $broker $watcher
wait $broker $watcher 2>/dev/null
until_ok 20 more_than "$before" || fail 'the bridge does not notice that the broker is away'
pause 4 # some attempts fail meanwhile
broker_start
set_mark
watch_start
expect 70 '^[01] mesh/bridge/state online$' 'the broker is back'
for node in $clock $door $heat $green; do
    expect 20 "^[01] mesh/$node/availability online\$" "$node is told again"
done
expect 20 "^[01] mesh/$heat/setpoint \{\"v\":23.5," 'a value that did not change is told again'
[ "$(grep -c 'broker: away' bridge.log)" -eq $((before + 1)) ] ||
    fail 'the log tells more than once that the broker is away'
say 'ok: one line in the log for it'

# kill -9: the broker tells the last will.
set_mark
kill -9 $bridge_pid
wait $bridge_pid 2>/dev/null
expect 10 '^[01] mesh/bridge/state offline$' 'the last will'

# Nothing that was acknowledged is lost: the broker is away, the bridge is killed at odd moments,
# and all the time a node sends events.
probe() {
    publish -t probe -m $1
    tail -n 5 mqtt.txt | grep -q "^0 probe $1"
}

# When what it took has reached those who listen: a broker that forgets is no fault of the bridge.
broker_stop() {
    kill -STOP $bridge_pid
    until_ok 10 probe last || fail 'the broker does not answer'
    kill -9 $broker $watcher
    wait $broker $watcher 2>/dev/null
    kill -CONT $bridge_pid
}

# With somebody who listens before the bridge can say a word.
broker_back() {
    kill -STOP $bridge_pid
    broker_start
    watch_start
    until_ok 10 probe first || fail 'nobody listens to the broker'
    kill -CONT $bridge_pid
}

bridge_stop() {
    kill -9 $bridge_pid
    wait $bridge_pid 2>/dev/null
}

# Every number that was acknowledged has arrived, and the first time in its order.
nothing_is_lost() {
    sed -n 's/^ack //p' many.out >acked.txt
    sed -n "s,^0 mesh/$many/n {\"v\":\([0-9]*\)\,.*,\1,p" mqtt.txt | awk '!seen[$1]++' >arrived.txt
    sort -n -c arrived.txt && awk 'NR == FNR { have[$1]; next } !($1 in have)' arrived.txt \
        acked.txt >lost.txt && ! [ -s lost.txt ]
}

acked_more_than() {
    [ "$(grep -c '^ack' many.out)" -gt "$1" ]
}

many_start() {
    python3 "$here/node-many.py" fd00::6 100 many.out &
    many_pid=$!
}

many_start
bridge_start
printf 'up %s fd00::6\n' $many >&3
expect 40 "^0 mesh/$many/n \{\"v\":20," 'a node that never stops'
broker_stop
for n in 1 2 3 4 5 6 7 8; do
    before=$(grep -c '^ack' many.out)
    until_ok 20 acked_more_than $((before + 10 * n)) || fail 'nothing is acknowledged'
    bridge_stop
    bridge_start
done
broker_back
last=$(sed -n 's/^ack //p' many.out | tail -n 1)
expect 70 "^0 mesh/$many/n \{\"v\":$last," 'the last of them, when the broker is back'
until_ok 20 nothing_is_lost || fail "acknowledged and lost: $(cat lost.txt)"
[ "$(grep -c '^observe' many.out)" -eq 1 ] || fail 'the bridge asked again'
grep -q '^reset' many.out && fail 'a notification was not recognised'
say "ok: killed 8 times with the broker away, $(wc -l <acked.txt) acknowledged, none lost"

# A disk that is full: what it cannot take is not acknowledged, and afterwards all goes on.
if mount -t tmpfs -o size=1500k,mode=777 tmpfs spool 2>/dev/null; then
    trap 'umount -l "$dir/spool"; rm -rf "$dir"' EXIT
    bridge_stop
    kill $many_pid
    printf 'down %s\n' $many >&3
    mkdir -m 777 spool/of
    sed -i "s,spool/spool.db,spool/of/spool.db," rpld.conf
    : >mqtt.txt
    many_start
    bridge_start
    printf 'up %s fd00::6\n' $many >&3
    mark=0
    expect 40 "^0 mesh/$many/n \{\"v\":20," 'the node on a small disk'
    broker_stop
    dd if=/dev/zero of=spool/filler bs=1k 2>/dev/null
    expect_log 40 'spool: cannot be written, values that the broker does not have are not acknow'
    before=$(grep -c '^ack' many.out)
    pause 2
    acked_more_than "$before" && fail 'what cannot be kept is acknowledged'
    say "ok: a full disk acknowledges nothing"
    broker_back
    until_ok 40 acked_more_than $((before + 50)) || fail 'it does not go on with the broker'
    until_ok 20 nothing_is_lost || fail "acknowledged and lost: $(cat lost.txt)"
    broker_stop
    rm spool/filler
    expect_log 20 'spool: can be written again'
    before=$(grep -c '^ack' many.out)
    until_ok 20 acked_more_than $((before + 50)) || fail 'it does not go on with the disk'
    bridge_stop
    bridge_start
    broker_back
    until_ok 70 nothing_is_lost || fail "acknowledged and lost: $(cat lost.txt)"
    say 'ok: and nothing was lost'
else
    say 'skipped: the full disk, because no tmpfs can be mounted here. Grant it with: run as root'
fi

[ $failed -eq 0 ] && say 'all well'
