/* SPDX-License-Identifier: ISC */
#include "sim/replay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rpl/rpl_wire.h"

/* ---- the engine's memory, bounded --------------------------------------------------------- */

/* In front of each piece, so that it is known what is given back. */
union piece {
    size_t size;
    max_align_t align;
};

static void *memory_alloc(void *ctx, size_t size)
{
    size_t *used = ctx;
    size_t whole = size + sizeof(union piece);

    if (size > SIM_REPLAY_MEMORY_MAX || whole > SIM_REPLAY_MEMORY_MAX - *used)
        return NULL;
    union piece *piece = calloc(1, whole);
    if (!piece)
        return NULL;
    piece->size = whole;
    *used += whole;
    return piece + 1;
}

static void memory_free(void *ctx, void *p)
{
    size_t *used = ctx;
    union piece *piece = (union piece *)p - 1;

    *used -= piece->size;
    free(piece);
}

/* ---- the run ------------------------------------------------------------------------------ */

struct replay {
    struct rpl_record_reader reader;
    struct rpl_record record;
    struct rpl_engine *engine;
    size_t memory;
    sim_replay_fn *fn;
    void *ctx;
    struct sim_replay *out;
};

static bool start(struct replay *replay)
{
    struct rpl_config *config = &replay->reader.config;

    config->mem = (struct rpl_mem){memory_alloc, memory_free, &replay->memory};
    replay->out->began = replay->record.now;
    return rpl_engine_new(config, replay->record.now, &replay->engine) == 0;
}

/* As many effects as were taken then. False: there are fewer, or they are others. */
static bool take_effects(struct replay *replay)
{
    const struct rpl_record *record = &replay->record;
    struct sim_replay *out = replay->out;
    struct rpl_effect effect;

    out->recorded = record->digest;
    for (uint64_t i = 0; i < record->count; i++) {
        if (!rpl_engine_poll(replay->engine, &effect))
            return false;
        out->effects++;
        out->digest = rpl_effect_digest(out->digest, record->now, &effect);
        if (replay->fn)
            replay->fn(replay->ctx, record->now, NULL, &effect);
    }
    return out->digest == record->digest;
}

/* SIM_REPLAY_SAME: go on. */
static enum sim_replay_result carry_out(struct replay *replay)
{
    const struct rpl_record *record = &replay->record;
    struct sim_replay *out = replay->out;

    out->now = record->now;
    switch (record->type) {
    case RPL_RECORD_START:
        return start(replay) ? SIM_REPLAY_SAME : SIM_REPLAY_BROKEN;
    case RPL_RECORD_EVENT:
        out->events++;
        if (replay->fn)
            replay->fn(replay->ctx, record->now, &record->event, NULL);
        rpl_engine_input(replay->engine, &record->event, record->now);
        return SIM_REPLAY_SAME;
    case RPL_RECORD_TIMEOUT:
        out->timeouts++;
        rpl_engine_timeout(replay->engine, record->now);
        return SIM_REPLAY_SAME;
    case RPL_RECORD_EFFECTS:
        return take_effects(replay) ? SIM_REPLAY_SAME : SIM_REPLAY_DIFFERS;
    case RPL_RECORD_END:
        out->why = record->why;
        out->recorded = record->digest;
        return record->digest == out->digest && record->count == out->effects ? SIM_REPLAY_SAME
                                                                              : SIM_REPLAY_DIFFERS;
    case RPL_RECORD_BEGIN:
    case RPL_RECORD_INSTANCE:
    case RPL_RECORD_ALLOW:
    case RPL_RECORD_DENY:
        break;
    }
    return SIM_REPLAY_BROKEN;
}

static enum sim_replay_result go_through(struct replay *replay)
{
    for (;;) {
        replay->out->at = replay->reader.at;
        int r = rpl_record_next(&replay->reader, &replay->record);
        if (r < 0)
            return SIM_REPLAY_BROKEN;
        if (r == 0)
            return replay->reader.ended     ? SIM_REPLAY_SAME
                   : replay->reader.started ? SIM_REPLAY_CUT_SHORT
                                            : SIM_REPLAY_BROKEN;
        enum sim_replay_result result = carry_out(replay);
        if (result != SIM_REPLAY_SAME)
            return result;
    }
}

void sim_replay(const uint8_t *data, size_t len, sim_replay_fn *fn, void *ctx,
                struct sim_replay *ret_replay)
{
    struct replay *replay = calloc(1, sizeof(*replay));

    memset(ret_replay, 0, sizeof(*ret_replay));
    ret_replay->result = SIM_REPLAY_BROKEN;
    ret_replay->digest = ret_replay->recorded = RPL_DIGEST_BEGIN;
    if (!replay)
        return;
    replay->fn = fn;
    replay->ctx = ctx;
    replay->out = ret_replay;
    if (rpl_record_open(&replay->reader, data, len) == 0)
        ret_replay->result = go_through(replay);
    memcpy(ret_replay->program, replay->reader.program, sizeof(ret_replay->program));
    rpl_engine_free(replay->engine);
    free(replay);
}

/* ---- for people and programs --------------------------------------------------------------- */

static const char *result_name(enum sim_replay_result result)
{
    static const char *const names[] = {"same", "cut short", "differs", "broken"};

    return names[result];
}

static const char *event_name(enum rpl_event_type type)
{
    switch (type) {
    case RPL_EVENT_PACKET:
        return "packet";
    case RPL_EVENT_LINK:
        return "link";
    case RPL_EVENT_ADDRESS:
        return "address";
    case RPL_EVENT_NEIGHBOUR:
        return "neighbour";
    case RPL_EVENT_ROUTE_RESULT:
        return "route-result";
    case RPL_EVENT_ROUTE_FOUND:
        return "route-found";
    case RPL_EVENT_ROUTE_LOST:
        return "route-lost";
    case RPL_EVENT_TARGET_RESTORED:
        return "target-restored";
    case RPL_EVENT_FORWARD_ERROR:
        return "forward-error";
    case RPL_EVENT_PREFIX:
        return "prefix";
    case RPL_EVENT_COMMAND:
        return "command";
    case RPL_EVENT_LEAF_RESTORED:
        return "leaf-restored";
    }
    return "unknown";
}

static const char *text(const struct rpl_addr *addr, char buf[static INET6_ADDRSTRLEN])
{
    inet_ntop(AF_INET6, addr->b, buf, INET6_ADDRSTRLEN);
    return buf;
}

static void log_event(const struct rpl_event *event)
{
    char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];
    const struct rpl_event_packet *packet = &event->u.packet;

    printf("in  %s", event_name(event->type));
    if (event->type == RPL_EVENT_PACKET)
        printf(" %s > %s code 0x%02x length %zu", text(&packet->src, a), text(&packet->dst, b),
               packet->len > 1 ? packet->data[1] : 0, packet->len);
    printf("\n");
}

static void log_effect(const struct rpl_effect *effect)
{
    static const char *const names[] = {"send",        "route-set", "route-del", "address-set",
                                        "address-del", "store",     "trace",     "leaves"};
    const struct rpl_effect_trace *trace = &effect->u.trace;
    char a[INET6_ADDRSTRLEN];

    printf("out %s", names[effect->type]);
    if (effect->type == RPL_EFFECT_SEND)
        printf(" > %s code 0x%02x length %u", text(&effect->u.send.dst, a), effect->u.send.data[1],
               effect->u.send.len);
    else if (effect->type == RPL_EFFECT_TRACE)
        printf(" %s %s %s value %" PRIu32, rpl_trace_name(trace->kind), text(&trace->address, a),
               rpl_cause_name(trace->cause), trace->value);
    else if (effect->type == RPL_EFFECT_ROUTE_SET || effect->type == RPL_EFFECT_ROUTE_DEL)
        printf(" %s/%u", text(&effect->u.route.route.dst, a), effect->u.route.route.dst_len);
    printf("\n");
}

static void log_line(void *ctx, rpl_tstamp now, const struct rpl_event *event,
                     const struct rpl_effect *effect)
{
    (void)ctx;
    printf("%" PRIu64 ".%06" PRIu64 " ", now / 1000000, now % 1000000);
    if (event)
        log_event(event);
    else
        log_effect(effect);
}

static void report_text(const struct sim_replay *replay)
{
    bool ended = replay->result == SIM_REPLAY_SAME;

    printf("recorded by        %s\n", replay->program);
    printf("time               %.3f s\n", (double)(replay->now - replay->began) / 1e6);
    printf("calls              %" PRIu64 " events, %" PRIu64 " timeouts\n", replay->events,
           replay->timeouts);
    printf("effects            %" PRIu64 "\n", replay->effects);
    printf("digest             %016" PRIx64 "\n", replay->digest);
    printf("recorded digest    %016" PRIx64 "\n", replay->recorded);
    if (ended)
        printf("result             same, ended: %s\n", rpl_record_why_name(replay->why));
    else
        printf("result             %s, at octet %zu\n", result_name(replay->result), replay->at);
}

static void report_json(const struct sim_replay *replay)
{
    bool ended = replay->result == SIM_REPLAY_SAME;

    printf("{\n  \"schema\": 1,\n  \"result\": \"%s\", \"ended\": ", result_name(replay->result));
    printf(ended ? "\"%s\",\n" : "null,\n", rpl_record_why_name(replay->why));
    printf("  \"time_s\": %.6f, \"events\": %" PRIu64 ", \"timeouts\": %" PRIu64
           ", \"effects\": %" PRIu64 ",\n",
           (double)(replay->now - replay->began) / 1e6, replay->events, replay->timeouts,
           replay->effects);
    printf("  \"digest\": \"%016" PRIx64 "\", \"recorded_digest\": \"%016" PRIx64
           "\", \"at\": %zu\n}\n",
           replay->digest, replay->recorded, replay->at);
}

/* All of |file|; NULL, and errno. */
static uint8_t *read_file(const char *file, size_t *ret_len)
{
    FILE *in = fopen(file, "rbe");
    struct stat st;
    uint8_t *data = NULL;

    if (!in)
        return NULL;
    if (fstat(fileno(in), &st) < 0 || !S_ISREG(st.st_mode))
        errno = EINVAL;
    else if (st.st_size < 0 || (uint64_t)st.st_size > SIM_REPLAY_FILE_MAX)
        errno = EFBIG;
    else
        data = malloc((size_t)st.st_size + 1);
    if (data)
        *ret_len = fread(data, 1, (size_t)st.st_size, in);
    fclose(in);
    return data;
}

int sim_replay_run(const char *file, bool log, bool json)
{
    struct sim_replay replay;
    size_t len = 0;
    uint8_t *data = read_file(file, &len);

    if (!data) {
        fprintf(stderr, "rplsim: %s: %s\n", file, strerror(errno));
        return 2;
    }
    sim_replay(data, len, log ? log_line : NULL, NULL, &replay);
    free(data);
    if (json)
        report_json(&replay);
    else
        report_text(&replay);
    if (replay.result == SIM_REPLAY_BROKEN) {
        fprintf(stderr, "rplsim: %s: no recording that this version can read\n", file);
        return 2;
    }
    return replay.result == SIM_REPLAY_DIFFERS;
}
