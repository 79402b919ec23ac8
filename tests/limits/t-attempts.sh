#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-attempts.sh: what a program in the place of a parser can do in rpld and in rpld-bridge as they
# are in the packages: /usr/sbin, /etc/rpld, and the units as they are; run by tests/limits/run.
# Each attempt is made in the running daemon, and in a process without limits, where it comes through.
. "$(dirname "$0")/installed.sh"
installed_need mosquitto

# attempted WHO PID: all of them, or those that went wrong.
attempted() {
    local out status

    out=$("$LIMITS_BUILD/tests/limits/attempts" "$2" "$1")
    status=$?
    [ $status -ne 77 ] || { echo "$out"; exit 0; }
    grep '^FAIL' <<<"$out" || echo "$(grep -c '^ok' <<<"$out") attempts"
    [ -z "${LIMITS_VERBOSE:-}" ] || printf '%s\n' "$out" >&2
    return $status
}

installed_start
sleep infinity &
free=$!
check_told "a process without limits comes through" attempted free $free
builtin kill $free
check_told "rpld is refused what it need not do" attempted rpld "$(systemctl show -P MainPID rpld)"
check_told "rpld-bridge is refused what it need not do" attempted bridge \
    "$(systemctl show -P MainPID rpld-bridge)"
check "rpld goes on as if nothing had been" rplctl status
check "the bridge as well" systemctl -q is-active rpld-bridge
# Not more than it has to be, and not less.
as_member() {
    setpriv --reuid nobody --regid rpld --clear-groups rplctl "$@"
}
check "who is in the group rpld may look at rpld" until_ok 30 eval 'as_member status | grep -q running'
check "and at the bridge" until_ok 30 eval 'as_member bridge | grep -q mqtt://127.0.0.1'
check "nobody else at rpld" eval '! setpriv --reuid nobody --regid nogroup --clear-groups rplctl status'
check "nor at the bridge" eval '! setpriv --reuid nobody --regid nogroup --clear-groups rplctl bridge'
installed_finish
