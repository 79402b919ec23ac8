/* SPDX-License-Identifier: ISC */
/* What a running daemon asks: what goes where, what changed, what can be taken over. */
#include <errno.h>
#include <string.h>

#include "conf/internal.h"

void conf_engine_config(const struct conf *conf, struct rpl_config *ret_config)
{
    ret_config->limits = conf->limits;
    ret_config->access = (struct rpl_access){.allow = conf->access.allow.eui64,
                                             .deny = conf->access.deny.eui64,
                                             .allow_count = conf->access.allow.count,
                                             .deny_count = conf->access.deny.count};
    ret_config->instance_count = conf->instance_count;
    for (uint32_t i = 0; i < conf->instance_count; i++)
        ret_config->instance[i] = conf->instance[i].rpl;
}

uint32_t conf_interface_instances(const struct conf *conf, const char *name)
{
    uint32_t mask = 0;

    for (uint32_t i = 0; i < conf->instance_count; i++)
        for (uint32_t j = 0; j < conf->instance[i].interface_count; j++)
            if (strcmp(conf->instance[i].interface[j], name) == 0)
                mask |= UINT32_C(1) << i;
    return mask;
}

static void note(struct conf_changes *changes, const char *path, const char *name)
{
    if (changes == NULL)
        return;
    if (changes->count == CONF_CHANGES_MAX) {
        changes->lost++;
        return;
    }
    (void)snprintf(changes->setting[changes->count++], sizeof(changes->setting[0]), "%s%s%s", path,
                   path[0] == '\0' || name[0] == '\0' ? "" : ".", name);
}

/* The settings of one group. Returns true if all that differs is reloadable. */
static bool compare_group(enum conf_group group, const void *a, const void *b, const char *path,
                          struct conf_changes *changed, struct conf_changes *fixed)
{
    bool all = true;

    for (size_t i = 0; i < conf_table_count; i++) {
        bool reloadable = (conf_table[i].flags & CONF_RELOADABLE) != 0;

        if (conf_table[i].group != group || conf_setting_equal(&conf_table[i], a, b))
            continue;
        note(reloadable ? changed : fixed, path, conf_table[i].name);
        all = all && reloadable;
    }
    return all;
}

static bool compare_instance(const struct conf *running, const struct conf *wanted, uint32_t i,
                             struct conf_changes *changed, struct conf_changes *fixed)
{
    char path[CONF_ERROR_SETTING_MAX];
    bool all = true;

    (void)snprintf(path, sizeof(path), "instances[%u]", i);
    if (i >= running->instance_count || i >= wanted->instance_count) {
        note(fixed, path, "");
        return false;
    }
    for (unsigned g = CONF_GROUP_INSTANCE; g < CONF_GROUP_COUNT; g++) {
        if (g > CONF_GROUP_INSTANCE)
            (void)snprintf(path, sizeof(path), "instances[%u].%s", i, conf_groups[g].name);
        if (!compare_group((enum conf_group)g, &running->instance[i], &wanted->instance[i], path,
                           changed, fixed))
            all = false;
    }
    return all;
}

static bool compare_radios(const struct conf *running, const struct conf *wanted,
                           struct conf_changes *changed, struct conf_changes *fixed)
{
    char path[CONF_ERROR_SETTING_MAX];
    bool all = true;

    for (uint32_t i = 0; i < running->radio_count || i < wanted->radio_count; i++) {
        (void)snprintf(path, sizeof(path), "radio[%u]", i);
        if (i >= running->radio_count || i >= wanted->radio_count) {
            note(fixed, path, "");
            all = false;
        } else if (!compare_group(CONF_GROUP_RADIO, &running->radio[i], &wanted->radio[i], path,
                                  changed, fixed)) {
            all = false;
        }
    }
    return all;
}

bool conf_reloadable(const struct conf *running, const struct conf *wanted,
                     struct conf_changes *changed, struct conf_changes *fixed)
{
    uint32_t most = running->instance_count > wanted->instance_count ? running->instance_count
                                                                     : wanted->instance_count;
    bool all = true;

    if (changed != NULL)
        memset(changed, 0, sizeof(*changed));
    if (fixed != NULL)
        memset(fixed, 0, sizeof(*fixed));
    for (uint32_t i = 0; i < most; i++)
        if (!compare_instance(running, wanted, i, changed, fixed))
            all = false;
    if (!compare_radios(running, wanted, changed, fixed))
        all = false;
    for (unsigned g = CONF_GROUP_TOP; g < CONF_GROUP_RADIO; g++)
        if (!compare_group((enum conf_group)g, running, wanted, conf_groups[g].name, changed,
                           fixed))
            all = false;
    if (running->bridge.present != wanted->bridge.present) {
        note(fixed, "bridge", "");
        all = false;
    }
    return all;
}

void conf_take_reloadable(struct conf *running, const struct conf *wanted)
{
    for (size_t i = 0; i < conf_table_count; i++)
        if (conf_table[i].group < CONF_GROUP_RADIO && (conf_table[i].flags & CONF_RELOADABLE) != 0)
            conf_setting_copy(&conf_table[i], running, wanted);
}

static const struct conf_word *log_words(const char *name)
{
    return conf_setting_find(CONF_GROUP_LOG, name)->words;
}

const char *conf_log_to_name(enum conf_log_to to)
{
    return log_words("to")[to].word;
}

const char *conf_log_level_name(enum conf_log_level level)
{
    return log_words("level")[level].word;
}

int conf_log_level_parse(const char *name, enum conf_log_level *ret_level)
{
    for (const struct conf_word *w = log_words("level"); w->word != NULL; w++)
        if (strcmp(w->word, name) == 0) {
            *ret_level = (enum conf_log_level)w->value;
            return 0;
        }
    return -EINVAL;
}
