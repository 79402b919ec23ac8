/* SPDX-License-Identifier: ISC */
/* The settings that are lists: names, rules, patterns and nodes. */
#include "bridge/bconf_read.h"

#include <string.h>

#include "bridge/topic.h"

static const char *const method_words[] = {"put", "post", NULL};

static const struct bconf_setting rule_settings[] = {
    {"qos", BCONF_TYPE_NUMBER, offsetof(struct brg_rule, qos), 0, 2, 0, NULL},
    {"retain", BCONF_TYPE_BOOL, offsetof(struct brg_rule, retain), 0, 0, 0, NULL},
    {"format", BCONF_TYPE_CHOICE, offsetof(struct brg_rule, output), 0, 0, 0, bconf_output_words},
    {"method", BCONF_TYPE_CHOICE, offsetof(struct brg_rule, method), 0, 0, 0, method_words},
    {"poll_interval_s", BCONF_TYPE_NUMBER, offsetof(struct brg_rule, poll_interval_s), 1, 86400, 0,
     NULL},
};

#define N_RULE_SETTINGS (sizeof(rule_settings) / sizeof(rule_settings[0]))

/* A pattern over NODE/PATH. */
static void read_pattern(struct bconf_reader *reader, const config_setting_t *from,
                         const char *path, char out[BCONF_PATTERN_MAX])
{
    const struct bconf_setting pattern = {
        .name = "path", .type = BCONF_TYPE_TEXT, .min = 1, .size = BCONF_PATTERN_MAX};

    bconf_read_text(reader, &pattern, out, from, path);
}

static const char *read_word(struct bconf_reader *reader, const config_setting_t *from,
                             const char *path, char out[BCONF_WORD_MAX])
{
    const struct bconf_setting word = {
        .name = "word", .type = BCONF_TYPE_TEXT, .min = 1, .size = BCONF_WORD_MAX};

    bconf_read_text(reader, &word, out, from, path);
    return out;
}

/* { node = "EUI-64"; name = "NAME"; } */
static void read_name(struct bconf_reader *reader, const config_setting_t *from, const char *path)
{
    struct bconf *conf = reader->conf;
    const char *node = NULL;
    const char *name = NULL;
    size_t n = conf->n_names;

    if (config_setting_type(from) != CONFIG_TYPE_GROUP || config_setting_length(from) != 2 ||
        !config_setting_lookup_string(from, "node", &node) ||
        !config_setting_lookup_string(from, "name", &name)) {
        bconf_complain(reader, from, path, "allowed is { node = \"EUI-64\"; name = \"NAME\"; }");
        return;
    }
    if (brg_eui64_parse(node, conf->name_nodes[n]) < 0) {
        bconf_complain(reader, from, path, "node is no EUI-64; allowed are 16 hexadecimal digits");
        return;
    }
    if (!brg_name_ok(name)) {
        bconf_complain(
            reader, from, path,
            "name is none; allowed are 1 to 63 octets that make a topic, without + and #, "
            "that do not begin with bridge, $ or /, are no EUI-64, and hold no word of the "
            "bridge's own");
        return;
    }
    memcpy(conf->name_texts[n], name, strlen(name) + 1);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(conf->name_texts[i], name) == 0 ||
            strcmp(conf->name_nodes[i], conf->name_nodes[n]) == 0) {
            bconf_complain(reader, from, path, "node or name is there twice; allowed is each once");
            return;
        }
    }
    conf->names[n] = (struct brg_name){conf->name_nodes[n], conf->name_texts[n]};
    conf->n_names++;
}

void bconf_read_names(struct bconf_reader *reader, const config_setting_t *from)
{
    int n = bconf_is_list(from) ? config_setting_length(from) : -1;

    if (n < 0 || n > BCONF_NAMES_MAX) {
        bconf_complain(reader, from, "bridge.names", "allowed is a list of at most %d groups",
                       BCONF_NAMES_MAX);
        return;
    }
    for (int i = 0; i < n; i++) {
        char path[32];

        (void)snprintf(path, sizeof(path), "bridge.names[%d]", i);
        read_name(reader, config_setting_get_elem(from, (unsigned)i), path);
    }
}

static void read_rule(struct bconf_reader *reader, const config_setting_t *from, const char *path)
{
    struct bconf *conf = reader->conf;
    struct brg_rule *rule = &conf->rules[conf->n_rules];
    char *pattern = conf->rule_paths[conf->n_rules];
    char full[96];

    *rule = (struct brg_rule){
        .qos = BRG_QOS_UNSET, .retain = BRG_RETAIN_UNSET, .output = BRG_OUTPUT_UNSET};
    if (config_setting_type(from) != CONFIG_TYPE_GROUP) {
        bconf_complain(reader, from, path,
                       "not a rule; allowed is a group { path = \"...\"; ... }");
        return;
    }
    for (int i = 0; i < config_setting_length(from); i++) {
        const config_setting_t *member = config_setting_get_elem(from, (unsigned)i);
        const char *name = config_setting_name(member);
        const struct bconf_setting *setting =
            bconf_setting_find(rule_settings, N_RULE_SETTINGS, name);
        int truth = 0;

        (void)snprintf(full, sizeof(full), "%s.%.40s", path, name);
        if (strcmp(name, "path") == 0) {
            read_pattern(reader, member, full, pattern);
        } else if (strcmp(name, "ignore") == 0) {
            bconf_read_setting(reader, &(struct bconf_setting){.type = BCONF_TYPE_BOOL}, &truth,
                               member, full);
            rule->ignore = truth != 0;
        } else if (strcmp(name, "obs") == 0) {
            bconf_read_setting(reader, &(struct bconf_setting){.type = BCONF_TYPE_BOOL}, &truth,
                               member, full);
            rule->obs = truth ? BRG_OBS_YES : BRG_OBS_NO;
        } else if (strcmp(name, "rt") == 0) {
            rule->rt = read_word(reader, member, full, conf->rule_rts[conf->n_rules]);
        } else if (strcmp(name, "if") == 0) {
            rule->ifs = read_word(reader, member, full, conf->rule_ifs[conf->n_rules]);
        } else if (setting != NULL) {
            bconf_read_setting(reader, setting, rule, member, full);
        } else {
            bconf_unknown(reader, rule_settings, N_RULE_SETTINGS, member, full,
                          "path rt if obs ignore");
        }
    }
    if (config_setting_get_member(from, "path") != NULL) {
        rule->path = pattern;
    } else if (rule->rt == NULL && rule->ifs == NULL && rule->obs == BRG_OBS_EITHER) {
        bconf_complain(reader, from, path,
                       "a rule without path, rt, if and obs; they say which resources are meant");
    }
    conf->n_rules++;
}

void bconf_read_rules(struct bconf_reader *reader, const config_setting_t *from)
{
    int n = bconf_is_list(from) ? config_setting_length(from) : -1;

    if (n < 0 || n > BCONF_RULES_MAX) {
        bconf_complain(reader, from, "bridge.rules", "allowed is a list of at most %d groups",
                       BCONF_RULES_MAX);
        return;
    }
    for (int i = 0; i < n; i++) {
        char path[32];

        (void)snprintf(path, sizeof(path), "bridge.rules[%d]", i);
        read_rule(reader, config_setting_get_elem(from, (unsigned)i), path);
    }
}

void bconf_read_patterns(struct bconf_reader *reader, const config_setting_t *from,
                         const char *path, char patterns[][BCONF_PATTERN_MAX], const char **list,
                         size_t *ret_n)
{
    int n = bconf_is_list(from) ? config_setting_length(from) : -1;

    *ret_n = 0;
    if (n < 0 || n > BCONF_RULES_MAX) {
        bconf_complain(reader, from, path, "allowed is a list of at most %d patterns",
                       BCONF_RULES_MAX);
        return;
    }
    for (int i = 0; i < n; i++) {
        char full[64];

        (void)snprintf(full, sizeof(full), "%.40s[%d]", path, i);
        read_pattern(reader, config_setting_get_elem(from, (unsigned)i), full, patterns[i]);
        list[i] = patterns[i];
    }
    *ret_n = (size_t)n;
}

void bconf_read_nodes(struct bconf_reader *reader, const config_setting_t *from)
{
    const struct bconf_setting text = {.name = "nodes", .min = 1, .size = BCONF_PATTERN_MAX};
    struct bconf *conf = reader->conf;
    int n = bconf_is_list(from) ? config_setting_length(from) : -1;

    if (n < 0 || n > BCONF_NODES_MAX) {
        bconf_complain(reader, from, "bridge.nodes", "allowed is a list of at most %d nodes",
                       BCONF_NODES_MAX);
        return;
    }
    for (int i = 0; i < n; i++) {
        const config_setting_t *item = config_setting_get_elem(from, (unsigned)i);
        char room[BCONF_PATTERN_MAX] = "";
        char path[32];
        int before = reader->n_errors;

        (void)snprintf(path, sizeof(path), "bridge.nodes[%d]", i);
        bconf_read_text(reader, &text, room, item, path);
        if (reader->n_errors == before && !bconf_node_parse(room, &conf->nodes[conf->n_nodes++])) {
            bconf_complain(reader, item, path,
                           "not a node; allowed is \"EUI64 ADDRESS\", an IPv6 address");
        }
    }
}
