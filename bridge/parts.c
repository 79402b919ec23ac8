/* SPDX-License-Identifier: ISC */
/* rpld-bridge: the parts that the program consists of. */
#include "bridge/app.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/about.h"
#include "bridge/clock.h"
#include "bridge/log.h"

/* What comes and goes with each reading. The C library keeps such pieces at hand for malloc(), but
 * not for calloc(). */
#define SMALL 1024

static void *heap_get(void *ctx, size_t size)
{
    void *ptr;

    (void)ctx;
    if (size > SMALL) {
        return calloc(1, size);
    }
    ptr = malloc(size);
    return ptr == NULL ? NULL : memset(ptr, 0, size);
}

static void heap_put(void *ctx, void *ptr)
{
    (void)ctx;
    free(ptr);
}

static const struct brg_alloc heap = {heap_get, heap_put, NULL};

uint64_t brg_app_seed(void)
{
    uint64_t seed = 0;

    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
        struct brg_now now = brg_clock_read();

        seed = now.mono ^ (uint64_t)getpid() << 32;
    }
    return seed;
}

static const char *about_make(struct brg_app *app)
{
    struct brg_now now = brg_clock_read();
    struct brg_text out;

    brg_text_init(&out, app->about, sizeof(app->about));
    brg_about_write(&out, &app->conf, now.wall_s);
    return out.full ? NULL : app->about;
}

static const char *dtls_node_at(void *ctx, const struct coap_addr *peer)
{
    const struct brg_app *app = ctx;

    return brg_core_node_at(app->core, peer->ip);
}

bool brg_app_dtls_open(struct brg_app *app)
{
    const struct brg_dtls_handler handler = {
        .send = brg_app_send,
        .receive = brg_app_message,
        .node_at = dtls_node_at,
        .failed = brg_secure_failed,
        .opened = brg_secure_opened,
        .ctx = app,
    };

    return brg_secure_open(&app->conf, &handler, &app->keys, &app->dtls);
}

bool brg_app_parts_new(struct brg_app *app)
{
    const struct bconf *conf = &app->conf;
    struct brg_outbox_config outbox;
    struct brg_core_config core;
    struct coap_config coap;

    coap_config_defaults(&coap);
    coap.seed = brg_app_seed();
    coap.max_outstanding = (uint32_t)conf->outstanding;
    coap.peer_rate = (uint32_t)conf->node_rate;
    coap.max_peers = (uint32_t)conf->max_nodes;
    coap.max_requests_per_peer = 2 * (uint32_t)conf->max_resources + 1;
    coap.max_requests = coap.max_requests_per_peer * coap.max_peers;
    brg_outbox_config_defaults(&outbox);
    outbox.max_bytes = (size_t)conf->max_memory_mb << 20;
    bconf_core(conf, &core);
    core.seed = brg_app_seed();
    core.since = brg_clock_read().mono;
    core.about = about_make(app);
    core.version = BRIDGE_VERSION;
    core.is_secure = app->dtls == NULL ? NULL : brg_secure_has_key;
    core.secure_ctx = &app->keys;
    app->ep = coap_endpoint_new(&coap, &heap);
    app->outbox = brg_outbox_new(&outbox, &heap);
    if (app->ep == NULL || app->outbox == NULL) {
        return false;
    }
    app->core = brg_core_new(&core, app->ep, app->outbox, &heap, brg_app_trace, app);
    if (app->core == NULL) {
        return false;
    }
    brg_outbox_set_maker(app->outbox, brg_core_make, app->core);
    if (conf->readings_kb > 0) {
        app->readings = brg_readings_new((size_t)conf->readings_kb << 10,
                                         (uint64_t)(brg_clock_read().wall_s * 1000.), &heap);
        brg_core_note_in(app->core, app->readings);
    }
    return true;
}

static void take_state(void *arg, uint64_t id, const struct brg_message *message)
{
    struct brg_app *app = arg;

    (void)brg_outbox_restore(app->outbox, id, message);
}

static void take_custom(void *arg, const struct brg_custom *custom)
{
    struct brg_app *app = arg;

    (void)brg_core_customize(app->core, custom);
}

static void take_observation(void *arg, const struct brg_observation *observation)
{
    struct brg_app *app = arg;
    struct brg_now now = brg_clock_read();

    (void)brg_core_restore(app->core, observation, &now);
}

static void take_series(void *arg, const struct brg_remembered *remembered)
{
    struct brg_app *app = arg;
    struct brg_now now = brg_clock_read();

    (void)brg_core_remember(app->core, remembered, &now);
}

/* The file to use; NULL: none. */
static const char *spool_file(const struct bconf *conf)
{
    if (strcmp(conf->spool, "none") == 0) {
        return NULL;
    }
    if (conf->spool[0] != '\0') {
        return conf->spool;
    }
    if (access(BRG_SPOOL_DIR, W_OK | X_OK) == 0) {
        return BRG_SPOOL_FILE;
    }
    brg_log_warning("spool: none, a restart loses what the broker does not have "
                    "mend=\"make " BRG_SPOOL_DIR " for this user, or set bridge.spool\"");
    return NULL;
}

bool brg_app_spool_open(struct brg_app *app)
{
    const struct bconf *conf = &app->conf;
    const struct brg_spool_config config = {
        .file = spool_file(conf),
        .max_bytes = (uint64_t)conf->spool_mb << 20,
        .max_age_s = conf->spool_hours * 3600.,
        .newest = brg_outbox_newest,
        .newest_ctx = app->outbox,
    };
    char error[128];
    uint64_t first;
    uint64_t next;
    bool aside;

    if (config.file == NULL) {
        return true;
    }
    (void)umask(S_IRWXG | S_IRWXO);
    app->spool = brg_spool_open(&config, &aside, error);
    if (aside) {
        brg_log_error("spool: cannot be read, begun anew file=%s old=%s-broken", config.file,
                      config.file);
    }
    if (app->spool == NULL || brg_spool_ids(app->spool, &first, &next) < 0) {
        brg_log_error("spool: cannot be opened file=%s error=\"%s\" mend=\"set bridge.spool to a "
                      "file of this bridge alone in a directory that its user can write to\"",
                      config.file, error);
        return false;
    }
    brg_outbox_attach(app->outbox, brg_spool_store(app->spool), first, next);
    brg_core_attach(app->core, brg_spool_store(app->spool));
    (void)brg_spool_states(app->spool, take_state, app);
    (void)brg_spool_customs(app->spool, take_custom, app);
    (void)brg_spool_observations(app->spool, take_observation, app);
    (void)brg_spool_series(app->spool, take_series, app);
    brg_log_info("spool: open file=%s messages=%llu observations=%llu", config.file,
                 (unsigned long long)brg_spool_stats(app->spool)->messages,
                 (unsigned long long)brg_core_stats(app->core)->observed);
    return true;
}

void brg_app_parts_free(struct brg_app *app)
{
    struct brg_now now = brg_clock_read();

    if (brg_core_commit_all(app->core, &now) < 0) {
        brg_log_error("spool: the last messages are lost error=\"%s\"",
                      brg_spool_error(app->spool));
    }
    brg_app_effects(app, &now); /* acknowledgements */
    brg_dtls_free(app->dtls);
    brg_app_flush(app);
    brg_core_free(app->core);
    brg_readings_free(app->readings);
    brg_outbox_free(app->outbox);
    brg_spool_close(app->spool);
    coap_endpoint_free(app->ep);
}
