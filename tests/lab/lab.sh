# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# The lab: a mesh of network namespaces on one machine, over the lossy medium of `air`. A test or
# the demo sources this file, calls lab_enter first, and then lives in mount, network and process
# namespaces of its own (and a user namespace, when it is not root). /run is a fresh tmpfs there, so
# that `ip netns` works as usual and nothing touches the machine: when the first process ends, or is
# killed, the kernel takes every process, namespace, interface and file with it.
#
# Node N is the namespace nN with the interface lowpan0; node 1 is the root. The lab's files are in
# $LAB (/run/lab): nN/rpld.conf, nN/rpld.log, nN/rpld.sock, nN/state/, air.pcap.

LAB_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_TOP=$(cd "$LAB_HERE/../.." && pwd)
LAB_BUILD=$(cd "${LAB_BUILD:-$LAB_TOP/build}" 2>/dev/null && pwd)
LAB=/run/lab
LAB_PREFIX=fd72:706c:6400:1       # of the mesh, a /64
LAB_UPLINK=2001:db8:1             # of the wire behind the root, a /64
LAB_MODE=${LAB_MODE:-non-storing} # of the DODAG
LAB_NODES=0
LAB_FAILED=0
declare -A LAB_PIDS=()
# Under tests/limits/run the namespaces are there, and LAB_BUILD's daemons are services.
[ -z "${LIMITS:-}" ] || . "$LAB_TOP/tests/limits/house.sh"

# --- the house ---

lab_die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# lab_need PROGRAM PACKAGE: stops with the line that mends it.
lab_need() {
    [ -n "$(type -P "$1")" ] || lab_die "$1 is missing. Mend it with: apt-get install $2"
}

lab_check_tun() {
    [ -e /dev/net/tun ] || lab_die "/dev/net/tun is missing: the lab makes its radios of TAP" \
        "devices. Grant it with: modprobe tun, or in a container: --device /dev/net/tun"
    (: <>/dev/net/tun) 2>/dev/null || lab_die "/dev/net/tun cannot be opened. Grant it with:" \
        "run as root, or: chmod 0666 /dev/net/tun, or in a container: --device /dev/net/tun"
}

# In a chroot whose root folder is no mount point unshare cannot make the mounts private. They may
# be so anyway: then a mount of ours is not seen out here.
lab_private_mounts() {
    unshare --mount --propagation unchanged bash -c '
        mount -t tmpfs rpld-probe /run || exit 1
        ! grep -q rpld-probe /proc/'$$'/mountinfo
        private=$?
        umount /run
        exit $private' 2>/dev/null
}

# Prints the options of unshare that work here; root needs no user namespace, where it really is
# root.
lab_unshare_options() {
    local options='--mount --net --pid --fork --kill-child=KILL --mount-proc'
    local how

    for how in '' '--propagation unchanged' '--user --map-root-user'; do
        case $how in
        --user*) ;;
        *) [ "$(id -u)" -eq 0 ] || continue ;;
        esac
        [ "$how" != '--propagation unchanged' ] || lab_private_mounts || continue
        # shellcheck disable=SC2086
        if unshare $how $options mount -t tmpfs tmpfs /run 2>/dev/null; then
            echo "$how $options"
            return 0
        fi
    done
    return 1
}

# Stops with the reason where the lab cannot live; else sets LAB_UNSHARE.
lab_check_house() {
    lab_need ip iproute2
    lab_need ping iputils-ping
    lab_need jq jq
    lab_check_tun
    LAB_UNSHARE=$(lab_unshare_options) || lab_die "namespaces cannot be made. Grant them with:" \
        "run as root, or: sysctl kernel.unprivileged_userns_clone=1, or in a container:" \
        "--privileged"
}

# Runs a command with a root folder that is a mount point, as ip(8) needs one to change namespaces.
lab_mounted_root() {
    if [[ $LAB_UNSHARE == *unchanged* ]]; then
        mount -t tmpfs tmpfs /run && mkdir /run/root && mount --rbind / /run/root || exit 1
        exec chroot /run/root "$@"
    fi
    exec "$@"
}

# lab_enter "$@": starts the script again inside its namespaces and ends with its status; inside, it
# prepares /run and comes back. The end of this process, however it comes, ends all the others.
lab_enter() {
    local child

    case ${LAB_INSIDE:-} in
    '') ;;
    1)
        export LAB_INSIDE=2
        lab_mounted_root bash "$(readlink -f "$0")" "$@"
        ;;
    2)
        lab_prepare
        return 0
        ;;
    esac
    lab_check_house
    export LAB_UNSHARE
    # shellcheck disable=SC2086
    LAB_INSIDE=1 setpriv --pdeathsig KILL env --default-signal=INT,QUIT \
        unshare $LAB_UNSHARE bash "$0" "$@" <&0 &
    child=$!
    trap 'kill -KILL $child 2>/dev/null; wait $child 2>/dev/null; exit 130' INT TERM HUP
    wait $child
    exit $?
}

lab_prepare() {
    local names

    trap 'exit 130' INT TERM
    [ -n "${LIMITS:-}" ] || mount -t tmpfs -o mode=0755 tmpfs /run
    mkdir -p $LAB /run/netns
    # The name of our routing protocol, for `ip route`.
    for names in /etc/iproute2/rt_protos /usr/share/iproute2/rt_protos; do
        if [ -f $names ]; then
            { grep -v '^155[[:space:]]' $names; echo '155 rpl'; } >$LAB/rt_protos
            mount --bind $LAB/rt_protos $names
            break
        fi
    done
    ip link set lo up
    # The daemons give their privileges up for a user of no rights; there is only one user in a
    # user namespace of ours, and they stay what they are.
    LAB_USER=nobody LAB_GROUP=nogroup
    lab_is_root || LAB_USER='' LAB_GROUP=''
    [ -z "${LIMITS:-}" ] || LAB_USER=rpld LAB_GROUP=rpld
}

# The namespace of a node; "uplink" is the host on the wire.
lab_path() {
    case $1 in
    uplink) echo /run/netns/uplink ;;
    *) echo /run/netns/n"$1" ;;
    esac
}

# lab_in N COMMAND...: runs a command in the namespace of a node.
lab_in() {
    local path

    path=$(lab_path "$1")
    shift
    nsenter --net="$path" "$@"
}

# lab_netns NAME FORWARDING: a namespace that keeps its mouth shut, so that the air is RPL's.
lab_netns() {
    ip netns add "$1"
    # shellcheck disable=SC2016
    nsenter --net=/run/netns/"$1" bash -c '
        for which in all default; do
            cd /proc/sys/net/ipv6/conf/$which
            echo 0 >accept_ra; echo 0 >accept_dad; echo 0 >router_solicitations
            echo "$1" >forwarding
        done
        ip link set lo up' lab_netns "$2"
}

# lab_start NODES [options of air]: the namespaces, and the air between them.
lab_start() {
    local node

    LAB_NODES=$1
    shift
    [ -x "$LAB_BUILD/tests/lab/air" ] || lab_die "there is no $LAB_BUILD/tests/lab/air. Mend it" \
        "with: cmake --preset dev && cmake --build build"
    for ((node = 1; node <= LAB_NODES; node++)); do
        lab_netns n$node 1
        mkdir -p $LAB/n$node/state
        [ -z "$LAB_USER" ] || chown "$LAB_USER" $LAB/n$node/state
    done
    "$LAB_BUILD/tests/lab/air" --control $LAB/air.sock --netns /run/netns/n --nodes "$LAB_NODES" \
        --pcap $LAB/air.pcap "$@" >$LAB/air.log 2>&1 &
    LAB_PIDS[air]=$!
    lab_until 10 test -S $LAB/air.sock || lab_die "the air does not start: $(cat $LAB/air.log)"
}

# lab_air COMMAND...: tells the air something, for example: lab_air cut 2 3.
lab_air() {
    "$LAB_BUILD/tests/lab/air" --control $LAB/air.sock "$@"
}

# A wire at the root, with a host at its other end, as a border router has it.
lab_uplink() {
    lab_netns uplink 0
    ip -n n1 link add eth0 type veth peer name eth0 netns uplink
    ip -n n1 link set eth0 up
    ip -n uplink link set eth0 up
    ip -n n1 addr add $LAB_UPLINK::1/64 dev eth0 nodad
    ip -n uplink addr add $LAB_UPLINK::2/64 dev eth0 nodad
    ip -n n1 route add default via $LAB_UPLINK::2
    ip -n uplink route add $LAB_PREFIX::/64 via $LAB_UPLINK::1
}

# --- addresses ---

lab_link_local() {
    printf 'fe80::12:4b00:%x:0' "$1"
}

lab_address() {
    printf '%s:12:4b00:%x:0' $LAB_PREFIX "$1"
}

# lab_node ADDRESS: the node it belongs to, global or link-local.
lab_node() {
    local rest=${1%:*}

    echo $((16#${rest##*:}))
}

lab_eui64() {
    printf '02124b00%04x0000' "$1"
}

# --- daemons ---

# lab_run NODE NAME COMMAND...: starts a program in a node, its log in $LAB/nNODE/NAME.log.
lab_run() {
    local node=$1 name=$2 path place

    shift 2
    path=$(lab_path "$node")
    place=$LAB/${path##*/}
    mkdir -p "$place"
    # With exec, so that the process we remember is the program itself.
    (exec nsenter --net="$path" "$@") >>"$place/$name.log" 2>&1 </dev/null &
    LAB_PIDS[$node/$name]=$!
}

# lab_ended NODE NAME: waits until a program is done.
lab_ended() {
    wait "${LAB_PIDS[$1/$2]}"
}

# lab_signal SIGNAL NODE NAME: sends it; after KILL and TERM the program is awaited.
lab_signal() {
    local pid=${LAB_PIDS[$2/$3]:-}

    [ -n "$pid" ] || return 1
    kill -"$1" "$pid" 2>/dev/null
    case $1 in
    KILL | TERM)
        wait "$pid" 2>/dev/null
        unset "LAB_PIDS[$2/$3]"
        ;;
    esac
    return 0
}

lab_running() {
    kill -0 "${LAB_PIDS[$1/$2]:-none}" 2>/dev/null
}

# lab_config NODE ROLE [LINES]: writes the node's rpld.conf; LINES go into the instance. What
# $LAB_ROOT_LINES has goes into the root's file.
lab_config() {
    local node=$1 role=$2 lines=${3:-}

    [ "$role" != root ] || lines="prefix = \"$LAB_PREFIX::/64\"; $lines"
    cat >$LAB/n"$node"/rpld.conf <<END
instances = ( {
    id = 0;
    role = "$role";
    mode = "$LAB_MODE";
    objective = "mrhof";
    interfaces = ( "lowpan0" );
    $lines
} );
user = "$LAB_USER";
control = { socket = "$LAB/n$node/rpld.sock"; group = "$LAB_GROUP"; };
state = { directory = "$LAB/n$node/state"; };
log = { to = "stderr"; level = "${LAB_LOG:-info}"; };
END
    [ "$role" != root ] || echo "${LAB_ROOT_LINES:-}" >>$LAB/n"$node"/rpld.conf
}

# Prints where the bridge can be started by its own user, which may not look into root's home.
lab_bridge() {
    install -m 755 "$LAB_BUILD/bridge/rpld-bridge" $LAB/rpld-bridge && echo $LAB/rpld-bridge
}

# lab_rpld NODE [ROLE [LINES]]: (re)starts rpld in a node; the first node is the root, the others
# are routers unless told.
lab_rpld() {
    local role=router

    [ "$1" != 1 ] || role=root
    lab_config "$1" "${2:-$role}" "${3:-}"
    lab_run "$1" rpld "$LAB_BUILD/rpld/rpld" -c $LAB/n"$1"/rpld.conf -f
}

lab_rpld_all() {
    local node

    for ((node = 1; node <= LAB_NODES; node++)); do
        lab_rpld $node
    done
}

# lab_ctl NODE ARGUMENTS...: rplctl of a node.
lab_ctl() {
    local node=$1

    shift
    "$LAB_BUILD/rplctl/rplctl" -s $LAB/n"$node"/rpld.sock "$@"
}

# --- waiting and looking ---

# The nodes tell of every packet whose hop limit ends at them. Otherwise a kernel is sparing with
# that, and of many probes in a row some stay without an answer.
lab_talkative() {
    local node

    for ((node = 1; node <= LAB_NODES; node++)); do
        lab_in $node sh -c 'echo 0 >/proc/sys/net/ipv6/icmp/ratelimit'
    done
}

# lab_until SECONDS COMMAND...: true as soon as the command is, false when the time is over.
lab_until() {
    local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))

    shift
    until "$@" >/dev/null 2>&1; do
        [ "${EPOCHREALTIME/[.,]/}" -lt $deadline ] || return 1
        sleep 0.1
    done
}

# lab_line SECONDS DESCRIPTOR PATTERN: reads until a line matches and prints it.
lab_line() {
    local deadline=$((SECONDS + $1)) line

    while [ $SECONDS -lt $deadline ] && read -rt $((deadline - SECONDS)) -u "$2" line; do
        [[ $line =~ $3 ]] || continue
        echo "$line"
        return 0
    done
    return 1
}

# lab_unless COMMAND...: the opposite, for lab_check and lab_until.
lab_unless() {
    ! "$@"
}

# lab_lost NODE ADDRESS COUNT [INTERVAL [OCTETS]]: pings, prints how many answers are missing.
lab_lost() {
    local report

    report=$(lab_in "$1" ping -6 -n -q -c "$3" -i "${4:-0.05}" -s "${5:-56}" -W 2 "$2" 2>&1)
    awk -v sent="$3" '/packets transmitted/ { print $1 - $4; said = 1 }
                      END { if (!said) print sent }' <<<"$report"
}

lab_pings() {
    lab_in "$1" ping -6 -n -q -c 1 -W 1 "$2"
}

# lab_reaches NODE ADDRESS: one of three pings is answered; a lossy air is allowed to lose some.
lab_reaches() {
    [ "$(lab_lost "$1" "$2" 3 0.2)" -lt 3 ]
}

# The routes that rpld put into a node's kernel, one target a line.
lab_routes() {
    ip -n n"$1" -6 route show proto 155 | awk '{ print $1 == "unreachable" ? $2 : $1 }'
}

# lab_json NODE VIEW FILTER: what jq finds in a view of rplctl.
lab_json() {
    lab_ctl "$1" --json "$2" | jq -r "$3"
}

# The addresses of the nodes whose route the root has in the kernel.
lab_installed() {
    lab_json 1 nodes '.nodes[] | select(.route == "installed") | .address'
}

# lab_joined COUNT: the root has at least so many nodes with an installed route.
lab_joined() {
    [ "$(lab_installed | wc -l)" -ge "$1" ]
}

# Whether we are root with all the users a machine has.
lab_is_root() {
    [ "$(awk '{ print $3; exit }' /proc/self/uid_map)" != 1 ]
}

# lab_tcpdump ARGUMENTS...: as root it wants to change its user, which a user namespace of a single
# user does not let it; there it runs as somebody else from the start.
lab_tcpdump() {
    local as=

    lab_is_root || as='unshare --user --map-user=65534'
    $as tcpdump -Z root -n "$@"
}

# lab_mesh SECONDS NODES [options of air]: everything up, and the root knows a way to every node
# within the time.
lab_mesh() {
    local seconds=$1 began=$SECONDS

    shift
    lab_start "$@"
    lab_rpld_all
    lab_check "$LAB_MODE: the root knows a way to all $((LAB_NODES - 1)) nodes within $seconds s" \
        lab_until "$seconds" lab_joined $((LAB_NODES - 1)) || lab_finish
    echo "   it took $((SECONDS - began)) s"
}

# lab_all FROM: a node reaches every other one; names those that it does not.
lab_all() {
    local node missed=

    for ((node = 1; node <= LAB_NODES; node++)); do
        [ "$node" = "$1" ] || lab_reaches "$1" "$(lab_address $node)" || missed+=" $node"
    done
    echo "not reached:$missed"
    [ -z "$missed" ]
}

# lab_same GOT WANTED: the same lines in any order.
lab_same() {
    diff <(sort <<<"$1") <(sort <<<"$2")
}

# The addresses of all nodes but the root.
lab_addresses() {
    local node

    for ((node = 2; node <= LAB_NODES; node++)); do
        lab_address $node
        echo
    done
}

# lab_kernel_agrees: the host routes in the root's kernel are those of the nodes that rpld says are
# installed, and these are all of them.
lab_kernel_agrees() {
    lab_same "$(lab_installed)" "$(lab_addresses)" &&
        lab_same "$(lab_routes 1 | grep -v /)" "$(lab_addresses)"
}

# lab_default NODE: the node to whose link-local the default route of rpld points.
lab_default() {
    local via

    via=$(ip -n n"$1" -6 route show default proto 155 | awk '$2 == "via" { print $3; exit }')
    [ -z "$via" ] || lab_node "$via"
}

# --- the report ---

# lab_check TEXT COMMAND...: prints "ok TEXT" or "FAIL TEXT".
lab_check() {
    local text=$1

    shift
    if "$@" >$LAB/check.log 2>&1; then
        echo "ok $text"
    else
        echo "FAIL $text"
        sed 's/^/    /' $LAB/check.log
        LAB_FAILED=$((LAB_FAILED + 1))
        return 1
    fi
}

# Every program that is still there is asked to stop and has to do so in peace.
lab_stop() {
    local key status angry=

    for key in "${!LAB_PIDS[@]}"; do
        kill -TERM "${LAB_PIDS[$key]}" 2>/dev/null
    done
    for key in "${!LAB_PIDS[@]}"; do
        wait "${LAB_PIDS[$key]}"
        status=$?
        [[ $key != */rpld || $status -eq 0 ]] || angry+=" $key ($status)"
    done
    echo "ended with another status than 0:$angry"
    [ -z "$angry" ]
}

lab_complaints() {
    grep -rhE 'AddressSanitizer|LeakSanitizer|runtime error:|[Aa]ssertion' $LAB --include='*.log' \
        --exclude=check.log
}

# Ends the script; after a failure with what the programs said, so that one run tells enough. With
# LAB_KEEP=DIRECTORY the lab's files are copied there.
lab_finish() {
    local log

    lab_check "every rpld stops when it is told to" lab_stop
    lab_check "no program has complained of its own code" lab_unless lab_complaints
    if [ $LAB_FAILED -ne 0 ]; then
        for log in $LAB/*.log $LAB/*/*.log; do
            [ -s "$log" ] || continue
            echo "--- ${log#"$LAB"/}, the end of it"
            tail -n 15 "$log"
        done
        echo "$LAB_FAILED checks failed"
    fi
    [ -z "${LAB_KEEP:-}" ] || { mkdir -p "$LAB_KEEP" && cp -r $LAB/. "$LAB_KEEP"; }
    exit $((LAB_FAILED != 0))
}
