#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-coap.sh BRIDGE: rpld-bridge as a CoAP server, asked by libcoap's client: nodes that push, who
# may read, what observers see, groups, blocks. In a network namespace of its own. Exit 77:
# something is missing here, and the line says what.
set -u
. "$(dirname "$0")/lib.sh"
need coap-client-notls libcoap3-bin
bridge=$(realpath "$1")
bridge_enter "$0" "$bridge"
mqtt=21884
node=00124b0000010000
other=00124b0000020000
stranger=fd00::99

fail() {
    echo "FAILED: $*"
    tail -n 20 bridge.log mqtt.txt | cut -c -300
    exit 1
}

expect() {
    timeout "$1" grep -Eqm1 -- "$2" <(tail -n +1 -f --pid=$$ mqtt.txt) ||
        fail "$3: no message like $2 within $1 s"
    echo "ok: $3"
}

# coap FROM OPTIONS... PATH: what the bridge answers to libcoap's client at this address.
coap() {
    local from=$1 path=${*: -1}

    set -- "${@:2:$#-2}"
    timeout 20 coap-client-notls -a "$from" -B 10 "$@" "coap://[fd00::ff]:5690/$path" 2>&1
}

# answers WANTED FROM OPTIONS... PATH
answers() {
    local wanted=$1 got

    shift
    got=$(coap "$@")
    [[ "$got" =~ $wanted ]] || fail "coap $*: got '$got', not $wanted"
    echo "ok: coap $*"
}

pause() {
    read -rt "$1" <> <(:)
}

can_read() {
    [[ "$(coap fd00::1 -B 2 r/temp)" == '{'* ]]
}

for n in 1 2 3 4 d 99 ff 200:ff:fe00:5; do
    ip -6 addr add fd00::$n/128 dev lo nodad
done
# A link with another machine.
unshare --net sleep 1000 &
far=$!
is_far() {
    [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/self/ns/net)" ]
}
until_ok 5 is_far || fail 'no second namespace'
ip link add va type veth peer name vb netns $far || fail 'no link can be made'
ip link set va up
ip -6 addr add fd01::1/64 dev va nodad
nsenter -t $far -n sh -c 'ip link set lo up; ip link set vb up
    ip -6 addr add fd01::200:ff:fe00:77/64 dev vb nodad'
cat >broker.conf <<CONF
listener $mqtt 127.0.0.1
allow_anonymous true
user root
log_type error
CONF
mkdir -m 777 spool
cat >rpld.conf <<CONF
bridge = {
    control_socket = "none";
    broker = "mqtt://127.0.0.1:$mqtt"; coap_port = 5690; settle_s = 0;
    socket = "$dir/rpld.sock"; spool = "$dir/spool/spool.db";
    rules = ( { path = "private"; ignore = true; }, { path = "async"; ignore = true; } );
    nodes = ( "00:12:4b:00:00:03:00:00 fd00::3" ); directory = "coap://[fd00::d]";
    multicast = ( "va" ); multicast_discovery = true; source_interval_s = 10;
};
CONF
: >mqtt.txt
printf '%s' '</rd/1>;base="coap://[fd00::4]:5683";ep="00124b0000040000",' \
    '</rd/2>;base="coap://[fd00::200:ff:fe00:5]";ep="lamp",' \
    '</rd/3>;base="coap://[fd00::1:2:3:4:5:6:7]";ep="odd",' \
    '</rd/4>;base="coaps+tcp://[fd00::6]";ep="tcp"' >directory
python3 "$here/directory-play.py" fd00::d directory &
coap-server-notls -A fd00::3 -v 0 &
coap-server-notls -A fd00::4 -v 0 &
coap-server-notls -A fd00::200:ff:fe00:5 -v 0 &
nsenter -t $far -n coap-server-notls -g ff05::fd -G vb -v 0 &
mosquitto -c broker.conf >broker.log 2>&1 &
broker_pid=$!
until_ok 10 listens "$mqtt" || fail 'the broker does not start'
mosquitto_sub -h 127.0.0.1 -p $mqtt -t '#' -q 1 -F '%r %t %p' >>mqtt.txt 2>/dev/null &
player_start
"$bridge" -c rpld.conf -f 2>>bridge.log &
bridge_pid=$!
printf 'up %s fd00::%s\n' $node 1 $other 2 >&3
expect 20 "mesh/$node/availability online" 'the node is online'

# Pushing.
answers '^$' fd00::1 -m put -e 21.5 r/temp
expect 5 "mesh/$node/temp \{\"v\":21.5," 'what was put is published'
answers '^$' fd00::1 -m post -t 110 -e '[{"bn":"x/","n":"t","u":"Cel","v":3},{"n":"h","v":4}]' r/climate
expect 5 "mesh/$node/climate/x/t \{\"v\":3,\"u\":\"Cel\"" 'SenML, too'
answers '^$' fd00::1 -m post -t 50 -e '{"broken"' r/temp
expect 5 "mesh/$node/temp/error \{\"reason\":\"not JSON\"" 'what cannot be read is told, and answered'
answers '4.03' $stranger -m put -e 1 r/temp
answers '4.03' fd00::1 -m put -e 1 r/private
answers '4.04' fd00::1 -m put -e 1 elsewhere
answers '4.05' fd00::1 -m delete r/temp
head -c 5000 /dev/zero | tr '\0' x >large
answers '^$' fd00::1 -m put -b 256 -f large r/large
expect 5 "mesh/$node/large \{\"v\":\"x{5000}\"" 'a value in blocks'
head -c 20000 /dev/zero | tr '\0' x >large
answers '4.13' fd00::1 -m put -b 1024 -f large r/large

# Reading.
answers '^\{"v":21.5,' fd00::1 r/temp
answers '^\{"v":21.5,' fd00::2 r/$node/temp
answers '4.04' fd00::2 r/temp
answers '4.03' $stranger r/$node/temp
answers '4.06' fd00::1 -A 60 r/temp
answers '^</r>;rt="rpld.push";title="[^"]*"$' $stranger .well-known/core
answers "</r/$node/temp>;obs;ct=50,?" fd00::1 .well-known/core
answers "^</r/$node/climate/x/h>;obs;ct=50$" fd00::1 ".well-known/core?href=/r/$node/climate/x/h"
answers 'x{5000}' fd00::1 r/large

# Observing: the value now, then each new one.
: >seen.txt
coap fd00::2 -s 15 r/$node/temp >seen.txt &
observer=$!
until_ok 5 grep -q '"v":21.5' seen.txt || fail 'the observer sees nothing'
for v in 31 32 33; do
    answers '^$' fd00::1 -m put -e $v r/temp
    until_ok 5 grep -q "\"v\":$v" seen.txt || fail "the observer does not see $v: $(cat seen.txt)"
done
echo 'ok: an observer sees each value'

# Nodes that the routing daemon does not know: of the configuration, of a directory, of a group.
listed=00124b0000030000 named=00124b0000040000
expect 20 "mesh/$listed/time \{\"v\":" 'a node of the configuration'
expect 30 "mesh/$named/time \{\"v\":" 'a node of the directory'
expect 30 'mesh/000000fffe000005/time \{"v":' 'one that the directory knows by its address only'
expect 40 'mesh/000000fffe000077/time \{"v":' 'a node of the group'
echo '</rd/2>;base="coap://[fd00::200:ff:fe00:5]";ep="lamp"' >directory
expect 30 "mesh/$named/availability offline" 'the directory does not name it any more'
got=$(nsenter -t $far -n timeout 20 coap-client-notls -N -B 8 -m get \
    'coap://[ff05::fd]:5690/.well-known/core' 2>&1)
[[ "$got" == *'</r>;rt="rpld.push"'* ]] || fail "a question to the group is not answered: $got"
echo 'ok: a question to the group is answered'

# What was answered is kept: the broker is away, the bridge is killed.
kill $observer 2>/dev/null
kill $broker_pid
until_ok 5 grep -q 'broker: away' bridge.log || fail 'the bridge does not notice'
answers '^$' fd00::1 -m put -e 77 r/temp
kill -9 $bridge_pid
wait $bridge_pid 2>/dev/null
"$bridge" -c rpld.conf -f 2>>bridge.log &
bridge_pid=$!
mosquitto -c broker.conf >>broker.log 2>&1 &
until_ok 10 listens "$mqtt" || fail 'the broker does not start again'
mosquitto_sub -h 127.0.0.1 -p $mqtt -t '#' -q 1 -F '%r %t %p' >>mqtt.txt 2>/dev/null &
expect 30 "mesh/$node/temp \{\"v\":77," 'what was answered arrives, after kill -9'

# And it is what who asks is told, though the broker had it and the bridge was killed at once.
knows() {
    [[ "$(coap fd00::1 -B 2 r/temp)" == "{\"v\":$1,"* ]]
}
for v in 101 102 103 104 105 106; do
    answers '^$' fd00::1 -m put -e $v r/temp
    # Sometimes the broker has it by then, sometimes it has not.
    [ $((v % 2)) -eq 0 ] || expect 10 "mesh/$node/temp \{\"v\":$v," 'the broker has it'
    [ $((v % 3)) -eq 0 ] || pause 1.2 # and the bridge has noted that
    kill -9 $bridge_pid
    wait $bridge_pid 2>/dev/null
    "$bridge" -c rpld.conf -f 2>>bridge.log &
    bridge_pid=$!
    until_ok 20 can_read || fail "the bridge does not answer: $(coap fd00::1 r/temp)"
    knows $v || fail "it knows $(coap fd00::1 r/temp), not $v, which it had answered"
done
echo 'ok: after kill -9 no value is older than what was answered'
echo 'all well'
