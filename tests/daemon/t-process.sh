#!/bin/bash
# SPDX-License-Identifier: ISC
# t-process.sh: rpld as a process: privileges, options, signals, an interface that comes and goes,
# a second one, a broken state file, the bridge it starts, and the background.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"

RPLD=$LAB_BUILD/rpld/rpld
lab_start 2 --topology line

# --- options ---

says() {
    local status=$1 pattern=$2 got

    shift 2
    "$@" >$LAB/said 2>&1
    got=$?
    cat $LAB/said
    [ $got = "$status" ] && grep -qE -- "$pattern" $LAB/said
}

lab_config 1 root
lab_check "-V says the version" says 0 '^rpld [0-9]' "$RPLD" -V
lab_check "-h says how" says 0 '^usage: rpld' "$RPLD" -h
lab_check "-t finds a right configuration right" says 0 'is right$' "$RPLD" -c $LAB/n1/rpld.conf -t
lab_check "an unknown option is wrong usage" says 2 '^usage: rpld' "$RPLD" -x
lab_check "so is a word" says 2 'is not an option' "$RPLD" $LAB/n1/rpld.conf
"$RPLD" -c $LAB/n1/rpld.conf -T >$LAB/effective.conf
lab_check "-T prints a configuration" says 0 'is right$' "$RPLD" -c $LAB/effective.conf -t
sed 's/"root"/"rot"/; s/id = 0/id = 999/' $LAB/n1/rpld.conf >$LAB/wrong.conf
lab_check "each error of a wrong one is named" says 1 'wrong.conf:2: .*999' \
    "$RPLD" -c $LAB/wrong.conf -f
lab_check "the second one too" grep -q 'wrong.conf:3: .*rot' $LAB/said
lab_check "and what to do" grep -q 'rpld -t -c' $LAB/said
lab_check "a missing file is named" says 1 'no/such.conf' "$RPLD" -c /no/such.conf -f

# --- privileges ---

status_of() {
    awk -v key="$2:" '$1 == key { print $2 }' "/proc/${LAB_PIDS[$1]}/status"
}

answers() {
    lab_ctl "$1" status
}

lab_rpld 1
lab_check "it answers" lab_until 10 answers 1
for set in CapEff CapPrm; do
    lab_check "$set is CAP_NET_ADMIN alone" test "$(status_of 1/rpld $set)" = 0000000000001000
done
lab_check "no new privileges" test "$(status_of 1/rpld NoNewPrivs)" = 1
if lab_is_root; then
    lab_check "the user is another one" test "$(status_of 1/rpld Uid)" = "$(id -u "$LAB_USER")"
    lab_check "the bounding set is small" test "$(status_of 1/rpld CapBnd)" = 0000000000001000
fi

lab_check "a second one is refused, and says why" says 1 'runs here already' \
    lab_in 1 "$RPLD" -c $LAB/n1/rpld.conf -f
lab_check "the first one has not noticed" answers 1
lab_config 2 root
sed -i "s,/n2/rpld.sock,/n2/no/such/rpld.sock," $LAB/n2/rpld.conf
lab_check "no folder for its socket: which is said, and what helps" says 1 \
    'n2/no/such/rpld.sock.*make the folder' lab_in 2 "$RPLD" -c $LAB/n2/rpld.conf -f
lab_check "and nothing is left behind" lab_unless ip -n n2 link show rpl0

# --- signals ---

logged() {
    grep -qE -- "$2" $LAB/n"$1"/rpld.log
}

sed -i 's/level = "info"/level = "debug"/' $LAB/n1/rpld.conf
lab_signal HUP 1 rpld
lab_check "SIGHUP takes over what can be changed" lab_until 5 logged 1 'reload: changed .*log'
sed -i 's/mode = "non-storing"/mode = "storing"/' $LAB/n1/rpld.conf
lab_signal HUP 1 rpld
lab_check "and says what needs a restart" lab_until 5 logged 1 'restart .*mode'
sed -i 's/mode = "storing"/mode = "stor"/' $LAB/n1/rpld.conf
lab_signal HUP 1 rpld
lab_check "a wrong file changes nothing" lab_until 5 logged 1 'reload: the configuration is wrong'
lab_check "and what is wrong is told" logged 1 'reload: wrong .*rpld.conf:[0-9]+: .*mode = "stor"'
if lab_is_root; then
    chmod 600 $LAB/n1/rpld.conf
    lab_signal HUP 1 rpld
    lab_check "so is a file that only root may read" lab_until 5 logged 1 \
        "reload: .*readable for the user $LAB_USER"
    chmod 644 $LAB/n1/rpld.conf
fi
lab_check "it still runs" answers 1
lab_signal PIPE 1 rpld
lab_signal INT 1 rpld
lab_check "SIGINT stops it" lab_until 10 lab_unless lab_running 1 rpld
lab_check "with status 0" lab_ended 1 rpld
unset 'LAB_PIDS[1/rpld]'
lab_check "no routes are left" test -z "$(ip -n n1 -6 route show proto 155)"
lab_check "no rpl0" lab_unless ip -n n1 link show rpl0
lab_check "no address" test -z "$(ip -n n1 -6 addr show dev lowpan0 scope global)"

# --- state ---

version() {
    lab_json 1 status '.instances[0].version'
}

lab_check "the state is kept" grep -q '^dodag 0 .* version 240 ' $LAB/n1/state/rpld.state
lab_rpld 1
lab_until 10 answers 1
lab_ctl 1 repair global >/dev/null
lab_check "the version moves" lab_until 5 eval '[ "$(version)" = 241 ]'
lab_signal KILL 1 rpld
lab_check "and is on disk after a kill -9" grep -q ' version 241 ' $LAB/n1/state/rpld.state
lab_rpld 1
lab_check "from where it is taken" lab_until 10 eval '[ "$(version)" = 241 ]'
lab_signal TERM 1 rpld
sed -i 's/241/242/' $LAB/n1/state/rpld.state
lab_rpld 1
lab_check "a file that was tampered with is set aside" lab_until 10 test -f \
    $LAB/n1/state/rpld.state.bad
lab_check "and it starts afresh" lab_until 10 eval '[ "$(version)" = 240 ]'
mkdir $LAB/full
mount -t tmpfs -o size=16k,mode=0777 tmpfs $LAB/full
sed "s,\"$LAB/n1/state\",\"$LAB/full\"," $LAB/n1/rpld.conf >$LAB/n1/full.conf
lab_signal TERM 1 rpld
lab_run 1 rpld "$RPLD" -c $LAB/n1/full.conf -f
lab_until 10 test -s $LAB/full/rpld.state
cat /dev/zero >$LAB/full/fill 2>/dev/null
lab_ctl 1 repair global >/dev/null
lab_check "a full disk is told with what helps" lab_until 10 logged 1 'cannot write .*make room'
lab_check "doctor knows it, too" lab_until 10 eval 'lab_ctl 1 doctor | grep -q "FAIL  state-write"'
lab_check "and the old file is whole" grep -q ' version 240 ' $LAB/full/rpld.state
rm $LAB/full/fill
lab_signal TERM 1 rpld
lab_check "with room again, the stop keeps it" grep -q ' version 241 ' $LAB/full/rpld.state
umount $LAB/full
lab_rpld 1

# --- interfaces ---

joined() {
    [ "$(lab_default 2)" = 1 ]
}

lab_config 2 router
sed -i 's/"lowpan0"/"later0"/' $LAB/n2/rpld.conf
lab_run 2 rpld "$RPLD" -c $LAB/n2/rpld.conf -f
lab_check "an interface that is not there is waited for" lab_until 10 logged 2 'waiting for it .*later0'
ip -n n2 link set lowpan0 down
ip -n n2 link set lowpan0 name later0 up
lab_check "it joins when it comes" lab_until 60 joined
ip -n n2 link set later0 down
ip -n n2 link set later0 name lowpan0 up
lab_check "renamed, it is missing" lab_until 10 eval \
    '[ "$(lab_json 2 interfaces ".interfaces[0].state")" = missing ]'
ip -n n2 link set lowpan0 down
ip -n n2 link set lowpan0 name later0 up
lab_check "and it joins again" lab_until 60 joined

group() {
    ip -n n2 -6 maddr show dev later0 | grep -q ' ff02::1a'
}

mtu=$(ip -n n2 -j link show dev later0 | jq '.[0].mtu')
ip -n n2 link set later0 mtu 1000
lab_check "with an MTU below 1280 there is no IPv6" lab_until 10 lab_unless group
ip -n n2 link set later0 mtu "$mtu"
lab_check "and when it is back, the group of RPL's nodes too" lab_until 10 group
lab_check "and it joins again" lab_until 60 joined

refused() {
    lab_ctl 2 routes | grep -q '^::/0 .*refused'
}

ip -n n2 link set later0 down
lab_check "its default route goes with its link" lab_until 10 lab_unless joined
ip -n n2 -6 route add unreachable default metric 1024 proto static
ip -n n2 link set later0 up
lab_check "where somebody else has the default route, ours is refused" lab_until 60 refused
ip -n n2 -6 route del unreachable default metric 1024 proto static
lab_check "when that goes, ours comes" lab_until 10 joined

has_routes() {
    test -n "$(ip -n n1 -6 route show dev rpl0 proto 155)"
}

lab_check "the root has a route to it" lab_until 60 has_routes
ip -n n1 link set rpl0 down
lab_check "rpl0 taken down is told with the command" lab_until 10 logged 1 \
    'taken down.*ip link set rpl0 up'
ip -n n1 link set rpl0 up
lab_check "up again, the routes are there again" lab_until 5 has_routes

lab_in 2 bash -c 'echo 0 >/proc/sys/net/ipv6/conf/all/forwarding'
ip -n n2 link set later0 down
ip -n n2 link set later0 up
lab_check "what hinders is named with the command" lab_until 10 logged 2 \
    'forwarding is off.*rpld --prepare'
lab_signal TERM 2 rpld

# What doctor says helps, to the letter.
mend() {
    lab_json 2 doctor ".checks[] | select(.name == \"interface wire0.1\" and (.ok | not)) | .mend"
}

lab_config 2 router
sed -i 's/"lowpan0"/"wire0.1"/' $LAB/n2/rpld.conf
ip -n n2 link add wire0.1 type veth peer name wire1
ip -n n2 link set wire0.1 up
lab_run 2 rpld "$RPLD" -c $LAB/n2/rpld.conf -f
lab_until 10 answers 2
lab_check "without a carrier, doctor speaks of the other end" lab_until 10 eval \
    'mend | grep -q "other end"'
lab_in 2 sysctl -qw net.ipv6.conf.wire0/1.disable_ipv6=1
ip -n n2 link set wire1 up
lab_check "without IPv6, of the switch for it" lab_until 10 eval 'mend | grep -q disable_ipv6=0'
lab_in 2 bash -c "$(mend | sed 's/, then.*//')" >/dev/null
lab_check "which helps" lab_until 10 eval '[ -z "$(mend)" ]'
lab_signal TERM 2 rpld
ip -n n2 link del wire0.1

# --- without root ---

if lab_is_root; then
    lab_config 2 router
    sed -i 's/^user = .*/user = "";/' $LAB/n2/rpld.conf
    # A device and a folder for everybody, in here only.
    mknod -m 0666 $LAB/tun c 10 200
    mount --bind $LAB/tun /dev/net/tun
    chown nobody $LAB/n2
    rm -f $LAB/n2/rpld.sock
    lab_run 2 rpld setpriv --reuid nobody --clear-groups --inh-caps +net_admin,+net_raw \
        --ambient-caps +net_admin,+net_raw "$RPLD" -c $LAB/n2/rpld.conf -f
    lab_check "ambient capabilities are enough" lab_until 10 answers 2
    lab_check "of them it keeps one" test "$(status_of 2/rpld CapEff)" = 0000000000001000
    lab_signal TERM 2 rpld
    lab_check "without them it says what it needs" says 1 'CAP_NET_RAW' \
        lab_in 2 setpriv --reuid nobody --clear-groups "$RPLD" -c $LAB/n2/rpld.conf -f
    umount /dev/net/tun
fi

# --- the bridge ---

# A stand-in for the program, which only has to be there: what is tested is who starts it.
cat >$LAB/bridge <<'END'
#!/bin/sh
echo "$$ $* $(awk '/^(CapEff|Uid)/ { print $2 }' /proc/self/status | tr '\n' ' ')" >>/run/lab/bridge.log
exec sleep 1000
END
chmod 755 $LAB/bridge
: >$LAB/bridge.log
chmod 666 $LAB/bridge.log
lab_config 2 router
echo "bridge = { program = \"$LAB/bridge\"; };" >>$LAB/n2/rpld.conf

bridges() {
    [ "$(wc -l <$LAB/bridge.log)" -ge "$1" ]
}

bridge_pid() {
    tail -n 1 $LAB/bridge.log | cut -d' ' -f1
}

gone() {
    ! kill -0 "$1" 2>/dev/null
}

lab_run 2 rpld "$RPLD" -c $LAB/n2/rpld.conf -f
lab_check "the bridge is started with our configuration" lab_until 10 bridges 1
lab_check "with no capability" grep -q " -c $LAB/n2/rpld.conf .*0000000000000000" $LAB/bridge.log
kill -KILL "$(bridge_pid)"
lab_check "and again when it ends" lab_until 10 bridges 2
pid=$(bridge_pid)
lab_signal TERM 2 rpld
lab_check "it ends with rpld" lab_until 10 gone "$pid"
lab_run 2 rpld "$RPLD" -c $LAB/n2/rpld.conf -f
lab_check "started again" lab_until 10 bridges 3
pid=$(bridge_pid)
lab_signal KILL 2 rpld
lab_check "it ends also when rpld is killed" lab_until 10 gone "$pid"

# --- the background ---

lab_config 2 router
lab_check "without -f it detaches" timeout 10 nsenter --net=/run/netns/n2 \
    "$RPLD" -c $LAB/n2/rpld.conf
lab_check "and answers" lab_until 10 answers 2
pid=$(pgrep -f "^$RPLD -c $LAB/n2/rpld.conf$")
kill -TERM "$pid"
lab_check "and stops" lab_until 10 gone "$pid"

# What is told in the background goes to syslog, also when the configuration was read again. A /dev
# of our own has the socket.
syslog() {
    python3 - $LAB/syslog.sock <<'END'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
while True:
    print(s.recv(4096).decode(), flush=True)
END
}

if lab_is_root; then
    syslog >$LAB/syslog &
    lab_until 10 test -S $LAB/syslog.sock
    nsenter --net=/run/netns/n2 unshare --mount bash -c "
        mount -t tmpfs tmpfs /dev && mkdir /dev/net && mknod -m 0666 /dev/net/tun c 10 200 &&
        mknod -m 0666 /dev/null c 1 3 && mknod -m 0444 /dev/urandom c 1 9 &&
        ln -s $LAB/syslog.sock /dev/log && exec $RPLD -c $LAB/n2/rpld.conf"
    lab_check "in the background it tells syslog" lab_until 10 grep -q 'rpld: running' $LAB/syslog
    pid=$(pgrep -f "^$RPLD -c $LAB/n2/rpld.conf$")
    kill -HUP "$pid"
    lab_check "of a reload" lab_until 10 grep -q 'reload: done' $LAB/syslog
    kill -TERM "$pid"
    lab_check "and of what comes after it" lab_until 10 grep -q 'rpld: stopping' $LAB/syslog
    lab_until 10 gone "$pid"
    kill %%
else
    echo "   not tried without root: syslog"
fi
lab_finish
