# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# Packages for the demo and the tests: installed with apt where they are missing, under a
# policy-rc.d so that no service starts on the machine because of us.

# shellcheck disable=SC2034 # used by those who source this
APT_TOOLS=(iproute2 iputils-ping jq mount util-linux)
APT_BUILD=(cmake gcc libc6-dev libbsd-dev libcap-dev libcbor-dev libcjson-dev libcmocka-dev
    libcoap3-dev libconfig-dev libev-dev libgnutls28-dev libmnl-dev libmosquitto-dev libnl-3-dev
    libnl-genl-3-dev libnl-route-3-dev libseccomp-dev libsqlite3-dev ninja-build pkg-config)
APT_SHOW=(libcoap3-bin mosquitto mosquitto-clients)
APT_TEST=(clang clang-format libclang-rt-dev mandoc nftables openssl procps python3 python3-jsonschema
    radvd tcpdump traceroute)
APT_RADIO=(busybox-static cpio kmod qemu-system-x86 udev wpan-tools xz-utils zstd)
APT_BROKERS=(prosody python3-pika python3-qpid-proton python3-slixmpp python3-stomp rabbitmq-server)
APT_LIMITS=(apparmor prometheus-node-exporter systemd)
APT_POLICY=/usr/sbin/policy-rc.d

# Prints those of the packages that are not installed.
apt_missing() {
    local package

    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            echo "$package"
    done
}

apt_policy_end() {
    rm -f $APT_POLICY
    [ ! -e $APT_POLICY.before-rpld ] || mv $APT_POLICY.before-rpld $APT_POLICY
}

# One that is there already is put aside for the time, unless it is our own of a run that was
# killed.
apt_policy_begin() {
    if [ -e $APT_POLICY ] && ! grep -q 'rpld tests' $APT_POLICY; then
        mv $APT_POLICY $APT_POLICY.before-rpld
    fi
    printf '#!/bin/sh\n# rpld tests: no service starts now\nexit 101\n' >$APT_POLICY
    chmod 755 $APT_POLICY
}

# A broker that came with us does not start with the machine's next boot either.
apt_disable() {
    local package

    [ -n "$(type -P systemctl)" ] || return 0
    for package; do
        case $package in
        mosquitto | prometheus-node-exporter | prosody | rabbitmq-server)
            systemctl --quiet disable "$package" 2>/dev/null || :
            ;;
        esac
    done
}

apt_install() {
    apt-get -q update || :
    apt-get -q -y --no-install-recommends install "$@"
}

# apt_need PACKAGE...: has them installed, or says what to do.
apt_need() {
    local missing

    mapfile -t missing < <(apt_missing "$@")
    [ ${#missing[@]} -ne 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        printf 'These packages are missing and only root can install them. As root:\n    %s\n' \
            "apt-get install ${missing[*]}" >&2
        return 1
    fi
    echo "   apt installs ${missing[*]}" | fold -s -w 92 | sed "1!s,^,      ,"
    (
        log=$(mktemp)
        trap 'apt_policy_end; rm -f "$log"' EXIT
        trap 'exit 130' INT TERM HUP
        apt_policy_begin
        export DEBIAN_FRONTEND=noninteractive
        apt_install "${missing[@]}" >"$log" 2>&1 </dev/null || {
            tail -n 20 "$log" >&2
            echo "apt could not install them, its last words are above" >&2
            exit 1
        }
        apt_disable "${missing[@]}"
    )
}
