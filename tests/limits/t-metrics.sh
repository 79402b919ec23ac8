#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-metrics.sh: the timer of rpld's metrics beside Debian's prometheus-node-exporter, whose page has
# them then; run by tests/limits/run.
. "$(dirname "$0")/installed.sh"
installed_need mosquitto
installed_need prometheus-node-exporter
PAGE=/run/limits/page

# The page of the node exporter, to $PAGE.
page() {
    exec 7<>/dev/tcp/127.0.0.1/9100 || return 1
    printf 'GET /metrics HTTP/1.0\r\n\r\n' >&7
    tr -d '\r' <&7 >$PAGE
    exec 7>&-
}

has() {
    page && grep -Eq "$1" $PAGE
}

# Every sample that rpld tells is on the page.
all_there() {
    rplctl metrics | grep -v '^#' | sed 's/ [^ ]*$//' | sort >/run/limits/told
    grep '^rpld_' $PAGE | sed 's/ [^ ]*$//' | sort >/run/limits/shown
    [ "$(wc -l </run/limits/told)" -ge 50 ] && diff /run/limits/told /run/limits/shown
}

# It takes "d" and "us" in a name for units.
promtool_checks() {
    promtool check metrics </var/lib/prometheus/node-exporter/rpld.prom 2>&1 |
        grep -v 'should not contain abbreviated units'
    case ${PIPESTATUS[*]} in
    '0 1' | '3 1') ;;
    *) return 1 ;;
    esac
}

installed_start
check "the node exporter runs" systemctl start prometheus-node-exporter
check "it has no metrics of rpld yet" eval 'until_ok 20 page && ! grep -q "^rpld_" $PAGE'
check "the timer starts" systemctl start rpld-metrics.timer
check "it fires, and the page has them" until_ok 60 has '^rpld_[a-z_]+(\{.*\})? [0-9]'
check "all of them" all_there
check "the collector had no error" has '^node_textfile_scrape_error 0$'
check "nor a word to say" eval '! journalctl -q -b -u prometheus-node-exporter |
    grep -i textfile | grep -iE "error|fail"'
check "with their words and their kinds" eval 'has "^# HELP rpld_dao_in_total [A-Za-z]" &&
    ! grep -q "^# HELP rpld_.*Metric read from" $PAGE && grep -qx "# TYPE rpld_dao_in_total counter" $PAGE'
if [ -n "$(type -P promtool)" ]; then
    check "promtool can read the file" promtool_checks
fi
check "nothing else is left in its folder" eval \
    '[ "$(ls /var/lib/prometheus/node-exporter)" = rpld.prom ]'
installed_finish
