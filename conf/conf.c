/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/internal.h"

static void radio_default(struct conf_radio *radio)
{
    radio->channel = 26;
    radio->pan_id = 0xabcd;
    radio->tx_power = CONF_TX_POWER_DRIVER;
    radio->ack_request = true;
    radio->retries = 3;
    strcpy(radio->interface, "lowpan0");
}

void conf_default(struct conf *conf)
{
    struct rpl_config engine;

    memset(conf, 0, sizeof(*conf));
    rpl_config_default(&engine);
    for (unsigned i = 0; i < CONF_RADIOS_MAX; i++)
        radio_default(&conf->radio[i]);
    conf->limits = engine.limits;
    strcpy(conf->control.socket, "/run/rpld/rpld.sock");
    strcpy(conf->control.group, "rpld");
    strcpy(conf->state.directory, "/var/lib/rpld");
    conf->state.writes_per_hour = 60;
    conf->log.to = CONF_LOG_STDERR;
    conf->log.level = CONF_LOG_NOTICE;
    strcpy(conf->bridge.program, CONF_BRIDGE_PROGRAM);
    strcpy(conf->user, "rpld");
    strcpy(conf->tun, "rpl0");
    conf->firewall = true;
    conf->contexts.count = 1;
    conf->contexts.prefix[0].b[0] = 0xfd; /* fd00::/64, which Contiki-NG comes with */
}

/* ---- a file that does not parse ------------------------------------------------------ */

/* The group that was open when the parser stopped and that has |name| already. */
static const config_setting_t *find_first(const config_setting_t *root, const char *name)
{
    const config_setting_t *found = NULL;

    for (const config_setting_t *s = root; s != NULL && config_setting_is_aggregate(s);) {
        const config_setting_t *hit =
            config_setting_is_group(s) ? config_setting_get_member(s, name) : NULL;
        int length = config_setting_length(s);

        if (hit != NULL)
            found = hit;
        s = length > 0 ? config_setting_get_elem(s, (unsigned)length - 1) : NULL;
    }
    return found;
}

/* The last name of |line| that is set there and that the tree has already: what stands behind
 * the duplicate was not read. */
static const config_setting_t *find_duplicate(const config_setting_t *root, const char *line,
                                              char *name, size_t size)
{
    const char *letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-*";
    const config_setting_t *found = NULL;
    char word[64];

    while (*line != '\0') {
        size_t len = strspn(line, letters);
        const char *after = line + len + strspn(line + len, " \t");

        if (len > 0 && len < sizeof(word) && (*after == '=' || *after == ':' || *after == '\0')) {
            const config_setting_t *hit = NULL;

            (void)snprintf(word, sizeof(word), "%.*s", (int)len, line);
            if ((hit = find_first(root, word)) != NULL) {
                found = hit;
                (void)snprintf(name, size, "%s", word);
            }
        }
        line += len > 0 ? len : 1;
    }
    return found;
}

static void parse_error(struct conf_reader *reader, const config_t *tree, const char *text)
{
    char where[CONF_ERROR_FILE_MAX], line[CONF_ERROR_VALUE_MAX + 8] = "", name[64] = "";
    uint32_t number = (uint32_t)config_error_line(tree);
    const char *file = config_error_file(tree), *reason = config_error_text(tree), *wrong = NULL;
    const config_setting_t *first = NULL;
    char *included = NULL;

    (void)snprintf(where, sizeof(where), "%s", reader->file);
    if (file != NULL && reader->dir != NULL) {
        conf_source_reported_path(reader->dir, file, where, sizeof(where));
        if (conf_source_read(where, &included, &wrong) == 0)
            text = included;
    }
    conf_source_line(text, number, line, sizeof(line));
    free(included);
    if (reason != NULL && strstr(reason, "duplicate") != NULL) {
        first = find_duplicate(config_root_setting(tree), line, name, sizeof(name));
        if (first != NULL)
            conf_error_add(reader->errors, where, number, name, NULL,
                           "set twice, first on line %u; remove one of them",
                           config_setting_source_line(first));
        else
            conf_error_add(reader->errors, where, number, NULL, line,
                           "a setting that is set twice; remove one of them");
        return;
    }
    conf_error_add(
        reader->errors, where, number, NULL, line,
        "%s here or on the line above; a setting is NAME = VALUE; with strings in \" \", "
        "groups in { } and lists in ( ) with commas between",
        reason == NULL ? "syntax error" : reason);
}

/* ---- loading ------------------------------------------------------------------------ */

static int load(const char *text, const char *file, const char *dir, struct conf *ret_conf,
                struct conf_errors *errors)
{
    struct conf conf;
    struct conf_reader reader = {.conf = &conf, .errors = errors, .file = file, .dir = dir};
    config_t tree;
    char *own = NULL;
    bool parsed = false;
    unsigned found = 0;

    conf_default(&conf);
    found = conf_source_scan(text, file, dir, errors);
    if ((found & CONF_SCAN_INCLUDE) != 0) {
        /* libconfig is kept away from a file that it might read for ever; what stands here is
         * judged nevertheless. */
        reader.partial = true;
        if ((own = conf_source_without_includes(text)) == NULL) {
            conf_error_add(errors, file, 0, NULL, NULL, "%s", strerror(ENOMEM));
            return -ENOMEM;
        }
        text = own;
    }
    config_init(&tree);
    if (dir != NULL)
        config_set_include_dir(&tree, dir);
    parsed = config_read_string(&tree, text) == CONFIG_TRUE;
    reader.partial = reader.partial || !parsed;
    conf_read_tree(&reader, config_root_setting(&tree));
    if (!parsed && (found & CONF_SCAN_STRING) == 0)
        parse_error(&reader, &tree, text);
    config_destroy(&tree);
    free(own);
    conf_errors_sort(errors);
    if (errors->count > errors->warnings)
        return -EINVAL;
    *ret_conf = conf;
    return 0;
}

int conf_load_string(const char *text, const char *name, struct conf *ret_conf,
                     struct conf_errors *errors)
{
    memset(errors, 0, sizeof(*errors));
    return load(text, name, NULL, ret_conf, errors);
}

int conf_load(const char *file, struct conf *ret_conf, struct conf_errors *errors)
{
    const char *slash = strrchr(file, '/'), *wrong = NULL;
    char dir[CONF_ERROR_FILE_MAX];
    char *text = NULL;
    int err = 0;

    memset(errors, 0, sizeof(*errors));
    if (slash == NULL)
        (void)snprintf(dir, sizeof(dir), ".");
    else
        (void)snprintf(dir, sizeof(dir), "%.*s", slash == file ? 1 : (int)(slash - file), file);
    if (strlen(file) >= CONF_ERROR_FILE_MAX)
        err = -ENAMETOOLONG;
    else
        err = conf_source_read(file, &text, &wrong);
    if (err < 0) {
        conf_error_add(errors, file, 0, NULL, NULL, "%s; allowed is " CONF_SOURCE_ALLOWED,
                       wrong == NULL ? strerror(-err) : wrong);
        return err;
    }
    err = load(text, file, dir, ret_conf, errors);
    free(text);
    return err;
}
