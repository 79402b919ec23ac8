/* SPDX-License-Identifier: ISC */
/* The commands that change something. ctl.c has checked who asks; each is logged here. */
#include "rpld/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct report {
    unsigned count;
    uint8_t instance[RPL_INSTANCES_MAX];
    char *text; /* of reload */
};

static void report_free(void *data)
{
    struct report *report = data;
    free(report->text);
    free(report);
}

static struct report *report_new(struct show *show)
{
    struct report *report = calloc(1, sizeof(*report));
    show->data = report;
    show->data_free = report_free;
    return report;
}

/* Every change leaves a line, whoever it was and whether it worked. */
static void log_change(const struct show *show, const char *result)
{
    const struct ctl_source *source = show->context->source;
    const struct ctl_request *request = show->request;
    char line[CTL_REQUEST_MAX + 128];
    size_t len = (size_t)snprintf(line, sizeof(line), "%s", request->command);
    for (unsigned i = 0; i < request->argc; i++)
        len += (size_t)snprintf(line + len, sizeof(line) - len, " %s", request->argv[i]);
    snprintf(line + len, sizeof(line) - len, " uid=%u pid=%d result=%s", (unsigned)show->uid,
             (int)show->pid, result);
    source->log(source->ctx, line);
}

static enum show_code out_of_memory(struct show *show)
{
    return show_fail(show, SHOW_FAILED, "out of memory");
}

/* ---- commands for instances ------------------------------------------------------------- */

/* The instance that argument |index| names; without one, *ret_all. */
static bool instance_argument(const struct show *show, unsigned index, uint8_t *ret_id,
                              bool *ret_all)
{
    *ret_all = index >= show->request->argc;
    if (*ret_all)
        return true;
    const char *text = show->request->argv[index];
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || value > UINT8_MAX)
        return false;
    *ret_id = (uint8_t)value;
    return true;
}

/* Whether the command means something to this instance, when none was named. */
static bool suits(enum rpl_command command, const struct rpl_view_instance *view)
{
    switch (command) {
    case RPL_COMMAND_GLOBAL_REPAIR:
        return view->role == RPL_ROLE_ROOT;
    case RPL_COMMAND_LOCAL_REPAIR:
        return view->role != RPL_ROLE_ROOT;
    case RPL_COMMAND_DTSN:
    case RPL_COMMAND_DIS:
    case RPL_COMMAND_JOIN:
    case RPL_COMMAND_LEAVE:
    case RPL_COMMAND_FORGET:
    case RPL_COMMAND_GROUND:
    case RPL_COMMAND_UNGROUND:
    case RPL_COMMAND_RPI_TYPE:
        break;
    }
    return true;
}

static enum show_code run(struct show *show, enum rpl_command command, unsigned argument)
{
    const struct ctl_source *source = show->context->source;
    struct rpl_cursor cursor = {0};
    struct rpl_view_instance view;
    uint8_t id = 0;
    bool all;
    int result = -RPL_ERR_NOENT;

    if (!instance_argument(show, argument, &id, &all))
        return show_fail(show, SHOW_USAGE, "not an instance (0..255): %s",
                         show->request->argv[argument]);
    struct report *report = report_new(show);
    if (!report)
        return out_of_memory(show);
    while (rpl_view_next_instance(source->engine, &cursor, show->now, &view)) {
        if (all ? !suits(command, &view) : view.id != id)
            continue;
        struct rpl_event_command event = {.command = command, .instance = view.id};
        result = source->command(source->ctx, &event);
        if (result == 0 && report->count < RPL_INSTANCES_MAX)
            report->instance[report->count++] = view.id;
    }
    log_change(show, report->count ? "ok" : rpl_err_name(-result));
    if (report->count > 0)
        return SHOW_OK;
    if (result == -RPL_ERR_NOENT)
        return show_fail(show, SHOW_NOENT, "no instance here that this could be for");
    return show_fail(show, SHOW_REFUSED, "refused: %s", rpl_err_name(-result));
}

enum show_code ctl_admin_repair(struct show *show)
{
    if (strcmp(show->request->argv[0], "global") == 0)
        return run(show, RPL_COMMAND_GLOBAL_REPAIR, 1);
    if (strcmp(show->request->argv[0], "local") == 0)
        return run(show, RPL_COMMAND_LOCAL_REPAIR, 1);
    return show_fail(show, SHOW_USAGE, "usage: repair global|local [INSTANCE]");
}

enum show_code ctl_admin_dtsn(struct show *show)
{
    return run(show, RPL_COMMAND_DTSN, 0);
}

enum show_code ctl_admin_dis(struct show *show)
{
    return run(show, RPL_COMMAND_DIS, 0);
}

enum show_code ctl_admin_forget(struct show *show)
{
    const struct ctl_source *source = show->context->source;
    const char *text = show->request->argv[0];
    struct rpl_event_command event = {.command = RPL_COMMAND_FORGET};
    struct rpl_view_node node;
    if (!show_node_parse(show, text, &event.address))
        return show_fail(show, SHOW_USAGE, "neither a name, an IPv6 address nor an EUI-64: %s",
                         text);
    struct report *report = report_new(show);
    if (!report)
        return out_of_memory(show);
    int result = -RPL_ERR_NOENT;
    if (show_node_find(show, &event.address, &node)) {
        event.address = node.address;
        event.instance = node.instance;
        result = source->command(source->ctx, &event);
    }
    log_change(show, result == 0 ? "ok" : rpl_err_name(-result));
    if (result == -RPL_ERR_NOENT)
        return show_fail(show, SHOW_NOENT, "no node %s", text);
    if (result != 0)
        return show_fail(show, SHOW_REFUSED, "refused: %s", rpl_err_name(-result));
    report->instance[report->count++] = event.instance;
    return SHOW_OK;
}

/* ---- commands for the daemon ------------------------------------------------------------ */

enum show_code ctl_admin_log(struct show *show)
{
    const struct ctl_source *source = show->context->source;
    const char *level = show->request->argv[0];
    if (!report_new(show))
        return out_of_memory(show);
    int result = source->set_log_level(source->ctx, level);
    log_change(show, result == 0 ? "ok" : strerror(-result));
    if (result == -EINVAL)
        return show_fail(show, SHOW_USAGE, "no such level: %s (err, warn, notice, info, debug)",
                         level);
    return result == 0 ? SHOW_OK : show_fail(show, SHOW_REFUSED, "%s", strerror(-result));
}

enum show_code ctl_admin_reload(struct show *show)
{
    const struct ctl_source *source = show->context->source;
    struct report *report = report_new(show);
    size_t len;
    FILE *out = report ? open_memstream(&report->text, &len) : NULL;
    if (!out)
        return out_of_memory(show);
    int result = source->reload(source->ctx, out);
    if (fclose(out) != 0)
        return out_of_memory(show);
    log_change(show, result == 0 ? "ok" : strerror(-result));
    if (result == 0)
        return SHOW_OK;
    show->error_body = report->text;
    report->text = NULL;
    return show_fail(show, SHOW_REFUSED, "nothing was changed: %s", strerror(-result));
}

/* ---- recording -------------------------------------------------------------------------- */

#define RECORD_MIB_DEFAULT 64u
#define RECORD_MIB_MAX 1024u

struct recording {
    const struct ctl_source *source;
    bool over;
};

static void recording_free(void *data)
{
    struct recording *recording = data;
    if (!recording->over)
        recording->source->record_stop(recording->source->ctx);
    free(recording);
}

enum show_code ctl_admin_record(struct show *show)
{
    const struct ctl_source *source = show->context->source;
    const char *text = show->request->argc ? show->request->argv[0] : NULL;
    char *end = NULL;
    unsigned long mib = text ? strtoul(text, &end, 10) : RECORD_MIB_DEFAULT;
    if (text && (*text < '1' || *text > '9' || *end || mib > RECORD_MIB_MAX))
        return show_fail(show, SHOW_USAGE, "not a size (1..%u MiB): %s", RECORD_MIB_MAX, text);
    if (!source->record)
        return show_fail(show, SHOW_FAILED, "nothing to record here");
    struct recording *recording = calloc(1, sizeof(*recording));
    if (!recording)
        return out_of_memory(show);
    recording->source = source;
    recording->over = true;
    show->data = recording;
    show->data_free = recording_free;
    int result = source->record(source->ctx, (uint64_t)mib << 20);
    recording->over = result < 0;
    log_change(show, result == 0 ? "ok" : strerror(-result));
    if (result == -EBUSY)
        return show_fail(show, SHOW_REFUSED, "there is a recording already");
    return result == 0 ? SHOW_OK : show_fail(show, SHOW_FAILED, "%s", strerror(-result));
}

bool ctl_admin_recording(struct show *show, unsigned budget)
{
    (void)show;
    (void)budget;
    return false;
}

void ctl_admin_record_stop(struct show *show)
{
    struct recording *recording = show->data;
    if (!recording->over)
        recording->source->record_stop(recording->source->ctx);
}

void ctl_admin_record_over(struct show *show)
{
    struct recording *recording = show->data;
    recording->over = true;
}

/* What was done; silence in text where there is nothing to add. */
bool ctl_admin_done(struct show *show, unsigned budget)
{
    struct report *report = show->data;
    struct writer *w = &show->writer;
    (void)budget;
    writer_programs_only(w, true);
    writer_string(w, "done", show->command->name);
    writer_array(w, "instances", NULL, 0);
    for (unsigned i = 0; i < report->count; i++)
        writer_uint(w, NULL, report->instance[i]);
    writer_end_array(w);
    writer_programs_only(w, !report->text || !*report->text);
    writer_array(w, "messages", NULL, 0);
    char *save = NULL;
    for (char *line = report->text ? strtok_r(report->text, "\n", &save) : NULL; line;
         line = strtok_r(NULL, "\n", &save))
        writer_string(w, NULL, line);
    writer_end_array(w);
    writer_programs_only(w, false);
    return false;
}
