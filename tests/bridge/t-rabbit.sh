#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-rabbit.sh BRIDGE SENSOR: RabbitMQ in place of mosquitto, configured by doc/examples: the same
# readings reach consumers of AMQP 0-9-1, AMQP 1.0 and STOMP, and a command comes from AMQP.
set -u
. "$(dirname "$0")/lib.sh"
rabbit=/usr/lib/rabbitmq/bin
[ -x $rabbit/rabbitmq-server ] || {
    echo 'skipped: RabbitMQ is missing. Mend it with: apt-get install rabbitmq-server'
    exit 77
}
need_module pika python3-pika
need_module proton python3-qpid-proton
need_module stomp python3-stomp
bridge=$(realpath "$1") sensor=$(realpath "$2")
examples=$(cd "$here/../../doc/examples" && pwd)
bridge_enter "$0" "$bridge" "$sensor"

heat=00124b0000030000

# A server that knows nothing but this folder.
mkdir -p rabbit
export HOME=$dir RABBITMQ_NODENAME=rabbit@localhost RABBITMQ_MNESIA_BASE=$dir/rabbit \
    RABBITMQ_LOG_BASE=$dir/rabbit RABBITMQ_CONFIG_FILE=$examples/rabbitmq.conf \
    RABBITMQ_ENABLED_PLUGINS_FILE=$dir/plugins RABBITMQ_PID_FILE=$dir/rabbit/pid \
    RABBITMQ_LOGS=$dir/rabbit.log RABBITMQ_GENERATED_CONFIG_DIR=$dir/rabbit \
    RABBITMQ_ADVANCED_CONFIG_FILE=$dir/none RABBITMQ_CONF_ENV_FILE=$dir/none \
    RABBITMQ_FEATURE_FLAGS_FILE=$dir/rabbit/flags ERL_EPMD_ADDRESS=127.0.0.1 \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='+sbwt none +S 1:1'
echo '[rabbitmq_mqtt,rabbitmq_amqp1_0,rabbitmq_stomp].' >plugins
$rabbit/rabbitmq-server >server.log 2>&1 &
for port in 1883 5672 61613; do
    until_ok 90 listens $port || fail "RabbitMQ does not listen on $port"
done
echo 'ok: RabbitMQ has started'
player_start
ip -6 addr add fd00::3/128 dev lo nodad
"$sensor" -A fd00::3 -i 1 thermostat >/dev/null &
bridge_start "$bridge" 'broker = "mqtt://127.0.0.1"; control_socket = "none"; commands = ( "setpoint" );'

consumers=()
for protocol in amqp091 amqp10 stomp; do
    timeout 60 "$python" "$here/rabbit-consume.py" $protocol "mesh.$heat.temperature" 3 \
        >$protocol.txt 2>$protocol.log &
    consumers+=($!)
done
for protocol in amqp091 amqp10 stomp; do
    until_ok 30 grep -q ready $protocol.txt || fail "the consumer of $protocol does not come"
done
: >mqtt.txt
mosquitto_sub -h 127.0.0.1 -V 311 -t "mesh/$heat/temperature" -F '%t %p' >mqtt.txt &
printf 'up %s fd00::3\n' $heat >&3
wait "${consumers[@]}" || fail 'a consumer does not get its readings'
for protocol in amqp091 amqp10 stomp; do
    sed 1d $protocol.txt | tr . / | sort >seen.txt
    [ "$(wc -l <seen.txt)" -eq 3 ] || fail "$protocol: $(cat $protocol.txt)"
    # The same as by MQTT, octet for octet (but for dots, which the topic's slashes became).
    tr . / <mqtt.txt | sort >all.txt
    [ -z "$(comm -23 seen.txt all.txt)" ] || fail "$protocol differs: $(cat $protocol.txt mqtt.txt)"
    echo "ok: $protocol: $(tail -n 1 $protocol.txt)"
done
grep -q 'broker: connected .* mqtt=3.1.1$' bridge.log || fail 'it is not MQTT 3.1.1 that is spoken'

# The other way: a command by AMQP.
: >result.txt
mosquitto_sub -h 127.0.0.1 -V 311 -t "mesh/$heat/setpoint/set/result" >result.txt &
"$python" -c "
import pika
channel = pika.BlockingConnection(pika.ConnectionParameters('127.0.0.1')).channel()
channel.basic_publish('amq.topic', 'mesh.$heat.setpoint.set', b'24.5')
channel.connection.close()" || fail 'nothing can be published by AMQP'
until_ok 20 grep -q '"status":"ok"' result.txt || fail "the command is not carried out: $(cat result.txt)"
echo 'ok: a command by AMQP'
bridge_stop
echo 'all well'
