#!/bin/sh
# SPDX-License-Identifier: ISC
# lint.sh PAGE: mandoc has nothing to say about the page. Which other pages there are is the machine's
# business.
out=$(mandoc -T lint "$1" 2>/dev/null | grep -v 'referenced manual not found')
[ -z "$out" ] || {
    printf '%s\n' "$out"
    exit 1
}
