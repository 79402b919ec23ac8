#!/bin/bash
# SPDX-License-Identifier: ISC
#
# as-unit.sh PROGRAM [OPTION...]: in the place of rpld or rpld-bridge, when a test starts one: runs it
# as a service of the systemd that we are in, in the network namespace and the folder that we are in,
# its output where ours goes, and ends with its status. The service is the packaged unit, word by word;
# what is added says which process and where its files are, and nothing of its rights. So that a
# test does not pass over what a unit forbids, a forbidden system call kills, where it would fail.
#
# A signal for it has to be sent by kill() of house.sh, to the main process.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
debian=$(cd "$here/../../debian" && pwd)
program=$1
name=${program##*/}
shift

# Only the daemon is a service; questions to the program are not.
for option; do
    case $option in
    -t | -T | -V | -h | --prepare) exec "$program" "$@" ;;
    esac
done

unit=limits-$name-$$
place=/run/systemd/system
settings=
output=$(readlink "/proc/$$/fd/1")
errors=$(readlink "/proc/$$/fd/2")
arguments=()
while [ $# -gt 0 ]; do
    case $1 in
    -c)
        settings=$(realpath -m "$2")
        arguments+=(-c "$settings")
        shift
        ;;
    # The service's log goes where the settings say.
    -f) [ "$name" = rpld ] || arguments+=(-f) ;;
    *) arguments+=("$1") ;;
    esac
    shift
done

# quoted WORD...: as systemd reads it.
quoted() {
    local word space=

    for word; do
        word=${word//\\/\\\\}
        word=${word//\"/\\\"}
        word=${word//%/%%}
        printf '%s"%s"' "$space" "${word//\$/\$\$}"
        space=' '
    done
}

# Beside the folders of the packages: where the settings are, but not the settings.
folder=${settings%/*}
case $folder in
/run/*) ;;
*)
    echo "as-unit.sh: $settings is not below /run" >&2
    exit 1
    ;;
esac

drop_in() {
    cat <<END
[Service]
ExecCondition=
ExecStartPre=
ExecStartPre=$(quoted "/usr/local/lib/limits/$name" -t -c "$settings")
ExecStart=
ExecStart=$(quoted "/usr/local/lib/limits/$name" "${arguments[@]}")
ExecStopPost=+$(quoted /bin/bash /usr/local/lib/limits/ended.sh "$LIMITS_UNITS/$$")
Restart=no
WorkingDirectory=$PWD
NetworkNamespacePath=/proc/$$/ns/net
StandardOutput=append:$output
StandardError=append:$errors
RuntimeDirectory=${folder#/run/}
RuntimeDirectoryPreserve=yes
ReadOnlyPaths=$settings
SystemCallErrorNumber=
END
    [ "$name" != rpld ] || cat <<END
ExecStartPre=-+$(quoted "/usr/local/lib/limits/$name" --prepare -c "$settings")
END
    cat "${LIMITS_DROP_IN:-/dev/null}"
}

mkfifo "$LIMITS_UNITS/$$.end"
exec 5<>"$LIMITS_UNITS/$$.end"
exec 6>"$LIMITS_UNITS/lock"
flock 6
mkdir -p "$place/$unit.service.d"
cp "$debian/$name.service" "$place/$unit.service"
drop_in >"$place/$unit.service.d/limits.conf"
systemctl daemon-reload
systemctl start --no-block "$unit"
exec 6>&-
# Until it is there, or has ended.
while :; do
    main=$(systemctl show -P MainPID "$unit")
    [ "$main" = 0 ] || break
    [ ! -e "$LIMITS_UNITS/$$.status" ] || break
    read -rt 0.05 -u 5
done
if [ "$main" != 0 ]; then
    echo "$main" >"$LIMITS_UNITS/$$.new" && mv "$LIMITS_UNITS/$$.new" "$LIMITS_UNITS/$$.main"
    until [ -e "$LIMITS_UNITS/$$.status" ]; do
        read -r -u 5
    done
fi
read -r code status <"$LIMITS_UNITS/$$.status"
rm -rf "${LIMITS_UNITS:?}/$$."* "$place/$unit.service" "$place/$unit.service.d"
systemctl reset-failed "$unit" 2>/dev/null
case $code in
exited) exit "$status" ;;
*) kill -"${status:-KILL}" $$ ;;
esac
