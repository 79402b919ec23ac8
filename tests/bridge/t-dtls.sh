#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-dtls.sh BRIDGE: rpld-bridge and nodes behind DTLS, played by libcoap's programs with OpenSSL
# and with GnuTLS: keys and certificates, observed and pushing, right and wrong ones. In a network
# namespace of its own. Exit 77: something is missing here, and the line says what.
set -u
. "$(dirname "$0")/lib.sh"
need coap-server-openssl libcoap3-bin
need coap-server-gnutls libcoap3-bin
need openssl openssl
bridge=$(realpath "$1")
bridge_enter "$0" "$bridge"
mqtt=21885
name() {
    printf '00124b00000%s0000' "$1"
}

fail() {
    echo "FAILED: $*"
    tail -n 20 bridge.log mqtt.txt | cut -c -300
    exit 1
}

# expect SECONDS REGEX WHAT: behind the mark.
mark=0
expect() {
    timeout "$1" grep -Eqm1 -- "$2" <(tail -n +$((mark + 1)) -f --pid=$$ mqtt.txt) ||
        fail "$3: no message like $2 within $1 s"
    echo "ok: $3"
}

certificate() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -keyout "$1.key" \
        -out "$1.csr" 2>/dev/null &&
        openssl x509 -req -in "$1.csr" -CA "$3.crt" -CAkey "$3.key" -CAcreateserial -days 2 \
            -out "$1.crt" 2>/dev/null
}

# push NODE LIBRARY OPTIONS...: a PUT as the node at fd00::NODE. From a port that is not its server's,
# which libcoap 4.3.4 would take: there its server would be left with a session that is over.
push() {
    local from=fd00::$1 library=$2

    shift 2
    timeout 20 "coap-client-$library" -a "$from" -p 7100 -B 5 -m put -e 7 "$@" 2>&1
}

# libcoap's client sends the host's name, and an address is none (RFC 6066 section 3).
echo 'fd00::ff router' >hosts
if [ -e /etc/hosts ]; then
    mount --bind hosts /etc/hosts || fail 'no hosts'
else # a machine with nothing in it
    cp -a /etc etc && cp hosts etc/hosts && mount --bind etc /etc || fail 'no hosts'
fi
for n in 1 2 3 4 5 6 7 99 ff; do
    ip -6 addr add fd00::$n/128 dev lo nodad
done
for ca in ca other; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$ca -days 2 \
        -keyout $ca.key -out $ca.crt 2>/dev/null || fail 'no certificates can be made'
done
certificate bridge bridge ca && certificate n4 "$(name 4)" ca &&
    certificate n5 "00-12-4b-00-00-09-00-00" ca && certificate n6 "$(name 6)" other ||
    fail 'no certificate'
chmod 644 ./*.key
secret=$(printf 'open sesame' | od -An -tx1 | tr -d ' \n')
cat >keys <<KEYS
# node            how
$(name 1)  psk $secret
$(name 2)  psk $secret  somebody
$(name 3)  psk 00ff00ff
$(name 4)  certificate
$(name 5)  certificate
$(name 6)  certificate
KEYS
cat >broker.conf <<CONF
listener $mqtt 127.0.0.1
allow_anonymous true
user root
log_type error
CONF
cat >rpld.conf <<CONF
bridge = {
    control_socket = "none";
    broker = "mqtt://127.0.0.1:$mqtt"; coap_port = 5690; settle_s = 0; spool = "none";
    socket = "$dir/rpld.sock"; dtls_keys = "$dir/keys"; dtls_ca = "$dir/ca.crt";
    dtls_certificate = "$dir/bridge.crt"; dtls_key = "$dir/bridge.key";
};
CONF
: >mqtt.txt
chmod 644 keys
"$bridge" -t -c rpld.conf 2>&1 | grep -q 'its owner alone' || fail 'keys that everybody can read'
chmod 600 keys
"$bridge" -t -c rpld.conf >/dev/null || fail 'the configuration does not pass'
mosquitto -c broker.conf >broker.log 2>&1 &
until_ok 10 listens "$mqtt" || fail 'the broker does not start'
mosquitto_sub -h 127.0.0.1 -p $mqtt -t '#' -q 1 -F '%r %t %p' >>mqtt.txt 2>/dev/null &
player_start

# Each of them answers without DTLS as well.
coap-server-openssl -A fd00::1 -k 'open sesame' -v 0 &
coap-server-gnutls -A fd00::2 -k 'open sesame' -v 0 &
two=$!
coap-server-openssl -A fd00::3 -k 'open sesame' -v 0 &
coap-server-openssl -A fd00::4 -c n4.crt -j n4.key -C ca.crt -v 0 &
coap-server-gnutls -A fd00::5 -c n5.crt -j n5.key -C ca.crt -v 0 &
coap-server-openssl -A fd00::6 -c n6.crt -j n6.key -C other.crt -v 0 &
coap-server-notls -A fd00::7 -v 0 &
"$bridge" -c rpld.conf -f 2>>bridge.log &
bridge_pid=$!
for n in 1 2 3 4 5 6 7; do
    printf 'up %s fd00::%s\n' "$(name $n)" $n >&3
done
expect 40 "mesh/$(name 1)/time \{\"v\":" 'a key, OpenSSL'
expect 40 "mesh/$(name 2)/time \{\"v\":" 'a key of another name, GnuTLS'
expect 40 "mesh/$(name 4)/time \{\"v\":" 'a certificate, OpenSSL'
expect 40 "mesh/$(name 7)/time \{\"v\":" 'a node without a line is spoken to without'
complained() {
    until_ok 60 grep -q "dtls: no session with a node node=$(name "$1")" bridge.log ||
        fail "node $1 is not complained about"
    grep -q "mesh/$(name "$1")/time" mqtt.txt && fail "node $1 was spoken to without DTLS"
    echo "ok: $2: nothing, and no way round it"
}

complained 5 'a certificate of another name'
complained 6 'one of another CA'

# A node that starts anew knows nothing of the session.
kill -9 $two
wait $two 2>/dev/null
mark=$(wc -l <mqtt.txt)
coap-server-gnutls -A fd00::2 -k 'open sesame' -v 0 &
expect 90 "mesh/$(name 2)/time \{\"v\":" 'a node that lost its session'

# Nodes that push. Theirs is the session.
for library in openssl gnutls; do
    mark=$(wc -l <mqtt.txt)
    push 1 $library -u "$(name 1)" -k 'open sesame' "coaps://router:5690/r/$library"
    expect 10 "mesh/$(name 1)/$library \{\"v\":7," "a push with a key, $library"
    push 4 $library -c n4.crt -j n4.key -C ca.crt -R ca.crt "coaps://router:5690/r/c-$library"
    expect 10 "mesh/$(name 4)/c-$library \{\"v\":7," "a push with a certificate, $library"
done
mark=$(wc -l <mqtt.txt)
push 1 openssl -u "$(name 1)" -k 'open barley' "coaps://router:5690/r/bad"
push 1 openssl -u somebody -k 'open sesame' "coaps://router:5690/r/bad"
push 99 openssl -u "$(name 1)" -k 'open sesame' "coaps://router:5690/r/bad"
push 5 openssl -c n5.crt -j n5.key -C ca.crt -R ca.crt "coaps://router:5690/r/bad"
[[ "$(push 1 openssl "coap://[fd00::ff]:5690/r/bad")" =~ 4.03 ]] || fail 'a push without DTLS'
push 7 openssl "coap://[fd00::ff]:5690/r/good"
expect 10 "mesh/$(name 7)/good \{\"v\":7," 'a push of a node without a line'
tail -n +$((mark + 1)) mqtt.txt | grep -q /bad && fail 'a push that should not have been taken'
echo 'ok: nobody pushes with another key, name, address or without DTLS'
complained 3 'a wrong key'

# What a session leaves behind makes the next one short, whoever begins it. A node keeps the ticket...
again() {
    timeout 10 openssl s_client -dtls1_2 -connect "[fd00::ff]:5690" -bind "[fd00::$1]:7001" \
        -psk_identity "$2" -psk "$secret" -cipher PSK-AES128-CCM8:PSK-AES128-GCM-SHA256 \
        "${@:3}" </dev/null 2>/dev/null
}
again 1 "$(name 1)" -sess_out ticket | grep -q '^New, ' || fail 'no session of openssl'
again 1 "$(name 1)" -sess_in ticket | grep -q '^Reused, ' || fail 'a session is not taken up again'
# ... and it is of no use to who has another address.
again 2 somebody -sess_in ticket >stolen
grep -q 'dtls: no session with a node node='"$(name 2)" bridge.log ||
    fail "a ticket of another node: $(cat stolen)"
echo 'ok: a node takes its session up again, and nobody else does'

# ... and as a client it is ours: with room for one session each node is met anew, again and again.
kill $bridge_pid
wait $bridge_pid 2>/dev/null
# (Without those who never answer: each would have the room to itself for a minute.)
grep -Ev "^($(name 3)|$(name 5)|$(name 6)) " keys >some && chmod 600 some
sed 's/settle_s = 0;/settle_s = 0; dtls_sessions = 1; poll_interval_s = 1; log = "debug";/
    s,/keys",/some",' rpld.conf >one.conf
mark=$(wc -l <mqtt.txt)
"$bridge" -c one.conf -f 2>one.log &
met() {
    [ "$(grep -c "dtls: session with a node node=$(name "$1") resumed=$2" one.log)" -ge "$3" ]
}
until_ok 200 met 1 yes 1 || fail "its session is never taken up again: $(grep dtls: one.log | tail -n 20)"
# Who cannot do that is asked once, and gives its values all the same. (libcoap begins sessions of
# its own when it has something to say, which ends some of ours.)
for n in 2 4; do
    until_ok 200 met $n no 2 || fail "node $n is not met again: $(grep dtls: one.log | tail -n 20)"
    expect 120 "mesh/$(name $n)/time \{\"v\":" "node $n goes on"
done
echo 'ok: sessions with nodes are taken up again, where they can'
echo 'all well'
