/* SPDX-License-Identifier: ISC */
/*
 * What the control socket answers: `sensors`, `bridge`, `bridge dead` and `readings`, as text or as
 * JSON, written piece by piece so that no table of any length holds up the loop or fills the
 * memory.
 */
#ifndef BRIDGE_SHOW_H
#define BRIDGE_SHOW_H

#include "bridge/core.h"
#include "bridge/readings.h"
#include "bridge/spool.h"

#define BRG_SHOW_ROW 4096 /* a row is never longer */

/* How the broker's side is; the strings are borrowed. */
struct brg_show_broker {
    const char *state; /* "connected", "connecting" or "away" */
    const char *url;
    const char *client_id;
    const char *version; /* "5" or "3.1.1" */
};

/* Where answers come from. */
struct brg_show_source {
    struct brg_core *core;
    const struct coap_endpoint *ep;
    const struct brg_outbox *outbox;
    struct brg_spool *spool;       /* NULL: none */
    struct brg_readings *readings; /* NULL: none are kept */
    void (*broker)(void *ctx, struct brg_show_broker *ret_broker);
    void *ctx;
};

enum brg_show_kind {
    BRG_SHOW_HELP,
    BRG_SHOW_SENSORS,
    BRG_SHOW_BRIDGE,
    BRG_SHOW_DEAD,
    BRG_SHOW_READINGS
};

/* One answer on its way. */
struct brg_show {
    const struct brg_show_source *source;
    enum brg_show_kind kind;
    bool json;
    bool begun;
    bool first; /* of a list: no comma before the next */
    bool done;
    char node[17]; /* where it goes on */
    unsigned row;  /* rows of that node that are told */
    uint64_t seq;  /* BRG_SHOW_READINGS, BRG_SHOW_DEAD: the last that was told */
    bool since;    /* and it was asked for */
};

/*
 * Takes a request apart: [text|json] COMMAND [ARG...]. 0, or a code of the protocol with
 * |*ret_why|: 1 there is no such thing, 2 it is not understood. |line| is cut into words.
 */
int brg_show_start(struct brg_show *show, const struct brg_show_source *source, char *line,
                   const char **ret_why);

/*
 * Writes more of it behind what |out| has, whole rows only, while there is room for one. When
 * |show->done| is set that was all; readings are never done, and nothing is written when there is
 * none.
 */
void brg_show_step(struct brg_show *show, struct brg_text *out, const struct brg_now *now);

#endif
