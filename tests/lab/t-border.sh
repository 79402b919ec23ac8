#!/bin/bash
# SPDX-License-Identifier: ISC
# t-border.sh storing|non-storing: source routes of somebody else's making at the border of the mesh.
# None comes in from the uplink, none leaves, all are counted, and nobody else's packets and tables
# have anything to do with it; whatever becomes of rpld and of the machine's firewall.
. "$(dirname "$0")/lab.sh"
LAB_MODE=${1:-non-storing}
lab_need nft nftables
lab_need python3 python3
lab_enter "$@"

# --- sending and looking ---

# routed NODE DESTINATION TYPE LEFT [SOURCE]: ten datagrams with a routing header of that type, whose
# one address is that of node 3.
routed() {
    lab_in "$1" python3 - "$2" "$3" "$4" "$(lab_address 3)" "${5:-}" <<'END'
import socket, struct, sys
dst, kind, left, hop, src = sys.argv[1:]
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
    probe.connect((dst, 9))
    src = src or probe.getsockname()[0]
packed = lambda text: socket.inet_pton(socket.AF_INET6, text)
udp = struct.pack("!HHHH", 9, 9, 8, 0)
header = struct.pack("!BBBBI", 17, 2, int(kind), int(left), 0) + packed(hop)
packet = struct.pack("!IHBB", 6 << 28, len(header + udp), 43, 64) + packed(src) + packed(dst)
out = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
for _ in range(10):
    out.sendto(packet + header + udp, (dst, 0))
END
}

counter() { # NODE NAME
    lab_json "$1" counters ".counters[] | select(.name == \"$2\") | .value"
}

# counts NODE NAME VALUE: within ten seconds.
counts() {
    lab_until 10 eval "[ \"\$(counter $1 $2)\" = $3 ]"
    counter "$1" "$2"
    [ "$(counter "$1" "$2")" = "$3" ]
}

# watch NODE: counts what of routed() arrives there, whatever becomes of it then.
watch() {
    lab_in "$1" nft "add table ip6 watch; add chain ip6 watch in { type filter hook prerouting priority -300; }
        add rule ip6 watch in exthdr rt exists udp dport 9 counter"
}

arrived() { # NODE
    lab_in "$1" nft list table ip6 watch | sed -n 's/.*packets \([0-9]*\) .*/\1/p'
}

ours() {
    lab_in 1 nft list table ip6 rpld
}

whole() {
    [ "$(ours 2>&1 | grep -c ' counter .* drop')" = 2 ]
}

not_ours() {
    lab_in 1 nft list ruleset | sed '/^table ip6 rpld /,/^}/d'
}

reload() { # on|off
    sed -i '/^firewall/d' $LAB/n1/rpld.conf
    echo "firewall = \"$1\";" >>$LAB/n1/rpld.conf
    lab_ctl 1 reload
}

restart() {
    lab_run 1 rpld "$LAB_BUILD/rpld/rpld" -c $LAB/n1/rpld.conf -f
    lab_until 30 lab_ctl 1 status
}

finding() {
    lab_json 1 doctor '.checks[] | select(.name == "source routes") | [.ok, .detail] | join(" ")' |
        tee -a $LAB/check.log
}

# What an administrator has there.
others() {
    lab_in 1 nft 'add table ip6 filter; add table inet rpld; add table ip rpld
        add chain ip6 filter FORWARD { type filter hook forward priority 0; policy accept; }
        add rule ip6 filter FORWARD iifname "eth9" drop'
}

lab_start 3 --topology line
others
before=$(not_ours)
lab_rpld_all
lab_check "$LAB_MODE: the root knows a way to both nodes" lab_until 120 lab_joined 2 || lab_finish
lab_uplink
watch 2
watch uplink
near=$(lab_address 2) far=$(lab_address 3) out=$LAB_UPLINK::2

# --- what passes and what does not ---

lab_check "the root has a table of its own" whole
lab_check "a foreign source route is sent to the mesh" routed uplink "$near" 3 1
lab_check "all ten are dropped and counted" counts 1 firewall-drop-routing-header 10
lab_check "one that has ended, and headers of other types, too" eval \
    'routed uplink $near 3 0 && routed uplink $near 2 1 && routed uplink $far 0 0 &&
        counts 1 firewall-drop-routing-header 40'
lab_check "not one of them was on the air" test "$(arrived 2)" = 0
lab_check "a node sends a source route out of the mesh" routed 2 $out 3 1
lab_check "all ten are dropped and counted" counts 1 firewall-drop-source-route-leaving 10
lab_check "one that has ended may leave" routed 2 $out 3 0
lab_check "and arrives" lab_until 10 eval '[ "$(arrived uplink)" = 10 ]'
for node in 2 3; do
    lab_check "pings of node $node from outside lose none" test \
        "$(lab_lost uplink "$(lab_address $node)" 20)" = 0
    lab_check "nor do its own of a host outside" test "$(lab_lost $node $out 20)" = 0
done
lab_check "of these nothing was dropped" eval \
    'counts 1 firewall-drop-routing-header 40 && counts 1 firewall-drop-source-route-leaving 10'
lab_check "doctor has the numbers" test "$(finding)" = \
    "true kept out of the mesh by the table ip6 rpld: 40 dropped on their way in, 10 on their way out"

# --- without it ---

lab_check "a reload with firewall = off takes the table away" reload off
lab_check "it is gone" lab_unless ours
seen=$(arrived 2)
routed uplink "$near" 3 1
case $LAB_MODE in
storing)
    lab_check "without it they are in the mesh" lab_until 10 eval '[ "$(arrived 2)" = $((seen + 10)) ]'
    lab_check "where our routers do not follow them" counts 2 forward-drop-live-source-route 10
    ;;
*)
    lab_check "without it the forwarder drops them" counts 1 forward-drop-live-source-route 10
    ;;
esac
routed 2 $out 3 1
lab_check "and out of it" lab_until 10 eval '[ "$(arrived uplink)" = 20 ]'
lab_check "doctor knows" test "$(finding)" = "true not kept out by the kernel: not wanted here"
lab_check "a reload with firewall = on puts it back" reload on
lab_check "it is whole" whole

# --- an administrator at work ---

lab_check "other tables are as they were" lab_same "$(not_ours)" "$before"
for what in 'flush ruleset' 'flush table ip6 rpld' 'delete table ip6 rpld'; do
    lab_in 1 nft "$what"
    lab_check "after nft $what it is put back" lab_until 10 whole
    sleep 0.1 # the log's line is behind the table
done
lab_check "the log has it" test "$(grep -c 'it is put back' $LAB/n1/rpld.log)" = 3
lab_check "what was counted before still counts" counts 1 firewall-drop-routing-header 40
routed uplink "$near" 3 1
lab_check "and so does what comes now" counts 1 firewall-drop-routing-header 50
lab_check "a rule that is put into it is taken out again" eval \
    'lab_in 1 nft insert rule ip6 rpld forward accept && lab_until 10 whole &&
        lab_until 10 lab_unless eval "ours | grep accept\$"'

# --- the daemon's ends and beginnings ---

others
lab_signal KILL 1 rpld
lab_check "after kill -9 it stays" whole
seen=$(arrived 2)
routed uplink "$near" 3 1
lab_check "the next start takes it over" restart
lab_check "there is one" whole
lab_check "nothing came in meanwhile" test "$(arrived 2)" = "$seen"
lab_signal USR1 1 rpld
lab_ended 1 rpld
lab_check "a stop for a restart leaves it" whole
restart
lab_signal TERM 1 rpld
lab_check "a clean stop takes it away" lab_unless ours
lab_check "and nothing else" lab_same "$(not_ours)" "$before"

# --- what cannot be helped ---

lab_in 1 nft 'add table ip6 rpld; add chain ip6 rpld mine'
mine=$(ours)
lab_check "rpld starts beside a table of that name" restart
lab_check "doctor finds it" eval '[[ "$(finding)" == "false "*"rpld has not made" ]]'
lab_check "the log has it once" test "$(grep -c "is somebody else's" $LAB/n1/rpld.log)" = 1
lab_check "the table is as it was" lab_same "$(ours)" "$mine"
lab_in 1 nft 'delete table ip6 rpld'
lab_check "once that is gone the root has its own" lab_until 10 whole
lab_signal TERM 1 rpld
lab_run 1 rpld "$LAB_BUILD/tests/lab/without" netfilter "$LAB_BUILD/rpld/rpld" -c $LAB/n1/rpld.conf -f
lab_check "on a kernel without netfilter the mesh is there all the same" lab_until 30 \
    lab_reaches 1 "$far"
lab_check "doctor says so" eval '[[ "$(finding)" == "false not kept out by the kernel: "* ]]'
lab_check "the log has one line more" test "$(grep -c 'are not kept out' $LAB/n1/rpld.log)" = 2
lab_finish
