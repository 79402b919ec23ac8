#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-broker.sh BRIDGE: how rpld-bridge speaks to brokers: MQTT 5 and 3.1.1, several of them, TLS
# with certificates and with a shared key, a client that takes its name. In a network namespace of
# its own. Exit 77: something is missing here, and the line says what.
set -u
. "$(dirname "$0")/lib.sh"
need coap-server-notls libcoap3-bin
need openssl openssl
bridge=$(realpath "$1")
bridge_enter "$0" "$bridge"
plain=21883 tls=28883 psk=28884 front=28885 strict=21884
clock=00124b0000010000

fail() {
    echo "FAILED: $*"
    tail -n 20 bridge.log broker.log
    exit 1
}

expect_log() {
    timeout "$1" grep -Eqm1 -- "$2" <(tail -n +1 -f --pid=$$ bridge.log) ||
        fail "no line like $2 in the log within $1 s"
    echo "ok: $3"
}

# bridge_with SETTINGS: another bridge, with these.
bridge_with() {
    if [ -n "${bridge_pid:-}" ]; then
        kill -TERM $bridge_pid
        wait $bridge_pid || fail 'the bridge does not end well'
    fi
    : >bridge.log
    printf 'bridge = { coap_port = 5690; settle_s = 0; spool = "%s"; socket = "%s";
        control_socket = "%s"; %s };\n' \
        "${spool:-none}" "$dir/rpld.sock" "${control:-none}" "$1" >rpld.conf
    "$bridge" -c rpld.conf -f 2>>bridge.log &
    bridge_pid=$!
}

certificate() {
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null &&
        openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
            -extfile <(printf 'subjectAltName=%s' "$2") -out "$1.crt" 2>/dev/null
}

ip -6 addr add fd00::1/128 dev lo nodad
for ca in ca other; do
    openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=$ca -days 2 -keyout $ca.key -out $ca.crt \
        2>/dev/null || fail 'no certificates can be made'
done
certificate broker IP:127.0.0.1 && certificate client DNS:client || fail 'no certificate'
chmod 644 ./*.key
echo 'mesh:0a0b0c0d' >psk
broker_start broker $plain 'log_type notice'
# Another one: with settings by listener a newer mosquitto keeps nothing for a client without a name
# that is away.
cat >secure.conf <<CONF
per_listener_settings true
user root
log_type error
log_type warning
log_type notice
listener $tls 127.0.0.1
cafile $dir/ca.crt
certfile $dir/broker.crt
keyfile $dir/broker.key
require_certificate true
use_identity_as_username true
allow_anonymous false
listener $psk 127.0.0.1
psk_hint mesh
psk_file $dir/psk
use_identity_as_username true
allow_anonymous false
CONF
mosquitto -c secure.conf >secure.log 2>&1 &
until_ok 10 listens $psk || fail 'the broker with TLS does not start'
player_start
coap-server-notls -A fd00::1 -v 0 &
coap_pid=$!
printf 'up %s fd00::1\n' $clock >&3

bridge_with "broker = \"mqtt://127.0.0.1:$plain\"; mqtt_version = \"3.1.1\";"
expect_log 20 'broker: connected .* mqtt=3.1.1$' 'MQTT 3.1.1'

# The client's name is the machine's, and the same the next time.
name=$(sed -n 's/.*client_id=\([^ ]*\).*/\1/p' bridge.log | head -n 1)
bridge_with "broker = \"mqtt://127.0.0.1:$plain\"; message_expiry = true;
    user_properties = true;"
expect_log 20 "broker: connected .*client_id=$name mqtt=5\$" 'MQTT 5, by the same name'
what=$(mosquitto_sub -h 127.0.0.1 -p $plain -V 5 -R -C 1 -W 20 -t "mesh/$clock/time" -F '%C %E %P')
[[ "$what" =~ ^application/json\ ([0-9]+)\ node:$clock\ mid:[0-9]+\ seq:[0-9]+$ ]] ||
    fail "no content type, expiry or user properties: $what"
[ "${BASH_REMATCH[1]}" -le 40 ] && [ "${BASH_REMATCH[1]}" -gt 0 ] ||
    fail "the clock has a Max-Age of 1 s: $what"
echo 'ok: content type, expiry by Max-Age, and whose value it is'

what=$(mosquitto_sub -h 127.0.0.1 -p $plain -C 1 -W 70 -t mesh/bridge/health)
[[ "$what" =~ ^\{\"t\":[0-9.]+,\"spool\":\"none\",\"nodes\":1,\"online\":1, ]] || fail "no health: $what"
echo 'ok: how the bridge is'

mosquitto_sub -h 127.0.0.1 -p $plain -V 5 -i "$name" -t x -W 60 >/dev/null 2>&1 &
rival=$!
expect_log 40 "broker: another client seems to use our name, .*client_id=$name" \
    'who takes our name is told of, not fought'
kill $rival

bridge_with "broker = ( \"mqtt://127.0.0.1:1\", \"mqtts://127.0.0.1:$tls\" );
    tls_ca = \"$dir/ca.crt\"; tls_certificate = \"$dir/client.crt\"; tls_key = \"$dir/client.key\";"
expect_log 20 "broker: connected broker=mqtts://127.0.0.1:$tls " \
    'the second broker, by TLS with a certificate'
bridge_with "broker = \"mqtts://127.0.0.1:$tls\"; tls_ca = \"$dir/other.crt\";
    tls_certificate = \"$dir/client.crt\"; tls_key = \"$dir/client.key\";"
expect_log 20 'broker: away, .*reason=' 'a broker whose certificate somebody else signed is none'
grep -q 'broker: connected' bridge.log && fail 'it was taken all the same'
bridge_with "broker = \"mqtts://localhost:$tls\"; tls_ca = \"$dir/ca.crt\";
    tls_certificate = \"$dir/client.crt\"; tls_key = \"$dir/client.key\";"
expect_log 20 'broker: away, .*reason=' 'nor one of another name'
grep -q 'broker: connected' bridge.log && fail 'it was taken all the same'
bridge_with "broker = \"mqtts://127.0.0.1:$psk\"; psk_identity = \"mesh\"; psk = \"0a0b0c0d\";"
expect_log 20 "broker: connected broker=mqtts://127.0.0.1:$psk " 'TLS with a shared key'
bridge_with "broker = \"mqtts://127.0.0.1:$psk\"; psk_identity = \"mesh\"; psk = \"0a0b0c0e\";"
expect_log 20 'broker: away, .*reason=' 'and not with another key'

# Before many a broker there is a TLS listener that others share, and who wants MQTT says so by ALPN.
: >front.txt
python3 "$here/tls-front.py" $front broker.crt broker.key mqtt $plain >>front.txt 2>front.err &
until_ok 10 listens $front || fail "no TLS listener: $(cat front.err)"
bridge_with "broker = \"mqtts://127.0.0.1:$front\"; tls_ca = \"$dir/ca.crt\";
    tls_alpn = \"mqtt\";"
expect_log 20 "broker: connected broker=mqtts://127.0.0.1:$front " 'a listener that wants ALPN'
[ "$(tail -n 1 front.txt)" = mqtt ] || fail "something else was agreed on: $(cat front.txt)"
what=$(mosquitto_sub -h 127.0.0.1 -p $plain -R -C 1 -W 20 -t "mesh/$clock/time")
[[ "$what" == '{"v":'* ]] || fail "no value comes through it: $what"
for alpn in '' 'tls_alpn = "http/1.1";'; do
    bridge_with "broker = \"mqtts://127.0.0.1:$front\"; tls_ca = \"$dir/ca.crt\"; $alpn"
    expect_log 20 'broker: away, .*reason=' "not without it: ${alpn:-no tls_alpn}"
    grep -q 'broker: connected' bridge.log && fail 'it was let in all the same'
done
[ "$(tail -n 1 front.txt)" = http/1.1 ] || fail "that was not asked for: $(cat front.txt)"

# What was commanded while the bridge was away, with a session that is not clean.
bridge_with "broker = \"mqtt://127.0.0.1:$plain\"; clean_session = false;
    commands = ( \"example_data\" );"
expect_log 20 'broker: connected' 'a session that stays'
expect_log 20 'asked for its resources' 'the node is known'
kill -STOP $bridge_pid
kill -KILL $bridge_pid
wait $bridge_pid 2>/dev/null
bridge_pid=
mosquitto_pub -h 127.0.0.1 -p $plain -q 1 -t "mesh/$clock/example_data/set" -m kept
: >result
mosquitto_sub -h 127.0.0.1 -p $plain -W 60 -t "mesh/$clock/example_data/set/result" >result &
listener=$!
bridge_with "broker = \"mqtt://127.0.0.1:$plain\"; clean_session = false;
    commands = ( \"example_data\" );"
until_ok 20 grep -q '^{"status":"ok","code":"2.04"' result ||
    fail "the command was not carried out: $(cat result)"
kill $listener
echo 'ok: what was commanded meanwhile is carried out, once the node is known'

# MQTT 5: who asks is answered where he listens, once, with what he knows it by.
mosquitto_sub -h 127.0.0.1 -p $plain -V 5 -C 1 -W 20 -t asked/7 -F '%C %D %p' >answer &
waits=$!
until_ok 5 subscribed broker asked/7 || fail 'nobody listens for the answer'
mosquitto_pub -h 127.0.0.1 -p $plain -V 5 -D publish response-topic asked/7 \
    -D publish correlation-data '7th question' -t "mesh/$clock/time/get" -m '{"transaction":7}'
wait $waits
grep -Eq '^application/json 7th question \{"status":"ok","code":"2.05","ms":[0-9]+,"t":[0-9.]+,"transaction":7,"readings":\[\{"v":"[A-Z]' \
    answer || fail "no answer: $(cat answer)"
echo 'ok: a response where it is wanted, with its correlation data'

# What is too old is not carried out.
kill -KILL $coap_pid
mosquitto_pub -h 127.0.0.1 -p $plain -V 5 -D publish message-expiry-interval 2 \
    -t "mesh/$clock/example_data/set" -m late
expect_log 20 'command: timeout node='"$clock" 'a command that has expired is not sent any more'

# What the broker refuses or finds too large, the bridge keeps and shows.
printf 'topic deny mesh/%s/example_data\ntopic readwrite #\n' $clock >acl
cat >strict.conf <<CONF
user root
listener $strict 127.0.0.1
allow_anonymous true
acl_file $dir/acl
max_packet_size 8000
log_type error
log_type warning
log_type notice
log_type subscribe
CONF
mosquitto -c strict.conf >strict.log 2>&1 &
until_ok 10 listens $strict || fail 'the strict broker does not start'
coap-server-notls -A fd00::1 -v 0 &
mkdir -m 777 kept
spool=$dir/kept/spool.db
control=$dir/kept/bridge.sock
bridge_with "broker = \"mqtt://127.0.0.1:$strict\"; commands = ( \"example_data\" );"
expect_log 60 'asked for its resources' 'a broker with a rule of access and a bound'
: >dead
mosquitto_sub -h 127.0.0.1 -p $strict -W 150 -t mesh/bridge/dead >dead &
listener=$!
mosquitto_pub -h 127.0.0.1 -p $strict -t "mesh/$clock/example_data/set" -m small
expect_log 60 "a message was refused, .*topic=mesh/$clock/example_data reason=\"Not authorized\"" \
    'a broker that refuses a topic is told of'
head -c 9000 /dev/zero | tr '\0' x >large
coap-client-notls -m put -f large 'coap://[fd00::1]/example_data' || fail 'no large value'
expect_log 60 "a message cannot be sent topic=mesh/$clock/example_data " \
    'and a value that is larger than it takes'
for reason in 'refused by the broker: Not authorized' 'larger than the broker takes'; do
    until_ok 140 grep -q \
        "{\"topic\":\"mesh/$clock/example_data\",\"reason\":\"$reason\",\"t\":[0-9.]*,\"octets\":[1-9]" \
        dead || fail "$reason: not among the dead: $(cat dead)"
done
kill $listener
dead_has() {
    "$(dirname "$bridge")/../rplctl/rplctl" -s "$control" "$@" bridge dead
}
for reason in 'refused by the broker: Not authorized' 'larger than the broker takes'; do
    dead_has | grep -Eq "^[0-9]+ +[0-9]+ +$reason +mesh/$clock/example_data\$" ||
        fail "$reason: rplctl does not list it: $(dead_has)"
    dead_has --json | "${python:-python3}" -c 'import json, sys
rows = json.load(sys.stdin)["dead"]
assert any(row["reason"] == sys.argv[1] and row["octets"] > 0 and row["hex"] for row in rows)' \
        "$reason" || fail "$reason: not in JSON: $(dead_has --json)"
done
echo 'ok: rplctl lists them'
echo 'ok: both are kept, and shown with their reasons'
echo 'all well'
