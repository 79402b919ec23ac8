/* SPDX-License-Identifier: ISC */
/*
 * Any octets as a request of the control socket, answered over a real engine: the words come out
 * as they went in, an error is one line, a reply is whole, and JSON parses.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "rpld/show.h"

#define STEPS_MAX 10000

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rpl_engine *engine;
static struct history *history;
static rpl_tstamp now = RPL_S(100);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void *mem_alloc(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static void mem_free(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

static rpl_tstamp source_now(void *ctx)
{
    (void)ctx;
    return now;
}

static bool source_interface(void *ctx, unsigned index, struct ctl_interface *out)
{
    (void)ctx;
    memset(out, 0, sizeof(*out));
    memcpy(out->name, "fuzz0", 6);
    out->ifindex = 1;
    out->instances = 1;
    return index == 0;
}

static int source_config(void *ctx, FILE *out)
{
    (void)ctx;
    fputs("a = 1;\nb = \"\";\n", out);
    return 0;
}

static void drain(void)
{
    struct rpl_effect effect;
    while (rpl_engine_poll(engine, &effect)) {
        if (effect.type == RPL_EFFECT_TRACE)
            history_add(history, &effect.u.trace, now);
    }
}

static int source_command(void *ctx, const struct rpl_event_command *command)
{
    struct rpl_event event = {.type = RPL_EVENT_COMMAND, .u.command = *command};
    (void)ctx;
    int result = rpl_engine_input(engine, &event, now);
    drain();
    return result;
}

static int source_log_level(void *ctx, const char *level)
{
    (void)ctx;
    return strcmp(level, "info") == 0 ? 0 : -EINVAL;
}

static int source_reload(void *ctx, FILE *report)
{
    (void)ctx;
    fputs("one\ntwo\n", report);
    return 0;
}

static void source_log(void *ctx, const char *line)
{
    (void)ctx;
    require(strchr(line, '\n') == NULL);
}

static struct ctl_source source = {
    .version = "0",
    .now = source_now,
    .interface = source_interface,
    .print_config = source_config,
    .command = source_command,
    .set_log_level = source_log_level,
    .reload = source_reload,
    .log = source_log,
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static struct rpl_config config;
    struct rpl_event link = {.type = RPL_EVENT_LINK};
    (void)argc;
    (void)argv;
    rpl_config_default(&config);
    config.mem = (struct rpl_mem){mem_alloc, mem_free, NULL};
    config.instance_count = 1;
    rpl_instance_config_default(&config.instance[0]);
    config.instance[0].role = RPL_ROLE_ROOT;
    config.instance[0].mop = RPL_MOP_NON_STORING;
    config.instance[0].prefix.b[0] = 0xfd;
    config.instance[0].prefix_len = 64;
    require(rpl_engine_new(&config, now, &engine) == 0 && history_new(&history) == 0);
    link.u.link.ifindex = 1;
    link.u.link.state = RPL_LINK_UP;
    link.u.link.address = (struct rpl_addr){{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, [15] = 1}};
    link.u.link.instances = 1;
    require(rpl_engine_input(engine, &link, now) == 0);
    drain();
    source.engine = engine;
    return 0;
}

/* The words of the line, joined by one space, are what the parser found. */
static void check_words(const struct ctl_request *request, const uint8_t *data, size_t size)
{
    char joined[CTL_REQUEST_MAX + 2] = "", line[CTL_REQUEST_MAX + 2] = "";
    static const char *const forms[] = {"text ", "json ", "metrics "};
    size_t len = 0;
    require(request->argc <= CTL_ARGS_MAX);
    for (size_t i = 0; i < size; i++) {
        if (data[i] != ' ' || (len > 0 && line[len - 1] != ' '))
            line[len++] = (char)data[i];
    }
    while (len > 0 && line[len - 1] == ' ')
        len--;
    line[len] = '\0';
    len = (size_t)snprintf(joined, sizeof(joined), "%s", request->command);
    for (unsigned i = 0; i < request->argc; i++)
        len += (size_t)snprintf(joined + len, sizeof(joined) - len, " %s", request->argv[i]);
    const char *form = forms[request->form];
    bool named = strncmp(line, form, strlen(form)) == 0;
    require(strcmp(named ? line + strlen(form) : line, joined) == 0 || strcmp(line, joined) == 0);
}

static void check_reply(const struct show *show, struct writer_buf *buf)
{
    writer_buf_add(buf, "", 1);
    require(!buf->failed && memcmp(buf->data, "ok\n", 3) == 0);
    if (show->command->flags & SHOW_BINARY)
        return;
    require(strlen(buf->data) + 1 == buf->len && show->writer.depth == 0);
    if (show->writer.form != WRITER_JSON || (show->command->flags & SHOW_STREAM))
        return;
    cJSON *json = cJSON_Parse(buf->data + 3);
    require(json && cJSON_GetObjectItem(json, "schema"));
    cJSON_Delete(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct show_counters counters;
    struct show_context context = {
        .source = &source, .history = history, .counters = &counters, .socket = -1};
    struct ctl_request request;
    struct show show;
    struct writer_buf buf;
    const char *wrong = ctl_request_parse(&request, (const char *)data, size);
    if (wrong) {
        require(*wrong && !strchr(wrong, '\n'));
        return 0;
    }
    check_words(&request, data, size);
    memset(&show, 0, sizeof(show));
    writer_buf_init(&buf, 1u << 22);
    now += RPL_MS(10);
    enum show_code code = show_start(&show, &context, &request, true, &buf);
    if (code == SHOW_OK) {
        unsigned steps = 0;
        while (show_step(&show, 8))
            require(++steps < STEPS_MAX);
        check_reply(&show, &buf);
    } else {
        require(code <= SHOW_REFUSED && show.error[0] && !strchr(show.error, '\n'));
        require(buf.len == 0);
    }
    show_free(&show);
    writer_buf_free(&buf);
    return 0;
}
