/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <string.h>

#include "conf/internal.h"

/* Text of a file goes to terminals and logs: nothing that could steer one gets through. */
static void clean(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

/* Copy what fits and mark what was cut. */
static void copy_text(char *out, size_t size, const char *text)
{
    size_t len = strlen(text);

    if (len < size) {
        memcpy(out, text, len + 1);
    } else {
        memcpy(out, text, size - 4);
        memcpy(out + size - 4, "...", 4);
    }
    clean(out);
}

void conf_error_add(struct conf_errors *errors, const char *file, uint32_t line,
                    const char *setting, const char *value, const char *format, ...)
{
    struct conf_error *error = NULL;
    va_list ap;

    if (errors->count == CONF_ERRORS_MAX) {
        errors->lost++;
        return;
    }
    error = &errors->error[errors->count++];
    copy_text(error->file, sizeof(error->file), file);
    error->line = line;
    copy_text(error->setting, sizeof(error->setting), setting == NULL ? "" : setting);
    copy_text(error->value, sizeof(error->value), value == NULL ? "" : value);
    va_start(ap, format);
    (void)vsnprintf(error->text, sizeof(error->text), format, ap);
    va_end(ap);
    clean(error->text);
}

void conf_error_warn_last(struct conf_errors *errors)
{
    if (errors->lost > 0 || errors->count == 0)
        return;
    errors->error[errors->count - 1].warning = true;
    errors->warnings++;
}

bool conf_error_at_setting(const struct conf_errors *errors, const char *setting)
{
    for (uint32_t i = 0; i < errors->count; i++)
        if (strcmp(errors->error[i].setting, setting) == 0)
            return true;
    return false;
}

void conf_errors_sort(struct conf_errors *errors)
{
    uint32_t file[CONF_ERRORS_MAX]; /* index of the first error of the same file */

    for (uint32_t i = 0; i < errors->count; i++)
        for (file[i] = 0; strcmp(errors->error[file[i]].file, errors->error[i].file) != 0;)
            file[i]++;
    for (uint32_t i = 1; i < errors->count; i++)
        for (uint32_t j = i; j > 0; j--) {
            struct conf_error *a = &errors->error[j - 1], *b = &errors->error[j];
            struct conf_error moved = *a;
            uint32_t moved_file = file[j - 1];

            if (moved_file < file[j] || (moved_file == file[j] && a->line <= b->line))
                break;
            *a = *b;
            *b = moved;
            file[j - 1] = file[j];
            file[j] = moved_file;
        }
}

void conf_error_format(const struct conf_error *error, char *out, size_t size)
{
    char line[16] = "";

    if (error->line != 0)
        (void)snprintf(line, sizeof(line), ":%u", error->line);
    (void)snprintf(out, size, "%s%s: %s%s%s%s%s%s", error->file, line,
                   error->warning ? "warning: " : "", error->setting,
                   error->setting[0] != '\0' && error->value[0] != '\0' ? " = " : "", error->value,
                   error->setting[0] != '\0' || error->value[0] != '\0' ? ": " : "", error->text);
}

void conf_errors_print(const struct conf_errors *errors, FILE *out)
{
    char line[CONF_LINE_MAX];

    for (uint32_t i = 0; i < errors->count; i++) {
        conf_error_format(&errors->error[i], line, sizeof(line));
        (void)fprintf(out, "%s\n", line);
    }
    if (errors->lost > 0)
        (void)fprintf(out, "and %u more\n", errors->lost);
}
