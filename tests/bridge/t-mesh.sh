#!/bin/bash
# SPDX-License-Identifier: ISC
# t-mesh.sh storing|non-storing: the bridge on a real mesh, started by the root's `rpld -f`: a line
# of four over a lossy air with a sensor in each node behind the root. Values arrive from all of
# them, a command reaches the last one, a node that is killed goes offline and comes back.
. "$(dirname "$0")/../lab/lab.sh"
LAB_MODE=${1:-non-storing}
lab_need mosquitto mosquitto
lab_need mosquitto_sub mosquitto-clients
lab_enter "$@"

SENSORS=(- - thermostat door greenhouse) # by node
MESSAGES=$LAB/messages

# lab_config for the root, with a bridge, whose user may read the control socket.
root_config() {
    lab_config 1 root
    [ -z "$LAB_USER" ] || sed -i 's/group = ""/group = "nogroup"/' $LAB/n1/rpld.conf
    cat >>$LAB/n1/rpld.conf <<END
bridge = {
    program = "$(lab_bridge)";
    settle_s = 1;
    commands = ( "setpoint" );
    rules = ( { path = "door"; format = "value"; } );
};
END
}

# The packages have a service for it; rpld -f starts one itself.
bridge_service() {
    mkdir -p $LAB/n1/bridge
    cp $LAB/n1/rpld.conf $LAB/n1/bridge
    lab_run 1 bridge "$LAB_BUILD/bridge/rpld-bridge" -f -c $LAB/n1/bridge/rpld.conf
}

bridge_kill() {
    if [ -n "${LIMITS:-}" ]; then
        lab_signal KILL 1 bridge
        bridge_service
    else
        kill -KILL "$(pgrep -f "^$LAB/rpld-bridge -c $LAB/n1/")"
    fi
}

# message PATTERN: a line "TOPIC PAYLOAD" that arrived since the mark.
MARK=1
message() {
    tail -n +$MARK $MESSAGES | grep -Eq -- "$1"
}

mark() {
    MARK=$(($(wc -l <$MESSAGES) + 1))
}

command_done() {
    lab_in 1 mosquitto_pub -h 127.0.0.1 -t "mesh/$(lab_eui64 2)/setpoint/set" -m 25.5
    lab_until 30 message "^mesh/$(lab_eui64 2)/setpoint/set/result .*\"status\":\"ok\""
}

lab_start 4 --topology line --loss 10
cat >$LAB/mosquitto.conf <<END
listener 1883 127.0.0.1
allow_anonymous true
user root
END
lab_run 1 mosquitto mosquitto -c $LAB/mosquitto.conf
for node in 2 3 4; do
    lab_rpld $node
    lab_run $node sensor "$LAB_BUILD/tests/lab/sensor" -i 2 "${SENSORS[node]}"
done
root_config
lab_run 1 rpld "$LAB_BUILD/rpld/rpld" -c $LAB/n1/rpld.conf -f
[ -z "${LIMITS:-}" ] || bridge_service
lab_run 1 watch mosquitto_sub -h 127.0.0.1 -t '#' -F '%t %p'
MESSAGES=$LAB/n1/watch.log

lab_check "the bridge is online" lab_until 30 message '^mesh/bridge/state online$'
for node in 2 3 4; do
    lab_check "node $node is online" lab_until 120 message \
        "^mesh/$(lab_eui64 $node)/availability online\$"
done
lab_check "the thermostat's temperature arrives" lab_until 90 message \
    "^mesh/$(lab_eui64 2)/temperature \{\"v\":[0-9.]+,"
lab_check "the door's state" lab_until 90 message "^mesh/$(lab_eui64 3)/door (open|closed)\$"
lab_check "the greenhouse's climate, three hops away" lab_until 90 message \
    "^mesh/$(lab_eui64 4)/climate/temperature \{\"v\":[0-9.]+,\"u\":\"Cel\","
# The root hears the first node's DIOs and those of no other.
lab_check "the Rank of a neighbour is told" lab_until 100 message \
    "^mesh/$(lab_eui64 2)/info .*\"parent\":\"[0-9a-f:]+\",\"rank\":[0-9]+,"
# Storing mode does not tell it.
[ "$LAB_MODE" = storing ] || lab_check "how far away the last one is" lab_until 100 message \
    "^mesh/$(lab_eui64 4)/info .*\"hops\":3\}"
lab_check "a command is carried out" command_done
lab_check "and its effect is seen" lab_until 30 message \
    "^mesh/$(lab_eui64 2)/setpoint \{\"v\":25.5,"

# The sensor loses its memory of us: it is found out and observed again.
mark
lab_signal KILL 4 sensor
lab_run 4 sensor "$LAB_BUILD/tests/lab/sensor" -i 2 greenhouse
lab_check "a sensor that restarted is observed again" lab_until 120 message \
    "^mesh/$(lab_eui64 4)/climate/humidity "

# The process of the bridge alone dies: rpld's other process starts it again.
mark
bridge_kill
lab_check "its last will is told" lab_until 20 message '^mesh/bridge/state offline$'
lab_check "it is started again" lab_until 60 message '^mesh/bridge/state online$'
lab_check "and values arrive again" lab_until 60 message "^mesh/$(lab_eui64 4)/climate/humidity "
if [ "$LAB_FAILED" != 0 ]; then
    tail -n 20 $LAB/n1/rpld.log $MESSAGES
fi
lab_finish
