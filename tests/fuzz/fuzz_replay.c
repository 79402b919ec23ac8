/* SPDX-License-Identifier: ISC */
/*
 * Any octets as a recording: a replay ends, within its memory, and gives everything back. An input
 * that begins like a recording is one as it stands; another is read as the rest of one that begins
 * with a root and its interface, so that the engine is reached at all.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/replay.h"
#include "tests/lib/rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM 65536

struct file {
    uint8_t data[ROOM];
    size_t len;
};

static void sink(void *ctx, const uint8_t *data, size_t len)
{
    struct file *file = ctx;

    if (len > ROOM - file->len)
        abort();
    memcpy(file->data + file->len, data, len);
    file->len += len;
}

static void begin(struct file *file)
{
    struct rpl_recorder recorder;
    struct rpl_event link = {.type = RPL_EVENT_LINK};
    static struct rig rig;

    rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rpl_record_begin(&recorder, sink, file, &rig.config, RPL_S(1), "fuzz");
    link.u.link = (struct rpl_event_link){
        .ifindex = 1, .address = rig_ll(1), .instances = 1, .name = "lowpan0"};
    rpl_record_event(&recorder, &link, RPL_S(1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct file file;
    struct sim_replay replay;

    if (size < RPL_RECORD_MAGIC || memcmp(data, "rplrec", 6) != 0) {
        file.len = 0;
        begin(&file);
        sink(&file, data, size > ROOM / 2 ? ROOM / 2 : size);
        data = file.data;
        size = file.len;
    }
    sim_replay(data, size, NULL, NULL, &replay);
    if (replay.at > size || replay.result > SIM_REPLAY_BROKEN)
        abort();
    return 0;
}
