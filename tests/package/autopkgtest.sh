#!/bin/bash
# SPDX-License-Identifier: ISC
# autopkgtest.sh: run by the systemd of a Debian of its own (boot.sh), with the packages in /root/one:
# Debian's autopkgtest installs them and runs debian/tests. It need not be told how to make a machine,
# this is one; what breaks it may run, as it is thrown away, and what wants a container has one, which
# "null" cannot know and says so from trixie on.
rm -f /usr/sbin/policy-rc.d
exec autopkgtest --no-built-binaries --ignore-restrictions=breaks-testbed,isolation-container \
    --output-dir /root/autopkgtest /root/one/*.deb /root/rpld -- null 2>&1
