/* SPDX-License-Identifier: ISC */
/* How addresses, times and other values are written, the same in all views. */
#include "rpld/show.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

const char *show_addr(const struct rpl_addr *addr, char buf[static SHOW_ADDR])
{
    inet_ntop(AF_INET6, addr->b, buf, SHOW_ADDR);
    return buf;
}

const char *show_prefix(const struct rpl_addr *addr, unsigned len, char buf[static SHOW_ADDR + 4])
{
    show_addr(addr, buf);
    if (len != 128) {
        size_t used = strlen(buf);
        snprintf(buf + used, SHOW_ADDR + 4 - used, "/%u", len);
    }
    return buf;
}

const char *show_eui64(const struct rpl_addr *addr, char buf[static 17])
{
    for (unsigned i = 0; i < 8; i++)
        snprintf(buf + 2 * i, 3, "%02x", addr->b[8 + i] ^ (i == 0 ? 0x02u : 0u));
    return buf;
}

const char *show_duration(uint64_t us, char buf[static 32])
{
    uint64_t s = us / 1000000;
    if (us == RPL_NEVER)
        snprintf(buf, 32, "for ever");
    else if (s < 60)
        snprintf(buf, 32, "%" PRIu64 " s", s);
    else if (s < 3600)
        snprintf(buf, 32, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(buf, 32, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s / 60 % 60);
    else
        snprintf(buf, 32, "%" PRIu64 " d %" PRIu64 " h", s / 86400, s / 3600 % 24);
    return buf;
}

const char *show_time(const struct timespec *t, char buf[static 40])
{
    struct tm tm;
    char date[24];
    if (!gmtime_r(&t->tv_sec, &tm) || !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm))
        date[0] = '\0';
    snprintf(buf, 40, "%s.%06uZ", date, (unsigned)(t->tv_nsec / 1000) % 1000000u);
    return buf;
}

struct timespec show_wall(rpl_tstamp then, rpl_tstamp now)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    uint64_t ago = now > then ? now - then : 0;
    t.tv_sec -= (time_t)(ago / 1000000);
    t.tv_nsec -= (long)(ago % 1000000) * 1000;
    if (t.tv_nsec < 0) {
        t.tv_nsec += 1000000000;
        t.tv_sec--;
    }
    return t;
}

const char *show_interface(const struct ctl_source *source, uint32_t ifindex, char buf[static 32])
{
    struct ctl_interface interface;
    for (unsigned i = 0; ifindex && source->interface(source->ctx, i, &interface); i++) {
        if (interface.ifindex == ifindex || interface.last == ifindex) {
            snprintf(buf, 32, "%s", interface.name);
            return buf;
        }
    }
    snprintf(buf, 32, "%" PRIu32, ifindex);
    return buf;
}

const char *show_role(enum rpl_role role)
{
    switch (role) {
    case RPL_ROLE_ROOT:
        return "root";
    case RPL_ROLE_ROUTER:
        return "router";
    case RPL_ROLE_LEAF:
        return "leaf";
    }
    return "unknown";
}

const char *show_mode(unsigned mop)
{
    switch (mop) {
    case RPL_MOP_NONE:
        return "none";
    case RPL_MOP_NON_STORING:
        return "non-storing";
    case RPL_MOP_STORING:
        return "storing";
    case RPL_MOP_STORING_MULTICAST:
        return "storing-multicast";
    }
    return "unknown";
}

bool show_addr_parse(const char *text, struct rpl_addr *ret_addr)
{
    return inet_pton(AF_INET6, text, ret_addr->b) == 1;
}

bool show_addr_is_zero(const struct rpl_addr *addr)
{
    static const struct rpl_addr zero;
    return memcmp(addr, &zero, sizeof(zero)) == 0;
}

void show_field_addr(struct writer *w, const char *key, const struct rpl_addr *addr)
{
    char buf[SHOW_ADDR];
    writer_string(w, key, show_addr_is_zero(addr) ? NULL : show_addr(addr, buf));
}

void show_field_eui64(struct writer *w, const char *key, const struct rpl_addr *addr)
{
    char buf[17];
    writer_string(w, key, show_eui64(addr, buf));
}

void show_field_seconds(struct writer *w, const char *key, uint64_t us)
{
    if (us == RPL_NEVER)
        writer_null(w, key);
    else
        writer_decimal(w, key, us / 1000, 3);
}

void show_field_whole_seconds(struct writer *w, const char *key, uint64_t us)
{
    if (us == RPL_NEVER)
        writer_null(w, key);
    else
        writer_uint(w, key, us / 1000000);
}

void show_field_etx(struct writer *w, const char *key, unsigned etx)
{
    if (etx == OF_ETX_UNKNOWN)
        writer_null(w, key);
    else
        writer_decimal(w, key, ((uint64_t)etx * 100 + OF_ETX_ONE / 2) / OF_ETX_ONE, 2);
}

void show_field_rank(struct writer *w, const char *key, unsigned rank)
{
    if (rank >= RPL_INFINITE_RANK)
        writer_null(w, key);
    else
        writer_uint(w, key, rank);
}

void show_field_time(struct writer *w, const struct timespec *t)
{
    char buf[40];
    writer_word(w, "time", show_time(t, buf));
    writer_programs_only(w, true);
    writer_decimal(w, "time_s", (uint64_t)t->tv_sec * 1000000 + (uint64_t)t->tv_nsec / 1000, 6);
    writer_programs_only(w, false);
}

void show_field_parents(struct writer *w, const struct rpl_view_node *node)
{
    writer_array(w, "parents", NULL, 0);
    for (uint32_t i = 0; i < node->parent_count && i < RPL_PARENTS_MAX; i++) {
        writer_object(w, NULL);
        show_field_addr(w, "address", &node->parent[i].address);
        writer_uint(w, "path_control", node->parent[i].path_control);
        writer_end_object(w);
    }
    writer_end_array(w);
}

/* Long as the longest interface identifier makes it. */
static unsigned addr_width(const struct show *show)
{
    struct rpl_cursor cursor = {0};
    struct rpl_view_instance view;
    char buf[SHOW_ADDR];
    size_t width = strlen("fe80::1111:1111:1111:1111");
    while (rpl_view_next_instance(show->context->source->engine, &cursor, show->now, &view)) {
        struct rpl_addr addr = view.prefix;
        memset(addr.b + 8, 0x11, 8);
        show_addr(&addr, buf);
        if (view.prefix_len > 0 && strlen(buf) > width)
            width = strlen(buf);
    }
    return (unsigned)width;
}

const struct writer_column *show_columns(struct show *show, const struct writer_column *columns,
                                         unsigned count)
{
    unsigned width = addr_width(show);
    for (unsigned i = 0; i < count; i++) {
        show->columns[i] = columns[i];
        if (columns[i].width == SHOW_ADDR_WIDTH)
            show->columns[i].width = width;
    }
    return show->columns;
}

enum show_code show_fail(struct show *show, enum show_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(show->error, sizeof(show->error), format, args);
    va_end(args);
    return code;
}
