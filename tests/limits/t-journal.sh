#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-journal.sh: the logs of rpld and rpld-bridge in a real journal, with a field for each value; run by
# tests/limits/run.
. "$(dirname "$0")/installed.sh"
installed_need mosquitto
installed_need jq

# entry UNIT EVENT FILTER: the last entry of that event has it.
entry() {
    journalctl -q --no-pager -b -o json -n 1 _SYSTEMD_UNIT="$1.service" RPLD_EVENT="$2" |
        jq -es "length == 1 and (.[0] | $3)"
}

installed_start 'coap_port = 5690;'
check "rpld's event has its fields" until_ok 20 entry rpld 'rpld: running' \
    '.RPLD_CONFIG == "/etc/rpld/rpld.conf" and .SYSLOG_IDENTIFIER == "rpld" and .PRIORITY == "5"'
check "and its message as it would stand elsewhere" until_ok 20 entry rpld 'rpld: running' \
    '.MESSAGE | startswith("rpld: running version=")'
check "the bridge's as well" until_ok 20 entry rpld-bridge 'broker: connected' \
    '.RPLD_BROKER == "mqtt://127.0.0.1:1883" and .RPLD_MQTT == "5" and (.RPLD_CLIENT_ID |
    startswith("rpld-")) and .SYSLOG_IDENTIFIER == "rpld-bridge" and .PRIORITY == "6"'
check "with the message" until_ok 20 entry rpld-bridge 'broker: connected' \
    '.MESSAGE | startswith("broker: connected broker=mqtt://127.0.0.1:1883 client_id=rpld-")'
check "a value of several words is one field" until_ok 20 eval 'pkill -x mosquitto;
    entry rpld-bridge "broker: away, trying again" ".RPLD_REASON | test(\" \")"'
# The socket that is left from before names its receiver with each line.
systemctl restart systemd-journald
systemctl reload rpld
check "a journal that was restarted is told again" until_ok 20 entry rpld 'reload: done' \
    '.RPLD_CHANGED == "0"'
installed_finish
