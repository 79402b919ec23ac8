# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What scripts report with, and how they wait. Sourced by debian/tests, tests/limits, tests/package and
# tests/bridge; the lab has its own, which count what fails and tell of the nodes.

failed=0

# check TEXT COMMAND...: prints "ok TEXT", or "FAIL TEXT" and what it said, which $check_said has then.
# The command runs in a shell of its own. $failed is 1 as soon as one has failed.
check() {
    local text=$1

    shift
    if check_said=$("$@" 2>&1); then
        echo "ok $text"
    else
        echo "FAIL $text"
        failed=1
        check_print
        return 1
    fi
}

check_print() {
    [ -z "$check_said" ] || head -n 60 <<<"$check_said" | sed 's/^/    /'
}

# check_told TEXT COMMAND...: the same, and what it said when all was well, too.
check_told() {
    check "$@" && check_print
}

# until_ok SECONDS COMMAND...: true as soon as the command is, false when the time is over.
until_ok() {
    local deadline=$((SECONDS + $1))

    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || return 1
        read -rt 0.1 <> <(:)
    done
    return 0 # read had none
}
