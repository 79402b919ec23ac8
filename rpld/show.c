/* SPDX-License-Identifier: ISC */
/* The table of commands, and how an answer is driven to its end. */
#include "rpld/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct show_command commands[] = {
    {"status", "", "instances, ranks, and what is waited for", 0, 0, 0, NULL, show_status},
    {"tree", "", "the DODAG as a tree", 0, 0, 0, show_tree_start, show_tree},
    {"graph", "[dot]", "the DODAG for Graphviz", 0, 1, 0, show_graph_start, show_graph},
    {"nodes", "", "all nodes known from DAOs", 0, 0, 0, NULL, show_nodes},
    {"node", "ADDR", "one node and its history", 1, 1, 0, show_node_start, show_node},
    {"hosts", "", "addresses and names, for /etc/hosts", 0, 0, 0, NULL, show_hosts},
    {"ping", "ADDR [ROUNDS]", "loss and delay hop by hop", 1, 2, 0, show_ping_start, show_ping},
    {"routes", "", "kernel routes and source routes", 0, 0, 0, NULL, show_routes},
    {"neighbors", "", "candidates, their cost, why not the parent", 0, 0, 0, NULL, show_neighbors},
    {"dodag", "", "DODAG settings and the Trickle timer", 0, 0, 0, NULL, show_dodag},
    {"interfaces", "", "interfaces that RPL runs on", 0, 0, 0, NULL, show_interfaces},
    {"counters", "", "what was sent, heard, dropped and why", 0, 0, 0, NULL, show_counters},
    {"metrics", "", "counters and gauges as OpenMetrics", 0, 0,
     SHOW_METRICS | SHOW_OPENMETRICS_TEXT, NULL, show_metrics},
    {"config", "", "the effective configuration", 0, 0, 0, show_config_start, show_config},
    {"monitor", "", "events as they happen", 0, 0, SHOW_STREAM, NULL, show_monitor},
    {"capture", "[FILTER...]", "packets as they pass, as pcapng", 0, CTL_ARGS_MAX,
     SHOW_STREAM | SHOW_BINARY | SHOW_CAPTURE, show_capture_start, show_capture},
    {"doctor", "", "what is wrong, and how to mend it", 0, 0, 0, NULL, show_doctor},
    {"repair", "global|local [INSTANCE]", "build the DODAG anew, or look for new parents", 1, 2,
     SHOW_ADMIN, ctl_admin_repair, ctl_admin_done},
    {"dtsn", "[INSTANCE]", "ask the nodes below for fresh DAOs", 0, 1, SHOW_ADMIN, ctl_admin_dtsn,
     ctl_admin_done},
    {"dis", "[INSTANCE]", "ask the neighbours for DIOs", 0, 1, SHOW_ADMIN, ctl_admin_dis,
     ctl_admin_done},
    {"forget", "ADDR", "drop a node and its routes", 1, 1, SHOW_ADMIN, ctl_admin_forget,
     ctl_admin_done},
    {"log", "err|warn|notice|info|debug", "set the log level", 1, 1, SHOW_ADMIN, ctl_admin_log,
     ctl_admin_done},
    {"reload", "", "read the configuration file again", 0, 0, SHOW_ADMIN, ctl_admin_reload,
     ctl_admin_done},
    {"record", "[MIB]", "all that goes into the engine, for rplsim --replay", 0, 1,
     SHOW_ADMIN | SHOW_STREAM | SHOW_BINARY | SHOW_RECORD, ctl_admin_record, ctl_admin_recording},
    {"help", "", "this list", 0, 0, 0, NULL, show_help},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

bool show_help(struct show *show, unsigned budget)
{
    static const struct writer_column columns[] = {{"command", "COMMAND", 34}, {"help", "", 0}};
    struct writer *w = &show->writer;
    (void)budget;
    writer_array(w, "commands", columns, 2);
    for (size_t i = 0; i < COMMANDS; i++) {
        char line[80];
        snprintf(line, sizeof(line), "%s %s", commands[i].name, commands[i].usage);
        writer_object(w, NULL);
        writer_string(w, "command", line);
        writer_string(w, "help", commands[i].help);
        writer_bool(w, "changes", (commands[i].flags & SHOW_ADMIN) != 0);
        writer_end_object(w);
    }
    writer_end_array(w);
    return false;
}

static enum show_code check(struct show *show, bool admin)
{
    const struct ctl_request *request = show->request;
    for (size_t i = 0; i < COMMANDS && !show->command; i++) {
        if (strcmp(commands[i].name, request->command) == 0)
            show->command = &commands[i];
    }
    const struct show_command *command = show->command;
    if (!command)
        return show_fail(show, SHOW_USAGE, "no such command: %s (see help)", request->command);
    if (request->argc < command->args_min || request->argc > command->args_max)
        return show_fail(show, SHOW_USAGE, "usage: %s %s", command->name, command->usage);
    if (request->form == WRITER_METRICS && !(command->flags & SHOW_METRICS))
        return show_fail(show, SHOW_USAGE, "%s has no metrics form", command->name);
    if (request->form != WRITER_TEXT && (command->flags & SHOW_BINARY))
        return show_fail(show, SHOW_USAGE, "%s has one form only: leave out json", command->name);
    if ((command->flags & SHOW_ADMIN) && !admin)
        return show_fail(show, SHOW_REFUSED, "only root may %s", command->name);
    return command->start ? command->start(show) : SHOW_OK;
}

enum show_code show_start(struct show *show, const struct show_context *context,
                          const struct ctl_request *request, bool admin, struct writer_buf *buf)
{
    show->context = context;
    show->request = request;
    show->now = context->source->now(context->source->ctx);
    enum show_code code = check(show, admin);
    if (code != SHOW_OK)
        return code;
    enum writer_form form = request->form;
    if (form == WRITER_TEXT && (show->command->flags & SHOW_OPENMETRICS_TEXT))
        form = WRITER_METRICS;
    writer_init(&show->writer, form, buf);
    writer_buf_puts(buf, "ok\n");
    if (!(show->command->flags & SHOW_STREAM))
        writer_begin(&show->writer);
    return SHOW_OK;
}

bool show_step(struct show *show, unsigned budget)
{
    if (show->ended || show->waiting)
        return false;
    show->now = show->context->source->now(show->context->source->ctx);
    if (show->command->step(show, budget))
        return true;
    show->ended = true;
    if (!(show->command->flags & SHOW_STREAM))
        writer_end(&show->writer);
    return false;
}

void show_free(struct show *show)
{
    if (show->data)
        show->data_free(show->data);
    show->data = NULL;
    free(show->error_body);
    show->error_body = NULL;
}
