#!/bin/bash
# SPDX-License-Identifier: ISC
# t-wires.sh: RPL over plain Ethernet, several interfaces and two instances in one daemon. The root
# 1 has a wire to 2 and one to 3; 4 is behind 2. Instance 0 is non-storing on both wires, instance
# 30 is storing on the wire to 3 only. 2 and 4 live in instance 0, 3 in instance 30.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"

OTHER=fd72:706c:6400:30
LAB_NODES=4
for node in 1 2 3 4; do
    lab_netns n$node 1
    mkdir -p $LAB/n$node/state
    [ -z "$LAB_USER" ] || chown "$LAB_USER" $LAB/n$node/state
done

# wire A B: an interface toB in nA and toA in nB, with link-locals fe80::A and fe80::B.
wire() {
    ip -n n"$1" link add to"$2" type veth peer name to"$1" netns n"$2"
    ip -n n"$1" link set to"$2" addrgenmode none up
    ip -n n"$2" link set to"$1" addrgenmode none up
    ip -n n"$1" addr add fe80::"$2"00"$1"/64 dev to"$2" nodad
    ip -n n"$2" addr add fe80::"$1"00"$2"/64 dev to"$1" nodad
}
wire 1 2
wire 1 3
wire 2 4

# config NODE INSTANCES
config() {
    cat >$LAB/n"$1"/rpld.conf <<END
instances = ( $2 );
user = "$LAB_USER";
control = { socket = "$LAB/n$1/rpld.sock"; group = ""; };
state = { directory = "$LAB/n$1/state"; };
log = { level = "debug"; };
END
    lab_run "$1" rpld "$LAB_BUILD/rpld/rpld" -c $LAB/n"$1"/rpld.conf -f
}

config 1 "{ id = 0; role = \"root\"; mode = \"non-storing\"; prefix = \"$LAB_PREFIX::/64\";
            interfaces = ( \"to2\", \"to3\" ); },
          { id = 30; role = \"root\"; mode = \"storing\"; objective = \"of0\";
            prefix = \"$OTHER::/64\"; interfaces = ( \"to3\" ); }"
config 2 "{ id = 0; role = \"router\"; mode = \"non-storing\"; interfaces = ( \"to1\", \"to4\" ); }"
config 3 "{ id = 30; role = \"leaf\"; mode = \"storing\"; objective = \"of0\";
            interfaces = ( \"to1\" ); }"
config 4 "{ id = 0; role = \"router\"; mode = \"non-storing\"; interfaces = ( \"to2\" ); }"

route() {
    ip -n n1 -6 route show proto 155 | grep -E "^$1 .*$2"
}

# An instance's address of a node, by its prefix.
address() {
    ip -n n"$1" -6 -o addr show scope global | awk -v p="$2:" 'index($4, p) { sub("/.*", "", $4);
        print $4; exit }'
}

lab_check "2 joins instance 0" lab_until 60 eval '[ -n "$(address 2 $LAB_PREFIX)" ]'
lab_check "3 joins instance 30" lab_until 60 eval '[ -n "$(address 3 $OTHER)" ]'
lab_check "4 joins instance 0 through 2" lab_until 60 eval '[ -n "$(address 4 $LAB_PREFIX)" ]'
lab_check "the route to 4 goes into rpl0" lab_until 30 route "$(address 4 $LAB_PREFIX)" "dev rpl0"
lab_check "the route to 3 goes to its wire" lab_until 30 route "$(address 3 $OTHER)" "dev to3"
lab_check "3 is in one instance only" test -z "$(address 3 $LAB_PREFIX)"
lab_check "the root reaches 2" lab_reaches 1 "$(address 2 $LAB_PREFIX)"
lab_check "the root reaches 3" lab_reaches 1 "$(address 3 $OTHER)"
lab_check "the root reaches 4" lab_reaches 1 "$(address 4 $LAB_PREFIX)"
lab_check "3 reaches 4, from instance to instance" lab_reaches 3 "$(address 4 $LAB_PREFIX)"
lab_check "4 reaches 3" lab_reaches 4 "$(address 3 $OTHER)"
lab_check "2 stepped along the source routes" test "$(lab_json 2 counters \
    '.counters[] | select(.name == "forward-source-route-step") | .value')" -gt 0
lab_check "both instances are in the status" test "$(lab_json 1 status \
    '[.instances[] | [.id, .mode, .objective] | join(" ")] | join(", ")')" = \
    "0 non-storing mrhof, 30 storing of0"

# A wire is taken away for good, and another one comes under its name.
ip -n n1 link del to3
lab_check "without its wire 3 is not reached" lab_unless lab_pings 1 "$(address 3 $OTHER)"
lab_check "the log has the name of what is gone" eval \
    'grep -q "interface=to3 ifindex=[0-9]* state=link-down" $LAB/n1/rpld.log'
lab_check "and of all else" lab_unless grep 'interface=?' $LAB/n1/rpld.log
wire 1 3
lab_check "on a new wire of that name it is" lab_until 90 eval \
    'target=$(address 3 $OTHER); [ -n "$target" ] && lab_pings 1 "$target"'
lab_check "the others never noticed" lab_reaches 1 "$(address 4 $LAB_PREFIX)"
lab_finish
