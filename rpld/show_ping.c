/* SPDX-License-Identifier: ISC */
/* `ping` and `hosts`: views for those who want to reach the nodes. */
#include "rpld/show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PING_ROUNDS 5u
#define PING_ROUNDS_MAX 20u

struct walk {
    const struct ctl_source *source;
    int number; /* of the walk; -1: it is over */
    struct ctl_ping ping;
};

static void walk_free(void *data)
{
    struct walk *walk = data;

    if (walk->number >= 0)
        walk->source->ping_stop(walk->source->ctx, walk->number);
    free(walk);
}

static void walk_done(void *arg, const struct ctl_ping *ping)
{
    struct show *show = arg;
    struct walk *walk = show->data;

    walk->number = -1;
    walk->ping = *ping;
    show->waiting = false;
    show->wake(show);
}

/* The source route, where the engine has one. */
static void known_way(const struct show *show, struct ctl_ping *ping)
{
    struct rpl_view_path path;

    if (rpl_view_route(show->context->source->engine, &ping->target, &path) != 0)
        return;
    ping->hop_count = (unsigned)path.hops;
    for (unsigned i = 0; i < ping->hop_count; i++) {
        ping->hop[i].address = path.hop[i];
        ping->hop[i].known = true;
    }
}

enum show_code show_ping_start(struct show *show)
{
    const struct ctl_source *source = show->context->source;
    const struct ctl_request *request = show->request;
    unsigned long rounds = PING_ROUNDS;
    struct rpl_view_node node;
    char *end = NULL;

    if (request->argc > 1)
        rounds = strtoul(request->argv[1], &end, 10);
    if (end && (*end || request->argv[1][0] == '-' || rounds < 1 || rounds > PING_ROUNDS_MAX))
        return show_fail(show, SHOW_USAGE, "not a number of rounds (1..%u): %s", PING_ROUNDS_MAX,
                         request->argv[1]);
    if (!show_node_parse(show, request->argv[0], &show->addr))
        return show_fail(show, SHOW_USAGE, "neither a name, an IPv6 address nor an EUI-64: %s",
                         request->argv[0]);
    if (show_node_find(show, &show->addr, &node))
        show->addr = node.address;
    else if (show->addr.b[0] == 0xfe)
        return show_fail(show, SHOW_NOENT, "no node %s", request->argv[0]);
    struct walk *walk = source->ping ? calloc(1, sizeof(*walk)) : NULL;
    if (!walk)
        return show_fail(show, SHOW_FAILED, "cannot ping from here");
    walk->source = source;
    walk->ping.target = show->addr;
    walk->ping.rounds = (unsigned)rounds;
    known_way(show, &walk->ping);
    walk->number = source->ping(source->ctx, &walk->ping, walk_done, show);
    show->data = walk;
    show->data_free = walk_free;
    if (walk->number < 0)
        return show_fail(show, SHOW_FAILED, "others are pinging already: try again later");
    show->waiting = true;
    return SHOW_OK;
}

static void hop_delay(struct writer *w, const char *key, const struct ctl_ping_hop *hop,
                      uint64_t us)
{
    if (hop->received)
        writer_decimal(w, key, us, 3);
    else
        writer_null(w, key);
}

static void hop_row(struct show *show, unsigned number, const struct ctl_ping_hop *hop)
{
    static const struct rpl_addr unknown = {{0}};
    struct writer *w = &show->writer;

    writer_object(w, NULL);
    writer_uint(w, "hop", number);
    show_field_addr(w, "address", hop->known ? &hop->address : &unknown);
    writer_uint(w, "sent", hop->sent);
    writer_uint(w, "received", hop->received);
    writer_uint(w, "loss_percent", hop->sent ? 100u * (hop->sent - hop->received) / hop->sent : 0);
    hop_delay(w, "min_ms", hop, hop->min_us);
    hop_delay(w, "mean_ms", hop, hop->received ? hop->sum_us / hop->received : 0);
    hop_delay(w, "max_ms", hop, hop->max_us);
    writer_end_object(w);
}

bool show_ping(struct show *show, unsigned budget)
{
    static const struct writer_column columns[] = {{"hop", "HOP", 3},
                                                   {"address", "ADDRESS", SHOW_ADDR_WIDTH},
                                                   {"sent", "SENT", 4},
                                                   {"received", "BACK", 4},
                                                   {"loss_percent", "LOSS%", 5},
                                                   {"min_ms", "MIN ms", 9},
                                                   {"mean_ms", "MEAN ms", 9},
                                                   {"max_ms", "MAX ms", 9}};
    const struct walk *walk = show->data;
    const struct ctl_ping *ping = &walk->ping;
    struct writer *w = &show->writer;
    char addr[SHOW_ADDR], line[128];

    (void)budget;
    snprintf(line, sizeof(line), "%s %s", show_addr(&ping->target, addr),
             ping->reached ? "is reached" : "is not reached");
    writer_note(w, line);
    writer_programs_only(w, true);
    show_field_addr(w, "target", &ping->target);
    writer_bool(w, "reached", ping->reached);
    writer_programs_only(w, false);
    writer_array(w, "hops", show_columns(show, columns, 8), 8);
    for (unsigned i = 0; i < ping->hop_count; i++)
        hop_row(show, i + 1, &ping->hop[i]);
    writer_end_array(w);
    return false;
}

/* ---- hosts ------------------------------------------------------------------------------ */

static void host(struct show *show, uint8_t instance, const struct rpl_addr *addr, bool self)
{
    struct writer *w = &show->writer;
    const struct ctl_source *source = show->context->source;
    const char *given = source->name ? source->name(source->ctx, addr) : NULL;
    char text[SHOW_ADDR], eui64[17], line[160], made[24];

    show_addr(addr, text);
    snprintf(made, sizeof(made), "rpl-%s", show_eui64(addr, eui64));
    /* The one that was given first, for it is what a look-up of the address answers. */
    snprintf(line, sizeof(line), "%s %s%s%s", text, given ? given : "", given ? " " : "", made);
    writer_note(w, line);
    writer_programs_only(w, true);
    writer_object(w, NULL);
    writer_string(w, "address", text);
    writer_string(w, "name", given ? given : made);
    writer_string(w, "alias", given ? made : NULL);
    writer_string(w, "eui64", eui64);
    writer_uint(w, "instance", instance);
    writer_bool(w, "self", self);
    writer_end_object(w);
    writer_programs_only(w, false);
}

/* Ourselves first, then all nodes with an address of their own. */
bool show_hosts(struct show *show, unsigned budget)
{
    const struct rpl_engine *engine = show->context->source->engine;
    struct writer *w = &show->writer;
    struct rpl_view_node node;

    if (show->stage++ == 0) {
        struct rpl_cursor cursor = {0};
        struct rpl_view_instance view;

        writer_programs_only(w, true);
        writer_array(w, "hosts", NULL, 0);
        writer_programs_only(w, false);
        while (rpl_view_next_instance(engine, &cursor, show->now, &view)) {
            if (view.has_address)
                host(show, view.id, &view.address, true);
        }
    }
    for (; budget > 0; budget--) {
        if (!rpl_view_next_node(engine, &show->cursor, show->now, &node)) {
            writer_programs_only(w, true);
            writer_end_array(w);
            writer_programs_only(w, false);
            return false;
        }
        if (node.len == 128)
            host(show, node.instance, &node.address, false);
    }
    return true;
}
