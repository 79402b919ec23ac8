#!/bin/bash
# SPDX-License-Identifier: ISC
# ended.sh NAME: run by systemd after a service of as-unit.sh, which waits for what is said here.
echo "${EXIT_CODE:-exited} ${EXIT_STATUS:-1}" >"$1.new" && mv "$1.new" "$1.status"
echo >"$1.end"
