/* SPDX-License-Identifier: ISC */
/*
 * Any octets as a data packet, through the forwarder: at a root that knows nodes, at a router of
 * each mode, and at a leaf; from the mesh, from the kernel, and as an ICMPv6 error to ourselves.
 * The first octet chooses. Its sockets are closed, so that all it would send fails; the engines are
 * real.
 */
#include <stdlib.h>
#include <string.h>

#include "rpld/forward_priv.h"
#include "tests/lib/rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NODES 4

static struct rig rigs[NODES];
static struct fwd fwds[NODES];

static uint32_t host_mtu(void *ctx, uint32_t ifindex)
{
    (void)ctx;
    return ifindex == RIG_IF ? 1280 : 0;
}

static void host_event(void *ctx, const struct rpl_event *event)
{
    rig_input(ctx, event);
}

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void start_root(struct rig *rig)
{
    struct rpl_addr root = rig_global(1);

    rig_init(rig, RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig->config.instance[0].compat.downward_rpi = true;
    require(rig_start(rig) == 0);
    for (unsigned n = 2; n <= 5; n++) {
        struct rpl_addr target = rig_global(n), parent = rig_global(n - 1);
        struct rpl_wire_message dao = rig_dao(241, &target, 0, 255, &parent);

        require(rig_receive_on(rig, 0, &target, &root, &dao) == 0);
    }
}

static void start_node(struct rig *rig, enum rpl_role role, enum rpl_mop mop)
{
    struct rpl_addr parent = rig_ll(9), dodag_id = rig_global(9);
    struct rpl_wire_message dio = rig_dio(mop, 256, &dodag_id);

    rig_init(rig, role, mop);
    require(rig_start(rig) == 0);
    rig_join(rig, &parent, &dio);
}

static void start(void)
{
    start_root(&rigs[0]);
    start_node(&rigs[1], RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    start_node(&rigs[2], RPL_ROLE_ROUTER, RPL_MOP_STORING);
    start_node(&rigs[3], RPL_ROLE_LEAF, RPL_MOP_NON_STORING);
    for (unsigned i = 0; i < NODES; i++) {
        const struct fwd_host host = {.ctx = &rigs[i], .mtu = host_mtu, .event = host_event};

        fwds[i].tun = fwds[i].raw = fwds[i].packet = fwds[i].tunnel = -1;
        fwd_attach(&fwds[i], rigs[i].engine, &host);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;

    if (!started)
        start();
    started = true;
    if (size < 1 || size - 1 > FWD_READ_MAX)
        return 0;
    struct fwd *fwd = &fwds[data[0] % NODES];
    struct rig *rig = &rigs[data[0] % NODES];
    /* A block of its own size, so that a step past the end is seen. */
    uint8_t *packet = malloc(FWD_BUFFER);
    const struct rpl_addr reporter = rig_global(2);

    require(packet != NULL);
    memcpy(packet, data + 1, size - 1);
    rig->sent_count = rig->route_count = rig->trace_count = 0;
    if (data[0] & 0x80)
        fwd_told(fwd, &reporter, packet, size - 1, rig->now);
    else if (data[0] & 0x40)
        fwd_down(fwd, packet, size - 1, rig->now);
    else
        fwd_receive(fwd, packet, size - 1, RIG_IF, 0, rig->now);
    free(packet);
    return 0;
}
