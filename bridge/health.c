/* SPDX-License-Identifier: ISC */
#include "bridge/health.h"

#include <string.h>

#include "bridge/text.h"
#include "bridge/topic.h"

#define DEAD_TOLD 20
#define DEAD_OCTETS 64
#define ROOM 16384
#define ENTRY_MAX (2 * BRG_TOPIC_MAX + 512) /* of one, with its topic escaped */

struct list {
    struct brg_text out;
    bool first;
};

static void field(struct brg_text *out, const char *name, uint64_t value)
{
    brg_text_puts(out, ",\"");
    brg_text_puts(out, name);
    brg_text_puts(out, "\":");
    brg_text_u64(out, value);
}

static void put(struct brg_health *health, const char *name, const struct brg_text *out)
{
    const char *const parts[] = {health->base, "bridge", name};
    struct brg_message message = {
        .payload = out->buf,
        .len = out->len,
        .retain = true,
        .qos = 1,
        .content = BRG_CONTENT_JSON,
    };
    char topic[BRG_TOPIC_MAX];

    if (!out->full && brg_topic_join(topic, sizeof(topic), parts, 3) == 0) {
        message.topic = topic;
        (void)brg_outbox_add(health->outbox, &message);
    }
}

static void nodes_write(struct brg_text *out, const struct brg_core_stats *stats)
{
    field(out, "nodes", stats->nodes);
    field(out, "online", stats->online);
    field(out, "resources", stats->resources);
    field(out, "observed", stats->observed);
    field(out, "values", stats->values);
    field(out, "bad_payloads", stats->bad_payloads);
    field(out, "commands", stats->commands);
    field(out, "commands_retained", stats->commands_retained);
    field(out, "commands_waiting", stats->commands_waiting);
    field(out, "no_room", stats->full);
}

static void coap_write(struct brg_text *out, const struct coap_stats *stats)
{
    field(out, "coap_received", stats->received);
    field(out, "coap_sent", stats->sent);
    field(out, "coap_retransmitted", stats->retransmitted);
    field(out, "coap_duplicates", stats->duplicates);
    field(out, "coap_malformed", stats->malformed);
    field(out, "coap_limited", stats->limited);
    field(out, "coap_refused", stats->refused);
}

static void outbox_write(struct brg_text *out, const struct brg_outbox_stats *stats)
{
    field(out, "published", stats->published);
    field(out, "in_flight", stats->in_flight);
    field(out, "memory_bytes", stats->bytes);
    field(out, "memory_dropped", stats->dropped);
    field(out, "refused", stats->refused);
}

static void spool_write(struct brg_text *out, const struct brg_spool_stats *stats)
{
    field(out, "spool_messages", stats->messages);
    field(out, "spool_bytes", stats->bytes);
    field(out, "spool_superseded", stats->superseded);
    field(out, "spool_dropped", stats->dropped);
    field(out, "spool_expired", stats->expired);
    field(out, "spool_buried", stats->buried);
}

static void dead_write(void *arg, const struct brg_dead *dead)
{
    struct list *list = arg;
    struct brg_text *out = &list->out;

    if (out->len > ROOM - ENTRY_MAX) {
        return; /* the oldest of them are left out */
    }
    brg_text_puts(out, list->first ? "{\"topic\":" : ",{\"topic\":");
    list->first = false;
    brg_text_json_string(out, dead->topic, strlen(dead->topic));
    brg_text_puts(out, ",\"reason\":");
    brg_text_json_string(out, dead->reason, strlen(dead->reason));
    brg_text_puts(out, ",\"t\":");
    brg_text_number(out, dead->at_s);
    field(out, "octets", dead->octets);
    brg_text_puts(out, ",\"hex\":\"");
    brg_text_hex(out, dead->payload, dead->len < DEAD_OCTETS ? dead->len : DEAD_OCTETS);
    brg_text_puts(out, "\"}");
}

/* The newest of the dead. */
static void dead_tell(struct brg_health *health)
{
    const struct brg_spool_stats *stats = brg_spool_stats(health->spool);
    uint64_t dead = stats->dropped + stats->expired + stats->buried;
    struct list list = {.first = true};
    char room[ROOM];

    if (health->told && dead == health->dead_told) {
        return;
    }
    brg_text_init(&list.out, room, sizeof(room));
    brg_text_puts(&list.out, "[");
    if (brg_spool_dead(health->spool, 0, DEAD_TOLD, dead_write, &list) < 0) {
        return;
    }
    brg_text_puts(&list.out, "]");
    put(health, "dead", &list.out);
    health->dead_told = dead;
    health->told = true;
}

void brg_health_tell(struct brg_health *health, double now_s)
{
    struct brg_text out;
    char room[2048];

    brg_text_init(&out, room, sizeof(room));
    brg_text_puts(&out, "{\"t\":");
    brg_text_number(&out, now_s);
    brg_text_puts(&out, ",\"spool\":");
    brg_text_puts(&out, health->spool == NULL                ? "\"none\""
                        : brg_core_store_fails(health->core) ? "\"failing\""
                                                             : "\"ok\"");
    nodes_write(&out, brg_core_stats(health->core));
    coap_write(&out, coap_endpoint_stats(health->ep));
    outbox_write(&out, brg_outbox_stats(health->outbox));
    if (health->spool != NULL) {
        spool_write(&out, brg_spool_stats(health->spool));
    }
    brg_text_puts(&out, "}");
    put(health, "health", &out);
    if (health->spool != NULL) {
        dead_tell(health);
    }
}
