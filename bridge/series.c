/* SPDX-License-Identifier: ISC */
/* What each topic's values are like, and the last of them; the readings that are asked for later.
 */
#include "bridge/core_internal.h"

#include <string.h>

static struct series *series_find(struct resource *res, const char *name)
{
    struct series *series;

    TAILQ_FOREACH (series, &res->series, entry) {
        if (strcmp(series->name, name) == 0) {
            return series;
        }
    }
    return NULL;
}

static struct series *series_get(struct brg_core *core, struct resource *res, const char *name)
{
    struct series *series = series_find(res, name);
    size_t size = strlen(name) + 1;

    if (series != NULL || res->n_series == SERIES_MAX || size > SERIES_NAME_MAX) {
        return series;
    }
    series = brg_get(core->alloc, sizeof(*series) + size);
    if (series != NULL) {
        if (res->n_series == 1) { /* it may not be settable any more */
            brg_hass_changed(core, res, TAILQ_FIRST(&res->series));
        }
        memcpy(series->name, name, size);
        TAILQ_INSERT_TAIL(&res->series, series, entry);
        res->n_series++;
        series->kind = BRG_VALUE_JSON;
        brg_tell(core, res->node, TELL_HASS);
    }
    return series;
}

/* Cut where no character is broken. */
static void keep_text(char *room, size_t size, const char *text, size_t len)
{
    size_t n = 0;

    while (n < len) {
        size_t more = brg_utf8_length(text + n, len - n);

        if (more == 0 || n + more >= size) {
            break;
        }
        n += more;
    }
    memcpy(room, text, n);
    room[n] = '\0';
}

void brg_core_note_in(struct brg_core *core, struct brg_readings *readings)
{
    core->readings = readings;
}

/* For who asks later. A long value, a rare thing, is not kept for them. */
static void note(struct brg_core *core, const struct resource *res,
                 const struct brg_reading *reading, const struct series *series)
{
    struct brg_text *out = &core->out;
    const struct brg_note note = {
        .at_s = series->t,
        .node = res->node->eui64,
        .label = brg_node_label(res->node),
        .path = res->topic,
        .name = series->name,
        .unit = series->unit,
        .value = core->out_room,
    };

    brg_text_init(out, core->out_room, BRG_READING_VALUE_MAX);
    if (reading == NULL) {
        brg_text_puts(out, "null");
    } else {
        brg_value_write(out, reading, true);
    }
    if (out->full) {
        brg_text_init(out, core->out_room, BRG_READING_VALUE_MAX);
        brg_text_puts(out, "null");
    }
    brg_readings_add(core->readings, &note);
}

void brg_series_note(struct brg_core *core, struct resource *res, const struct brg_reading *reading,
                     const struct brg_now *now)
{
    const char *name = reading == NULL || reading->name == NULL ? "" : reading->name;
    struct series *series = series_get(core, res, name);
    struct brg_text *out = &core->out;
    enum brg_value_kind kind = reading == NULL ? BRG_VALUE_OCTETS : reading->kind;
    char unit[sizeof(series->unit)] = "";

    if (series == NULL) {
        return;
    }
    if (series->kind != kind && series->known) {
        brg_hass_changed(core, res, series);
    }
    brg_text_init(out, core->out_room, sizeof(core->out_room));
    if (reading == NULL) {
        brg_text_puts(out, "(octets)");
    } else {
        brg_value_write(out, reading, false);
        if (reading->unit != NULL) {
            keep_text(unit, sizeof(unit), reading->unit, strlen(reading->unit));
        }
    }
    keep_text(series->value, sizeof(series->value), out->buf, out->len);
    series->t = reading == NULL ? now->wall_s : brg_reading_time(reading, now->wall_s);
    if (!series->known || series->kind != kind || strcmp(series->unit, unit) != 0) {
        series->known = true;
        series->kind = kind;
        memcpy(series->unit, unit, sizeof(unit));
        brg_tell(core, res->node, TELL_HASS);
        brg_remember_changed(core, res);
    }
    if (core->readings != NULL) {
        note(core, res, reading, series);
    }
}

int brg_series_restore(struct brg_core *core, struct resource *res,
                       const struct brg_remembered *remembered)
{
    struct series *series = series_get(core, res, remembered->name);

    if (series == NULL) {
        return -BRG_ERR_FULL;
    }
    series->known = true;
    series->kind = (enum brg_value_kind)remembered->kind;
    keep_text(series->unit, sizeof(series->unit), remembered->unit, strlen(remembered->unit));
    return 0;
}

void brg_series_free(struct brg_core *core, struct resource *res)
{
    struct series *series;

    while ((series = TAILQ_FIRST(&res->series)) != NULL) {
        TAILQ_REMOVE(&res->series, series, entry);
        brg_put(core->alloc, series);
    }
    res->n_series = 0;
}
