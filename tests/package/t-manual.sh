#!/bin/bash
# SPDX-License-Identifier: ISC
# t-manual.sh: the manual against the programs. Every option, every command, every counter and every
# gauge that there is stands in its page, and the pages promise no other. The settings of the
# configuration files are compared by the tests of conf/.
. "$(dirname "$0")/../lab/lab.sh"
lab_enter "$@"
MAN=$LAB_TOP/man

# options SOURCE: the options of its getopt(3) call and of its table of long ones, one a line.
options() {
    grep -oE 'getopt(_long)?\(argc, argv, "[a-zA-Z:]*"' "$1" | sed 's/.*"\(.*\)"/\1/' | tr -d : |
        grep -o .
    grep -oE '\{"[a-z-]+", (no|required)_argument' "$1" | sed 's/{"\([a-z-]*\)".*/-\1/'
    return 0
}

# page_options PAGE: those of its list of options, "-name" for a long one.
page_options() {
    grep -E '^\.It Fl ' "$1" | grep -oE 'Fl [^ ]+' | sed 's/^Fl //; s/^\\-/-/' | sort -u
}

# same_options PROGRAM SOURCE PAGE
same_options() {
    lab_same "$(options "$LAB_TOP/$2" | sort -u)" "$(page_options "$MAN/$3")"
}

# page_items PAGE SECTION MACRO: the names that a page lists in a section.
page_items() {
    awk -v section="$2" '/^\.Sh / { here = section == "" || $0 == ".Sh " section } here' "$MAN/$1" |
        grep -E "^\.It $3 " | sed "s/^\.It $3 //" | sed 's/ , /\n/g'
}

commands() {
    lab_ctl 1 help | sed 1d | awk '{ print $1 }'
}

page_commands() {
    page_items rplctl.8 DESCRIPTION Cm | awk '{ print $1 }' | sort -u
}

counters() {
    lab_json 1 counters '.counters[].name'
}

bridge_ctl() {
    lab_in 1 "$LAB_BUILD/rplctl/rplctl" -s $LAB/bridge/sock "$@"
}

bridge_commands() {
    bridge_ctl help | grep -vx help
}

gauges() {
    lab_ctl 1 metrics | awk '$1 == "#" && $2 == "TYPE" && $4 != "counter" { print $3 }'
}

# What doctor may find, from its source, "..." for what varies; the same of the table in the manual of
# the package, of whose entries one may go on in the next line.
findings() {
    grep -ohE 'snprintf\(name, sizeof\(name\), "[^"]+"|check\(show, "[^"]+"' \
        "$LAB_TOP"/rpld/show_doctor.c "$LAB_TOP"/rpld/doctor_host.c | sed 's/.*"\(.*\)"/\1/; s/%[su]/.../g; s/ \.\.\.$//'
    lab_json 1 doctor '.checks[].name' | grep -v ' '
    return 0
}

# Findings whose words are not in any of those that unit/doctor makes.
untried() {
    local tried finding

    tried=$(grep -E 'fault\("|name\[\] = "|^ *\{"' "$LAB_TOP"/tests/unit/doctor_test.c)
    findings | sort -u | while read -r finding; do
        for word in ${finding//.../}; do
            grep -qF -- "$word" <<<"$tried" || echo "$finding"
        done
    done
}

# Findings that the table does not have.
unexplained() {
    local table finding

    table=$(sed -n '/doctor says/,/without a line of doctor/p' "$LAB_TOP/debian/rpld.README.Debian" |
        cut -c4-32)
    findings | sort -u | while read -r finding; do
        # Every word that does not vary stands there.
        for word in ${finding//.../}; do
            grep -qF -- "$word" <<<"$table" || echo "$finding"
        done
    done
}

for program in rpld:rpld/main.c:rpld.8 rplctl:rplctl/rplctl.c:rplctl.8 \
    rpld-bridge:bridge/main.c:rpld-bridge.8 rplsim:sim/rplsim.c:rplsim.1; do
    IFS=: read -r name source page <<<"$program"
    lab_check "$name has options" test "$(options "$LAB_TOP/$source" | wc -l)" -ge 4
    lab_check "$name: its options are those of $page" same_options "$name" "$source" "$page"
done

lab_start 1
lab_rpld 1
lab_check "rpld answers" lab_until 20 lab_ctl 1 status || lab_finish
lab_check "there are commands" test "$(commands | wc -l)" -ge 15
lab_check "they are those of rplctl(8)" lab_same "$(commands | sort -u)" "$(page_commands)"
lab_check "there are counters" test "$(counters | wc -l)" -ge 100
lab_check "there are gauges" test "$(gauges | wc -l)" -ge 10
lab_check "they are those of rplctl(8)" lab_same "$(counters; gauges)" \
    "$(page_items rplctl.8 COUNTERS Li)"
# The bridge, whose commands have a section of their own.
mkdir -m 777 $LAB/bridge
printf 'bridge = { control_socket = "%s"; spool = "none"; socket = "%s"; };\n' \
    $LAB/bridge/sock $LAB/bridge/none >$LAB/bridge/conf
lab_run 1 bridge "$(lab_bridge)" -f -c $LAB/bridge/conf
lab_check "the bridge answers" lab_until 20 bridge_ctl bridge || lab_finish
lab_check "its commands are those of rplctl(8)" lab_same "$(bridge_commands | sort -u)" \
    "$(page_items rplctl.8 BRIDGE Cm | sed 's/ \(Op\|Ar\) .*//' | sort -u)"
lab_check "doctor can find something" test "$(findings | sort -u | wc -l)" -ge 15
lab_check "the table in README.Debian has all of it" lab_same "" "$(unexplained)"
lab_check "each finding is made by a test, which compares its words" lab_same "" "$(untried)"
lab_finish
