#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-command.sh BRIDGE: commands to libcoap's server in every format that a resource can have, and
# larger than a datagram; what it has then is read by libcoap's client. In a network namespace of its
# own. Exit 77: something is missing here, and the line says what.
set -u
. "$(dirname "$0")/lib.sh"
need coap-server-notls libcoap3-bin
need coap-client-notls libcoap3-bin
bridge=$(realpath "$1")
bridge_enter "$0" "$bridge"
port=21930
node=00124b0000010000
judge=00124b0000020000
coap='coap://[fd00::1]'

# put PATH FORMAT FILE: the resource is made, or has another value.
put() {
    timeout 20 coap-client-notls -B 10 -m put -t "$2" -f "$3" "$coap/$1" >put.txt 2>&1 &&
        ! grep -q '[45]\.[0-9][0-9]' put.txt || fail "libcoap's client cannot put $1: $(cat put.txt)"
}

# what PATH: its value now, in hexadecimal digits.
what() {
    rm -f got
    timeout 20 coap-client-notls -B 10 -m get -o got "$coap/$1" >/dev/null 2>&1
    od -An -v -tx1 got | tr -d ' \n'
}

# set_result PATH: the last result of a command.
set_result() {
    mosquitto_rr -h 127.0.0.1 -p $port -V 5 -W 20 -q 1 -t "mesh/$node/$1/set" -e me/answers "${@:2}"
}

# large_result PATH N: what becomes of the command in the file large, which is told in N messages.
large_result() {
    local topic=mesh/$node/$1/set waits

    mosquitto_sub -h 127.0.0.1 -p $port -W 20 -q 1 -C "$2" -t "$topic/result" >result &
    waits=$!
    until_ok 5 subscribed broker "$topic/result" || fail 'nobody listens'
    mosquitto_pub -h 127.0.0.1 -p $port -q 1 -t "$topic" -f large
    wait $waits
}

# commands PATH PAYLOAD HEX: the command makes it that.
commands() {
    set_result "$1" -m "$2" >result
    grep -q '"status":"ok","code":"2.0[14]"' result || fail "$1 $2: $(cat result)"
    [ "$(what "$1")" = "$3" ] || fail "$1 $2: it has $(what "$1"), not $3"
    echo "ok: $2 becomes $3 in $1"
}

hex() {
    printf %s "$1" | od -An -v -tx1 | tr -d ' \n'
}

# seen TOPIC PATTERN: the broker keeps a value like that.
seen() {
    mosquitto_sub -h 127.0.0.1 -p $port -t "$1" --retained-only -C 1 -W 1 2>/dev/null |
        grep -q -- "$2"
}

ip -6 addr add fd00::1/128 dev lo nodad
ip -6 addr add fd00::2/128 dev lo nodad
broker_start broker $port
player_start
coap-server-notls -A fd00::1 -d 20 -v 0 &
server_listens() {
    timeout 5 coap-client-notls -B 1 -m get "$coap/time" >/dev/null 2>&1
}
until_ok 10 server_listens || fail "libcoap's server does not start"
printf %s '[{"bn":"urn:dev:x:","bt":5,"bu":"Cel","n":"t","v":20}]' >senml
printf %s '[{"bn":"/3306/0/","n":"5850","vb":true},{"n":"5851","u":"%","v":3}]' >several
# [{-2: "a:", 0: "b", 1: "W", 2: 7}]
printf '\x81\xa4\x21\x62a:\x00\x61b\x01\x61W\x02\x07' >binary
printf %s '{"a":1}' >json
printf '\xf4' >cbor
printf '\x00\x01' >octets
printf %s 20 >text
put k/senml 110 senml
put k/several 110 several
put k/binary 112 binary
put k/json 50 json
put k/cbor 60 cbor
put k/octets 42 octets
put k/text 0 text

mkdir -m 777 spool
spool=$dir/spool/spool.db
bridge_start "$bridge" "broker = \"mqtt://127.0.0.1:$port\"; control_socket = \"none\";
    commands = ( \"k/*\" ); max_command_octets = 4000; node_rate = 0"
printf 'up %s fd00::1\n' $node >&3
until_ok 20 seen "mesh/$node/k/text" '{"v":20,' || fail 'the bridge does not see the node'
until_ok 20 seen "mesh/$node/k/senml/urn:dev:x:t" '{"v":20,"u":"Cel"' || fail 'no SenML'
until_ok 20 seen "mesh/$node/k/binary/a:b" '{"v":7,"u":"W"' || fail 'no SenML in CBOR'
until_ok 20 seen "mesh/$node/k/several/3306/0/5851" '{"v":3,"u":"%"' || fail 'not several'
until_ok 20 seen "mesh/$node/k/octets" '{"v":"AAE"' || fail 'no octets'
until_ok 20 seen "mesh/$node/k/cbor" '{"v":false' || fail 'no CBOR'
until_ok 20 seen "mesh/$node/k/json" '{"v":{"a":1}' || fail 'no JSON'

commands k/text 21.50 "$(hex 21.50)"
commands k/json '{"v":{"a":[1,true]}}' "$(hex '{"a":[1,true]}')"
commands k/cbor true f5
commands k/cbor '{"v":{"a":[1,"b"]}}' a1616182016162
commands k/octets '{"v":"Af8"}' 01ff
commands k/senml 21.5 "$(hex '[{"bn":"urn:dev:x:","bu":"Cel","n":"t","v":21.5}]')"
commands k/binary 8 81a42162613a0061620161570208
commands k/several '{"n":"5851","v":4}' "$(hex '[{"bn":"/3306/0/","n":"5851","u":"%","v":4}]')"
put k/several 110 several
until_ok 20 seen "mesh/$node/k/several/3306/0/5850" '{"v":true' || fail 'not several again'
commands k/several '[{"bn":"/3306/0/","n":"5850","vb":false},{"n":"5851","v":9}]' \
    "$(hex '[{"bn":"/3306/0/","n":"5850","vb":false},{"n":"5851","v":9}]')"
set_result k/several -m 5 >result
grep -q '"status":"refused","reason":"the resource has several SenML records;' result ||
    fail "one of several is not refused: $(cat result)"
until_ok 20 seen "mesh/$node/k/senml/urn:dev:x:t" '{"v":21.5,"u":"Cel"' || fail 'it is not told'
echo 'ok: what was set is published'

# Octets as they are, and more of them than a datagram has: block by block.
head -c 3900 /dev/urandom >large
large_result k/octets 2
grep -q '"status":"ok"' result || fail "large octets: $(cat result)"
[ "$(what k/octets)" = "$(od -An -v -tx1 large | tr -d ' \n')" ] || fail 'other octets arrived'
echo 'ok: 3900 octets in blocks'
printf '{"v":"%03000d"}' 7 >large
large_result k/cbor 2
grep -q '"status":"ok"' result || fail "a large text: $(cat result)"
[ "$(what k/cbor)" = "790bb8$(hex "$(printf %03000d 7)")" ] || fail 'another text arrived'
echo 'ok: a text of 3000 octets as CBOR, in blocks'
head -c 4001 /dev/zero >large
>broker.log
large_result k/octets 1
grep -q '"status":"refused","reason":"larger than the setting max_command_octets allows"' result ||
    fail "too much is not refused: $(cat result)"
echo 'ok: 4001 octets are refused'

# One that comes again is the same, by its key.
set_result k/text -m '{"v":31,"key":"once"}' >result
grep -q '"status":"ok"' result || fail "with a key: $(cat result)"
put k/text 0 text # meanwhile somebody else has set it
set_result k/text -m '{"v":31,"key":"once"}' >result
grep -q '{"status":"duplicate","reason":"ok"' result || fail "the same again: $(cat result)"
[ "$(what k/text)" = "$(hex 20)" ] || fail "it was carried out again: $(what k/text)"
set_result k/text -m '{"v":33,"key":"other"}' >result
grep -q '"status":"ok"' result || fail "another key: $(cat result)"
echo 'ok: the same again is not carried out again'

# Under a condition, which is the node's to judge: two that read the value and set it, one wins.
: >match.txt
python3 "$here/node-match.py" fd00::2 >>match.txt 2>match.err &
printf 'up %s fd00::2\n' $judge >&3
until_ok 20 seen "mesh/$judge/n" '{"v":1,' || fail "no node that judges: $(cat match.err)"
ask_judge() {
    mosquitto_rr -h 127.0.0.1 -p $port -V 5 -W 20 -q 1 -t "mesh/$judge/n/$1" -e me/answers -m "$2"
}
[[ "$(ask_judge get '')" =~ \"etag\":\"([0-9a-f]+)\" ]] || fail 'the result lacks the ETag'
etag=${BASH_REMATCH[1]}
[[ "$(ask_judge set "{\"v\":5,\"if_match\":\"$etag\"}")" == *'"code":"2.04"'* ]] || fail 'the first'
[[ "$(ask_judge set "{\"v\":6,\"if_match\":\"$etag\"}")" == *'"error","code":"4.12"'* ]] || fail 'the second'
[[ "$(ask_judge set '{"v":7,"if_none_match":true}')" == *'"error","code":"4.12"'* ]] || fail 'it exists'
[[ "$(ask_judge set '{"v":8,"if_match":""}')" == *'"code":"2.04"'* ]] || fail 'as it exists'
[ "$(tr '\n' ' ' <match.txt)" = '5 8 ' ] || fail "set to: $(cat match.txt)"
echo 'ok: under a condition'

# No more than so many a second: the last of many counts, and is soon carried out.
: >results
mosquitto_sub -h 127.0.0.1 -p $port -W 40 -q 1 -t "mesh/$node/k/text/set/result" >results &
waits=$!
until_ok 5 subscribed broker "mesh/$node/k/text/set/result" || fail 'nobody listens'
for n in {1..300}; do
    echo "{\"v\":$n,\"transaction\":$n}"
done | mosquitto_pub -h 127.0.0.1 -p $port -q 1 -l -t "mesh/$node/k/text/set"
until_ok 30 grep -q '"status":"ok".*"transaction":300' results ||
    fail "the last one is not carried out: $(tail -n 3 results)"
kill $waits
[ "$(what k/text)" = "$(hex 300)" ] || fail "it has $(what k/text)"
sent=$(grep -c '"status":"sent"' results)
[ "$sent" -lt 150 ] || fail "$sent of 300 were sent within seconds"
echo "ok: of 300 commands in a row $sent were sent, the last one among them"

# After a restart the record still is what the node wrote, before it has written again.
bridge_stop
"$bridge" -c rpld.conf -f 2>>bridge.log &
bridge_pid=$!
until_ok 20 seen mesh/bridge/state online || fail 'the bridge does not come back'
commands k/senml 23 "$(hex '[{"bn":"urn:dev:x:","bu":"Cel","n":"t","v":23}]')"
bridge_stop
echo 'all well'
