#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-qos.sh BRIDGE: the experiments of MQTT's lectures with the bridge as publisher: QoS 0, 1 and 2
# of the publisher and of the subscriber, clean and persistent sessions, and who gets what after
# being away. Predicted first, from the standard (MQTT 3.1.1, 3.8.4 and 4.3; 3.1.2.4 for sessions)
# and mosquitto's manual (queue_qos0_messages), then seen.
#
# The predictions:
#   a message is delivered with the smaller QoS of the two;
#   who is there gets all of it, in every pair;
#   who was away with a clean session gets nothing of that time;
#   who was away with a persistent one gets what has QoS 1 or 2 at both ends.
set -u
. "$(dirname "$0")/lib.sh"
bridge=$(realpath "$1")
bridge_enter "$0" "$bridge"

port=21911
node=00124b0000020000

subs=()

# sub_start QOS clean|persistent: what it gets is added to QOS-SESSION.txt, "QOS TOPIC NUMBER".
sub_start() {
    local options=(-h 127.0.0.1 -p $port -i "$1-$2" -q "$1" -F '%q %t %p')

    [ "$2" = clean ] || options+=(-c)
    mosquitto_sub "${options[@]}" -t "mesh/$node/+" -t "here/$1-$2" >>"$1-$2.txt" 2>/dev/null &
    subs+=($!)
}

# It gets what is sent to it alone, so that it is there.
is_there() {
    mosquitto_pub -h 127.0.0.1 -p $port -t "here/$1" -m "$2"
    grep -q "here/$1 $2\$" "$1.txt"
}

# The subscribers, all of them; $1 says which time it is.
subs_start() {
    local q s

    for q in 0 1 2; do
        for s in clean persistent; do
            sub_start $q $s
        done
    done
    for q in 0 1 2; do
        for s in clean persistent; do
            until_ok 20 is_there $q-$s "$1" || fail "subscriber $q-$s does not come"
        done
    done
}

node_do() {
    local answer

    echo "$*" >&4
    read -rt 60 answer <&5 && [ "$answer" = done ] || fail "the node does not: $*"
}

# The witness listens all the time.
witnessed() {
    [ "$(grep -c " $1\$" witness.txt)" -ge 3 ]
}

send() {
    node_do send "$1" "$2"
    until_ok 20 witnessed "$2" || fail "$2 does not reach the broker"
}

# got FILE PATH FROM TO: how many of these numbers came, and with which QoS ("-": none).
got() {
    awk -v path="mesh/$node/$2" -v from="$3" -v to="$4" '$2 == path && $3 >= from && $3 <= to && !seen[$3]++ {
        n++; qos = qos == "" || qos == $1 ? $1 : "mixed" }
        END { print n + 0 (n > 0 ? "@" qos : "") }' "$1"
}

ip -6 addr add fd00::2/128 dev lo nodad
broker_start broker $port 'max_queued_messages 1000'
player_start
mkfifo to from
"${python:-python3}" "$here/node-steps.py" fd00::2 p0 p1 p2 <to >from &
exec 4>to 5<from
: >witness.txt
mosquitto_sub -h 127.0.0.1 -p $port -t "mesh/$node/+" -q 2 -F '%t %p' >witness.txt &
for n in 0 1 2; do
    : >"$n-clean.txt"
    : >"$n-persistent.txt"
done
bridge_start "$bridge" "broker = \"mqtt://127.0.0.1:$port\"; control_socket = \"none\"; format = \"value\";
    rules = ( { path = \"p0\"; qos = 0; }, { path = \"p1\"; qos = 1; }, { path = \"p2\"; qos = 2; } );"
printf 'up %s fd00::2\n' $node >&3
node_do observed
subs_start first
send 1 5
kill "${subs[@]}" # each says good-bye, so that the broker knows
wait "${subs[@]}"
send 6 10
subs_start second
send 11 15
everybody_has_last() {
    local q s

    for q in 0 1 2; do
        for s in clean persistent; do
            [ "$(grep -c ' 15$' $q-$s.txt)" -ge 3 ] || return 1
        done
    done
}
until_ok 30 everybody_has_last || fail 'the last one does not reach everybody'

wrong=0
echo 'publisher subscriber session     there      away       again   (number@QoS, as predicted)'
for p in 0 1 2; do
    for s in 0 1 2; do
        for session in clean persistent; do
            least=$((p < s ? p : s))
            there=5@$least
            away=0
            if [ $session = persistent ] && [ $least -gt 0 ]; then
                away=5@$least
            fi
            seen="$(got $s-$session.txt p$p 1 5) $(got $s-$session.txt p$p 6 10) $(got \
                $s-$session.txt p$p 11 15)"
            verdict=ok
            if [ "$seen" != "$there $away $there" ]; then
                verdict="PREDICTED $there $away $there"
                wrong=$((wrong + 1))
            fi
            # shellcheck disable=SC2086
            printf '%-9s %-10s %-11s %-10s %-10s %-7s %s\n' $p $s $session $seen "$verdict"
        done
    done
done
[ $wrong -eq 0 ] || fail "$wrong of 18 are not as predicted"
bridge_stop
echo 'all well'
