#!/bin/sh
# SPDX-License-Identifier: ISC
# selftest.sh ROOT CC: a wall that cannot fail is none. Plants one violation after the other in a
# copy of the tree and wants the wall to name it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
root=$1
cc=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

# fresh: $work/tree becomes a small tree that keeps every rule, one file a room.
fresh()
{
    rm -rf "$work/tree"
    for each in $rooms; do
        mkdir -p "$work/tree/$each"
        {
            echo '/* SPDX-License-Identifier: ISC */'
            echo "#include \"$each/$each.h\""
        } >"$work/tree/$each/$each.c"
        echo '/* SPDX-License-Identifier: ISC */' >"$work/tree/$each/$each.h"
    done
    mkdir -p "$work/tree/tests"
    cp "$root/.clang-format" "$work/tree/"
}

# wants WALL TEXT ARG...: WALL fails and says TEXT.
wants()
{
    wall=$1 text=$2
    shift 2
    if sh "$here/$wall.sh" "$@" >"$work/out" 2>&1; then
        bad "$wall did not see: $text"
    elif ! grep -qF -- "$text" "$work/out"; then
        bad "$wall failed, but did not say: $text"
        cat "$work/out"
    fi
}

# passes WALL ARG...: WALL has nothing to say.
passes()
{
    wall=$1
    shift
    if ! sh "$here/$wall.sh" "$@" >"$work/out" 2>&1; then
        bad "$wall failed on a tree that keeps the rules"
        cat "$work/out"
    fi
}

# plant FILE LINE: append LINE to FILE of a fresh tree.
plant()
{
    fresh
    printf '%s\n' "$2" >>"$work/tree/$1"
}

fresh
for wall in includes length spdx; do
    passes $wall "$work/tree"
done

# Every direction that is forbidden, by name.
for pair in trickle:of/of.h trickle:rpl/rpl.h of:trickle/trickle.h of:rpl/rpl.h \
    rpl:netlink/krt.h rpl:conf/conf.h rpl:rpld/rpld.h rpl:sim/sim.h \
    sim:netlink/krt.h sim:conf/conf.h sim:rpld/rpld.h \
    netlink:conf/conf.h netlink:rpl/rpl_data.h netlink:trickle/trickle.h netlink:rpld/rpld.h \
    conf:netlink/krt.h conf:rpl/engine.h conf:of/of_ops.h conf:rpld/rpld.h \
    rplctl:rpl/rpl.h rplctl:rpld/ctl.h bridge:rpl/rpl.h bridge:rpld/ctl.h bridge:conf/conf.h \
    sandbox:rpld/rpld.h sandbox:bridge/brg.h rplctl:sandbox/sandbox.h \
    rpld:bridge/brg.h rpld:sim/sim.h rpld:tests/lib/x.h; do
    room=${pair%%:*} header=${pair#*:}
    plant "$room/$room.c" "  #  include \"$header\""
    wants includes "$room/ must not include \"$header\"" "$work/tree"
done
# And some that are not.
for pair in rpl:trickle/trickle.h rpl:of/of.h sim:rpl/rpl_data.h netlink:rpl/rpl.h \
    conf:rpl/rpl_view.h rpld:netlink/krt.h rpld:rpl/rpl_data.h rpld:conf/conf.h \
    rpld:sandbox/sandbox.h bridge:sandbox/sandbox.h bridge:sandbox/sandbox_log.h; do
    plant "${pair%%:*}/${pair%%:*}.c" "#include \"${pair#*:}\""
    passes includes "$work/tree"
done
plant rpl/rpl.c '#include "rpl/../netlink/krt.h"'
wants includes 'headers go by their path from the root' "$work/tree"
plant rpl/rpl.c '#include "rpl.h"'
wants includes 'rpl/ must not include "rpl.h"' "$work/tree"
plant of/of.c '#include <time.h>'
wants includes 'pure of/ must not include <time.h>' "$work/tree"
fresh
mkdir "$work/tree/util"
cp "$work/tree/of/of.c" "$work/tree/util/util.c"
wants includes 'util/util.c: a folder with C files' "$work/tree"

plant conf/conf.c "$(yes '' | head -n 797; echo 'int x;')"
passes length "$work/tree"
echo >>"$work/tree/conf/conf.c"
wants length 'conf/conf.c: 801 lines' "$work/tree"

fresh
sed -i 1d "$work/tree/bridge/bridge.h"
wants spdx 'bridge/bridge.h: the first line' "$work/tree"
fresh
printf '#!/bin/sh\ntrue\n' >"$work/tree/tests/x.sh"
wants spdx 'tests/x.sh: no # SPDX' "$work/tree"

if clang-format --version 2>/dev/null | grep -q "version 14\."; then
    fresh
    passes format "$work/tree"
    plant rpld/rpld.c 'int   x ;'
    wants format 'rpld/rpld.c: not formatted' "$work/tree"
fi
fresh
mkdir "$work/bin"
for tool in sh dirname find sed sort; do
    ln -s "$(command -v $tool)" "$work/bin/$tool"
done
status=0
PATH=$work/bin CI=true sh "$here/format.sh" "$work/tree" >"$work/out" || status=$?
[ $status -eq 1 ] || bad "format without clang-format in CI: $status, not 1"
status=0
PATH=$work/bin CI='' sh "$here/format.sh" "$work/tree" >"$work/out" || status=$?
[ $status -eq 77 ] || bad "format without clang-format: $status, not 77"

# object ROOM TEXT: compile TEXT and make it the only object of ROOM.
object()
{
    printf '%s\n' "$2" >"$work/$1.c"
    "$cc" -w -O1 -c "$work/$1.c" -o "$work/$1.o"
    echo "$1 $work/$1.o" >"$work/objects"
}
object trickle '#include <string.h>
void trickle_x(char *a, char *b, int n) { memcpy(a, b, n); memset(b, n, n); memmove(a, a + 1, n); }'
cp "$work/objects" "$work/objects.trickle"
passes purity "$work/objects"
passes prefixes "$work/objects"
for call in 'clock_gettime' 'malloc' 'printf' 'socket' 'abort' '__assert_fail' 'krt_new'; do
    object rpl "void $call(int, int); void rpl_x(void) { $call(0, 0); }"
    wants purity "must not use $call" "$work/objects"
done
object rpl 'extern int errno_x; int rpl_x(void) { return errno_x; }'
wants purity 'must not use errno_x' "$work/objects"
object rpl 'void trickle_x(char *, char *, int); void rpl_x(void) { trickle_x(0, 0, 0); }'
wants purity 'must not use trickle_x' "$work/objects"
cat "$work/objects.trickle" >>"$work/objects"
passes purity "$work/objects"
echo "rpl $work/absent.o" >"$work/objects"
wants purity 'absent.o: not built' "$work/objects"
wants prefixes 'absent.o: not built' "$work/objects"
: >"$work/objects"
wants purity 'no object of a pure room' "$work/objects"
wants prefixes 'no object' "$work/objects"

object of 'int of0_select(void) { return 0; }'
wants prefixes 'of0_select does not begin with of_' "$work/objects"
object rpl 'int rpl_fine; int helper(void) { return rpl_fine; }'
wants prefixes 'helper does not begin with rpl_' "$work/objects"
object conf 'int krt_x;'
wants prefixes 'krt_x carries the prefix of netlink/' "$work/objects"
object rpld 'int main(void) { return 0; } int fwd_x; int rpl_x;'
wants prefixes 'rpl_x carries the prefix of rpl/' "$work/objects"
object rpld 'static int rpl_x; int *ctl_x = &rpl_x; int main(void) { return 0; }'
passes prefixes "$work/objects"

finish "walls that do not stand"
