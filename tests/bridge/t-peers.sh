#!/bin/bash
# SPDX-License-Identifier: ISC
#
# t-peers.sh RELEASE TEST ARGUMENT...: a test of the bridge with libcoap's programs of another
# release of Debian, which are fetched with mmdebstrap. Exit 77: something is missing here, and the
# line says what.
set -u

release=$1
shift
if [ -z "$(type -P mmdebstrap)" ] || [ "$(id -u)" -ne 0 ]; then
    echo "skipped: mmdebstrap or root is missing. Mend it with: apt-get install mmdebstrap, as root"
    exit 77
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/t-peers.XXXXXX")
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
if ! timeout 200 mmdebstrap --quiet --variant=extract --include=libcoap3-bin "$release" "$dir/root" \
    "${FRESH_MIRROR:-http://deb.debian.org/debian}" >"$dir/log" 2>&1; then
    tail -n 5 "$dir/log"
    echo "skipped: no $release can be had here. Mend it with: a way to a mirror of Debian"
    exit 77
fi
mkdir "$dir/bin"
for program in "$dir"/root/usr/bin/coap-*; do
    cat >"$dir/bin/${program##*/}" <<PROGRAM
#!/bin/sh
exec "$(echo "$dir"/root/usr/lib64/ld-linux*)" --library-path \
    "$(echo "$dir"/root/usr/lib/*-linux-gnu)" "$program" "\$@"
PROGRAM
    chmod 755 "$dir/bin/${program##*/}"
done
echo "the peers are $(ls "$dir"/root/usr/share/doc | grep libcoap | tr '\n' ' ')of $release"
PATH=$dir/bin:$PATH "$@"
