/* SPDX-License-Identifier: ISC */
/*
 * What no setting can know alone. A check that needs a value which was wrong already stays
 * silent: one mistake, one error.
 */
#include <string.h>

#include "conf/internal.h"
#include "of/of.h"

struct place {
    const config_setting_t *at; /* the setting, or the group that lacks it */
    char path[64];
    bool given;
    bool bad; /* there is an error about it already */
};

/* Instance |index| may have failed to be a group: then there is nothing to check. */
static const config_setting_t *instance_group(const config_setting_t *root, uint32_t index)
{
    const config_setting_t *list = config_setting_get_member(root, "instances");
    uint32_t n = 0;

    for (int i = 0; i < config_setting_length(list); i++) {
        const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);

        if (group->type == CONFIG_TYPE_GROUP && n++ == index)
            return group;
    }
    return list;
}

/* |name| of instance |index|; |sub| is a group in it, or NULL. */
static struct place locate(const struct conf_reader *reader, const config_setting_t *root,
                           uint32_t index, const char *sub, const char *name)
{
    const config_setting_t *group = instance_group(root, index), *found = NULL;
    struct place place = {.at = group};

    (void)snprintf(place.path, sizeof(place.path), "instances[%u]%s%s.%s",
                   (unsigned)config_setting_index(group), sub == NULL ? "" : ".",
                   sub == NULL ? "" : sub, name);
    if (sub != NULL && group != NULL)
        group = config_setting_get_member(group, sub);
    if (group != NULL && group->type == CONFIG_TYPE_GROUP)
        found = config_setting_get_member(group, name);
    if (found != NULL)
        place.at = found;
    place.given = found != NULL;
    place.bad = conf_error_at_setting(reader->errors, place.path);
    return place;
}

static void check_ids(struct conf_reader *reader, const config_setting_t *root, uint32_t index)
{
    const struct conf *conf = reader->conf;
    struct place place = locate(reader, root, index, NULL, "id");

    for (uint32_t i = 0; i < index && !place.bad; i++) {
        struct place other = locate(reader, root, i, NULL, "id");

        if (other.bad || conf->instance[i].rpl.id != conf->instance[index].rpl.id)
            continue;
        if (place.given)
            conf_reader_error(reader, place.at, place.path,
                              "also the id of %.*s; every instance has its own",
                              (int)strcspn(other.path, "."), other.path);
        else
            conf_error_add(reader->errors, reader->file, config_setting_source_line(place.at),
                           place.path, NULL,
                           "without it the id is 0, as of %.*s; every instance has its own",
                           (int)strcspn(other.path, "."), other.path);
        return;
    }
}

static void check_prefixes(struct conf_reader *reader, const config_setting_t *root, uint32_t index)
{
    const struct conf_instance *all = reader->conf->instance, *instance = &all[index];
    struct place place = locate(reader, root, index, NULL, "prefix");

    if (place.bad || !place.given || instance->prefix_auto)
        return;
    for (uint32_t i = 0; i < index; i++) {
        struct place other = locate(reader, root, i, NULL, "prefix");

        if (other.bad || !other.given || all[i].prefix_auto ||
            memcmp(&all[i].rpl.prefix, &instance->rpl.prefix, sizeof(instance->rpl.prefix)) != 0)
            continue;
        conf_reader_error(reader, place.at, place.path,
                          "also the prefix of %.*s; every instance has its own",
                          (int)strcspn(other.path, "."), other.path);
        return;
    }
}

/* |prefix| is that of some instance, or a further one of those before |index|. */
static bool prefix_taken(const struct conf *conf, uint32_t index, const struct rpl_prefix *prefix)
{
    for (uint32_t i = 0; i < conf->instance_count; i++) {
        const struct conf_instance *other = &conf->instance[i];

        if (other->rpl.role == RPL_ROLE_ROOT && !other->prefix_auto &&
            memcmp(&other->rpl.prefix, &prefix->addr, sizeof(prefix->addr)) == 0)
            return true;
        for (uint32_t k = 0; i < index && k < other->rpl.more.count; k++)
            if (memcmp(&other->rpl.more.prefix[k], prefix, sizeof(*prefix)) == 0)
                return true;
    }
    return false;
}

static void check_more_prefixes(struct conf_reader *reader, const config_setting_t *root,
                                uint32_t index)
{
    const struct conf_instance *instance = &reader->conf->instance[index];
    struct place place = locate(reader, root, index, NULL, "more_prefixes");
    const char *wrong = NULL;

    if (place.bad || !place.given)
        return;
    if (instance->uplink[0] != '\0' && instance->rpl.more.count > 1)
        wrong = "beside the prefix of an uplink there is room for one";
    for (uint32_t n = 0; n < instance->rpl.more.count && wrong == NULL; n++) {
        const struct rpl_prefix *prefix = &instance->rpl.more.prefix[n];

        if (prefix->len != 64)
            wrong = "not all of them are of length 64, of which addresses are made";
        else if (prefix_taken(reader->conf, index, prefix))
            wrong = "one of them is in use already; every instance has its own";
    }
    if (wrong != NULL)
        conf_reader_error(reader, place.at, place.path, "%s", wrong);
}

static void check_floating(struct conf_reader *reader, const config_setting_t *root, uint32_t index)
{
    const struct rpl_prefixes *own = &reader->conf->instance[index].rpl.floating_prefix;
    struct place place = locate(reader, root, index, NULL, "floating_prefix");

    for (uint32_t n = 0; n < own->count && place.given && !place.bad; n++)
        if (own->prefix[n].len != 64) {
            conf_reader_error(reader, place.at, place.path,
                              "not all of them are of length 64, of which addresses are made");
            return;
        }
}

/* A prefix comes from one place, and a part of it goes to one instance. */
static void check_uplinks(struct conf_reader *reader, const config_setting_t *root, uint32_t index)
{
    const struct conf_instance *all = reader->conf->instance, *instance = &all[index];
    struct place uplink = locate(reader, root, index, NULL, "uplink");
    struct place subnet = locate(reader, root, index, NULL, "uplink_subnet");

    if (uplink.bad || subnet.bad || instance->uplink[0] == '\0')
        return;
    if (instance->rpl.role == RPL_ROLE_ROOT && !instance->prefix_auto) {
        conf_reader_error(reader, uplink.at, uplink.path,
                          "there is a prefix already; leave one of the two out");
        return;
    }
    if (conf_interface_instances(reader->conf, instance->uplink) != 0) {
        conf_reader_error(reader, uplink.at, uplink.path,
                          "that is an interface of the mesh itself; name one that leads out of it");
        return;
    }
    for (uint32_t i = 0; i < index; i++) {
        if (all[i].uplink[0] == '\0' || all[i].uplink_subnet != instance->uplink_subnet)
            continue;
        struct place other = locate(reader, root, i, NULL, "uplink_subnet");
        const struct place *at = subnet.given ? &subnet : &uplink;
        conf_reader_error(reader, at->at, at->path,
                          "%.*s has the same uplink_subnet; every instance has its own",
                          (int)strcspn(other.path, "."), other.path);
        return;
    }
}

static void check_lifetimes(struct conf_reader *reader, const config_setting_t *root,
                            uint32_t index)
{
    struct rpl_instance_config *rpl = &reader->conf->instance[index].rpl;
    struct place valid = locate(reader, root, index, NULL, "prefix_valid");
    struct place preferred = locate(reader, root, index, NULL, "prefix_preferred");

    if (valid.bad || preferred.bad || rpl->prefix_preferred_s <= rpl->prefix_valid_s)
        return;
    if (preferred.given)
        conf_reader_error(reader, preferred.at, preferred.path,
                          "longer than prefix_valid; allowed is up to %u", rpl->prefix_valid_s);
    else
        rpl->prefix_preferred_s = rpl->prefix_valid_s;
}

/* 2^(min + doublings) ms has to fit the signed 32 bits in which deployed nodes count. */
static void check_intervals(struct conf_reader *reader, const config_setting_t *root,
                            uint32_t index)
{
    const struct rpl_dodag_settings *dodag = &reader->conf->instance[index].rpl.dodag;
    struct place min = locate(reader, root, index, "dodag", "dio_interval_min");
    struct place doublings = locate(reader, root, index, "dodag", "dio_interval_doublings");
    const struct place *at = doublings.given ? &doublings : &min;

    if (min.bad || doublings.bad || dodag->dio_interval_min + dodag->dio_interval_doublings <= 30)
        return;
    conf_reader_error(reader, at->at, at->path,
                      "dio_interval_min %u and dio_interval_doublings %u are more than 30 "
                      "together; deployed nodes count no further",
                      dodag->dio_interval_min, dodag->dio_interval_doublings);
}

static void check_metric(struct conf_reader *reader, const config_setting_t *root, uint32_t index)
{
    const struct rpl_instance_config *rpl = &reader->conf->instance[index].rpl;
    struct place metric = locate(reader, root, index, NULL, "metric");
    struct place objective = locate(reader, root, index, NULL, "objective");

    if (!metric.bad && !objective.bad && rpl->metric != RPL_METRIC_ETX && rpl->ocp != OF_OCP_MRHOF)
        conf_reader_error(reader, metric.at, metric.path,
                          "only MRHOF has another metric than ETX; set objective = \"mrhof\"");
}

static void check_constraints(struct conf_reader *reader, const config_setting_t *root,
                              uint32_t index)
{
    const struct conf_constraints *c = &reader->conf->instance[index].constraints;
    struct place group = locate(reader, root, index, NULL, "constraints");
    const uint32_t values[] = {c->energy, c->hops, c->throughput, c->latency_us, c->etx};
    unsigned count = 0;

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        count += values[i] != 0;
    if (!group.bad && count > RPL_CONSTRAINTS_MAX)
        conf_reader_error(reader, group.at, group.path, "%u constraints; allowed are %u", count,
                          RPL_CONSTRAINTS_MAX);
}

/* The engine holds RPL_INTERFACES_MAX interfaces in all, and the TUN is none of them. */
static void check_interfaces(struct conf_reader *reader, const config_setting_t *root)
{
    const struct conf *conf = reader->conf;
    char seen[RPL_INTERFACES_MAX][RPL_IFNAME_MAX];
    uint32_t count = 0;

    for (uint32_t i = 0; i < conf->instance_count; i++) {
        struct place place = locate(reader, root, i, NULL, "interfaces");

        for (uint32_t j = 0; j < conf->instance[i].interface_count; j++) {
            const char *name = conf->instance[i].interface[j];
            uint32_t k = 0;

            if (strcmp(name, conf->tun) == 0)
                conf_reader_error(reader, place.at, place.path,
                                  "\"%s\" is the TUN interface of the data path; "
                                  "name another one here, or there with tun",
                                  name);
            while (k < count && strcmp(seen[k], name) != 0)
                k++;
            if (k == RPL_INTERFACES_MAX) {
                conf_reader_error(reader, place.at, place.path,
                                  "\"%s\" is one interface too many; allowed are %u in all", name,
                                  RPL_INTERFACES_MAX);
                return;
            }
            if (k == count)
                memcpy(seen[count++], name, sizeof(seen[0]));
        }
    }
}

void conf_check(struct conf_reader *reader, const config_setting_t *root)
{
    for (uint32_t i = 0; i < reader->conf->instance_count; i++) {
        check_ids(reader, root, i);
        check_prefixes(reader, root, i);
        check_more_prefixes(reader, root, i);
        check_floating(reader, root, i);
        check_uplinks(reader, root, i);
        check_lifetimes(reader, root, i);
        check_intervals(reader, root, i);
        check_metric(reader, root, i);
        check_constraints(reader, root, i);
    }
    check_interfaces(reader, root);
    conf_check_radios(reader, root);
}
