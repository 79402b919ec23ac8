/* SPDX-License-Identifier: ISC */
/*
 * Defaults and checks of the engine's settings. The defaults are those that let every deployed
 * mote join: where they differ from RFC 6550's it is said beside them.
 */
#include <string.h>

#include "of/of.h"
#include "rpl/rpl.h"
#include "rpl/rpl_data.h"
#include "rpl/rpl_wire.h"

/* Bounds that several checks share. */
#define INTERVAL_MIN_LOWEST 3 /* RFC 6550 section 17 */
#define INTERVAL_MIN_HIGHEST 24
#define INTERVAL_SUM_HIGHEST 30 /* deployed nodes count milliseconds in 32 signed bits */
#define MHRI_HIGHEST 32767      /* above it a child of the root would be at INFINITE_RANK */
#define LOCAL_ID_LAST 0xbf      /* RFC 6550 section 5.1: the D bit is 0 in control messages */
#define PREFERENCE_HIGHEST 7
#define PATH_CONTROL_SIZE_HIGHEST 7
#define LIFETIME_LOWEST 2 /* a known node divides by zero at 1 and floods */

void rpl_config_default(struct rpl_config *config)
{
    memset(config, 0, sizeof(*config));
    config->limits.neighbours = 256;
    config->limits.targets = 20000;
    config->limits.peers = 1024;
    config->limits.effects = 4096;
}

void rpl_instance_config_default(struct rpl_instance_config *instance)
{
    memset(instance, 0, sizeof(*instance));
    instance->role = RPL_ROLE_ROOT;
    instance->mop = RPL_MOP_NON_STORING;
    instance->ocp = OF_OCP_MRHOF;
    instance->prefix_len = 64;
    instance->autonomous = true;
    instance->prefix_valid_s = UINT32_MAX;
    instance->prefix_preferred_s = UINT32_MAX;
    instance->grounded = true;
    instance->route_info_lifetime_s = 1800;
    /* RFC 6550 section 17 has 8 ms and 20 doublings, far too much air for 802.15.4: 4.1 s to
     * 17.5 minutes instead. */
    instance->dodag.dio_interval_min = 12;
    instance->dodag.dio_interval_doublings = 8;
    instance->dodag.dio_redundancy_constant = 10;
    instance->dodag.min_hop_rank_increase = 256;
    instance->dodag.max_rank_increase = 7 * 256;
    instance->dodag.default_lifetime = 30;
    instance->dodag.lifetime_unit_s = 60;
    instance->default_route = true;
    instance->dao_ack = true;
    instance->dao_delay_ms = 1000; /* DEFAULT_DAO_DELAY */
    instance->dao_tries = 4;
    instance->dao_rate = 600;
    instance->dao_targets = RPL_DAO_TARGETS_MAX;
    instance->no_path_tries = 3;
    instance->dtsn_on_loss = instance->dtsn_on_change = true;
    instance->dao_parents = 1;
    instance->solicitations = RPL_ALWAYS;
    instance->poison = true;
    instance->energy = UINT8_MAX;
    instance->compat.rpi_type = RPL_RPI_63;
    instance->compat.short_transit = true;
    instance->compat.parent_by_prefix = true;
    instance->compat.local_instance_without_d = true;
    /* RFC 6719 section 5, as of/ has them. */
    instance->parent_switch_threshold = 192;
    instance->max_link_metric = 512;
    instance->max_path_cost = 32768;
    /* NOTE: RFC 6719 section 5 has 3. Each further member may lift our Rank above what the
     * preferred parent gives us (section 3.3): a child of the root that keeps its former parent in
     * the set would stay where it was. */
    instance->parent_set_size = 1;
    instance->probe_parent_s = 60;
    instance->probe_candidate_s = 600;
}

static bool lifetime_ok(uint8_t units)
{
    return units >= LIFETIME_LOWEST; /* 255 is infinite */
}

/* What a root announces in the DODAG Configuration option, RFC 6550 section 6.7.6. */
static const char *check_dodag(const struct rpl_dodag_settings *dodag)
{
    if (dodag->dio_interval_min < INTERVAL_MIN_LOWEST ||
        dodag->dio_interval_min > INTERVAL_MIN_HIGHEST)
        return "dodag.dio_interval_min";
    if (dodag->dio_interval_min + dodag->dio_interval_doublings > INTERVAL_SUM_HIGHEST)
        return "dodag.dio_interval_doublings";
    if (dodag->min_hop_rank_increase == 0 || dodag->min_hop_rank_increase > MHRI_HIGHEST)
        return "dodag.min_hop_rank_increase";
    if (!lifetime_ok(dodag->default_lifetime))
        return "dodag.default_lifetime";
    if (dodag->lifetime_unit_s == 0)
        return "dodag.lifetime_unit";
    if (dodag->path_control_size > PATH_CONTROL_SIZE_HIGHEST)
        return "dodag.path_control_size";
    return NULL;
}

static bool prefixes_ok(const struct rpl_prefixes *prefixes)
{
    if (prefixes->count > RPL_PREFIXES_MAX)
        return false;
    for (uint32_t i = 0; i < prefixes->count; i++)
        if (prefixes->prefix[i].len > 128)
            return false;
    return true;
}

/* Of which addresses are made. */
static bool sixty_fours_ok(const struct rpl_prefixes *prefixes)
{
    if (prefixes->count > RPL_MORE_PREFIXES_MAX)
        return false;
    for (uint32_t i = 0; i < prefixes->count; i++)
        if (prefixes->prefix[i].len != 64 || !rpl_addr_is_routable(&prefixes->prefix[i].addr))
            return false;
    return true;
}

/* /64s, each of them once; one that changes takes more room in a DIO. */
static bool more_ok(const struct rpl_instance_config *instance)
{
    if (!sixty_fours_ok(&instance->more) || (instance->renumbers && instance->more.count > 1))
        return false;
    for (uint32_t i = 0; i < instance->more.count; i++) {
        const struct rpl_prefix *p = &instance->more.prefix[i];
        if (rpl_addr_match(&p->addr, &instance->prefix, 64))
            return false;
        for (uint32_t k = 0; k < i; k++)
            if (rpl_addr_match(&p->addr, &instance->more.prefix[k].addr, 64))
                return false;
    }
    return true;
}

static const char *check_root(const struct rpl_instance_config *instance)
{
    if (instance->prefix_len != 64 || !rpl_addr_is_routable(&instance->prefix))
        return "prefix";
    if (!more_ok(instance))
        return "more_prefixes";
    if (instance->prefix_preferred_s > instance->prefix_valid_s)
        return "prefix_preferred";
    if (instance->preference > PREFERENCE_HIGHEST)
        return "preference";
    if (!prefixes_ok(&instance->route_info))
        return "route_information";
    if (instance->route_info_preference < -1 || instance->route_info_preference > 1)
        return "route_information_preference";
    return check_dodag(&instance->dodag);
}

static bool probe_ok(uint16_t seconds)
{
    return seconds >= RPL_PROBE_S_MIN && seconds <= RPL_PROBE_S_MAX;
}

static const char *check_other(const struct rpl_instance_config *instance)
{
    if (instance->path_lifetime != 0 && !lifetime_ok(instance->path_lifetime))
        return "path_lifetime";
    if (instance->dao_parents == 0 || instance->dao_parents > RPL_PARENTS_MAX)
        return "dao_parents";
    if (instance->dao_delay_ms < RPL_DAO_DELAY_MS_MIN ||
        instance->dao_delay_ms > RPL_DAO_DELAY_MS_MAX)
        return "dao_delay";
    if (instance->dao_tries == 0 || instance->dao_tries > RPL_TRIES_MAX)
        return "dao_tries";
    if (instance->dao_rate == 0 || instance->dao_rate > RPL_DAO_RATE_MAX)
        return "dao_rate";
    if (instance->dao_targets > RPL_DAO_TARGETS_MAX)
        return "dao_targets";
    if (!sixty_fours_ok(&instance->floating_prefix))
        return "floating_prefix";
    return instance->no_path_tries > RPL_TRIES_MAX ? "no_path_tries" : NULL;
}

static const char *check_instance(const struct rpl_instance_config *instance)
{
    const char *wrong = NULL;

    if (instance->id > LOCAL_ID_LAST)
        return "id";
    if (instance->role != RPL_ROLE_ROOT && instance->role != RPL_ROLE_ROUTER &&
        instance->role != RPL_ROLE_LEAF)
        return "role";
    if (instance->mop != RPL_MOP_NONE && instance->mop != RPL_MOP_NON_STORING &&
        instance->mop != RPL_MOP_STORING && instance->mop != RPL_MOP_STORING_MULTICAST)
        return "mode";
    if (instance->ocp != OF_OCP_OF0 && instance->ocp != OF_OCP_MRHOF)
        return "objective";
    if (instance->has_dodag_id && !rpl_addr_is_routable(&instance->dodag_id))
        return "dodag_id";
    if (!prefixes_ok(&instance->accept))
        return "accept";
    if (!prefixes_ok(&instance->attached))
        return "attached";
    wrong = instance->role == RPL_ROLE_ROOT ? check_root(instance) : check_other(instance);
    if (wrong != NULL)
        return wrong;
    if (instance->compat.rpi_type != RPL_RPI_63 && instance->compat.rpi_type != RPL_RPI_23)
        return "compat.rpi_type";
    if (!probe_ok(instance->probe_parent_s))
        return "probe_parent";
    if (!probe_ok(instance->probe_candidate_s))
        return "probe_candidate";
    return NULL;
}

const char *rpl_config_check(const struct rpl_config *config)
{
    if (config->mem.alloc == NULL || config->mem.free == NULL)
        return "mem";
    if (config->access.allow_count > RPL_ACCESS_MAX)
        return "access.allow";
    if (config->access.deny_count > RPL_ACCESS_MAX)
        return "access.deny";
    if (config->limits.neighbours == 0)
        return "limits.neighbours";
    if (config->limits.targets == 0)
        return "limits.targets";
    if (config->limits.peers == 0)
        return "limits.peers";
    if (config->limits.effects == 0)
        return "limits.effects";
    if (config->instance_count == 0 || config->instance_count > RPL_INSTANCES_MAX)
        return "instances";
    for (uint32_t i = 0; i < config->instance_count; i++) {
        const char *wrong = check_instance(&config->instance[i]);

        if (wrong != NULL)
            return wrong;
        for (uint32_t j = 0; j < i; j++)
            if (config->instance[j].id == config->instance[i].id)
                return "id";
    }
    return NULL;
}
