/* SPDX-License-Identifier: ISC */
/* A line of the snapshot: words, so that people can read it too. Pure but for stdio's formatting.
 *
 *     target 0 fd00::3/128 seq 241 left 1700 moved from fd00::2 0
 *     target 0 fd00::2/128 seq 5 left never self fd00::1 0
 *     target 1 fd01::9/128 seq 7 left 60 via fe80::2 lowpan0
 *
 * A leaf that is registered here, and one in the register of the root:
 *
 *     leaf 0 fd00::9 tid 5 rovr 0200000000000009 left 3480 of 60 via fe80::9 lowpan0 route
 * announced owner 0 fd00::9 tid 5 rovr 0200000000000009 left 3480
 */
#include "rpld/snapshot.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_WORDS (9 + 3 * RPL_PARENTS_MAX + 3)

static void snapshot_add(char *out, size_t size, size_t *used, const char *word)
{
    int n = snprintf(out + *used, size - *used, "%s%s", *used ? " " : "", word);

    /* What did not fit stays noticed: |used| never comes back below |size|. */
    *used = n > 0 && (size_t)n < size - *used ? *used + (size_t)n : size;
}

static void snapshot_add_address(char *out, size_t size, size_t *used, const char *key,
                                 const struct rpl_addr *addr)
{
    char text[INET6_ADDRSTRLEN] = "", word[64];

    if (*used >= size)
        return;
    inet_ntop(AF_INET6, addr->b, text, sizeof(text));
    snprintf(word, sizeof(word), "%s %s", key, text);
    snapshot_add(out, size, used, word);
}

static void snapshot_add_way(const struct rpl_view_node *node, const char *ifname, char *out,
                             size_t size, size_t *used)
{
    char word[8];

    if (ifname) {
        snapshot_add_address(out, size, used, "via", &node->via);
        if (*used < size)
            snapshot_add(out, size, used, ifname);
        return;
    }
    for (uint32_t i = 0; i < node->parent_count && i < RPL_PARENTS_MAX; i++) {
        const struct rpl_view_parent *parent = &node->parent[i];

        snapshot_add_address(out, size, used, parent->self ? "self" : "from", &parent->address);
        snprintf(word, sizeof(word), "%u", parent->path_control);
        if (*used < size)
            snapshot_add(out, size, used, word);
    }
}

static const char *snapshot_left(rpl_duration lifetime, char out[static 24])
{
    if (lifetime == RPL_NEVER)
        return "never";
    snprintf(out, 24, "%" PRIu64, lifetime / RPL_S(1));
    return out;
}

size_t snapshot_line(const struct rpl_view_node *node, const char *ifname, char *out, size_t size)
{
    char text[INET6_ADDRSTRLEN] = "", left[24], line[SNAPSHOT_LINE_MAX];
    size_t used = 0;

    inet_ntop(AF_INET6, node->address.b, text, sizeof(text));
    snprintf(line, sizeof(line), "target %u %s/%u seq %u left %s%s%s", node->instance, text,
             node->len, node->path_sequence, snapshot_left(node->lifetime, left),
             node->stuck ? "" : " moved", node->external ? " external" : "");
    if (size == 0)
        return 0;
    snapshot_add(out, size, &used, line);
    if (used < size)
        snapshot_add_way(node, ifname, out, size, &used);
    if (size - used < 2)
        return 0;
    out[used++] = '\n';
    out[used] = '\0';
    return used;
}

size_t snapshot_leaf(const struct rpl_event_leaf *leaf, const char *ifname, char *out, size_t size)
{
    char address[INET6_ADDRSTRLEN] = "", local[INET6_ADDRSTRLEN] = "", left[24], way[96] = "";
    char rovr[2 * RPL_ROVR_MAX + 1] = "";
    int n;

    if (leaf->rovr_size > RPL_ROVR_MAX / 8)
        return 0;
    inet_ntop(AF_INET6, leaf->address.b, address, sizeof(address));
    inet_ntop(AF_INET6, leaf->local.b, local, sizeof(local));
    for (unsigned i = 0; i < leaf->rovr_size * 8u; i++)
        snprintf(rovr + 2 * i, 3, "%02x", leaf->rovr[i]);
    if (ifname)
        snprintf(way, sizeof(way), " of %u via %s %s%s%s", leaf->lifetime_min, local, ifname,
                 leaf->route ? " route" : "", leaf->announced ? " announced" : "");
    n = snprintf(out, size, "%s %u %s tid %u rovr %s left %s%s\n", ifname ? "leaf" : "owner",
                 leaf->instance, address, leaf->tid, rovr, snapshot_left(leaf->lifetime, left),
                 way);
    return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

/* ---- reading -------------------------------------------------------------------------- */

static bool snapshot_number(const char *word, uint64_t max, uint64_t *ret_value)
{
    char *end;

    if (word[0] < '0' || word[0] > '9')
        return false;
    errno = 0;
    unsigned long long value = strtoull(word, &end, 10);
    *ret_value = value;
    return errno == 0 && *end == '\0' && value <= max;
}

static bool snapshot_octet(const char *word, uint8_t *ret_value)
{
    uint64_t value;

    if (!snapshot_number(word, UINT8_MAX, &value))
        return false;
    *ret_value = (uint8_t)value;
    return true;
}

/* Splits |line| in place; 0 if there are too many words, or empty ones. */
static unsigned snapshot_split(char *line, char *word[SNAPSHOT_WORDS])
{
    unsigned count = 0;

    while (line) {
        if (count == SNAPSHOT_WORDS || *line == '\0' || *line == ' ')
            return 0;
        word[count++] = line;
        line = strchr(line, ' ');
        if (line)
            *line++ = '\0';
    }
    return count;
}

static bool snapshot_lifetime(const char *word, rpl_duration *ret_left)
{
    uint64_t left;

    if (strcmp(word, "never") == 0) {
        *ret_left = RPL_NEVER;
        return true;
    }
    if (!snapshot_number(word, UINT32_MAX, &left))
        return false;
    *ret_left = RPL_S(left);
    return true;
}

static bool snapshot_read_head(char *const *word, struct rpl_event_target *target)
{
    char *slash = strchr(word[2], '/');

    if (!slash || strcmp(word[0], "target") != 0 || strcmp(word[3], "seq") != 0 ||
        strcmp(word[5], "left") != 0)
        return false;
    *slash = '\0';
    if (!snapshot_octet(word[1], &target->instance) ||
        inet_pton(AF_INET6, word[2], target->address.b) != 1 ||
        !snapshot_octet(slash + 1, &target->len) || target->len > 128 ||
        !snapshot_octet(word[4], &target->path_sequence))
        return false;
    return snapshot_lifetime(word[6], &target->lifetime);
}

/* One fact with what belongs to it; the number of words it took, 0: none that we know. */
static unsigned snapshot_read_fact(char *const *word, unsigned count,
                                   struct rpl_event_target *target, char ifname[RPL_IFNAME_MAX])
{
    bool self = strcmp(word[0], "self") == 0;

    if (strcmp(word[0], "moved") == 0) {
        target->moved = true;
        return 1;
    }
    if (strcmp(word[0], "external") == 0) {
        target->external = true;
        return 1;
    }
    if (count < 3)
        return 0;
    if (strcmp(word[0], "via") == 0 && ifname[0] == '\0' && strlen(word[2]) < RPL_IFNAME_MAX &&
        inet_pton(AF_INET6, word[1], target->via.b) == 1) {
        strcpy(ifname, word[2]);
        return 3;
    }
    unsigned at = target->parent_count;
    if ((!self && strcmp(word[0], "from") != 0) || at == RPL_PARENTS_MAX ||
        inet_pton(AF_INET6, word[1], target->parent[at].address.b) != 1 ||
        !snapshot_octet(word[2], &target->parent[at].path_control))
        return 0;
    target->parent[at].self = self;
    target->parent_count++;
    return 3;
}

bool snapshot_read_line(const char *line, struct rpl_event_target *ret_target,
                        char ifname[RPL_IFNAME_MAX])
{
    struct rpl_event_target target = {0};
    char copy[SNAPSHOT_LINE_MAX], *word[SNAPSHOT_WORDS], name[RPL_IFNAME_MAX] = "";
    size_t len = strlen(line);

    if (len >= sizeof(copy))
        return false;
    memcpy(copy, line, len + 1);
    unsigned count = snapshot_split(copy, word);
    if (count < 7 || !snapshot_read_head(word, &target))
        return false;
    for (unsigned at = 7; at < count;) {
        unsigned taken = snapshot_read_fact(word + at, count - at, &target, name);

        if (taken == 0)
            return false;
        at += taken;
    }
    if ((name[0] == '\0') == (target.parent_count == 0))
        return false; /* one way or the other */
    *ret_target = target;
    memcpy(ifname, name, RPL_IFNAME_MAX);
    return true;
}

/* ---- leaves --------------------------------------------------------------------------- */

static int snapshot_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

static bool snapshot_rovr(const char *word, struct rpl_event_leaf *leaf)
{
    size_t len = strlen(word);

    if (len == 0 || len % 16 != 0 || len > sizeof(leaf->rovr) * 2)
        return false;
    for (size_t i = 0; i < len; i += 2) {
        int high = snapshot_digit(word[i]), low = snapshot_digit(word[i + 1]);

        if (high < 0 || low < 0)
            return false;
        leaf->rovr[i / 2] = (uint8_t)(high << 4 | low);
    }
    leaf->rovr_size = (uint8_t)(len / 16);
    return true;
}

/* Where it is, and what it asked for. */
static bool snapshot_read_place(char *const *word, unsigned count, struct rpl_event_leaf *leaf,
                                char name[RPL_IFNAME_MAX])
{
    uint64_t minutes;

    if (count < 5 || strcmp(word[0], "of") != 0 || strcmp(word[2], "via") != 0 ||
        !snapshot_number(word[1], UINT16_MAX, &minutes) || minutes == 0 ||
        inet_pton(AF_INET6, word[3], leaf->local.b) != 1 || strlen(word[4]) >= RPL_IFNAME_MAX)
        return false;
    leaf->lifetime_min = (uint16_t)minutes;
    strcpy(name, word[4]);
    for (unsigned at = 5; at < count; at++) {
        if (strcmp(word[at], "route") == 0)
            leaf->route = true;
        else if (strcmp(word[at], "announced") == 0)
            leaf->announced = true;
        else
            return false;
    }
    return true;
}

bool snapshot_read_leaf(const char *line, struct rpl_event_leaf *ret_leaf,
                        char ifname[RPL_IFNAME_MAX])
{
    char copy[SNAPSHOT_LINE_MAX], *word[SNAPSHOT_WORDS], name[RPL_IFNAME_MAX] = "";
    struct rpl_event_leaf leaf = {0};
    size_t len = strlen(line);

    if (len >= sizeof(copy))
        return false;
    memcpy(copy, line, len + 1);
    unsigned count = snapshot_split(copy, word);
    if (count < 9 || strcmp(word[3], "tid") != 0 || strcmp(word[5], "rovr") != 0 ||
        strcmp(word[7], "left") != 0 || !snapshot_octet(word[1], &leaf.instance) ||
        inet_pton(AF_INET6, word[2], leaf.address.b) != 1 || !snapshot_octet(word[4], &leaf.tid) ||
        !snapshot_rovr(word[6], &leaf) || !snapshot_lifetime(word[8], &leaf.lifetime))
        return false;
    if (strcmp(word[0], "leaf") == 0 ? !snapshot_read_place(word + 9, count - 9, &leaf, name)
                                     : strcmp(word[0], "owner") != 0 || count != 9)
        return false;
    *ret_leaf = leaf;
    memcpy(ifname, name, RPL_IFNAME_MAX);
    return true;
}
