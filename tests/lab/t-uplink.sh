#!/bin/bash
# SPDX-License-Identifier: ISC
# t-uplink.sh: the mesh behind a LAN as it is at home: a router that advertises its prefix, a host
# that knows nothing but what the router said, and the root, which takes the mesh's prefix from
# there. First the nodes are in the LAN's own prefix and the root answers for them. Then the
# provider renumbers the LAN, the root is killed, and last it gets a prefix delegated. The nodes
# follow each time without losing the old address, and the DODAG stays.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_need radvd radvd

ONE=2001:db8:5:0 TWO=2001:db8:6:0
lab_start 3 --topology line

# --- the LAN ---

for name in lan router host; do
    lab_netns $name 0
done
ip -n lan link add br0 type bridge mcast_snooping 0
ip -n lan link set br0 up
# plug NETNS: a wire from its eth0 to the bridge.
plug() {
    ip -n "$1" link add eth0 type veth peer name "$1" netns lan
    ip -n lan link set "$1" master br0 up
}
sysctl_of() { # NETNS KEY VALUE
    # shellcheck disable=SC2016
    nsenter --net=/run/netns/"$1" sh -c 'echo "$2" >/proc/sys/net/ipv6/conf/$1' sh "$2" "$3"
}
for name in router host n1; do
    plug $name
    sysctl_of $name eth0/accept_ra 2
done
sysctl_of host eth0/forwarding 0
for name in router host n1; do
    ip -n $name link set eth0 up
done
sysctl_of router all/forwarding 1
sysctl_of router eth0/accept_ra 0

# advertise NETNS LINES: radvd there with that in its interface.
advertise() {
    local conf=$LAB/$1.radvd

    cat >"$conf" <<END
interface eth0 {
    AdvSendAdvert on; IgnoreIfMissing on;
    MinRtrAdvInterval 3; MaxRtrAdvInterval 4; MinDelayBetweenRAs 3;
    $2
};
END
    if [ -n "${LAB_PIDS[$1/radvd]:-}" ]; then
        kill -TERM "${LAB_PIDS[$1/radvd]}"
        wait "${LAB_PIDS[$1/radvd]}"
    fi
    (exec nsenter --net=/run/netns/"$1" radvd -n -m stderr -C "$conf" -p $LAB/"$1".pid) \
        >>$LAB/"$1".radvd.log 2>&1 </dev/null &
    LAB_PIDS[$1/radvd]=$!
}
ip -n router addr add $ONE::1/64 dev eth0 nodad
advertise router "prefix $ONE::/64 { };"

# --- looking ---

has() { # NETNS PREFIX: an address there
    ip -n "$1" -6 -o addr show scope global | grep -q " ${2%:0}:"
}
prefix_is() {
    [ "$(lab_json 1 status '.instances[0].prefix')" = "$1/64" ]
}
identity() {
    lab_json 1 status '.instances[0] | [.dodag_id, .version] | join(" ")'
}
# What the host was told, and by whom.
host_knows() {
    ip -n host -6 route show | grep -vE 'proto (kernel|ra) ' | grep -v '^fe80'
}
# All that is not ours in the root's kernel; lifetimes run on.
not_ours() {
    { ip -n n1 -6 rule show; ip -n n1 -6 route show table all; } | grep -v 'proto rpl\|proto 155' |
        sed -E 's/ expires [0-9]+sec//' | sort
}
host_reaches() {
    LAB_PREFIX=$1 lab_check "$2" eval "nsenter --net=/run/netns/host ping -6 -n -q -c 3 -i 0.2 -W 2 \
        \$(lab_address 3)"
}

lab_check "the root has an address of the LAN" lab_until 30 has n1 $ONE
lab_check "and so has the host" lab_until 30 has host $ONE

# --- in the LAN's own prefix ---

LAB_ROOT_LINES='ndp_proxy = "eth0";'
# lab_config gives the root a prefix; this one has an uplink.
root_config() {
    lab_config 1 root 'uplink = "eth0"; grounded_by = "eth0";'
    sed -i 's/^ *prefix = "[^"]*";//' $LAB/n1/rpld.conf
}
root_start() {
    lab_run 1 rpld "$LAB_BUILD/rpld/rpld" -c $LAB/n1/rpld.conf -f
}
root_config
before=$(not_ours)
lab_check "rpld --prepare lets the root answer for the nodes" eval \
    'lab_in 1 "$LAB_BUILD/rpld/rpld" --prepare -c $LAB/n1/rpld.conf | grep "eth0.proxy_ndp: 0 -> 1"'
root_start
for node in 2 3; do
    lab_rpld $node
done
LAB_PREFIX=$ONE
lab_check "the mesh has the LAN's prefix" lab_until 30 prefix_is 2001:db8:5::
lab_check "both nodes are in it" lab_until 120 lab_joined 2
was=$(identity)
lab_check "the host knows nothing of the mesh" lab_unless host_knows
host_reaches $ONE "but reaches the last node"
lab_check "and the last node reaches it" eval 'lab_reaches 3 "$(ip -n host -6 -o addr show scope \
    global | awk "{ sub(\"/.*\", \"\", \$4); print \$4; exit }")"'
lab_check "the root answers for itself and two nodes" test "$(ip -n n1 -6 neigh show proxy |
    grep -c "^$ONE:12:4b00:")" = 3

# --- renumbered ---

advertise router "prefix $TWO::/64 { };
    prefix $ONE::/64 { AdvPreferredLifetime 0; AdvValidLifetime 7200; };"
ip -n router addr add $TWO::1/64 dev eth0 nodad
LAB_PREFIX=$TWO
lab_check "the mesh follows to the new prefix" lab_until 60 prefix_is 2001:db8:6::
lab_check "node 3 makes an address of it" lab_until 60 has n3 $TWO
lab_check "and keeps the old one" has n3 $ONE
two_each() {
    [ "$(lab_installed | wc -l)" = 4 ]
}
lab_check "both addresses of both nodes are routed" lab_until 60 two_each
host_reaches $TWO "the host reaches the new address"
host_reaches $ONE "and the old one"
lab_check "the DODAG is the same, of the same version" test "$(identity)" = "$was"

# --- killed ---

prefix_kept() {
    grep -q 2001:db8:6:: $LAB/n1/state/rpld.state
}
lab_check "the prefix is in the state" lab_until 30 prefix_kept
lab_signal KILL 1 rpld
ip -n n1 link set eth0 down # and the LAN is away, too
root_start
lab_check "a root that was killed is the same DODAG" lab_until 30 eval '[ "$(identity)" = "$was" ]'
lab_check "with the prefix it had last" prefix_is 2001:db8:6::
ip -n n1 link set eth0 up
lab_check "the LAN comes back" lab_until 30 has n1 $TWO
lab_check "the nodes are known within 120 s" lab_until 120 eval '[ "$(lab_installed |
    grep -c "^$TWO")" = 2 ]'
lab_check "the root answers for them again" lab_until 30 eval '[ "$(ip -n n1 -6 neigh show proxy |
    grep -c "^$TWO:12:4b00:")" = 3 ]'
host_reaches $TWO "and the host reaches the last one"
lab_check "the old addresses are routed still" lab_until 60 eval '[ "$(lab_installed |
    grep -c "^$ONE")" = 2 ]'
host_reaches $ONE "and reached"

# --- delegated ---

ip -n n1 -6 route add unreachable 2001:db8:1200::/56 proto dhcp metric 1024
THREE=2001:db8:1200:ff
LAB_PREFIX=$THREE
lab_check "a delegated prefix is taken, the last /64 of it" lab_until 30 prefix_is $THREE::
lab_check "node 3 makes an address of it, too" lab_until 60 has n3 $THREE
lab_check "the root routes it" lab_until 60 eval 'lab_installed | grep -q "$(lab_address 3)"'
if nsenter --net=/run/netns/host test -e /proc/sys/net/ipv6/conf/eth0/accept_ra_rt_info_max_plen
then
    sysctl_of host eth0/accept_ra_rt_info_max_plen 64
    advertise n1 "AdvDefaultLifetime 0; route $THREE::/64 { };"
    lab_check "the host hears of a route to it" lab_until 30 eval \
        'ip -n host -6 route show | grep "^$THREE::/64 via"'
    host_reaches $THREE "and reaches node 3 there"
    kill -TERM "${LAB_PIDS[n1/radvd]}"
else
    echo "   this kernel knows no Route Information (CONFIG_IPV6_ROUTE_INFO): left out"
fi

# --- the cable is pulled ---

grounded_is() {
    [ "$(lab_json 1 status '.instances[0].grounded')" = "$1" ]
}
lab_check "the DODAG is grounded while the uplink is up" grounded_is true
ip -n lan link set n1 down
lab_check "and not without it" lab_until 10 grounded_is false
ip -n lan link set n1 up
lab_check "and again when it is back" lab_until 10 grounded_is true

# --- what is left ---

ip -n n1 -6 route del unreachable 2001:db8:1200::/56 proto dhcp metric 1024
lab_signal TERM 1 rpld
lab_check "a clean stop answers for nobody" test -z "$(ip -n n1 -6 neigh show proxy)"
lab_check "and leaves no route and no address" test -z "$(ip -n n1 -6 route show proto 155;
    ip -n n1 -6 -o addr show dev lowpan0 scope global)"
changed=$(diff <(echo "$before") <(not_ours) | grep '^[<>]' | grep -v "dev eth0\|2001:db8:6:")
echo "   other than on the LAN itself: ${changed:-nothing changed}"
lab_check "nothing of the host's own routing has changed" test -z "$changed"
for key in "${!LAB_PIDS[@]}"; do
    [[ $key != */radvd ]] || kill -TERM "${LAB_PIDS[$key]}" 2>/dev/null
done
lab_finish
