# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What the tests in the machine of vm.sh share, beside lab.sh: nodes with radios, and how to look at
# them.

# The EUI-64 of a node's radio as iwpan(8) writes it, and as the configuration has it.
eui64() {
    printf '02124b00%04x0000' "$1"
}

radio_rpld() {
    lab_run "$1" rpld "$LAB_BUILD/rpld/rpld" -c $LAB/n"$1"/rpld.conf -f
}

prepare() {
    lab_in "$1" "$LAB_BUILD/rpld/rpld" -c $LAB/n"$1"/rpld.conf --prepare
}

sysctl_is() {
    [ "$(lab_in "$1" cat /proc/sys/net/ipv6/conf/"$2")" = "$3" ]
}

# What iwpan, another program than ours, says of a node's radio: one value of many lines.
iwpan_says() {
    lab_in "$1" iwpan "$2" | awk -v key="$3" '$1 == key { print $2; exit }'
}

# One value of `ip link`.
link_says() {
    ip -j -n n"$1" link show "$2" | jq -r ".[0].$3"
}

logged() {
    grep -q "$2" $LAB/n"$1"/rpld.log
}

radio_state() {
    lab_ctl "$1" --json interfaces | grep -q "\"radio\": *\"$2\""
}
