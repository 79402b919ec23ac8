#!/bin/bash
# SPDX-License-Identifier: ISC
#
# mesh.sh storing|non-storing: six radios that rpld brings up by itself, in the machine of vm.sh:
#
#     uplink -- 1 -- 2 -- 3 -- 4 -- 5
#                    |
#                    6
#
# The root is node 1, the radio of node N has the ID N - 1 and the address that the configuration
# gives it, so that lab_address and lab_node hold here as well.
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../lab/lab.sh"
. "$HERE/radio.sh"
LAB_MODE=${1:-non-storing}
LAB_NODES=6
lab_prepare

radios() {
    "$LAB_BUILD/tests/radio/radios" "$@"
}

# radio_config NODE [LINES]: rpld.conf of a node, with its radio. LINES go into the radio.
radio_config() {
    local role=router lines=

    if [ "$1" = 1 ]; then
        role=root
        lines='dodag = { dio_interval_min = 9; };'
    fi
    lab_config "$1" $role "$lines"
    cat >>$LAB/n"$1"/rpld.conf <<END
radio = ( {
    address = "$(eui64 "$1")";
    channel = 15;
    pan_id = 0x0023;
    ${2:-}
} );
contexts = ( "$LAB_PREFIX::/64" );
END
    [ "$1" != 1 ] || cat >>$LAB/n1/rpld.conf <<END
bridge = { program = "$(lab_bridge)"; settle_s = 1; };
END
}

# --- the machines ---

modprobe -a mac802154_hwsim veth || lab_die "this kernel has no emulated radios"
radios make $LAB_NODES 0-1 1-2 2-3 3-4 1-5 || lab_die "no radios"
for ((node = 1; node <= LAB_NODES; node++)); do
    mkdir -p $LAB/n$node/state
    chown "$LAB_USER" $LAB/n$node/state
    radio_config $node
done
# Node 1 names its radio by the EUI-64 that it came with; the others have one and take it.
own=$(link_says 1 wpan0 address)
radio_config 1 "eui64 = \"$own\"; tx_power = 3.2; retries = 5;"

lab_uplink
lab_in 1 bash -c 'echo 1 >/proc/sys/net/ipv6/conf/eth0/accept_ra'
lab_check "prepare says what it does" prepare 1
cat $LAB/check.log
lab_check "it keeps the uplink's router advertisements" sysctl_is 1 eth0/accept_ra 2
lab_check "it has nothing to do again" eval 'prepare 1 | grep -q "^nothing to do"'
for node in 2 3 4 5; do
    prepare $node >$LAB/n$node/prepare.log 2>&1 || lab_check "prepare $node" false
done

# --- up ---

cat >$LAB/mosquitto.conf <<END
listener 1883 127.0.0.1
allow_anonymous true
user root
END
lab_run 1 mosquitto mosquitto -c $LAB/mosquitto.conf

for ((node = 1; node <= LAB_NODES; node++)); do
    radio_rpld $node
done
lab_check "$LAB_MODE: the root knows a way to all 5 nodes within 120 s" lab_until 120 lab_joined 5 ||
    lab_finish
echo "   $SECONDS s after the beginning"
lab_check "the radio has the PAN" test "$(iwpan_says 1 dev pan_id)" = 0x0023
lab_check "and the address of the configuration" \
    test "$(iwpan_says 2 dev extended_addr)" = 0x"$(eui64 2)"
lab_check "and no short address" test "$(iwpan_says 1 dev short_addr)" = 0xffff
lab_check "it asks for acknowledgements" test "$(iwpan_says 1 dev ackreq_default)" = 1
lab_check "the channel is set" test "$(iwpan_says 3 phy current_channel:)" = 15,
lab_check "the 6LoWPAN interface has an MTU of 1280" \
    test "$(link_says 1 lowpan0 mtu)" = 1280
lab_check "what the radio cannot do is said" logged 1 'transmit power cannot be set'
lab_check "a prepared interface is quiet" eval \
    'sysctl_is 2 lowpan0/accept_dad 0 && sysctl_is 2 lowpan0/router_solicitations 0 &&
        sysctl_is 2 lowpan0/accept_ra 0'
lab_check "one that was not is named with the command" logged 6 'radio: .*rpld --prepare'
lab_check "rplctl shows the radio" eval '[ "$(lab_json 1 interfaces \
    ".interfaces[0] | [.radio, .eui64, .page, .channel, .pan_id] | @csv")" = \
    "\"up\",\"$(eui64 1)\",0,15,35" ]'
mtu_is() { # NODE TRUE-OR-FALSE: what doctor thinks of it
    [ "$(lab_json "$1" doctor '.checks[] | select(.name == "mtu of lowpan0") | .ok')" = "$2" ]
}
# The kernel takes it, and then loses each packet that is larger.
ip -n n6 link set lowpan0 mtu 1400
lab_check "doctor sees a 6LoWPAN interface with more than 1280 octets" lab_until 10 mtu_is 6 false
ip -n n6 link set lowpan0 mtu 1280
lab_check "and that it is mended" lab_until 10 mtu_is 6 true
lab_check "doctor finds no fault in it" test "$(lab_json 1 doctor \
    '.checks[] | select(.name == "radio of lowpan0") | .ok')" = true
lab_check "the kernel's routes are those of the nodes" lab_kernel_agrees
if [ "$LAB_MODE" = non-storing ]; then
    lab_check "rplctl knows how far the nodes are" test \
        "$(lab_json 1 nodes '[.nodes[].hops] | sort | join(" ")')" = "1 2 2 3 4"
fi

lab_run 2 sensor "$LAB_BUILD/tests/lab/sensor" -i 3 thermostat
lab_run 5 sensor "$LAB_BUILD/tests/lab/sensor" -i 3 greenhouse
lab_run 1 watch mosquitto_sub -h 127.0.0.1 -t '#' -F '%t %p'

# --- packets ---

for node in 2 4 5 6; do
    lab_check "the root reaches node $node" lab_reaches 1 "$(lab_address $node)"
done
lab_check "node 6 reaches node 5" lab_reaches 6 "$(lab_address 5)"
lab_check "20 pings of the uplink to node 5 arrive" \
    test "$(lab_lost uplink "$(lab_address 5)" 20)" = 0
lab_check "and so do 10 of 1200 octets" \
    test "$(lab_lost uplink "$(lab_address 5)" 10 0.1 1152)" = 0

# --- frames as they are on the air ---

# An echo request to ff02::1 from a mote that is none of ours, 02:12:4b:00:00:77:00:00, in frames
# that the kernel itself can read: with an uncompressed IPv6 header and with a compressed one.
mote=fe80::12:4b00:77:0
lab_in 2 tcpdump -Z root -n -i lowpan0 -l "icmp6 and dst $mote" >$LAB/echo.log 2>&1 &
LAB_PIDS[2/tcpdump]=$!
lab_until 10 grep -q listening $LAB/echo.log
ip -n n2 -6 neigh replace $mote lladdr 02:12:4b:00:00:77:00:00 dev lowpan0 nud permanent
radio_frames() {
    lab_in 6 "$LAB_BUILD/tests/radio/inject" -f "$HERE/frames/$1" wpan5
}
lab_check "injected frames leave" radio_frames echo
lab_check "both are answered" lab_until 10 eval \
    '[ "$(grep -c "> $mote: ICMP6, echo reply" $LAB/echo.log)" = 2 ]'
lab_signal TERM 2 tcpdump

# Frames as Contiki-NG and RIOT send them, which the kernel cannot read. The mote is below node 2;
# what comes back to it is seen there.
global=$(lab_address $((16#77)))
lab_in 2 tcpdump -Z root -n -x -i lowpan0 -l "dst $global" >$LAB/mote.log 2>&1 &
LAB_PIDS[2/tcpdump]=$!
lab_in 3 tcpdump -Z root -n -i any -l "icmp6 and dst $(lab_address 3)" >$LAB/routed.log 2>&1 &
LAB_PIDS[3/tcpdump]=$!
lab_until 10 grep -q listening $LAB/mote.log
lab_until 10 grep -q listening $LAB/routed.log
# The bridge speaks to the mote as well: answers are known by what is in them, the identifier and
# sequence number of an echo, or the ports of a datagram that is sent back.
answered() {
    local each

    for each; do
        grep -q "0x0.*: .*$each" $LAB/mote.log || return 1
    done
}
knows_mote() {
    [ "$(lab_json 1 nodes ".nodes[] | select(.address == \"$global\") | .route")" = installed ]
}
dmesg -C
lab_check "a DAO of the mote leaves" radio_frames dao-$LAB_MODE
lab_check "the root has a way to the mote" lab_until 20 knows_mote
radio_frames contiki
lab_check "three echo requests of Contiki-NG are answered" lab_until 20 \
    answered '7270 0001' '7270 0002' '7270 0003'
radio_frames riot
lab_check "RIOT's compressed UDP comes to the root, which answers that nobody listens" \
    lab_until 20 answered 'f0b1 f0b2'
radio_frames fragments
lab_check "a packet in fragments is put together and answered" lab_until 20 \
    answered '7270 0004'
if [ "$LAB_MODE" = non-storing ]; then
    radio_frames source-route
    lab_check "a compressed source route is followed" lab_until 20 \
        grep -q "$(lab_address 1) > $(lab_address 3): ICMP6, echo request" $LAB/routed.log
fi
lab_signal TERM 2 tcpdump
lab_signal TERM 3 tcpdump
lab_check "the kernel has not complained of a frame" lab_unless eval \
    'dmesg | grep -i "not implemented\|unknown dispatch\|nhc"'
lab_check "doctor finds no fault with the frames" test -z "$(lab_json 2 doctor \
    '.checks[] | select((.name | startswith("lowpan-")) and (.ok | not)) | .name')"
ip -n n2 link set lowpan0 mtu 1400
lab_check "an MTU that 6LoWPAN cannot carry is found" lab_until 10 test "$(lab_json 2 doctor \
    '.checks[] | select(.name == "mtu of lowpan0") | .mend')" = 'ip link set lowpan0 mtu 1280'
ip -n n2 link set lowpan0 mtu 1280

# --- the ways to decode, changed by a reload ---

decode() {
    sed -i '/^decode/d' $LAB/n2/rpld.conf
    echo "decode = \"$1\";" >>$LAB/n2/rpld.conf
    lab_ctl 2 reload
}
decoded() {
    lab_json 2 counters '.counters[] | select(.name == "lowpan-packet") | .value'
}
lab_in 2 tcpdump -Z root -n -x -i lowpan0 -l "dst $global or dst $mote" >$LAB/mote.log 2>&1 &
LAB_PIDS[2/tcpdump]=$!
lab_until 10 grep -q listening $LAB/mote.log
lab_check "decode = never" decode never
before=$(decoded)
radio_frames contiki
radio_frames echo
lab_check "the kernel reads what it can" lab_until 20 grep "> $mote: ICMP6, echo reply" $LAB/mote.log
lab_check "and nobody what it cannot" lab_unless eval 'answered "7270 0003" || [ $(decoded) != $before ]'
lab_check "decode = always" decode always
radio_frames contiki
lab_check "such frames are read" lab_until 20 answered '7270 0001' '7270 0002' '7270 0003'
before=$(decoded)
lab_check "and all other data: 5 pings lose none" test "$(lab_lost 1 "$(lab_address 2)" 5 0.2)" = 0
lab_check "each of them went through rpld" test "$(decoded)" -ge $((before + 5))
lab_check "and none came twice" lab_unless eval \
    'lab_in 1 ping -6 -n -c 5 -i 0.2 -W 2 "$(lab_address 2)" | grep DUP'
lab_check "decode = auto" decode auto
lab_check "the node is reached as before" lab_reaches 1 "$(lab_address 2)"
lab_signal TERM 2 tcpdump

# --- readings ---

lab_check "readings of a sensor four hops away come to MQTT" lab_until 90 \
    grep -q "^mesh/$(lab_eui64 5)/climate/temperature {" $LAB/n1/watch.log
lab_check "and of one next to the root" lab_until 60 \
    grep -q "^mesh/$(lab_eui64 2)/temperature {" $LAB/n1/watch.log

# --- rpld that is killed, and a radio that somebody takes down ---

before=$(link_says 3 lowpan0 ifindex)
lab_signal KILL 3 rpld
radio_rpld 3
lab_check "after kill -9 the radio is taken over" lab_until 20 radio_state 3 up
lab_check "with the same interface" test "$(link_says 3 lowpan0 ifindex)" = "$before"
lab_check "the way through it works again" lab_until 60 lab_reaches 1 "$(lab_address 5)"
lab_signal KILL 6 rpld
radio_config 6 'retries = 3;'
sed -i 's/channel = 15;/channel = 16;/' $LAB/n6/rpld.conf
radio_rpld 6
lab_check "another channel takes effect at the start" lab_until 20 radio_state 6 up
lab_check "as iwpan sees it" test "$(iwpan_says 6 phy current_channel:)" = 16,
ip -n n6 link set wpan5 down
lab_check "a radio that is taken down is left alone" lab_until 10 radio_state 6 down
lab_check "and doctor has the command" test "$(lab_json 6 doctor \
    '.checks[] | select(.name == "radio of lowpan0") | .mend')" = 'ip link set wpan5 up'

# --- radios that come and go ---

radios unplug 5
lab_check "a radio that is unplugged is missed" lab_until 10 radio_state 6 missing
lab_check "and said to be" logged 6 'radio: gone'
radios plug 6 1 >$LAB/plugged
lab_check "another one in its place is taken" lab_until 20 radio_state 6 up
before=$(link_says 6 lowpan0 ifindex)
radios plug 6 1 >/dev/null
lab_check "a second one is left alone" test "$(link_says 6 lowpan0 ifindex)" = "$before"
lab_signal TERM 6 rpld
radio_config 6
radio_rpld 6
lab_check "where there are two, any is none" lab_until 20 logged 6 'radio: cannot .*name one of them'
radios unplug "$(cat $LAB/plugged)"
lab_check "and the one that is left is" lab_until 20 radio_state 6 up
lab_check "the node is reached again" lab_until 60 lab_reaches 1 "$(lab_address 6)"

# --- an interface of somebody else ---

lab_signal TERM 5 rpld
lab_check "a clean stop takes the radio down" eval \
    '! ip -n n5 link show lowpan0 && ! ip -n n5 link show wpan4 | grep -q "[<,]UP[,>]"'
ip -n n5 link add link wpan4 name lowpan0 type lowpan
ip -n n5 link set wpan4 up
ip -n n5 link set lowpan0 up
radio_config 5 'channel = 20;' 2>/dev/null
sed -i 's/channel = 15;//' $LAB/n5/rpld.conf
radio_rpld 5
lab_check "an interface of somebody else is used" lab_until 20 radio_state 5 foreign
lab_check "as it is" test "$(iwpan_says 5 phy current_channel:)" = 15,
lab_check "and the node joins" lab_until 60 lab_reaches 1 "$(lab_address 5)"
lab_signal TERM 5 rpld
lab_check "it stays when rpld goes" ip -n n5 link show lowpan0
echo "   $SECONDS s in all"
lab_finish
