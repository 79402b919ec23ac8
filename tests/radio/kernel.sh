#!/bin/bash
# SPDX-License-Identifier: ISC
#
# kernel.sh SUITE DIRECTORY: Debian's plain kernel of SUITE (bookworm, trixie), unpacked and not
# installed, ready for vm.sh: DIRECTORY/SUITE/{vmlinux,version,initrd,lib/modules}. Done once; remove
# the folder for a newer one. Nothing of the machine's own package lists is touched.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
suite=$1
[ "$(dpkg --print-architecture)" = amd64 ] || {
    echo "kernel.sh: emulated radios need a machine of Debian's architecture amd64" >&2
    exit 1
}
mkdir -p "$2"
place=$(cd "$2" && pwd)/$suite
# The modules of the initrd: the two file systems, and what carries them.
boot_modules='virtio_pci 9pnet_virtio 9p overlay'

exec 9>"$2/lock"
flock 9
if [ -e "$place/ready" ] && [ "$place/initrd" -nt "$HERE/init" ]; then
    exit 0
fi
echo "kernel.sh: fetching Debian's kernel of $suite"

# Lists of the one suite, in a folder of their own.
apt=$place/apt
mkdir -p "$apt/lists/partial" "$apt/archives/partial"
: >"$apt/status"
mirror=${RADIO_MIRROR:-http://deb.debian.org}
key='[arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
{
    echo "deb $key $mirror/debian $suite main"
    echo "deb $key $mirror/debian-security $suite-security main"
} >"$apt/sources.list"
options=(-o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State::lists="$apt/lists" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt"
    -o Acquire::Languages=none -o APT::Sandbox::User=root -o Acquire::Retries=3)
if [ ! -d "$place/lib" ]; then
    apt-get -q "${options[@]}" update >"$apt/log" 2>&1 || {
        cat "$apt/log" >&2
        exit 1
    }
    # The -cloud- flavour knows no 802.15.4.
    package=$(apt-cache "${options[@]}" depends linux-image-amd64 |
        awk '/Depends: linux-image/ { print $2; exit }')
    [ -n "$package" ] || {
        tail -n 20 "$apt/log" >&2
        echo "kernel.sh: no linux-image-amd64 of $suite at $mirror: no test on radios without it" >&2
        exit 1
    }
    cd "$apt"
    rm -f ./*.deb
    apt-get -q "${options[@]}" download "$package" >>log 2>&1 || {
        cat log >&2
        exit 1
    }
    rm -rf "$place/new"
    dpkg-deb -x "$package"_*.deb "$place/new"
    rm -f ./*.deb
    rm -rf "$apt/lists" "$apt/archives" "$apt"/*.bin
    # Trixie has everything below /usr.
    [ ! -d "$place/new/usr/lib/modules" ] || mv "$place/new/usr/lib" "$place/new/lib"
    mv "$place/new/boot" "$place/new/lib" "$place"
    rm -rf "$place/new"
fi
version=$(ls "$place/lib/modules")
[ -e "$place/lib/modules/$version/modules.dep" ] || depmod -b "$place" "$version"
echo "$version" >"$place/version"

# Uncompressed once: half of the boot would be that, under emulation.
if [ ! -s "$place/vmlinux" ]; then
    image=$place/boot/vmlinuz-$version
    for packer in '\xfd7zXZ\x00/xz -dc' '\x28\xb5\x2f\xfd/zstd -dcq' '\x1f\x8b\x08/gzip -dc'; do
        for at in $(LC_ALL=C grep -abo -P "${packer%%/*}" "$image" | cut -d: -f1 | head -n 20); do
            # shellcheck disable=SC2086
            tail -c +$((at + 1)) "$image" | ${packer#*/} >"$place/vmlinux.new" 2>/dev/null || :
            if [ "$(head -c 4 "$place/vmlinux.new" | tail -c 3)" = ELF ]; then
                mv "$place/vmlinux.new" "$place/vmlinux"
                break 2
            fi
        done
    done
    rm -f "$place/vmlinux.new"
    [ -s "$place/vmlinux" ] || {
        echo "kernel.sh: no kernel found in $image" >&2
        exit 1
    }
fi

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{bin,proc,sys,dev,host,top,root,modules}
cp "$(command -v busybox)" "$tree/bin/busybox"
install -m 755 "$HERE/init" "$tree/init"
: >"$tree/modules/order"
for module in $boot_modules; do
    # Built in, in some kernels: then there is no line.
    modprobe -d "$place" -S "$version" --show-depends "$module" 2>/dev/null || :
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
    name=$(basename "$file")
    case $name in
    *.xz) xz -dc "$file" >"$tree/modules/${name%.xz}" ;;
    *.zst) zstd -dcq "$file" >"$tree/modules/${name%.zst}" ;;
    *) cp "$file" "$tree/modules/$name" ;;
    esac
    name=${name%.xz}
    echo "${name%.zst}" >>"$tree/modules/order"
done
(cd "$tree" && find . | cpio -o -H newc 2>/dev/null) >"$place/initrd.new"
mv "$place/initrd.new" "$place/initrd"
touch "$place/ready"
