/* SPDX-License-Identifier: ISC */
#include "bridge/bconf_read.h"

#include <stdarg.h>
#include <string.h>

const char *const bconf_output_words[] = {"json", "value", "raw", NULL};

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

void bconf_complain(struct bconf_reader *reader, const config_setting_t *setting, const char *path,
                    const char *format, ...)
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

static void read_number(struct bconf_reader *reader, const struct bconf_setting *setting,
                        void *base, const config_setting_t *from, const char *path)
{
    long long value = is_number(from) ? config_setting_get_int64(from) : 0;

    if (!is_number(from) || value < setting->min || value > setting->max) {
        bconf_complain(reader, from, path, "%s; allowed is a number from %ld to %ld",
                       is_number(from) ? "out of range" : "not a number", setting->min,
                       setting->max);
        return;
    }
    *(int *)(void *)((char *)base + setting->offset) = (int)value;
}

void bconf_read_text(struct bconf_reader *reader, const struct bconf_setting *setting, void *base,
                     const config_setting_t *from, const char *path)
{
    const char *text =
        config_setting_type(from) == CONFIG_TYPE_STRING ? config_setting_get_string(from) : NULL;
    size_t len = text == NULL ? 0 : strlen(text);

    if (text == NULL || len >= setting->size || len < (size_t)setting->min) {
        bconf_complain(reader, from, path, "%s; allowed is a text of %ld to %zu characters",
                       text == NULL ? "not a text" : "of the wrong length", setting->min,
                       setting->size - 1);
        return;
    }
    memcpy((char *)base + setting->offset, text, len + 1);
}

static void read_choice(struct bconf_reader *reader, const struct bconf_setting *setting,
                        void *base, const config_setting_t *from, const char *path)
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
    bconf_complain(reader, from, path, "not known; allowed is %s", allowed);
}

void bconf_read_setting(struct bconf_reader *reader, const struct bconf_setting *setting,
                        void *base, const config_setting_t *from, const char *path)
{
    switch (setting->type) {
    case BCONF_TYPE_NUMBER:
        read_number(reader, setting, base, from, path);
        break;
    case BCONF_TYPE_TEXT:
        bconf_read_text(reader, setting, base, from, path);
        break;
    case BCONF_TYPE_CHOICE:
        read_choice(reader, setting, base, from, path);
        break;
    case BCONF_TYPE_BOOL:
        if (config_setting_type(from) != CONFIG_TYPE_BOOL) {
            bconf_complain(reader, from, path, "not a truth; allowed is true or false");
            return;
        }
        *(int *)(void *)((char *)base + setting->offset) = config_setting_get_bool(from) != 0;
        break;
    }
}

const struct bconf_setting *bconf_setting_find(const struct bconf_setting *list, size_t n,
                                               const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].name, name) == 0) {
            return &list[i];
        }
    }
    return NULL;
}

void bconf_unknown(struct bconf_reader *reader, const struct bconf_setting *list, size_t n,
                   const config_setting_t *from, const char *path, const char *more)
{
    char names[1024];
    size_t len = 0;

    names[0] = '\0';
    for (size_t i = 0; i < n && len < sizeof(names); i++) {
        len += (size_t)snprintf(names + len, sizeof(names) - len, "%s ", list[i].name);
    }
    bconf_complain(reader, from, path, "unknown setting; allowed here: %s%s", names, more);
}

bool bconf_is_list(const config_setting_t *from)
{
    int type = config_setting_type(from);

    return type == CONFIG_TYPE_LIST || type == CONFIG_TYPE_ARRAY;
}
