#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-xmpp.sh BRIDGE SENSOR: the example that carries readings to XMPP, with a server and a listener.
set -u
. "$(dirname "$0")/lib.sh"
need prosody prosody
need openssl openssl
need_module slixmpp python3-slixmpp
bridge=$(realpath "$1") sensor=$(realpath "$2")
examples=$(cd "$here/../../doc/examples" && pwd)
bridge_enter "$0" "$bridge" "$sensor"

heat=00124b0000030000

# Debian's prosody does not run as root, and has no need to.
as_nobody() {
    if [ "$(id -u)" -eq 0 ] && [ "$(wc -l </proc/self/uid_map)" -eq 1 ] &&
        grep -q ' 4294967295$' /proc/self/uid_map; then
        setpriv --reuid nobody --regid nogroup --clear-groups "$@"
    else
        "$@"
    fi
}

mkdir -m 777 xmpp
cat >xmpp/prosody.cfg.lua <<CONF
run_as_root = true
modules_enabled = { "roster", "saslauth", "tls", "presence", "message", "iq", "offline" }
modules_disabled = { "s2s" }
authentication = "internal_hashed"
c2s_require_encryption = true
interfaces = { "127.0.0.1" }
data_path = "$dir/xmpp"
pidfile = "$dir/xmpp/pid"
log = { info = "*console" }
VirtualHost "localhost"
    ssl = { key = "$dir/xmpp/key", certificate = "$dir/xmpp/crt" }
CONF
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 -keyout xmpp/key \
    -out xmpp/crt -addext subjectAltName=DNS:localhost 2>/dev/null || fail 'no certificate'
chmod 644 xmpp/*
for user in mesh people; do
    as_nobody prosodyctl --config xmpp/prosody.cfg.lua register $user localhost secret \
        >>ctl.log 2>&1 || fail 'no user can be made'
done
as_nobody prosody --config xmpp/prosody.cfg.lua -F >server.log 2>&1 &
until_ok 20 listens 5222 || fail 'prosody does not start'

broker_start broker 1883
player_start
mkdir -m 777 ctl
ip -6 addr add fd00::3/128 dev lo nodad
"$sensor" -A fd00::3 -i 1 thermostat >/dev/null &
bridge_start "$bridge" "control_socket = \"$dir/ctl/sock\";"
until_ok 10 test -S ctl/sock || fail 'the bridge has no control socket'
SSL_CERT_FILE=$dir/xmpp/crt "$python" "$here/xmpp-listen.py" people@localhost secret 127.0.0.1 \
    >told.txt 2>listener.log &
until_ok 20 grep -q ready told.txt || fail 'the listener cannot log in'
PATH=$(dirname "$bridge")/../rplctl:$PATH RPLD_BRIDGE_SOCKET=$dir/ctl/sock \
    SSL_CERT_FILE=$dir/xmpp/crt \
    "$python" "$examples/readings-to-xmpp" mesh@localhost secret people@localhost 127.0.0.1 \
    2>example.log &
printf 'up %s fd00::3\n' $heat >&3
until_ok 40 grep -Eq "^$heat/temperature [0-9.]+ " told.txt || fail "nothing is told: $(cat told.txt)"
echo "ok: told by XMPP: $(sed -n 2p told.txt)"
bridge_stop
echo 'all well'
