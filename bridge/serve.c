/* SPDX-License-Identifier: ISC */
/*
 * The bridge as a CoAP server: a node that pushes a value to /r/RES (PUT or POST) has it published
 * on BASE/NODE/RES, and is told 2.04 when it is kept. /r/RES and /r/NODE/RES give the last value of
 * a state, as the broker has it, and can be observed; /.well-known/core lists what there is.
 *
 * The node is known by its source address, so that only nodes the routing daemon (or another
 * source) has named may push, and one that has a key only through DTLS.
 */
#include "bridge/core_internal.h"

#include <string.h>

#define ROOT "r/"
#define CORE ".well-known/core"
#define DESCRIPTION "</r>;rt=\"rpld.push\";title=\"PUT or POST a value to r/NAME\""
#define PUSH_MAX_AGE_S 60
#define LINK_MIN 16       /* octets of the shortest link */
#define LOOKS_RATE 100000 /* values that are looked at in a second for lists, and at once: */
#define LOOKS_BURST 200000

static struct node *node_at(struct brg_core *core, const struct coap_addr *peer)
{
    struct node *node = brg_node_at(core, peer->ip);

    return node != NULL && node->secure == peer->secure ? node : NULL;
}

static bool may_write(void *ctx, const struct coap_addr *peer)
{
    return node_at(ctx, peer) != NULL;
}

void brg_serve_start(struct brg_core *core)
{
    if (core->config.serve != BRG_SERVE_OFF) {
        coap_serve(core->ep, may_write, core);
    }
}

/* FNV-1a, 64 bits: what observers of a topic are known by. */
static uint64_t key_of(const char *topic)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (; *topic != '\0'; topic++) {
        hash = (hash ^ (uint8_t)*topic) * UINT64_C(1099511628211);
    }
    return hash;
}

static int format_of(enum brg_content content)
{
    switch (content) {
    case BRG_CONTENT_TEXT:
        return COAP_FORMAT_TEXT;
    case BRG_CONTENT_JSON:
    case BRG_CONTENT_READING:
        return COAP_FORMAT_JSON;
    case BRG_CONTENT_OCTETS:
        return COAP_FORMAT_OCTETS;
    case BRG_CONTENT_SENML:
        return COAP_FORMAT_SENML_JSON;
    case BRG_CONTENT_UNSAID:
        break;
    }
    return COAP_FORMAT_NONE;
}

static struct coap_answer answer_of(const struct brg_message *message)
{
    return (struct coap_answer){
        .code = COAP_CONTENT,
        .format = format_of(message->content),
        .data = message->payload,
        .len = message->len,
    };
}

static void tell(struct brg_core *core, const struct coap_origin *origin, uint8_t code,
                 const struct brg_now *now)
{
    const struct coap_answer answer = {.code = code, .format = COAP_FORMAT_NONE};

    coap_answer(core->ep, origin, &answer, now->mono);
}

void brg_serve_news(struct brg_core *core, const struct brg_message *message,
                    const struct brg_now *now)
{
    struct coap_answer answer;

    if (message->retain && coap_has_observers(core->ep)) {
        answer = answer_of(message);
        coap_notify(core->ep, key_of(message->topic), &answer, now->mono);
    }
}

/* --- pushing -------------------------------------------------------------------------------- */

void brg_serve_kept(struct brg_core *core, const struct coap_origin *origin, bool kept,
                    const struct brg_now *now)
{
    if (kept) {
        tell(core, origin, COAP_CHANGED, now);
    } else {
        coap_drop(core->ep, origin, now->mono); /* it comes again */
    }
}

/* The path behind /r/ into |room|, without a query. */
static bool path_of(const char *uri, char room[COAP_URI_MAX])
{
    size_t len = strcspn(uri, "?");

    if (len <= strlen(ROOT) || strncmp(uri, ROOT, strlen(ROOT)) != 0) {
        return false;
    }
    memcpy(room, uri + strlen(ROOT), len - strlen(ROOT));
    room[len - strlen(ROOT)] = '\0';
    return true;
}

static void push(struct brg_core *core, const struct coap_effect *effect, const struct brg_now *now)
{
    const struct coap_origin *origin = &effect->request->origin;
    struct coap_effect value = *effect;
    uint64_t first = brg_outbox_next_id(core->outbox);
    struct node *node = node_at(core, &origin->peer);
    struct resource *res;
    char path[COAP_URI_MAX];

    if (node == NULL || !path_of(effect->request->uri, path)) {
        tell(core, origin, node == NULL ? COAP_FORBIDDEN : COAP_NOT_FOUND, now);
        return;
    }
    res = brg_resource_push(core, node, path);
    if (res == NULL || (res->rule != NULL && res->rule->ignore)) {
        tell(core, origin, res == NULL ? COAP_UNAVAILABLE : COAP_FORBIDDEN, now);
        return;
    }
    core->stats.pushes++;
    value.code = COAP_CONTENT;
    value.max_age_s = PUSH_MAX_AGE_S;
    if (brg_publish_value(core, res, &value, now) < 0) {
        brg_serve_kept(core, origin, false, now);
    } else if (core->store != NULL) {
        brg_keep_then_answer(core, origin, first, now);
    } else {
        brg_serve_kept(core, origin, true, now);
    }
}

/* --- reading -------------------------------------------------------------------------------- */

/* BASE/NODE/RES for the path behind /r/: of the node that it names, or of who asks. */
static bool topic_of(struct brg_core *core, const struct coap_addr *peer, const char *path,
                     char topic[BRG_TOPIC_MAX])
{
    char eui64[BRG_EUI64_TEXT];
    size_t len = brg_node_labelled(core, path, eui64);
    const struct node *node = len > 0 ? brg_node_find(core, eui64) : node_at(core, peer);
    char name[BRG_TOPIC_MAX];
    const char *const parts[] = {core->config.base, node == NULL ? eui64 : brg_node_label(node),
                                 name};

    return (len > 0 || node != NULL) &&
           brg_topic_path(name, sizeof(name), path + (len > 0 ? len + 1 : 0)) == 0 &&
           brg_topic_join(topic, BRG_TOPIC_MAX, parts, 3) == 0;
}

static void read_value(struct brg_core *core, const struct coap_incoming *request,
                       const struct brg_now *now)
{
    const struct brg_message *message = NULL;
    struct coap_answer answer;
    char path[COAP_URI_MAX];
    char topic[BRG_TOPIC_MAX];

    if (path_of(request->uri, path) && topic_of(core, &request->origin.peer, path, topic)) {
        message = brg_outbox_state(core->outbox, topic);
    }
    if (message == NULL || message->len == 0) {
        tell(core, &request->origin, COAP_NOT_FOUND, now);
        return;
    }
    core->stats.reads++;
    answer = answer_of(message);
    answer.observe = request->observe;
    answer.key = key_of(topic);
    if (request->accept != COAP_FORMAT_NONE && request->accept != answer.format) {
        tell(core, &request->origin, COAP_NOT_ACCEPTABLE, now);
    } else {
        coap_answer(core->ep, &request->origin, &answer, now->mono);
    }
}

/* --- /.well-known/core ---------------------------------------------------------------------- */

/* A topic behind BASE/ as a URI: what a link may not hold is escaped, a lone % is an empty
 * segment. */
static void put_uri(struct brg_text *out, const char *topic)
{
    static const char digits[] = "0123456789ABCDEF";

    brg_text_puts(out, "</" ROOT);
    for (; *topic != '\0'; topic++) {
        uint8_t octet = (uint8_t)*topic;

        if (octet == '%' && (topic[1] == '/' || topic[1] == '\0')) {
            continue;
        }
        if (octet <= 0x20 || octet >= 0x7f || strchr("<>\"\\^`{|}?#", octet) != NULL) {
            const char escaped[3] = {'%', digits[octet >> 4], digits[octet & 15]};

            brg_text_put(out, escaped, sizeof(escaped));
        } else {
            brg_text_put(out, topic, 1);
        }
    }
    brg_text_puts(out, ">");
}

bool brg_is_value(struct brg_core *core, const char *topic)
{
    static const char *const words[] = {"availability", "info", "error", "result"};
    const char *last = strrchr(topic, '/');
    char eui64[BRG_EUI64_TEXT];

    if (last == NULL || brg_node_labelled(core, topic, eui64) == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(last + 1, words[i]) == 0) {
            return false;
        }
    }
    return true;
}

/* RFC 6690 section 4.1, for href and rt; what else is asked for finds nothing. */
static bool wanted(const char *query, const char *name, const char *value)
{
    size_t len = strlen(name);

    if (query[0] == '\0') {
        return true;
    }
    return strncmp(query, name, len) == 0 && query[len] == '=' && brg_glob(query + len + 1, value);
}

static void list_values(struct brg_core *core, struct brg_text *out, const char *query)
{
    size_t base = strlen(core->config.base) + 1;
    const struct brg_message *message = brg_outbox_state_after(core->outbox, core->config.base);

    for (; message != NULL && out->len + LINK_MIN < BRG_PAYLOAD_MAX;
         message = brg_outbox_state_after(core->outbox, message->topic)) {
        char room[BRG_TOPIC_MAX * 3];
        struct brg_text uri;

        core->looks.spent += BRG_SEC / LOOKS_RATE;
        if (strncmp(message->topic, core->config.base, base - 1) != 0) {
            break;
        }
        if (message->topic[base - 1] != '/') {
            continue;
        }
        brg_text_init(&uri, room, sizeof(room));
        put_uri(&uri, message->topic + base);
        /* Without the brackets it is what href is compared with. */
        uri.buf[uri.len - 1] = '\0';
        if (!uri.full && wanted(query, "href", uri.buf + 1) &&
            out->len + uri.len + 32 < BRG_PAYLOAD_MAX &&
            brg_is_value(core, message->topic + base)) {
            brg_text_puts(out, out->len > 0 ? "," : "");
            brg_text_puts(out, uri.buf);
            brg_text_puts(out, ">;obs");
            if (format_of(message->content) != COAP_FORMAT_NONE) {
                brg_text_puts(out, ";ct=");
                brg_text_u64(out, (uint64_t)format_of(message->content));
            }
        }
    }
}

static void read_core(struct brg_core *core, const struct coap_incoming *request, bool all,
                      const struct brg_now *now)
{
    const char *mark = strchr(request->uri, '?');
    const char *query = mark == NULL ? "" : mark + 1;
    struct coap_answer answer = {.code = COAP_CONTENT, .format = COAP_FORMAT_LINK};

    /* Whoever asks for lists all the time is not to be all that the bridge has time for. */
    if (all && !brg_bucket_take(&core->looks, LOOKS_RATE, LOOKS_BURST, now->mono)) {
        tell(core, &request->origin, COAP_UNAVAILABLE, now);
        return;
    }
    brg_text_init(&core->out, core->out_room, sizeof(core->out_room));
    if (wanted(query, "rt", "rpld.push") || wanted(query, "href", "/r")) {
        brg_text_puts(&core->out, DESCRIPTION);
    }
    if (all) {
        list_values(core, &core->out, query);
    }
    /* RFC 6690 section 4.1: a group is not bothered with an empty list. */
    if (core->out.len == 0 && request->origin.group) {
        return;
    }
    answer.data = (const uint8_t *)core->out.buf;
    answer.len = core->out.len;
    coap_answer(core->ep, &request->origin, &answer, now->mono);
}

void brg_serve_request(struct brg_core *core, const struct coap_effect *effect,
                       const struct brg_now *now)
{
    const struct coap_incoming *request = effect->request;
    bool all = core->config.serve == BRG_SERVE_ALL || node_at(core, &request->origin.peer) != NULL;
    bool core_path = strncmp(request->uri, CORE, strlen(CORE)) == 0 &&
                     (request->uri[strlen(CORE)] == '\0' || request->uri[strlen(CORE)] == '?');

    if (request->origin.write) {
        if (core_path) {
            tell(core, &request->origin, COAP_NOT_ALLOWED, now);
        } else {
            push(core, effect, now);
        }
    } else if (core_path) {
        read_core(core, request, all, now);
    } else if (all || strncmp(request->uri, ROOT, strlen(ROOT)) != 0) {
        read_value(core, request, now);
    } else {
        tell(core, &request->origin, COAP_FORBIDDEN, now);
    }
}
