/* SPDX-License-Identifier: ISC */
#include "bridge/bconf.h"

#include <errno.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <libconfig.h>

#include "bridge/topic.h"

#define MQTT_PORT 1883
#define MQTTS_PORT 8883

struct reader {
    FILE *errors;
    const char *file;
    int n_errors;
    struct bconf *conf;
};

enum setting_type { TYPE_NUMBER, TYPE_TEXT, TYPE_CHOICE, TYPE_BOOL };

/* A setting that is one value. |size| is the room of a text; of a choice, |words| are the values
 * by their number. */
struct setting {
    const char *name;
    enum setting_type type;
    size_t offset;
    long min;
    long max;
    size_t size;
    const char *const *words;
};

static const char *const output_words[] = {"json", "value", "raw", NULL};
static const char *const serve_words[] = {"off", "nodes", "all", NULL};
static const char *const method_words[] = {"put", "post", NULL};
static const char *const failure_words[] = {"refuse", "memory", NULL};
static const char *const version_words[] = {"auto", "5", "3.1.1", NULL};
static const char *const level_words[] = {"error", "warning", "info", "debug", NULL};
static const char *const to_words[] = {"stderr", "syslog", NULL};

#define NUMBER(name, low, high)                                                                    \
    {                                                                                              \
#name, TYPE_NUMBER, offsetof(struct bconf, name), low, high, 0, NULL                       \
    }
#define TEXT(name, low)                                                                            \
    {                                                                                              \
#name, TYPE_TEXT, offsetof(struct bconf, name), low, 0, sizeof(((struct bconf *)0)->name), \
            NULL                                                                                   \
    }
#define TRUTH(name)                                                                                \
    {                                                                                              \
#name, TYPE_BOOL, offsetof(struct bconf, name), 0, 0, 0, NULL                              \
    }
#define CHOICE(text, field, list)                                                                  \
    {                                                                                              \
        text, TYPE_CHOICE, offsetof(struct bconf, field), 0, 0, 0, list                            \
    }

static const struct setting settings[] = {
    TEXT(username, 0),
    TEXT(password, 0),
    TEXT(client_id, 0),
    CHOICE("mqtt_version", mqtt_version, version_words),
    TRUTH(clean_session),
    TRUTH(message_expiry),
    TRUTH(user_properties),
    TRUTH(events),
    TRUTH(home_assistant),
    TEXT(home_assistant_prefix, 1),
    TEXT(control_socket, 1),
    NUMBER(readings_kb, 0, 1048576),
    TEXT(tls_ca, 0),
    TEXT(tls_certificate, 0),
    TEXT(tls_key, 0),
    TEXT(psk_identity, 0),
    TEXT(psk, 0),
    NUMBER(keepalive_s, 10, 3600),
    TEXT(base, 1),
    NUMBER(qos, 0, 2),
    CHOICE("format", output, output_words),
    NUMBER(coap_port, 0, 65535),
    NUMBER(node_port, 1, 65535),
    CHOICE("serve", serve, serve_words),
    TEXT(directory, 0),
    TRUTH(multicast_discovery),
    NUMBER(source_interval_s, 10, 86400),
    TEXT(dtls_keys, 0),
    TEXT(dtls_ca, 0),
    TEXT(dtls_certificate, 0),
    TEXT(dtls_key, 0),
    NUMBER(dtls_port, 1, 65535),
    NUMBER(dtls_sessions, 1, 100000),
    NUMBER(settle_s, 0, 3600),
    NUMBER(poll_interval_s, 1, 86400),
    NUMBER(outstanding, 1, 1000),
    NUMBER(node_rate, 0, 100000),
    NUMBER(max_nodes, 1, 100000),
    NUMBER(max_resources, 1, 1000),
    NUMBER(command_ttl_s, 1, 604800),
    NUMBER(sleepy_ttl_s, 1, 604800),
    NUMBER(max_commands, 1, 1000),
    NUMBER(max_memory_mb, 1, 4096),
    TEXT(spool, 0),
    NUMBER(spool_mb, 1, 65536),
    NUMBER(spool_hours, 1, 87600),
    CHOICE("on_spool_failure", on_spool_failure, failure_words),
    TEXT(socket, 1),
    TEXT(user, 0),
    CHOICE("log", log_level, level_words),
    CHOICE("log_to", log_to, to_words),
};

#define N_SETTINGS (sizeof(settings) / sizeof(settings[0]))

static const struct setting rule_settings[] = {
    {"qos", TYPE_NUMBER, offsetof(struct brg_rule, qos), 0, 2, 0, NULL},
    {"retain", TYPE_BOOL, offsetof(struct brg_rule, retain), 0, 0, 0, NULL},
    {"format", TYPE_CHOICE, offsetof(struct brg_rule, output), 0, 0, 0, output_words},
    {"method", TYPE_CHOICE, offsetof(struct brg_rule, method), 0, 0, 0, method_words},
    {"poll_interval_s", TYPE_NUMBER, offsetof(struct brg_rule, poll_interval_s), 1, 86400, 0, NULL},
};

#define N_RULE_SETTINGS (sizeof(rule_settings) / sizeof(rule_settings[0]))

/* --- errors --------------------------------------------------------------------------------- */

static void found_text(const config_setting_t *setting, char *out, size_t size)
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        (void)snprintf(out, size, " = %lld", config_setting_get_int64(setting));
        break;
    case CONFIG_TYPE_FLOAT:
        (void)snprintf(out, size, " = %g", config_setting_get_float(setting));
        break;
    case CONFIG_TYPE_BOOL:
        (void)snprintf(out, size, " = %s", config_setting_get_bool(setting) ? "true" : "false");
        break;
    case CONFIG_TYPE_STRING:
        (void)snprintf(out, size, " = \"%.80s\"", config_setting_get_string(setting));
        break;
    case CONFIG_TYPE_GROUP:
        (void)snprintf(out, size, " = a group");
        break;
    default:
        (void)snprintf(out, size, " = a list");
        break;
    }
    for (; *out != '\0'; out++) {
        if ((unsigned char)*out < 0x20 || *out == 0x7f) {
            *out = '?'; /* nothing that could steer a terminal */
        }
    }
}

/* FILE:LINE: bridge.SETTING = VALUE: what is wrong; allowed is ... */
__attribute__((format(printf, 4, 5))) static void complain(struct reader *reader,
                                                           const config_setting_t *setting,
                                                           const char *path, const char *format,
                                                           ...)
{
    const char *file = config_setting_source_file(setting);
    char found[128] = "";
    va_list args;

    if (strcmp(path, "bridge.password") == 0 || strcmp(path, "bridge.psk") == 0) {
        (void)snprintf(found, sizeof(found), " (not shown)");
    } else {
        found_text(setting, found, sizeof(found));
    }
    reader->n_errors++;
    (void)fprintf(reader->errors, "%s:%u: %s%s: ", file == NULL ? reader->file : file,
                  config_setting_source_line(setting), path, found);
    va_start(args, format);
    (void)vfprintf(reader->errors, format, args);
    va_end(args);
    (void)fputc('\n', reader->errors);
}

/* --- values --------------------------------------------------------------------------------- */

static bool is_number(const config_setting_t *from)
{
    int type = config_setting_type(from);

    return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
}

static void read_number(struct reader *reader, const struct setting *setting, void *base,
                        const config_setting_t *from, const char *path)
{
    long long value = is_number(from) ? config_setting_get_int64(from) : 0;

    if (!is_number(from) || value < setting->min || value > setting->max) {
        complain(reader, from, path, "%s; allowed is a number from %ld to %ld",
                 is_number(from) ? "out of range" : "not a number", setting->min, setting->max);
        return;
    }
    *(int *)(void *)((char *)base + setting->offset) = (int)value;
}

static void read_text(struct reader *reader, const struct setting *setting, void *base,
                      const config_setting_t *from, const char *path)
{
    const char *text =
        config_setting_type(from) == CONFIG_TYPE_STRING ? config_setting_get_string(from) : NULL;
    size_t len = text == NULL ? 0 : strlen(text);

    if (text == NULL || len >= setting->size || len < (size_t)setting->min) {
        complain(reader, from, path, "%s; allowed is a text of %ld to %zu characters",
                 text == NULL ? "not a text" : "of the wrong length", setting->min,
                 setting->size - 1);
        return;
    }
    memcpy((char *)base + setting->offset, text, len + 1);
}

static void read_choice(struct reader *reader, const struct setting *setting, void *base,
                        const config_setting_t *from, const char *path)
{
    const char *text =
        config_setting_type(from) == CONFIG_TYPE_STRING ? config_setting_get_string(from) : "";
    char allowed[128] = "";
    size_t len = 0;

    for (int i = 0; setting->words[i] != NULL; i++) {
        if (strcmp(setting->words[i], text) == 0) {
            *(int *)(void *)((char *)base + setting->offset) = i;
            return;
        }
        len += (size_t)snprintf(allowed + len, sizeof(allowed) - len, "%s\"%s\"",
                                i == 0                          ? ""
                                : setting->words[i + 1] == NULL ? " or "
                                                                : ", ",
                                setting->words[i]);
    }
    complain(reader, from, path, "not known; allowed is %s", allowed);
}

static void read_setting(struct reader *reader, const struct setting *setting, void *base,
                         const config_setting_t *from, const char *path)
{
    switch (setting->type) {
    case TYPE_NUMBER:
        read_number(reader, setting, base, from, path);
        break;
    case TYPE_TEXT:
        read_text(reader, setting, base, from, path);
        break;
    case TYPE_CHOICE:
        read_choice(reader, setting, base, from, path);
        break;
    case TYPE_BOOL:
        if (config_setting_type(from) != CONFIG_TYPE_BOOL) {
            complain(reader, from, path, "not a truth; allowed is true or false");
            return;
        }
        *(int *)(void *)((char *)base + setting->offset) = config_setting_get_bool(from) != 0;
        break;
    }
}

static const struct setting *setting_find(const struct setting *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].name, name) == 0) {
            return &list[i];
        }
    }
    return NULL;
}

static void unknown(struct reader *reader, const struct setting *list, size_t n,
                    const config_setting_t *from, const char *path, const char *more)
{
    char names[1024];
    size_t len = 0;

    names[0] = '\0';
    for (size_t i = 0; i < n && len < sizeof(names); i++) {
        len += (size_t)snprintf(names + len, sizeof(names) - len, "%s ", list[i].name);
    }
    complain(reader, from, path, "unknown setting; allowed here: %s%s", names, more);
}

/* --- rules and commands --------------------------------------------------------------------- */

static bool is_list(const config_setting_t *from)
{
    int type = config_setting_type(from);

    return type == CONFIG_TYPE_LIST || type == CONFIG_TYPE_ARRAY;
}

/* A pattern over NODE/PATH. */
static void read_pattern(struct reader *reader, const config_setting_t *from, const char *path,
                         char out[BCONF_PATTERN_MAX])
{
    const struct setting pattern = {
        .name = "path", .type = TYPE_TEXT, .min = 1, .size = BCONF_PATTERN_MAX};

    read_text(reader, &pattern, out, from, path);
}

static const char *read_word(struct reader *reader, const config_setting_t *from, const char *path,
                             char out[BCONF_WORD_MAX])
{
    const struct setting word = {
        .name = "word", .type = TYPE_TEXT, .min = 1, .size = BCONF_WORD_MAX};

    read_text(reader, &word, out, from, path);
    return out;
}

/* { node = "EUI-64"; name = "NAME"; } */
static void read_name(struct reader *reader, const config_setting_t *from, const char *path)
{
    struct bconf *conf = reader->conf;
    const char *node = NULL;
    const char *name = NULL;
    size_t n = conf->n_names;

    if (config_setting_type(from) != CONFIG_TYPE_GROUP || config_setting_length(from) != 2 ||
        !config_setting_lookup_string(from, "node", &node) ||
        !config_setting_lookup_string(from, "name", &name)) {
        complain(reader, from, path, "allowed is { node = \"EUI-64\"; name = \"NAME\"; }");
        return;
    }
    if (brg_eui64_parse(node, conf->name_nodes[n]) < 0) {
        complain(reader, from, path, "node is no EUI-64; allowed are 16 hexadecimal digits");
        return;
    }
    if (!brg_name_ok(name)) {
        complain(reader, from, path,
                 "name is none; allowed are 1 to 63 octets that make a topic, without + and #, "
                 "that do not begin with bridge, $ or /, are no EUI-64, and hold no word of the "
                 "bridge's own");
        return;
    }
    memcpy(conf->name_texts[n], name, strlen(name) + 1);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(conf->name_texts[i], name) == 0 ||
            strcmp(conf->name_nodes[i], conf->name_nodes[n]) == 0) {
            complain(reader, from, path, "node or name is there twice; allowed is each once");
            return;
        }
    }
    conf->names[n] = (struct brg_name){conf->name_nodes[n], conf->name_texts[n]};
    conf->n_names++;
}

static void read_names(struct reader *reader, const config_setting_t *from)
{
    int n = is_list(from) ? config_setting_length(from) : -1;

    if (n < 0 || n > BCONF_NAMES_MAX) {
        complain(reader, from, "bridge.names", "allowed is a list of at most %d groups",
                 BCONF_NAMES_MAX);
        return;
    }
    for (int i = 0; i < n; i++) {
        char path[32];

        (void)snprintf(path, sizeof(path), "bridge.names[%d]", i);
        read_name(reader, config_setting_get_elem(from, (unsigned)i), path);
    }
}

static void read_rule(struct reader *reader, const config_setting_t *from, const char *path)
{
    struct bconf *conf = reader->conf;
    struct brg_rule *rule = &conf->rules[conf->n_rules];
    char *pattern = conf->rule_paths[conf->n_rules];
    char full[96];

    *rule = (struct brg_rule){
        .qos = BRG_QOS_UNSET, .retain = BRG_RETAIN_UNSET, .output = BRG_OUTPUT_UNSET};
    if (config_setting_type(from) != CONFIG_TYPE_GROUP) {
        complain(reader, from, path, "not a rule; allowed is a group { path = \"...\"; ... }");
        return;
    }
    for (int i = 0; i < config_setting_length(from); i++) {
        const config_setting_t *member = config_setting_get_elem(from, (unsigned)i);
        const char *name = config_setting_name(member);
        const struct setting *setting = setting_find(rule_settings, N_RULE_SETTINGS, name);
        int truth = 0;

        (void)snprintf(full, sizeof(full), "%s.%.40s", path, name);
        if (strcmp(name, "path") == 0) {
            read_pattern(reader, member, full, pattern);
        } else if (strcmp(name, "ignore") == 0) {
            read_setting(reader, &(struct setting){.type = TYPE_BOOL}, &truth, member, full);
            rule->ignore = truth != 0;
        } else if (strcmp(name, "obs") == 0) {
            read_setting(reader, &(struct setting){.type = TYPE_BOOL}, &truth, member, full);
            rule->obs = truth ? BRG_OBS_YES : BRG_OBS_NO;
        } else if (strcmp(name, "rt") == 0) {
            rule->rt = read_word(reader, member, full, conf->rule_rts[conf->n_rules]);
        } else if (strcmp(name, "if") == 0) {
            rule->ifs = read_word(reader, member, full, conf->rule_ifs[conf->n_rules]);
        } else if (setting != NULL) {
            read_setting(reader, setting, rule, member, full);
        } else {
            unknown(reader, rule_settings, N_RULE_SETTINGS, member, full, "path rt if obs ignore");
        }
    }
    if (config_setting_get_member(from, "path") != NULL) {
        rule->path = pattern;
    } else if (rule->rt == NULL && rule->ifs == NULL && rule->obs == BRG_OBS_EITHER) {
        complain(reader, from, path,
                 "a rule without path, rt, if and obs; they say which resources are meant");
    }
    conf->n_rules++;
}

static void read_rules(struct reader *reader, const config_setting_t *from)
{
    int n = is_list(from) ? config_setting_length(from) : -1;

    if (n < 0 || n > BCONF_RULES_MAX) {
        complain(reader, from, "bridge.rules", "allowed is a list of at most %d groups",
                 BCONF_RULES_MAX);
        return;
    }
    for (int i = 0; i < n; i++) {
        char path[32];

        (void)snprintf(path, sizeof(path), "bridge.rules[%d]", i);
        read_rule(reader, config_setting_get_elem(from, (unsigned)i), path);
    }
}

/* A list of patterns, its number in |ret_n|. */
static void read_patterns(struct reader *reader, const config_setting_t *from, const char *path,
                          char patterns[][BCONF_PATTERN_MAX], const char **list, size_t *ret_n)
{
    int n = is_list(from) ? config_setting_length(from) : -1;

    *ret_n = 0;
    if (n < 0 || n > BCONF_RULES_MAX) {
        complain(reader, from, path, "allowed is a list of at most %d patterns", BCONF_RULES_MAX);
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

static void read_nodes(struct reader *reader, const config_setting_t *from)
{
    const struct setting text = {.name = "nodes", .min = 1, .size = BCONF_PATTERN_MAX};
    struct bconf *conf = reader->conf;
    int n = is_list(from) ? config_setting_length(from) : -1;

    if (n < 0 || n > BCONF_NODES_MAX) {
        complain(reader, from, "bridge.nodes", "allowed is a list of at most %d nodes",
                 BCONF_NODES_MAX);
        return;
    }
    for (int i = 0; i < n; i++) {
        const config_setting_t *item = config_setting_get_elem(from, (unsigned)i);
        char room[BCONF_PATTERN_MAX] = "";
        char path[32];
        int before = reader->n_errors;

        (void)snprintf(path, sizeof(path), "bridge.nodes[%d]", i);
        read_text(reader, &text, room, item, path);
        if (reader->n_errors == before && !bconf_node_parse(room, &conf->nodes[conf->n_nodes++])) {
            complain(reader, item, path,
                     "not a node; allowed is \"EUI64 ADDRESS\", an IPv6 address");
        }
    }
}

/* --- the group ------------------------------------------------------------------------------ */

/* The host behind the scheme; what follows it, or NULL when it is not well formed. */
static const char *host_end(const char **host)
{
    const char *end;

    if (**host == '[') {
        end = strchr(++*host, ']');
        return end != NULL && (end[1] == ':' || end[1] == '\0') ? end : NULL;
    }
    return *host + strcspn(*host, ":");
}

static bool port_read(const char *text, uint16_t *ret_port)
{
    size_t digits = strspn(text, "0123456789");
    unsigned long number = strtoul(text, NULL, 10);

    *ret_port = (uint16_t)number;
    return digits > 0 && digits <= 5 && text[digits] == '\0' && number > 0 && number <= 65535;
}

bool bconf_broker_parse(const char *url, struct bconf_broker *ret_broker)
{
    bool tls = strncmp(url, "mqtts://", 8) == 0;
    const char *host = url + (tls ? 8 : 7);
    const char *port;
    const char *end;
    size_t len;

    if (strlen(url) >= sizeof(ret_broker->url) || (!tls && strncmp(url, "mqtt://", 7) != 0)) {
        return false;
    }
    end = host_end(&host);
    len = end == NULL ? 0 : (size_t)(end - host);
    if (len == 0 || strcspn(host, "/@ \t") < len) {
        return false;
    }
    port = end + (*end == ']');
    ret_broker->port = tls ? MQTTS_PORT : MQTT_PORT;
    if (*port == ':' && !port_read(port + 1, &ret_broker->port)) {
        return false;
    }
    memcpy(ret_broker->url, url, strlen(url) + 1);
    memcpy(ret_broker->host, host, len);
    ret_broker->host[len] = '\0';
    ret_broker->tls = tls;
    return true;
}

static void read_broker(struct reader *reader, const config_setting_t *from, const char *path)
{
    const struct setting text = {.name = "broker", .min = 1, .size = BCONF_TEXT_MAX};
    struct bconf *conf = reader->conf;
    char url[BCONF_TEXT_MAX];
    int before = reader->n_errors;

    read_text(reader, &text, url, from, path);
    if (reader->n_errors > before) {
        return;
    }
    if (!bconf_broker_parse(url, &conf->brokers[conf->n_brokers])) {
        complain(reader, from, path,
                 "not understood; allowed is mqtt://HOST or mqtt://HOST:PORT, mqtts:// for TLS, "
                 "HOST a name, an IPv4 address or an IPv6 address in []");
        return;
    }
    conf->n_brokers++;
}

/* One, or several in the order in which they are tried. */
static void read_brokers(struct reader *reader, const config_setting_t *from)
{
    int n = is_list(from) ? config_setting_length(from) : 1;

    reader->conf->n_brokers = 0;
    if (n < 1 || n > BCONF_BROKERS_MAX) {
        complain(reader, from, "bridge.broker", "allowed is one broker or a list of at most %d",
                 BCONF_BROKERS_MAX);
        return;
    }
    for (int i = 0; i < n; i++) {
        char path[32] = "bridge.broker";

        if (is_list(from)) {
            (void)snprintf(path, sizeof(path), "bridge.broker[%d]", i);
        }
        read_broker(reader, is_list(from) ? config_setting_get_elem(from, (unsigned)i) : from,
                    path);
    }
}

static void read_member(struct reader *reader, const config_setting_t *from)
{
    const char *name = config_setting_name(from);
    const struct setting *setting = setting_find(settings, N_SETTINGS, name);
    struct bconf *conf = reader->conf;
    char path[64];
    int before = reader->n_errors;

    (void)snprintf(path, sizeof(path), "bridge.%.40s", name);
    if (strcmp(name, "rules") == 0) {
        read_rules(reader, from);
    } else if (strcmp(name, "names") == 0) {
        read_names(reader, from);
    } else if (strcmp(name, "commands") == 0) {
        read_patterns(reader, from, path, conf->command_patterns, conf->commands,
                      &conf->n_commands);
    } else if (strcmp(name, "nodes") == 0) {
        read_nodes(reader, from);
    } else if (strcmp(name, "multicast") == 0) {
        read_patterns(reader, from, path, conf->multicast_room, conf->multicast,
                      &conf->n_multicast);
    } else if (strcmp(name, "requests") == 0) {
        read_patterns(reader, from, path, conf->request_patterns, conf->requests,
                      &conf->n_requests);
    } else if (strcmp(name, "sleepy") == 0) {
        read_patterns(reader, from, path, conf->sleepy_patterns, conf->sleepy, &conf->n_sleepy);
    } else if (strcmp(name, "broker") == 0) {
        read_brokers(reader, from);
    } else if (setting != NULL) {
        read_setting(reader, setting, conf, from, path);
    } else if (strcmp(name, "program") != 0) { /* that one is rpld's */
        complain(reader, from, path, "unknown setting; rpld-bridge.conf(5) has them all");
    }
    if (reader->n_errors > before) {
        return;
    }
    if ((strcmp(name, "base") == 0 && !brg_topic_base_ok(conf->base)) ||
        (strcmp(name, "home_assistant_prefix") == 0 &&
         !brg_topic_base_ok(conf->home_assistant_prefix))) {
        complain(reader, from, path,
                 "no topic; allowed are 1 to 64 octets without + and #, that neither start with "
                 "$ or / nor end with /");
    }
}

static void defaults(struct bconf *conf)
{
    memset(conf, 0, sizeof(*conf));
    *conf = (struct bconf){
        .n_brokers = 1,
        .brokers = {{"mqtt://127.0.0.1:1883", "127.0.0.1", MQTT_PORT, false}},
        .clean_session = true,
        .keepalive_s = 60,
        .base = "mesh",
        .qos = 1,
        .output = BRG_OUTPUT_JSON,
        .coap_port = 5683,
        .node_port = 5683,
        .serve = BRG_SERVE_NODES,
        .dtls_port = 5684,
        .source_interval_s = 600,
        .dtls_sessions = 1000,
        .settle_s = 2,
        .poll_interval_s = 300,
        .outstanding = 8,
        .node_rate = 100,
        .max_nodes = 10000,
        .max_resources = 64,
        .events = true,
        .n_requests = 3,
        .requests = {"health_check", "device/*", "observe/*"},
        .home_assistant_prefix = "homeassistant",
        .control_socket = "/run/rpld-bridge/rpld-bridge.sock",
        .readings_kb = 256,
        .command_ttl_s = 60,
        .sleepy_ttl_s = 86400,
        .max_commands = 16,
        .max_memory_mb = 32,
        .spool_mb = 64,
        .spool_hours = 168,
        .socket = "/run/rpld/rpld.sock",
        .log_level = BCONF_LOG_INFO,
        .log_to = BCONF_LOG_STDERR,
    };
}

/* What is of no use without another. */
static void check_pairs(struct reader *reader, const config_setting_t *group)
{
    const struct bconf *conf = reader->conf;
    size_t digits = strspn(conf->psk, "0123456789abcdefABCDEF");

    if (conf->username[0] == '\0' && conf->password[0] != '\0') {
        complain(reader, config_setting_get_member(group, "password"), "bridge.password",
                 "a password without username; set both or none");
    }
    if ((conf->tls_certificate[0] == '\0') != (conf->tls_key[0] == '\0')) {
        complain(reader, group, "bridge.tls_key",
                 "a key or a certificate without the other; set "
                 "both or none");
    }
    if (conf->directory[0] != '\0' &&
        !bconf_directory_parse(conf->directory, &reader->conf->directory_addr,
                               reader->conf->directory_uri)) {
        complain(reader, config_setting_get_member(group, "directory"), "bridge.directory",
                 "not understood; allowed is coap://[ADDRESS], with :PORT and /PATH if need be");
    }
    if ((conf->dtls_ca[0] == '\0') != (conf->dtls_certificate[0] == '\0') ||
        (conf->dtls_ca[0] == '\0') != (conf->dtls_key[0] == '\0')) {
        complain(reader, group, "bridge.dtls_ca",
                 "dtls_ca, dtls_certificate and dtls_key belong together; set all or none");
    }
    if ((conf->psk_identity[0] == '\0') != (conf->psk[0] == '\0')) {
        complain(reader, group, "bridge.psk",
                 "a key or an identity without the other; set both "
                 "or none");
    } else if (conf->psk[digits] != '\0' || digits % 2 != 0) {
        complain(reader, group, "bridge.psk",
                 "not a key; allowed are hexadecimal digits in "
                 "pairs");
    }
}

static void read_file(struct reader *reader, const config_t *config)
{
    const config_setting_t *group = config_lookup(config, "bridge");
    struct bconf *conf = reader->conf;
    const char *socket;

    /* rpld's own setting, if it is there, is where its socket is. */
    if (config_lookup_string(config, "control.socket", &socket) &&
        strlen(socket) < sizeof(conf->socket)) {
        memcpy(conf->socket, socket, strlen(socket) + 1);
    }
    if (group == NULL || config_setting_type(group) != CONFIG_TYPE_GROUP) {
        reader->n_errors++;
        (void)fprintf(reader->errors,
                      "%s: no group bridge; `bridge = { };` is enough to have everything at its "
                      "default\n",
                      reader->file);
        return;
    }
    for (int i = 0; i < config_setting_length(group); i++) {
        read_member(reader, config_setting_get_elem(group, (unsigned)i));
    }
    check_pairs(reader, group);
}

/* libconfig would read a device or a FIFO for ever. */
static const char *file_wrong(const char *file)
{
    struct stat st;

    if (stat(file, &st) < 0) {
        return strerror(errno);
    }
    return S_ISREG(st.st_mode) ? NULL : "not a regular file";
}

int bconf_load(const char *file, struct bconf *conf, FILE *errors)
{
    struct reader reader = {.errors = errors, .file = file, .conf = conf};
    const char *wrong = file_wrong(file);
    char dir[4096];
    config_t config;

    defaults(conf);
    if (wrong != NULL || strlen(file) >= sizeof(dir)) {
        (void)fprintf(errors, "%s: %s\n", file, wrong != NULL ? wrong : "too long a name");
        return 1;
    }
    (void)snprintf(dir, sizeof(dir), "%s", file);
    config_init(&config);
    config_set_include_dir(&config, dirname(dir));
    if (config_read_file(&config, file) != CONFIG_TRUE) {
        const char *where = config_error_file(&config);

        (void)fprintf(errors, "%s:%d: %s\n", where == NULL ? file : where,
                      config_error_line(&config), config_error_text(&config));
        reader.n_errors++;
    } else {
        read_file(&reader, &config);
    }
    config_destroy(&config);
    return reader.n_errors;
}

void bconf_core(const struct bconf *conf, struct brg_core_config *ret_config)
{
    *ret_config = (struct brg_core_config){
        .base = conf->base,
        .qos = conf->qos,
        .output = (enum brg_output)conf->output,
        .rules = conf->rules,
        .n_rules = conf->n_rules,
        .commands = conf->commands,
        .n_commands = conf->n_commands,
        .requests = conf->requests,
        .n_requests = conf->n_requests,
        .sleepy = conf->sleepy,
        .n_sleepy = conf->n_sleepy,
        .command_ttl_s = (uint32_t)conf->command_ttl_s,
        .sleepy_ttl_s = (uint32_t)conf->sleepy_ttl_s,
        .max_commands = (uint32_t)conf->max_commands,
        .settle_s = (uint32_t)conf->settle_s,
        .poll_interval_s = (uint32_t)conf->poll_interval_s,
        .node_port = (uint16_t)conf->node_port,
        .serve = (enum brg_serve)conf->serve,
        .secure_port = (uint16_t)conf->dtls_port,
        .max_nodes = (uint32_t)conf->max_nodes,
        .max_resources = (uint32_t)conf->max_resources,
        .names = conf->names,
        .n_names = conf->n_names,
        .events = conf->events != 0,
        .hass_prefix = conf->home_assistant ? conf->home_assistant_prefix : NULL,
        .user_properties = conf->user_properties != 0 && conf->mqtt_version != BCONF_MQTT_311,
        .message_expiry = conf->message_expiry != 0,
        .memory_will_do = conf->on_spool_failure == BCONF_SPOOL_MEMORY,
    };
}
