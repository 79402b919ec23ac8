/* SPDX-License-Identifier: ISC */
/* The small views: status, dodag, interfaces, counters, config. */
#include "rpld/show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool usable(const struct ctl_interface *interface)
{
    return interface->ifindex && interface->up && interface->has_link_local;
}

static const char *interface_state(const struct ctl_interface *interface)
{
    if (!interface->ifindex)
        return "missing";
    if (!interface->up)
        return "down";
    return interface->has_link_local ? "up" : "no-link-local";
}

/* ---- status ---------------------------------------------------------------------------- */

static const char *instance_state(const struct rpl_view_instance *view)
{
    if (view->waiting)
        return "waiting for an interface";
    if (view->role == RPL_ROLE_ROOT)
        return view->has_address ? "running" : "waiting for its address";
    return view->joined ? "joined" : "looking for a DODAG";
}

/* Names of the interfaces that are not usable; |index| < 0: of any instance. */
static void waiting_for(struct show *show, const char *key, int index)
{
    const struct ctl_source *source = show->context->source;
    struct writer *w = &show->writer;
    struct ctl_interface interface;
    writer_array(w, key, NULL, 0);
    for (unsigned i = 0; source->interface(source->ctx, i, &interface); i++) {
        bool meant = index < 0 || (interface.instances >> index & 1u);
        if (meant && !usable(&interface))
            writer_string(w, NULL, interface.name);
    }
    writer_end_array(w);
}

static void status_parent(struct show *show, const struct rpl_view_instance *view)
{
    struct writer *w = &show->writer;
    char name[32];
    if (view->role == RPL_ROLE_ROOT)
        writer_programs_only(w, true);
    if (view->has_parent) {
        show_field_addr(w, "parent", &view->parent);
        writer_string(w, "parent_interface",
                      show_interface(show->context->source, view->parent_ifindex, name));
    } else {
        writer_null(w, "parent");
        writer_null(w, "parent_interface");
    }
    writer_programs_only(w, false);
}

static void status_instance(struct show *show, const struct rpl_view_instance *view)
{
    struct writer *w = &show->writer;
    char buf[SHOW_ADDR + 4];
    writer_object(w, NULL);
    writer_uint(w, "id", view->id);
    writer_string(w, "role", show_role(view->role));
    writer_string(w, "state", instance_state(view));
    if (!view->waiting)
        writer_programs_only(w, true);
    waiting_for(show, "waiting_for", (int)view->index);
    writer_programs_only(w, true);
    writer_bool(w, "waiting", view->waiting);
    writer_bool(w, "joined", view->joined);
    writer_programs_only(w, false);
    show_field_addr(w, "dodag_id", &view->dodag_id);
    writer_string(w, "mode", show_mode(view->mop));
    writer_string(w, "objective", of_name(view->ocp));
    writer_uint(w, "version", view->version);
    writer_uint(w, "dtsn", view->dtsn);
    show_field_rank(w, "rank", view->rank);
    writer_bool(w, "grounded", view->grounded);
    writer_string(w, "prefix",
                  view->prefix_len ? show_prefix(&view->prefix, view->prefix_len, buf) : NULL);
    if (view->has_address)
        show_field_addr(w, "address", &view->address);
    else
        writer_null(w, "address");
    status_parent(show, view);
    writer_uint(w, "nodes", view->nodes);
    writer_programs_only(w, true);
    writer_uint(w, "targets", view->targets);
    writer_uint(w, "neighbors", view->neighbours);
    writer_programs_only(w, false);
    writer_end_object(w);
}

static void status_head(struct show *show)
{
    const struct ctl_source *source = show->context->source;
    struct writer *w = &show->writer;
    uint64_t up = show->now - source->started;
    char line[256], duration[32];
    snprintf(line, sizeof(line), "rpld %s, up %s, %s", source->version, show_duration(up, duration),
             source->config ? source->config : "no file");
    writer_note(w, line);
    writer_programs_only(w, true);
    writer_string(w, "daemon", "rpld");
    writer_string(w, "release", source->version);
    show_field_whole_seconds(w, "uptime_s", up);
    writer_string(w, "config", source->config);
    waiting_for(show, "waiting_for", -1);
    writer_programs_only(w, false);
}

bool show_status(struct show *show, unsigned budget)
{
    struct writer *w = &show->writer;
    struct rpl_view_instance view;
    (void)budget;
    status_head(show);
    writer_array(w, "instances", NULL, 0);
    while (rpl_view_next_instance(show->context->source->engine, &show->cursor, show->now, &view))
        status_instance(show, &view);
    writer_end_array(w);
    return false;
}

/* ---- dodag ----------------------------------------------------------------------------- */

/* While c stays below k (k = 0: never suppressed) the DIO leaves at t. Behind t, or when this
 * one is suppressed, the next chance is the second half of the next interval (RFC 6206 4.2). */
static void next_dio(struct writer *w, const struct rpl_view_instance *view)
{
    uint64_t imax = RPL_MS(1) << (view->dodag.dio_interval_min % 32u);
    uint64_t twice = view->trickle_interval * 2;
    bool running = view->trickle_interval && view->trickle_interval != RPL_NEVER;
    bool suppressed = view->trickle_k && view->trickle_c >= view->trickle_k;
    imax <<= view->dodag.dio_interval_doublings % 32u;
    if (running && view->trickle_t > 0 && !suppressed) {
        show_field_seconds(w, "next_dio_s", view->trickle_t);
        return;
    }
    writer_null(w, "next_dio_s");
    if (running)
        show_field_seconds(w, "next_dio_earliest_s",
                           view->trickle_end + (twice < imax ? twice : imax) / 2);
}

static void trickle_fields(struct writer *w, const struct rpl_view_instance *view)
{
    writer_object(w, "trickle");
    writer_bool(w, "running", view->trickle_interval && view->trickle_interval != RPL_NEVER);
    show_field_seconds(w, "interval_s", view->trickle_interval);
    show_field_seconds(w, "t_s", view->trickle_t);
    show_field_seconds(w, "end_s", view->trickle_end);
    writer_uint(w, "c", view->trickle_c);
    writer_uint(w, "k", view->trickle_k);
    writer_end_object(w);
    next_dio(w, view);
}

static void dodag_row(struct writer *w, const struct rpl_view_instance *view)
{
    const struct rpl_dodag_settings *dodag = &view->dodag;
    char buf[SHOW_ADDR + 4];
    writer_object(w, NULL);
    writer_uint(w, "instance", view->id);
    show_field_addr(w, "dodag_id", &view->dodag_id);
    writer_uint(w, "version", view->version);
    writer_uint(w, "dtsn", view->dtsn);
    writer_string(w, "mode", show_mode(view->mop));
    writer_string(w, "objective", of_name(view->ocp));
    writer_bool(w, "grounded", view->grounded);
    writer_uint(w, "preference", view->preference);
    show_field_rank(w, "rank", view->rank);
    show_field_rank(w, "dag_rank", view->dag_rank);
    show_field_rank(w, "lowest_rank", view->lowest_rank);
    writer_uint(w, "min_hop_rank_increase", dodag->min_hop_rank_increase);
    writer_uint(w, "max_rank_increase", dodag->max_rank_increase);
    writer_uint(w, "dio_interval_min", dodag->dio_interval_min);
    writer_uint(w, "dio_interval_doublings", dodag->dio_interval_doublings);
    writer_uint(w, "dio_redundancy_constant", dodag->dio_redundancy_constant);
    writer_uint(w, "default_lifetime", dodag->default_lifetime);
    writer_uint(w, "lifetime_unit_s", dodag->lifetime_unit_s);
    writer_string(w, "prefix",
                  view->prefix_len ? show_prefix(&view->prefix, view->prefix_len, buf) : NULL);
    writer_array(w, "more_prefixes", NULL, 0);
    for (uint32_t i = 0; i < view->more_prefix_count; i++)
        writer_string(w, NULL, show_prefix(&view->more_prefix[i], view->prefix_len, buf));
    writer_end_array(w);
    writer_uint(w, "path_control_size", dodag->path_control_size);
    writer_string(w, "rpi_type", view->rpi_type == 0x23 ? "0x23" : "0x63");
    writer_bool(w, "compressed_6lorh", view->compresses);
    writer_uint(w, "dao_sequence", view->dao_sequence);
    writer_uint(w, "path_sequence", view->path_sequence);
    trickle_fields(w, view);
    writer_end_object(w);
}

bool show_dodag(struct show *show, unsigned budget)
{
    struct writer *w = &show->writer;
    struct rpl_view_instance view;
    (void)budget;
    writer_array(w, "dodags", NULL, 0);
    while (rpl_view_next_instance(show->context->source->engine, &show->cursor, show->now, &view)) {
        if (view.joined)
            dodag_row(w, &view);
    }
    writer_end_array(w);
    return false;
}

/* ---- interfaces ------------------------------------------------------------------------ */

static void interface_instances(struct show *show, uint32_t mask)
{
    struct rpl_cursor cursor = {0};
    struct rpl_view_instance view;
    struct writer *w = &show->writer;
    writer_array(w, "instances", NULL, 0);
    while (rpl_view_next_instance(show->context->source->engine, &cursor, show->now, &view)) {
        if (view.index < 32 && (mask >> view.index & 1u))
            writer_uint(w, NULL, view.id);
    }
    writer_end_array(w);
}

/* Null where there is no radio of ours, or it is not there. */
static void interface_radio(struct show *show, const struct ctl_radio *radio)
{
    struct writer *w = &show->writer;
    char text[17] = "";

    writer_string(w, "radio", radio->state);
    if (!radio->state || !radio->known) {
        writer_null(w, "eui64");
        writer_null(w, "page");
        writer_null(w, "channel");
        writer_null(w, "pan_id");
        return;
    }
    for (unsigned i = 0; i < sizeof(radio->eui64); i++)
        snprintf(text + 2 * i, 3, "%02x", radio->eui64[i]);
    writer_string(w, "eui64", text);
    writer_uint(w, "page", radio->page);
    writer_uint(w, "channel", radio->channel);
    writer_uint(w, "pan_id", radio->pan_id);
}

bool show_interfaces(struct show *show, unsigned budget)
{
    static const struct writer_column columns[] = {{"name", "INTERFACE", 15},
                                                   {"state", "STATE", 13},
                                                   {"link_local", "LINK-LOCAL", 28},
                                                   {"mtu", "MTU", 5},
                                                   {"radio", "RADIO", 8},
                                                   {"channel", "CHANNEL", 7},
                                                   {"instances", "INSTANCES", 0}};
    const struct ctl_source *source = show->context->source;
    struct writer *w = &show->writer;
    struct ctl_interface interface;
    (void)budget;
    writer_array(w, "interfaces", columns, 7);
    for (unsigned i = 0; source->interface(source->ctx, i, &interface); i++) {
        writer_object(w, NULL);
        writer_string(w, "name", interface.name);
        writer_uint(w, "ifindex", interface.ifindex);
        writer_string(w, "state", interface_state(&interface));
        writer_bool(w, "waiting", !usable(&interface));
        writer_bool(w, "up", interface.ifindex && interface.up);
        if (interface.has_link_local)
            show_field_addr(w, "link_local", &interface.link_local);
        else
            writer_null(w, "link_local");
        if (interface.mtu)
            writer_uint(w, "mtu", interface.mtu);
        else
            writer_null(w, "mtu");
        interface_radio(show, &interface.radio);
        interface_instances(show, interface.instances);
        writer_end_object(w);
    }
    writer_end_array(w);
    return false;
}

/* ---- counters -------------------------------------------------------------------------- */

#define OWN_COUNTERS 8

static uint64_t own_counter(const struct show_counters *c, unsigned index, const char **ret_name)
{
    const struct {
        const char *name;
        uint64_t value;
    } own[OWN_COUNTERS] = {
        {"control-requests", c->requests},
        {"control-refused", c->refused},
        {"control-errors", c->errors},
        {"control-clients-refused", c->clients_refused},
        {"control-clients-cut", c->clients_cut},
        {"control-events-lost", c->events_lost},
        {"control-events-suppressed", c->events_suppressed},
        {"control-packets-lost", c->packets_lost},
    };
    *ret_name = own[index].name;
    return own[index].value;
}

bool show_counter(const struct show_context *context, unsigned index, const char **ret_name,
                  uint64_t *ret_value)
{
    const struct ctl_source *source = context->source;
    if (index < RPL_COUNTER_COUNT) {
        *ret_name = rpl_counter_name((enum rpl_counter)index);
        *ret_value = rpl_view_counter(source->engine, (enum rpl_counter)index);
        return true;
    }
    index -= RPL_COUNTER_COUNT;
    if (index < OWN_COUNTERS) {
        *ret_value = own_counter(context->counters, index, ret_name);
        return true;
    }
    return source->counter &&
           source->counter(source->ctx, index - OWN_COUNTERS, ret_name, ret_value);
}

bool show_counters(struct show *show, unsigned budget)
{
    static const struct writer_column columns[] = {{"name", "COUNTER", 34}, {"value", "VALUE", 0}};
    struct writer *w = &show->writer;
    const char *name;
    uint64_t value;
    if (show->index == 0)
        writer_array(w, "counters", columns, 2);
    for (; budget > 0; budget--, show->index++) {
        if (!show_counter(show->context, show->index, &name, &value)) {
            writer_end_array(w);
            return false;
        }
        writer_object(w, NULL);
        writer_string(w, "name", name);
        writer_uint(w, "value", value);
        writer_end_object(w);
    }
    return true;
}

/* ---- config ---------------------------------------------------------------------------- */

enum show_code show_config_start(struct show *show)
{
    const struct ctl_source *source = show->context->source;
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return show_fail(show, SHOW_FAILED, "%s", strerror(errno));
    int result = source->print_config(source->ctx, out);
    if (fclose(out) != 0 && result == 0)
        result = -errno;
    show->data = text;
    show->data_free = free;
    return result == 0 ? SHOW_OK : show_fail(show, SHOW_FAILED, "%s", strerror(-result));
}

bool show_config(struct show *show, unsigned budget)
{
    struct writer *w = &show->writer;
    char *text = show->data;
    if (show->number == 0)
        writer_array(w, "lines", NULL, 0);
    for (text += show->number; budget > 0 && *text; budget--) {
        size_t len = strcspn(text, "\n");
        bool last = text[len] == '\0';
        text[len] = '\0';
        writer_string(w, NULL, text);
        text += len + !last;
    }
    show->number = (uint64_t)(text - (char *)show->data);
    if (*text)
        return true;
    writer_end_array(w);
    return false;
}
