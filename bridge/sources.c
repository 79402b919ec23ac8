/* SPDX-License-Identifier: ISC */
/*
 * Where nodes are known from beside the routing daemon: a list in the configuration, a resource
 * directory (RFC 9176, endpoint look-up), and the answers of all CoAP nodes to a question to their
 * group (RFC 7252 section 8). Each is one more path to a node, beside the routing daemon's
 * instances, and the node is online while it has one.
 */
#include "bridge/core_internal.h"

#include <string.h>

#define SOURCE_LIST -1
#define SOURCE_DIRECTORY -2
#define SOURCE_GROUP -3
#define ROUNDS 3 /* questions to the group that a node may leave without an answer */

void brg_core_list(struct brg_core *core, const struct brg_source *list, size_t n,
                   const struct brg_now *now)
{
    for (size_t i = 0; i < n; i++) {
        brg_core_node_up(core, list[i].eui64, SOURCE_LIST, list[i].ip, now);
    }
}

/* Every path of this source that nobody named in so many rounds is gone. */
static void paths_age(struct brg_core *core, int source, unsigned rounds, const struct brg_now *now)
{
    struct node *node;

    for (node = brg_node_from(core, NULL); node != NULL; node = brg_node_next(node)) {
        for (size_t i = 0; i < PATHS_MAX; i++) {
            struct path *path = brg_path_at(node, i);

            if (path == NULL || path->instance != source) {
                continue;
            }
            path->missed = path->listed ? 0 : path->missed + 1;
            path->listed = false;
            if (path->missed >= rounds) {
                brg_path_drop(core, node, path, now);
            }
        }
    }
}

/* --- the directory -------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool brg_ip6_parse(const char *text, size_t len, uint8_t ret_ip[16])
{
    uint8_t ip[16] = {0};
    size_t n = 0;
    size_t gap = SIZE_MAX;
    size_t at = 0;

    if (len >= 2 && text[0] == ':' && text[1] == ':') {
        gap = 0;
        at = 2;
    }
    while (at < len) {
        unsigned group = 0;
        size_t digits = 0;

        while (at < len && digits < 5 && hex_digit(text[at]) >= 0) {
            group = group << 4 | (unsigned)hex_digit(text[at++]);
            digits++;
        }
        if (digits == 0 || digits > 4 || n == sizeof(ip)) {
            return false;
        }
        ip[n++] = (uint8_t)(group >> 8);
        ip[n++] = (uint8_t)group;
        if (at == len) {
            break;
        }
        if (text[at++] != ':' || at == len) {
            return false;
        }
        if (text[at] == ':') {
            if (gap != SIZE_MAX) {
                return false;
            }
            gap = n;
            at++;
        }
    }
    if (gap == SIZE_MAX ? n != sizeof(ip) : n > sizeof(ip) - 2) {
        return false;
    }
    memset(ret_ip, 0, sizeof(ip));
    if (gap == SIZE_MAX) {
        gap = n;
    }
    memcpy(ret_ip, ip, gap);
    memcpy(ret_ip + sizeof(ip) - (n - gap), ip + gap, n - gap);
    return true;
}

/* The address in coap://[ADDRESS]:PORT; only a node at the port that all have can be used. */
static bool base_read(const struct brg_core *core, const struct brg_span *base, uint8_t ip[16])
{
    static const char scheme[] = "coap://[";
    size_t head = sizeof(scheme) - 1;
    const char *end;
    unsigned port = 0;

    if (base->len <= head || memcmp(base->text, scheme, head) != 0) {
        return false;
    }
    end = memchr(base->text + head, ']', base->len - head);
    if (end == NULL || !brg_ip6_parse(base->text + head, (size_t)(end - base->text) - head, ip)) {
        return false;
    }
    end++;
    if (end == base->text + base->len || *end == '/') {
        return core->config.node_port == 5683;
    }
    for (end++; end < base->text + base->len && *end >= '0' && *end <= '9' && port < 65536; end++) {
        port = port * 10 + (unsigned)(*end - '0');
    }
    return port == core->config.node_port;
}

/* Its name if that is an EUI-64, as RFC 9176 likes it, else what its address says. */
static void eui64_of(const struct brg_span *ep, const uint8_t ip[16], char eui64[BRG_EUI64_TEXT])
{
    char name[32];

    if (ep->text != NULL && ep->len < sizeof(name)) {
        memcpy(name, ep->text, ep->len);
        name[ep->len] = '\0';
        if (brg_eui64_parse(name, eui64) == 0) {
            return;
        }
    }
    brg_eui64_from_address(ip, eui64);
}

int brg_core_directory(struct brg_core *core, const struct coap_addr *directory, const char *uri,
                       const struct brg_now *now)
{
    const struct coap_request request = {
        .peer = *directory,
        .method = COAP_GET,
        .uri = uri,
        .accept = COAP_FORMAT_NONE,
    };

    coap_cancel(core->ep, core->directory, now->mono);
    core->directory = 0;
    return coap_request(core->ep, &request, now->mono, &core->directory);
}

void brg_directory_answer(struct brg_core *core, const struct coap_effect *effect,
                          const struct brg_now *now)
{
    struct brg_links links;
    struct brg_link link;
    unsigned n = 0;
    int more;

    core->directory = 0;
    if (effect->kind != COAP_RESPONSE || effect->code != COAP_CONTENT) {
        brg_trace(core, BRG_TRACE_DIRECTORY, NULL,
                  effect->kind == COAP_FAILED ? "it does not answer" : "it refuses", effect->code);
        return; /* what it said last stands */
    }
    brg_links_init(&links, (const char *)effect->data, effect->len);
    while ((more = brg_links_next(&links, &link)) > 0) {
        char eui64[BRG_EUI64_TEXT];
        uint8_t ip[16];

        if (link.base.text != NULL && base_read(core, &link.base, ip)) {
            eui64_of(&link.ep, ip, eui64);
            brg_core_node_up(core, eui64, SOURCE_DIRECTORY, ip, now);
            n++;
        }
    }
    brg_trace(core, BRG_TRACE_DIRECTORY, NULL, more < 0 ? "it is not understood" : "", n);
    if (more == 0) {
        paths_age(core, SOURCE_DIRECTORY, 1, now);
    }
}

/* --- the group ------------------------------------------------------------------------------ */

void brg_core_scan(struct brg_core *core, const struct coap_addr *groups, size_t n,
                   const struct brg_now *now)
{
    paths_age(core, SOURCE_GROUP, ROUNDS, now);
    for (size_t i = 0; i < n; i++) {
        (void)coap_scan(core->ep, &groups[i], ".well-known/core", now->mono);
    }
}

void brg_scan_answer(struct brg_core *core, const struct coap_addr *peer, const struct brg_now *now)
{
    char eui64[BRG_EUI64_TEXT];

    /* A link-local address is none that a node is known by, and the port is that of all. */
    if ((peer->ip[0] == 0xfe && (peer->ip[1] & 0xc0) == 0x80) ||
        peer->port != core->config.node_port) {
        return;
    }
    brg_eui64_from_address(peer->ip, eui64);
    brg_core_node_up(core, eui64, SOURCE_GROUP, peer->ip, now);
}
