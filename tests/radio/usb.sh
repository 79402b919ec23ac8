#!/bin/bash
# SPDX-License-Identifier: ISC
#
# usb.sh: USB radios (ATUSB) that come and go, in the machine of vm.sh. The kernel's own driver speaks
# with the dongles that `dongle` makes, over USB/IP; udev is Debian's, with the rule of the package.
# The root, node 1, is the machine itself, as a border router is; node 2 is a namespace. Dongle N - 1
# belongs to node N.
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../lab/lab.sh"
. "$HERE/radio.sh"
LAB_MODE=non-storing
LAB_NODES=2
lab_prepare

dongle() {
    "$LAB_BUILD/tests/radio/dongle" $LAB/dongle.sock "$@"
}

# dongle_says N KEY: what is in the registers of dongle N, or was on its air.
dongle_says() {
    dongle show "$1" | tr ' ' '\n' | sed -n "s/^$2=//p"
}

# dongle_is N KEY=VALUE...
dongle_is() {
    local number=$1 shown each

    shown=" $(dongle show "$number") "
    echo "$shown"
    shift
    for each; do
        [[ $shown == *" $each "* ]] || { echo "not $each"; return 1; }
    done
}

# wpan_of NODE: the interface of its dongle, if that is in node 1. Programs are dear in here: there
# are few of them where something is waited for.
wpan_of() {
    local each address wanted

    wanted=$(eui64 "$1")
    for each in /sys/class/net/wpan*; do
        read -r address 2>/dev/null <"$each"/address || continue
        [ "${address//:/}" = "$wanted" ] || continue
        echo "${each##*/}"
        return 0
    done
    return 1
}

# The name of its radio: another one each time that it is plugged in.
phy_of() {
    local device

    device=$(readlink -f /sys/class/net/"$(wpan_of "$1")"/device)
    echo "${device##*/}"
}

usb_config() { # NODE ROLE LINES
    local dodag=

    [ "$2" != root ] || dodag='dodag = { dio_interval_min = 9; };'
    lab_config "$1" "$2" "$dodag"
    cat >>$LAB/n"$1"/rpld.conf <<END
radio = ( {
    eui64 = "$(eui64 "$1")";
    channel = 20;
    pan_id = 0xbeef;
    $3
} );
END
}

# --- the machine ---

modprobe vhci-hcd || lab_die "this kernel has no virtual host controller for USB"
modinfo atusb >/dev/null || lab_die "this kernel has no driver for the ATUSB"
touch /run/netns/n1
mount --bind /proc/self/ns/net /run/netns/n1
lab_netns n2 1
for node in 1 2; do
    mkdir -p $LAB/n$node/state
    chown "$LAB_USER" $LAB/n$node/state
done
usb_config 1 root 'tx_power = 1.5; retries = 5;'
usb_config 2 router 'tx_power = -4; retries = 1; ack_request = false;'

install -D -m 644 "$HERE/../../debian/rpld.udev" /etc/udev/rules.d/60-rpld.rules
install -D -m 755 "$LAB_BUILD/rpld/rpld" /usr/sbin/rpld
install -D -m 644 $LAB/n1/rpld.conf /etc/rpld/rpld.conf
lab_run 1 udev /lib/systemd/systemd-udevd
lab_until 10 test -S /run/udev/control
lab_run 1 dongle "$LAB_BUILD/tests/radio/dongle" $LAB/dongle.sock serve "$(eui64 1)" "$(eui64 2)"
lab_until 10 test -S $LAB/dongle.sock

# --- a dongle that is not ours ---

prepare 1 >$LAB/n1/prepare.log 2>&1
dongle plug 1 >/dev/null
lab_check "udev has the driver loaded for a dongle that is plugged in" lab_until 30 wpan_of 2
echo "   $SECONDS s after the beginning"
mkdir /run/rpld # that it runs is how the rule sees that there is something to do
radio_rpld 1
lab_check "the daemon waits for its own" lab_until 20 radio_state 1 missing
lab_check "and names it" logged 1 'radio: not there yet.*eui64=02:12:4b:00:00:01:00:00'
iwpan phy "$(phy_of 2)" set netns name n2
lab_check "the other one goes to node 2" lab_until 10 ip -n n2 link show wpan0
prepare 2 >$LAB/n2/prepare.log 2>&1
radio_rpld 2
lab_check "where it is taken" lab_until 20 radio_state 2 up
lab_check "with all of its settings" dongle_is 1 listens=1 channel=20 tx_power=-400 retries=1 \
    pan_id=0xbeef short=0xffff address="$(eui64 2)"

# --- ours comes, and udev prepares it ---

settings="listens=1 channel=20 tx_power=130 retries=5 pan_id=0xbeef short=0xffff address=$(eui64 1)"
quiet() {
    local key

    for key in accept_dad router_solicitations accept_ra; do
        [ "$(</proc/sys/net/ipv6/conf/lowpan0/$key)" = 0 ] || return 1
    done
}
dongle plug 0 >/dev/null
lab_check "a radio that comes later is taken" lab_until 30 radio_state 1 up
lab_check "udev's rule has made its interface quiet" lab_until 20 quiet
# shellcheck disable=SC2086
lab_check "the dongle has channel, power, retries, PAN and address" dongle_is 0 $settings
lab_check "the power is the step below 1.5 dBm, as iwpan sees it" \
    test "$(iwpan_says 1 phy tx_power:)" = 1.3
lab_check "doctor finds the radio in order" test "$(lab_json 1 doctor \
    '.checks[] | select(.name == "radio of lowpan0") | .ok, .detail' | paste -sd' ')" = \
    "true up, page 0 channel 20, PAN 0xbeef"
lab_check "and all else" test -z "$(lab_json 1 doctor '.checks[] | select(.ok | not) | .name')"
lab_check "the root knows a way to the node" lab_until 60 lab_joined 1 || lab_finish
echo "   $SECONDS s after the beginning"
lab_check "20 pings to it arrive" test "$(lab_lost 1 "$(lab_address 2)" 20)" = 0
lab_check "its frames ask for acknowledgements, and get them" eval \
    '[ "$(dongle_says 0 asked)" -ge 20 ] && [ "$(dongle_says 0 asked)" = "$(dongle_says 0 acked)" ]'
lab_check "those of node 2 are not to" test "$(dongle_says 1 asked)" = 0

# --- the cable ---

lab_run 1 ping ping -6 -n -i 0.1 "$(lab_address 2)"
answers() {
    grep -c 'bytes from' $LAB/n1/ping.log
}
more_answers() { # than N
    [ "$(answers)" -gt $(($1 + 5)) ]
}
came_back() { # TEXT BEFORE: after a loss of the radio all is as it was
    local before

    lab_check "$1: the radio is another one for the kernel" lab_until 30 eval \
        '[ -n "$(wpan_of 1)" ] && [ "$(phy_of 1)" != '"$2"' ]'
    lab_check "$1: it is taken up again" lab_until 30 radio_state 1 up
    # shellcheck disable=SC2086
    lab_check "$1: with all of its settings" lab_until 10 dongle_is 0 $settings
    lab_check "$1: quiet" lab_until 20 quiet
    before=$(answers)
    lab_check "$1: the pings are answered again" lab_until 60 more_answers "$before"
    echo "   $SECONDS s after the beginning"
}
before=$(answers)
lab_check "two nodes ping each other" lab_until 20 more_answers "$before"
phy=$(phy_of 1)
dongle pull 0 >/dev/null
lab_check "a dongle that is pulled out is missed" lab_until 20 radio_state 1 missing
lab_check "which is logged" lab_until 20 logged 1 'radio: gone, waiting for it to come back'
lab_check "and doctor says what to do" test "$(lab_json 1 doctor \
    '.checks[] | select(.name == "radio of lowpan0") | .mend' | cut -c1-10)" = "plug it in"
lab_check "status says what is waited for" eval \
    'lab_ctl 1 status | grep -x "waiting for *lowpan0"'
lab_check "its interface is not there" lab_unless ip -n n1 link show lowpan0
before=$(answers)
dongle plug 0 >/dev/null
came_back "put back" "$phy"
lab_check "put back: by the daemon that was there" eval \
    '[ "$(grep -c "rpld: running" $LAB/n1/rpld.log)" = 1 ] && lab_running 1 rpld'

# One that hangs while it is set up.
dongle pull 0 >/dev/null
dongle freeze 0 >/dev/null
dongle plug 0 >/dev/null
lab_check "a dongle that does not answer has failed" lab_until 30 radio_state 1 failed
lab_check "and doctor says what helps" test "$(lab_json 1 doctor \
    '.checks[] | select(.name == "radio of lowpan0") | .mend')" = \
    "it does not answer: unplug it and plug it in again"
dongle pull 0 >/dev/null
lab_check "it is missed when it is" lab_until 20 radio_state 1 missing
dongle plug 0 >/dev/null
lab_check "and works again" lab_until 30 radio_state 1 up

# A plug with a loose contact; the last time it holds.
phy=$(phy_of 1)
for _ in 1 2 3; do
    dongle pull 0 >/dev/null
    dongle plug 0 >/dev/null
done
came_back "a loose contact" "$phy"

# --- the driver, and the USB device, started anew ---

phy=$(phy_of 1)
resets=$(dongle_says 0 resets)
port=$(basename "$(dirname "$(dirname "$(readlink -f /sys/class/ieee802154/"$phy")")")")
echo "$port:1.0" >/sys/bus/usb/drivers/atusb/unbind
lab_check "a radio whose driver lets it go is missed" lab_until 20 radio_state 1 missing
echo "$port:1.0" >/sys/bus/usb/drivers/atusb/bind
came_back "the driver again" "$phy"
lab_check "the driver again: it has reset the chip" \
    test "$(dongle_says 0 resets)" -gt "$resets"
phy=$(phy_of 1)
"$LAB_BUILD/tests/radio/dongle" reset "$(printf /dev/bus/usb/%03d/%03d \
    "$(cat /sys/bus/usb/devices/"$port"/busnum)" "$(cat /sys/bus/usb/devices/"$port"/devnum)")"
came_back "a reset of USB" "$phy"

# --- the other end ---

lab_signal TERM 1 ping
repeated=$(dongle_says 0 repeated)
dongle pull 1 >/dev/null
lab_check "node 2 misses its radio, too" lab_until 20 radio_state 2 missing
lab_pings 1 "$(lab_address 2)" >/dev/null
lab_check "what nobody acknowledges is sent again as often as it was set" eval \
    '[ "$(dongle_says 0 repeated)" -ge $((repeated + 5)) ] && [ $(($(dongle_says 0 repeated) % 5)) = 0 ]'
dongle plug 1 >/dev/null
lab_check "it comes to node 1 first, which leaves it alone" lab_until 30 wpan_of 2
iwpan phy "$(phy_of 2)" set netns name n2
lab_check "and back to node 2, which takes it" lab_until 30 radio_state 2 up
lab_check "the root reaches node 2" lab_until 60 lab_reaches 1 "$(lab_address 2)"
lab_check "after all of this doctor finds nothing" lab_until 20 lab_unless eval \
    'lab_json 1 doctor ".checks[] | select(.ok | not)" | grep .'
lab_signal TERM 1 rpld
lab_check "a clean stop turns the receiver off" lab_until 10 dongle_is 0 listens=0
echo "   $SECONDS s in all"
lab_finish
