/* SPDX-License-Identifier: ISC */
#include "bridge/bconf.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#include "bridge/bconf_read.h"
#include "bridge/topic.h"

#define MQTT_PORT 1883

static const char *const serve_words[] = {"off", "nodes", "all", NULL};
static const char *const failure_words[] = {"refuse", "memory", NULL};
static const char *const version_words[] = {"auto", "5", "3.1.1", NULL};
static const char *const level_words[] = {"error", "warning", "info", "debug", NULL};
static const char *const publish_words[] = {"off", "error", "warning", "info", NULL};
static const char *const to_words[] = {"stderr", "syslog", NULL};

#define NUMBER(name, low, high)                                                                    \
    {                                                                                              \
#name, BCONF_TYPE_NUMBER, offsetof(struct bconf, name), low, high, 0, NULL                 \
    }
#define TEXT(name, low)                                                                            \
    {                                                                                              \
#name, BCONF_TYPE_TEXT, offsetof(struct bconf, name), low, 0,                              \
            sizeof(((struct bconf *)0)->name), NULL                                                \
    }
#define TRUTH(name)                                                                                \
    {                                                                                              \
#name, BCONF_TYPE_BOOL, offsetof(struct bconf, name), 0, 0, 0, NULL                        \
    }
#define CHOICE(text, field, list)                                                                  \
    {                                                                                              \
        text, BCONF_TYPE_CHOICE, offsetof(struct bconf, field), 0, 0, 0, list                      \
    }

static const struct bconf_setting settings[] = {
    TEXT(username, 0),
    TEXT(password, 0),
    TEXT(client_id, 0),
    CHOICE("mqtt_version", mqtt_version, version_words),
    TRUTH(clean_session),
    TRUTH(message_expiry),
    TRUTH(summary),
    TRUTH(senml_array),
    TRUTH(user_properties),
    TRUTH(events),
    TRUTH(home_assistant),
    TEXT(home_assistant_prefix, 1),
    TEXT(control_socket, 1),
    NUMBER(readings_kb, 0, 1048576),
    TEXT(tls_ca, 0),
    TEXT(tls_certificate, 0),
    TEXT(tls_key, 0),
    TEXT(tls_alpn, 0),
    TEXT(psk_identity, 0),
    TEXT(psk, 0),
    NUMBER(keepalive_s, 10, 3600),
    NUMBER(topic_aliases, 0, 256),
    TEXT(base, 1),
    NUMBER(qos, 0, 2),
    CHOICE("format", output, bconf_output_words),
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
    NUMBER(command_rate, 0, 1000),
    NUMBER(max_command_octets, 1, BRG_COMMAND_MAX),
    NUMBER(max_memory_mb, 1, 4096),
    TEXT(spool, 0),
    NUMBER(spool_mb, 1, 65536),
    NUMBER(spool_hours, 1, 87600),
    CHOICE("on_spool_failure", on_spool_failure, failure_words),
    TEXT(socket, 1),
    TEXT(user, 0),
    CHOICE("log", log_level, level_words),
    CHOICE("publish_log", publish_log, publish_words),
    CHOICE("log_to", log_to, to_words),
};

#define N_SETTINGS (sizeof(settings) / sizeof(settings[0]))

static void read_broker(struct bconf_reader *reader, const config_setting_t *from, const char *path)
{
    const struct bconf_setting text = {.name = "broker", .min = 1, .size = BCONF_TEXT_MAX};
    struct bconf *conf = reader->conf;
    char url[BCONF_TEXT_MAX];
    int before = reader->n_errors;

    bconf_read_text(reader, &text, url, from, path);
    if (reader->n_errors > before) {
        return;
    }
    if (!bconf_broker_parse(url, &conf->brokers[conf->n_brokers])) {
        bconf_complain(
            reader, from, path,
            "not understood; allowed is mqtt://HOST or mqtt://HOST:PORT, mqtts:// for TLS, "
            "HOST a name, an IPv4 address or an IPv6 address in []");
        return;
    }
    conf->n_brokers++;
}

/* One, or several in the order in which they are tried. */
static void read_brokers(struct bconf_reader *reader, const config_setting_t *from)
{
    int n = bconf_is_list(from) ? config_setting_length(from) : 1;

    reader->conf->n_brokers = 0;
    if (n < 1 || n > BCONF_BROKERS_MAX) {
        bconf_complain(reader, from, "bridge.broker",
                       "allowed is one broker or a list of at most %d", BCONF_BROKERS_MAX);
        return;
    }
    for (int i = 0; i < n; i++) {
        char path[32] = "bridge.broker";

        if (bconf_is_list(from)) {
            (void)snprintf(path, sizeof(path), "bridge.broker[%d]", i);
        }
        read_broker(reader, bconf_is_list(from) ? config_setting_get_elem(from, (unsigned)i) : from,
                    path);
    }
}

static void read_member(struct bconf_reader *reader, const config_setting_t *from)
{
    const char *name = config_setting_name(from);
    const struct bconf_setting *setting = bconf_setting_find(settings, N_SETTINGS, name);
    struct bconf *conf = reader->conf;
    char path[64];
    int before = reader->n_errors;

    (void)snprintf(path, sizeof(path), "bridge.%.40s", name);
    if (strcmp(name, "rules") == 0) {
        bconf_read_rules(reader, from);
    } else if (strcmp(name, "names") == 0) {
        bconf_read_names(reader, from);
    } else if (strcmp(name, "commands") == 0) {
        bconf_read_patterns(reader, from, path, conf->command_patterns, conf->commands,
                            &conf->n_commands);
    } else if (strcmp(name, "nodes") == 0) {
        bconf_read_nodes(reader, from);
    } else if (strcmp(name, "multicast") == 0) {
        bconf_read_patterns(reader, from, path, conf->multicast_room, conf->multicast,
                            &conf->n_multicast);
    } else if (strcmp(name, "requests") == 0) {
        bconf_read_patterns(reader, from, path, conf->request_patterns, conf->requests,
                            &conf->n_requests);
    } else if (strcmp(name, "sleepy") == 0) {
        bconf_read_patterns(reader, from, path, conf->sleepy_patterns, conf->sleepy,
                            &conf->n_sleepy);
    } else if (strcmp(name, "broker") == 0) {
        read_brokers(reader, from);
    } else if (setting != NULL) {
        bconf_read_setting(reader, setting, conf, from, path);
    } else if (strcmp(name, "program") != 0) { /* that one is rpld's */
        bconf_complain(reader, from, path, "unknown setting; rpld-bridge.conf(5) has them all");
    }
    if (reader->n_errors > before) {
        return;
    }
    if ((strcmp(name, "base") == 0 && !brg_topic_base_ok(conf->base)) ||
        (strcmp(name, "home_assistant_prefix") == 0 &&
         !brg_topic_base_ok(conf->home_assistant_prefix))) {
        bconf_complain(
            reader, from, path,
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
        .command_rate = 10,
        .max_command_octets = 4096,
        .max_memory_mb = 32,
        .spool_mb = 64,
        .spool_hours = 168,
        .socket = "/run/rpld/rpld.sock",
        .publish_log = BCONF_PUBLISH_WARNING,
        .log_level = BCONF_LOG_INFO,
        .log_to = BCONF_LOG_STDERR,
    };
}

/* What is of no use without another. */
static void check_pairs(struct bconf_reader *reader, const config_setting_t *group)
{
    const struct bconf *conf = reader->conf;
    size_t digits = strspn(conf->psk, "0123456789abcdefABCDEF");

    if (conf->username[0] == '\0' && conf->password[0] != '\0') {
        bconf_complain(reader, config_setting_get_member(group, "password"), "bridge.password",
                       "a password without username; set both or none");
    }
    if ((conf->tls_certificate[0] == '\0') != (conf->tls_key[0] == '\0')) {
        bconf_complain(reader, group, "bridge.tls_key",
                       "a key or a certificate without the other; set "
                       "both or none");
    }
    if (conf->directory[0] != '\0' &&
        !bconf_directory_parse(conf->directory, &reader->conf->directory_addr,
                               reader->conf->directory_uri)) {
        bconf_complain(
            reader, config_setting_get_member(group, "directory"), "bridge.directory",
            "not understood; allowed is coap://[ADDRESS], with :PORT and /PATH if need be");
    }
    if ((conf->dtls_ca[0] == '\0') != (conf->dtls_certificate[0] == '\0') ||
        (conf->dtls_ca[0] == '\0') != (conf->dtls_key[0] == '\0')) {
        bconf_complain(reader, group, "bridge.dtls_ca",
                       "dtls_ca, dtls_certificate and dtls_key belong together; set all or none");
    }
    if ((conf->psk_identity[0] == '\0') != (conf->psk[0] == '\0')) {
        bconf_complain(reader, group, "bridge.psk",
                       "a key or an identity without the other; set both "
                       "or none");
    } else if (conf->psk[digits] != '\0' || digits % 2 != 0) {
        bconf_complain(reader, group, "bridge.psk",
                       "not a key; allowed are hexadecimal digits in "
                       "pairs");
    }
}

static void read_file(struct bconf_reader *reader, const config_t *config)
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
    struct bconf_reader reader = {.errors = errors, .file = file, .conf = conf};
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
        .command_rate = (uint32_t)conf->command_rate,
        .max_command_octets = (uint32_t)conf->max_command_octets,
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
        .summary = conf->summary != 0,
        .senml_array = conf->senml_array != 0,
        .memory_will_do = conf->on_spool_failure == BCONF_SPOOL_MEMORY,
    };
}
