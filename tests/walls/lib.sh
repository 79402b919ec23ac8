# SPDX-License-Identifier: ISC
# shellcheck shell=sh
#
# What the walls share. Each wall is a script of its own that takes the tree to look at, so that
# selftest can hand it a copy with a violation in it.

# shellcheck disable=SC2034
pure_rooms='trickle of rpl'
# shellcheck disable=SC2034
rooms="$pure_rooms sandbox sim netlink conf rpld rplctl bridge"

failures=0

# bad TEXT...: one violation, on stdout.
bad()
{
    printf '%s\n' "$*"
    failures=$((failures + 1))
}

# finish TEXT: the verdict of the wall.
finish()
{
    if [ "$failures" -ne 0 ]; then
        printf '%s: %d found\n' "$1" "$failures"
        exit 1
    fi
    printf '%s: none found\n' "$1"
    exit 0
}

# sources ROOT: every C file of the tree, one a line, relative to ROOT.
sources()
{
    (cd "$1" && find . -name .git -prune -o -path './build*' -prune -o -path './obj-*' -prune \
        -o -path './debian' -prune -o -type f -name '*.[ch]' -print) | sed 's|^\./||' | sort
}

# room_prefix ROOM: what its global symbols begin with; empty for the programs, which have several.
room_prefix()
{
    case $1 in
    trickle) echo trickle_ ;;
    of) echo of_ ;;
    rpl) echo rpl_ ;;
    sim) echo sim_ ;;
    netlink) echo krt_ ;;
    conf) echo conf_ ;;
    sandbox) echo sandbox_ ;;
    *) echo ;;
    esac
}
