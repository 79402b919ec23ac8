# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# Sourced by lab.sh and by the bridge's lib.sh when the daemons are services (tests/limits/run).

# process_of PID: the process that a signal for PID is meant for: where PID is as-unit.sh, the
# service's own, once it is there.
process_of() {
    local deadline=$((SECONDS + 30))

    while [ -e "$LIMITS_UNITS/$1.end" ] || grep -qs as-unit.sh "/proc/$1/cmdline"; do
        if [ -e "$LIMITS_UNITS/$1.main" ]; then
            cat "$LIMITS_UNITS/$1.main"
            return
        fi
        [ $SECONDS -lt $deadline ] || break
        read -rt 0.02 <> <(:)
    done
    echo "$1"
}

kill() {
    local word words=()

    for word; do
        [[ ! $word =~ ^[0-9]+$ ]] || word=$(process_of "$word")
        words+=("$word")
    done
    builtin kill "${words[@]}"
}
