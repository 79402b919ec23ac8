/* SPDX-License-Identifier: ISC */
#include "ctl_lib.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "rpl/rpl_wire.h"

/* ---- the daemon's part ----------------------------------------------------------------- */

struct ev_loop *loop;
struct ctl *ctl;
static struct rpl_engine *engine;
rpl_tstamp now;
static char folder[64];
char path[80];
char logged[512];
int reload_error; /* what a reload comes to */
int kernel_error; /* what the kernel answers to the next route */

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

static void settle(void);

static int input(const struct rpl_event *event)
{
    int result = rpl_engine_input(engine, event, now);
    settle();
    return result;
}

/* Carry out the effects: the kernel says yes, unless told otherwise. */
static void settle(void)
{
    struct rpl_effect effect;
    while (rpl_engine_poll(engine, &effect)) {
        struct rpl_event event = {0};
        switch (effect.type) {
        case RPL_EFFECT_ROUTE_SET:
        case RPL_EFFECT_ROUTE_DEL:
            event.type = RPL_EVENT_ROUTE_RESULT;
            event.u.route_result.token = effect.u.route.token;
            event.u.route_result.error = kernel_error;
            rpl_engine_input(engine, &event, now);
            break;
        case RPL_EFFECT_ADDRESS_SET:
            event.type = RPL_EVENT_ADDRESS;
            event.u.address.ifindex = effect.u.address.ifindex;
            event.u.address.address = effect.u.address.address;
            event.u.address.usable = true;
            rpl_engine_input(engine, &event, now);
            break;
        case RPL_EFFECT_TRACE:
            ctl_trace(ctl, &effect.u.trace, now);
            break;
        case RPL_EFFECT_SEND:
        case RPL_EFFECT_ADDRESS_DEL:
        case RPL_EFFECT_STORE:
        case RPL_EFFECT_LEAVES:
            break;
        }
    }
}

static rpl_tstamp source_now(void *ctx)
{
    (void)ctx;
    return now;
}

static bool source_interface(void *ctx, unsigned index, struct ctl_interface *out)
{
    (void)ctx;
    if (index > 1)
        return false;
    memset(out, 0, sizeof(*out));
    snprintf(out->name, sizeof(out->name), index ? "missing0" : "test0");
    out->instances = index ? 2 : 1;
    if (index == 0) {
        out->ifindex = 7;
        out->up = out->has_link_local = true;
        out->link_local.b[0] = 0xfe;
        out->link_local.b[1] = 0x80;
        out->link_local.b[15] = 1;
        out->mtu = 1280;
        out->radio = (struct ctl_radio){.state = "up",
                                        .known = true,
                                        .eui64 = {2, 0x12, 0x4b, 0, 0, 1, 0, 0xfe},
                                        .channel = 26,
                                        .pan_id = 0xabcd};
    }
    return true;
}

static bool source_counter(void *ctx, unsigned index, const char **ret_name, uint64_t *ret_value)
{
    static const struct {
        const char *name;
        uint64_t value;
    } counters[] = {
        {"forward-packets-down", 42}, {"lowpan-context-unknown", 7}, {"lowpan-mac-secured", 0}};

    (void)ctx;
    if (index >= sizeof(counters) / sizeof(counters[0]))
        return false;
    *ret_name = counters[index].name;
    *ret_value = counters[index].value;
    return true;
}

static int source_config(void *ctx, FILE *out)
{
    (void)ctx;
    fputs("instances = ( {\n    id = 0;\n} );\n", out);
    return 0;
}

static int source_command(void *ctx, const struct rpl_event_command *command)
{
    struct rpl_event event = {.type = RPL_EVENT_COMMAND, .u.command = *command};
    (void)ctx;
    return input(&event);
}

static int source_log_level(void *ctx, const char *level)
{
    (void)ctx;
    return strcmp(level, "debug") == 0 ? 0 : -EINVAL;
}

static int source_reload(void *ctx, FILE *report)
{
    (void)ctx;
    fputs("rpld.conf:3: mode cannot change while running\n", report);
    if (reload_error)
        fputs("rpld.conf:4: no such setting\n", report);
    return reload_error;
}

static void source_log(void *ctx, const char *line)
{
    (void)ctx;
    snprintf(logged, sizeof(logged), "%s", line);
}

struct ctl_source source = {
    .version = "0.1.0",
    .config = "/etc/rpld/rpld.conf",
    .state_dir = "/",
    .now = source_now,
    .interface = source_interface,
    .counter = source_counter,
    .print_config = source_config,
    .command = source_command,
    .set_log_level = source_log_level,
    .reload = source_reload,
    .log = source_log,
};

/* ---- a network ------------------------------------------------------------------------- */

/* Node |n| of fd00::/64; 1 is the root. */
struct rpl_addr global(unsigned n)
{
    struct rpl_addr addr = {{0xfd}};
    addr.b[8] = 2;
    addr.b[13] = (uint8_t)(n >> 16);
    addr.b[14] = (uint8_t)(n >> 8);
    addr.b[15] = (uint8_t)n;
    return addr;
}

static unsigned more_prefixes; /* of the next engine */

static void make_engine(enum rpl_mop mop, uint32_t targets)
{
    struct rpl_config config;
    rpl_config_default(&config);
    config.mem = (struct rpl_mem){mem_alloc, mem_free, NULL};
    config.seed = 1;
    config.limits.targets = targets;
    config.instance_count = 1;
    struct rpl_instance_config *instance = &config.instance[0];
    rpl_instance_config_default(instance);
    instance->role = RPL_ROLE_ROOT;
    instance->mop = mop;
    instance->prefix = global(0);
    memset(instance->prefix.b + 8, 0, 8);
    instance->prefix_len = 64;
    for (unsigned i = 0; i < more_prefixes; i++)
        instance->more.prefix[instance->more.count++] =
            (struct rpl_prefix){.addr = {{0xfd, (uint8_t)(i + 1)}}, .len = 64};
    assert_null(rpl_config_check(&config));
    assert_int_equal(rpl_engine_new(&config, now, &engine), 0);
    source.engine = engine;
}

void link_up(void)
{
    struct rpl_addr own = global(1);
    struct rpl_event event = {.type = RPL_EVENT_LINK};
    event.u.link.ifindex = 7;
    event.u.link.state = RPL_LINK_UP;
    event.u.link.address = rpl_addr_link_local(&own);
    event.u.link.instances = 1;
    snprintf(event.u.link.name, sizeof(event.u.link.name), "test0");
    assert_int_equal(input(&event), 0);
}

void pass_time(rpl_duration time)
{
    const rpl_tstamp end = now + time;

    while (rpl_engine_deadline(engine) <= end) {
        if (rpl_engine_deadline(engine) > now)
            now = rpl_engine_deadline(engine);
        rpl_engine_timeout(engine, now);
        settle();
    }
    now = end;
}

/* A DAO of node |n| that names |parent|; storing mode: sent by |parent| as its own child. */
int dao_from(enum rpl_mop mop, unsigned n, unsigned parent, uint8_t lifetime)
{
    static uint8_t sequence;
    struct rpl_addr src = global(n), root = global(1);
    struct rpl_wire_message message = {.code = RPL_CODE_DAO};
    struct rpl_wire_dao *dao = &message.u.dao;
    uint8_t data[256];
    dao->sequence = sequence = (uint8_t)((sequence + 1) & 0x7f);
    dao->target_count = dao->transit_count = dao->group_count = 1;
    dao->target[0].len = 128;
    dao->target[0].prefix = src;
    dao->transit[0].path_sequence = sequence;
    dao->transit[0].path_lifetime = lifetime;
    struct rpl_event event = {.type = RPL_EVENT_PACKET};
    event.u.packet.ifindex = 0;
    event.u.packet.dst = root;
    if (mop == RPL_MOP_NON_STORING) {
        dao->transit[0].has_parent = true;
        dao->transit[0].parent = global(parent);
    } else {
        struct rpl_addr child = global(parent);
        src = rpl_addr_link_local(&child);
        event.u.packet.ifindex = 7;
        event.u.packet.dst = rpl_addr_link_local(&root);
    }
    event.u.packet.src = src;
    event.u.packet.hop_limit = 64;
    event.u.packet.data = data;
    int len = rpl_wire_write(&message, &src, &event.u.packet.dst, data, sizeof(data));
    assert_true(len > 0);
    event.u.packet.len = (size_t)len;
    return input(&event);
}

void dao(unsigned n, unsigned parent)
{
    assert_int_equal(dao_from(RPL_MOP_NON_STORING, n, parent, 30), 0);
}

/* ---- server and clients ---------------------------------------------------------------- */

int start_ctl(const struct ctl_settings *settings)
{
    return ctl_new(loop, settings, &source, &ctl);
}

static int setup_with(enum rpl_mop mop, uint32_t targets, const struct ctl_settings *more)
{
    struct ctl_settings settings = *more;
    loop = ev_loop_new(0);
    now = RPL_S(1000);
    source.started = now - RPL_S(3700);
    kernel_error = reload_error = 0;
    logged[0] = '\0';
    snprintf(folder, sizeof(folder), "/tmp/rpld-ctl-XXXXXX");
    if (!loop || !mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/run/rpld.sock", folder);
    settings.path = path;
    make_engine(mop, targets);
    return start_ctl(&settings);
}

int setup(void **state)
{
    (void)state;
    return setup_with(RPL_MOP_NON_STORING, 20000, &(struct ctl_settings){.admin_uid = geteuid()});
}

int setup_storing(void **state)
{
    (void)state;
    return setup_with(RPL_MOP_STORING, 100, &(struct ctl_settings){.admin_uid = geteuid()});
}

int setup_prefixes(void **state)
{
    more_prefixes = 2;
    int r = setup(state);
    more_prefixes = 0;
    return r;
}

/* Whoever we are, we are not the one who may write. */
int setup_reader(void **state)
{
    (void)state;
    return setup_with(RPL_MOP_NON_STORING, 100, &(struct ctl_settings){.admin_uid = geteuid() + 1});
}

int setup_hasty(void **state)
{
    (void)state;
    return setup_with(
        RPL_MOP_NON_STORING, 20000,
        &(struct ctl_settings){
            .admin_uid = geteuid(), .clients = 3, .request_time_s = 0.05, .progress_time_s = 0.12});
}

int teardown(void **state)
{
    char run[80];
    struct stat st;
    (void)state;
    ctl_free(ctl);
    ctl = NULL;
    rpl_engine_free(engine);
    ev_loop_destroy(loop);
    snprintf(run, sizeof(run), "%s/run", folder);
    bool gone = stat(path, &st) < 0 && errno == ENOENT;
    unlink(path);
    return rmdir(run) == 0 && rmdir(folder) == 0 && gone ? 0 : -1;
}

int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

void turn(void)
{
    ev_run(loop, EVRUN_NOWAIT);
}

char *reply; /* of the last hear(), terminated */
size_t reply_len;

/* Take what there is; true at the end of file. */
bool take(int fd)
{
    char part[65536];
    ssize_t n;
    while ((n = recv(fd, part, sizeof(part), MSG_DONTWAIT)) > 0) {
        char *grown = realloc(reply, reply_len + (size_t)n + 1);
        assert_non_null(grown);
        reply = grown;
        memcpy(reply + reply_len, part, (size_t)n);
        reply_len += (size_t)n;
        reply[reply_len] = '\0';
    }
    assert_true(n == 0 || errno == EAGAIN);
    return n == 0;
}

void forget_reply(void)
{
    free(reply);
    reply = NULL;
    reply_len = 0;
}

/* All of a reply, until the daemon closes. Returns the turns of the loop it took. */
unsigned hear(int fd)
{
    unsigned turns = 0;
    forget_reply();
    while (!take(fd)) {
        assert_true(turns++ < 100000);
        turn();
    }
    close(fd);
    assert_non_null(reply);
    return turns;
}

const char *ask(const char *request)
{
    int fd = dial();
    say(fd, request);
    hear(fd);
    return reply;
}

cJSON *ask_json(const char *request)
{
    const char *text = ask(request);
    assert_memory_equal(text, "ok\n", 3);
    const char *end;
    cJSON *json = cJSON_ParseWithOpts(text + 3, &end, 0);
    assert_non_null(json);
    assert_string_equal(end, "\n"); /* nothing behind it */
    assert_int_equal(cJSON_GetObjectItem(json, "schema")->valueint, 1);
    return json;
}

cJSON *get(cJSON *json, const char *key)
{
    cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    if (!item)
        fail_msg("no field %s", key);
    return item;
}

cJSON *element(cJSON *json, const char *key, int index, int size)
{
    cJSON *array = get(json, key);
    assert_true(cJSON_IsArray(array));
    assert_int_equal(cJSON_GetArraySize(array), size);
    return cJSON_GetArrayItem(array, index);
}

const char *string(cJSON *json, const char *key)
{
    cJSON *item = get(json, key);
    assert_true(cJSON_IsString(item));
    return item->valuestring;
}

int number(cJSON *json, const char *key)
{
    cJSON *item = get(json, key);
    assert_true(cJSON_IsNumber(item));
    return item->valueint;
}

int counter(const char *name)
{
    cJSON *json = ask_json("json counters\n"), *item;
    int value = -1;
    cJSON_ArrayForEach(item, get(json, "counters"))
    {
        if (strcmp(string(item, "name"), name) == 0)
            value = number(item, "value");
    }
    cJSON_Delete(json);
    return value;
}
