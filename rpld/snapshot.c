/* SPDX-License-Identifier: ISC */
#include "rpld/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rpld/log.h"

#define SNAPSHOT_HEADER "rpld-targets 1"
#define SNAPSHOT_QUIET RPL_S(10)       /* without a further change */
#define SNAPSHOT_LATEST RPL_S(60)      /* after the first change */
#define SNAPSHOT_REFRESH_MIN RPL_S(60) /* however short the lifetimes are */
#define SNAPSHOT_REFRESH_MAX RPL_S(SNAPSHOT_AGE_MAX_S / 2)
#define SNAPSHOT_RETRY RPL_S(60)   /* after a failed write */
#define SNAPSHOT_WATCH RPL_MS(200) /* looking whether the thread is done */
#define SNAPSHOT_SUM_LEN (sizeof("sum 01234567\n") - 1)

struct snapshot {
    struct state *state;
    struct snapshot_host host;
    rpl_tstamp due;     /* of the next one */
    rpl_tstamp changed; /* the first change since the last one was begun; RPL_NEVER: none */
    bool present;       /* a file of ours is there, or was: an empty one has to replace it */
    uint64_t writes, errors;

    /* while it is collected */
    bool taking, leaves; /* the nodes are done, it is the leaves' turn */
    struct rpl_cursor cursor;
    uint32_t count, left_out;
    rpl_duration shortest;
    char *text;
    size_t len, size;

    /* while it is written: the thread reads text and len, and writes result, then done */
    bool writing;
    rpl_tstamp watch; /* when to look after it */
    pthread_t thread;
    int result;
    atomic_bool done;
};

struct snapshot *snapshot_new(struct state *state, const struct snapshot_host *host)
{
    struct snapshot *snap = calloc(1, sizeof(*snap));

    if (!snap)
        return NULL;
    snap->state = state;
    snap->host = *host;
    snap->due = snap->changed = RPL_NEVER;
    return snap;
}

static void snapshot_discard(struct snapshot *snap)
{
    free(snap->text);
    snap->text = NULL;
    snap->len = snap->size = 0;
    snap->taking = false;
}

void snapshot_free(struct snapshot *snap)
{
    if (!snap)
        return;
    if (snap->writing)
        pthread_join(snap->thread, NULL);
    snapshot_discard(snap);
    free(snap);
}

/* ---- collecting ------------------------------------------------------------------------- */

static bool snapshot_append(struct snapshot *snap, const char *line, size_t len)
{
    if (len > SNAPSHOT_TEXT_MAX - snap->len)
        return false;
    if (snap->len + len > snap->size) {
        size_t size = snap->size ? 2 * snap->size : 65536;
        char *text = realloc(snap->text, size);

        if (!text)
            return false;
        snap->text = text;
        snap->size = size;
    }
    memcpy(snap->text + snap->len, line, len);
    snap->len += len;
    return true;
}

static void snapshot_begin(struct snapshot *snap)
{
    char line[64];
    int n = snprintf(line, sizeof(line), SNAPSHOT_HEADER " %" PRId64 "\n",
                     snap->host.clock(snap->host.ctx));

    snapshot_discard(snap);
    snap->taking = true;
    snap->leaves = false;
    snap->cursor = (struct rpl_cursor){0};
    snap->count = snap->left_out = 0;
    snap->shortest = RPL_NEVER;
    snap->changed = snap->due = RPL_NEVER;
    if (!snapshot_append(snap, line, (size_t)n))
        snap->left_out++;
}

static void snapshot_take(struct snapshot *snap, const char *line, size_t len, rpl_duration left)
{
    /* Room for the sum stays. */
    if (len == 0 || snap->len + len > SNAPSHOT_TEXT_MAX - SNAPSHOT_SUM_LEN ||
        !snapshot_append(snap, line, len)) {
        snap->left_out++;
        return;
    }
    snap->count++;
    if (left < snap->shortest)
        snap->shortest = left;
}

/* The next one at the cursor; false behind the last one. */
static bool snapshot_node(struct snapshot *snap, const struct rpl_engine *engine, rpl_tstamp now)
{
    struct rpl_view_node node;
    char line[SNAPSHOT_LINE_MAX];

    if (!rpl_view_next_node(engine, &snap->cursor, now, &node))
        return false;
    const char *ifname = node.ifindex ? snap->host.name(snap->host.ctx, node.ifindex) : NULL;
    if (ifname || node.parent_count > 0) /* else there is no way to it */
        snapshot_take(snap, line, snapshot_line(&node, ifname, line, sizeof(line)), node.lifetime);
    return true;
}

static bool snapshot_next_leaf(struct snapshot *snap, const struct rpl_engine *engine,
                               rpl_tstamp now)
{
    struct rpl_event_leaf leaf;
    char line[SNAPSHOT_LINE_MAX];

    if (!rpl_view_next_leaf(engine, &snap->cursor, now, &leaf))
        return false;
    const char *ifname = leaf.ifindex ? snap->host.name(snap->host.ctx, leaf.ifindex) : NULL;
    if (ifname || leaf.ifindex == 0)
        snapshot_take(snap, line, snapshot_leaf(&leaf, ifname, line, sizeof(line)), leaf.lifetime);
    return true;
}

/* At most |count| further ones; true at the end. */
static bool snapshot_slice(struct snapshot *snap, const struct rpl_engine *engine, unsigned count,
                           rpl_tstamp now)
{
    for (unsigned i = 0; i < count; i++) {
        if (!snap->leaves && !snapshot_node(snap, engine, now)) {
            snap->leaves = true;
            snap->cursor = (struct rpl_cursor){0};
        }
        if (snap->leaves && !snapshot_next_leaf(snap, engine, now))
            return true;
    }
    return false;
}

static bool snapshot_end(struct snapshot *snap)
{
    char line[32];
    int n = snprintf(line, sizeof(line), "sum %08" PRIx32 "\n",
                     state_checksum(0, snap->text, snap->len));

    snap->taking = false;
    if (snap->left_out > 0)
        log_warning("state: targets or leaves do not fit into the snapshot", "left_out=%u kept=%u",
                    snap->left_out, snap->count);
    return snap->len > 0 && snapshot_append(snap, line, (size_t)n);
}

/* ---- writing ---------------------------------------------------------------------------- */

static void *snapshot_thread(void *arg)
{
    struct snapshot *snap = arg;

    snap->result = state_write_file(state_dir(snap->state), SNAPSHOT_FILE_NEW, SNAPSHOT_FILE,
                                    snap->text, snap->len);
    atomic_store(&snap->done, true);
    return NULL;
}

static void snapshot_written(struct snapshot *snap, int r, rpl_tstamp now)
{
    rpl_tstamp refresh = RPL_NEVER;

    snapshot_discard(snap);
    if (r < 0) {
        snap->errors++;
        log_error("state: cannot write", "file=%s error=\"%s\" mend=\"%s\"", SNAPSHOT_FILE,
                  strerror(-r), state_mend(r));
        refresh = now + SNAPSHOT_RETRY;
    } else {
        snap->writes++;
        snap->present = snap->count > 0;
        rpl_duration half = snap->shortest / 2;
        if (snap->count > 0)
            refresh = now + (half < SNAPSHOT_REFRESH_MIN   ? SNAPSHOT_REFRESH_MIN
                             : half < SNAPSHOT_REFRESH_MAX ? half
                                                           : SNAPSHOT_REFRESH_MAX);
    }
    if (refresh < snap->due)
        snap->due = refresh;
}

/* A card may take seconds to sync: somebody else waits for it. */
static void snapshot_start_write(struct snapshot *snap, rpl_tstamp now)
{
    sigset_t all, before;

    atomic_store(&snap->done, false);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop's */
    int r = pthread_create(&snap->thread, NULL, snapshot_thread, snap);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r == 0)
        snap->writing = true;
    else
        snapshot_written(snap, -r, now);
}

static void snapshot_reap(struct snapshot *snap, rpl_tstamp now)
{
    pthread_join(snap->thread, NULL);
    snap->writing = false;
    snapshot_written(snap, snap->result, now);
}

void snapshot_touch(struct snapshot *snap, rpl_tstamp now)
{
    if (snap->changed == RPL_NEVER)
        snap->changed = now;
    rpl_tstamp quiet = now + SNAPSHOT_QUIET, latest = snap->changed + SNAPSHOT_LATEST;
    snap->due = quiet < latest ? quiet : latest;
}

bool snapshot_busy(const struct snapshot *snap)
{
    return snap->writing;
}

rpl_tstamp snapshot_deadline(const struct snapshot *snap)
{
    if (snap->taking)
        return 0;
    if (!snap->writing)
        return snap->due;
    return snap->watch;
}

void snapshot_tick(struct snapshot *snap, const struct rpl_engine *engine, rpl_tstamp now)
{
    rpl_tstamp when;

    if (snap->writing) {
        if (atomic_load(&snap->done))
            snapshot_reap(snap, now);
        else
            snap->watch = now + SNAPSHOT_WATCH;
        return;
    }
    if (!snap->taking) {
        if (now < snap->due)
            return;
        if (!state_may_write(snap->state, now, &when)) {
            snap->due = when;
            return;
        }
        snapshot_begin(snap);
    }
    if (!snapshot_slice(snap, engine, SNAPSHOT_SLICE, now))
        return;
    if (snap->count == 0 && !snap->present)
        snapshot_discard(snap); /* nothing to keep, and nothing to replace */
    else if (snapshot_end(snap))
        snapshot_start_write(snap, now);
    else
        snapshot_written(snap, -ENOMEM, now);
    snap->watch = now + SNAPSHOT_WATCH;
}

int snapshot_save(struct snapshot *snap, const struct rpl_engine *engine, rpl_tstamp now)
{
    if (snap->writing)
        snapshot_reap(snap, now);
    snapshot_begin(snap);
    while (!snapshot_slice(snap, engine, SNAPSHOT_SLICE, now))
        ;
    if (snap->count == 0 && !snap->present) {
        snapshot_discard(snap);
        return 0;
    }
    int r = snapshot_end(snap) ? state_write_file(state_dir(snap->state), SNAPSHOT_FILE_NEW,
                                                  SNAPSHOT_FILE, snap->text, snap->len)
                               : -ENOMEM;
    snapshot_written(snap, r, now);
    return r;
}

uint64_t snapshot_writes(const struct snapshot *snap)
{
    return snap->writes;
}

uint64_t snapshot_errors(const struct snapshot *snap)
{
    return snap->errors;
}

/* ---- reading ---------------------------------------------------------------------------- */

/* The whole file, to be freed, with a zero behind it. 0 or -errno. */
static int snapshot_read_file(int dir, char **ret_text, size_t *ret_len)
{
    int fd = openat(dir, SNAPSHOT_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    size_t used = 0;

    if (fd < 0)
        return -errno;
    char *text = NULL;
    int r = fstat(fd, &st) < 0 ? -errno : 0;
    if (r == 0 && (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > SNAPSHOT_TEXT_MAX))
        r = -EFBIG;
    size_t size = r == 0 ? (size_t)st.st_size : 0;
    if (r == 0) {
        text = malloc(size + 1);
        r = text ? 0 : -ENOMEM;
    }
    while (r == 0 && used < size) {
        ssize_t n = read(fd, text + used, size - used);

        if (n > 0)
            used += (size_t)n;
        else if (n == 0 || errno != EINTR)
            r = n == 0 ? -EINVAL : -errno;
    }
    close(fd);
    if (!text || r != 0) {
        free(text);
        return r;
    }
    text[used] = '\0';
    *ret_text = text;
    *ret_len = used;
    return 0;
}

/* Header and sum; the lines in between from *ret_body on, the sum cut off. */
static bool snapshot_check(char *text, size_t len, int64_t *ret_written, char **ret_body)
{
    char sum[SNAPSHOT_SUM_LEN + 1];
    int end = -1;

    if (len < SNAPSHOT_SUM_LEN || memchr(text, '\0', len))
        return false;
    size_t body = len - SNAPSHOT_SUM_LEN;
    snprintf(sum, sizeof(sum), "sum %08" PRIx32 "\n", state_checksum(0, text, body));
    if (memcmp(text + body, sum, SNAPSHOT_SUM_LEN) != 0 || body == 0 || text[body - 1] != '\n')
        return false;
    text[body] = '\0';
    if (sscanf(text, SNAPSHOT_HEADER " %15" SCNd64 "%n", ret_written, &end) != 1 || end < 0 ||
        text[end] != '\n')
        return false;
    *ret_body = text + end + 1;
    return true;
}

static bool snapshot_age(rpl_duration *lifetime, rpl_duration age)
{
    if (*lifetime != RPL_NEVER)
        *lifetime = *lifetime > age ? *lifetime - age : 0;
    return *lifetime > 0;
}

/* One line to the engine, |age| older than it was written; true if it was taken. */
static bool snapshot_restore(struct snapshot *snap, const char *line, rpl_duration age)
{
    struct rpl_event event = {.type = RPL_EVENT_TARGET_RESTORED};
    char ifname[RPL_IFNAME_MAX];

    if (snapshot_read_line(line, &event.u.target, ifname)) {
        if (ifname[0])
            event.u.target.ifindex = snap->host.ifindex(snap->host.ctx, ifname);
        if (!snapshot_age(&event.u.target.lifetime, age))
            return false;
    } else if (snapshot_read_leaf(line, &event.u.leaf, ifname)) {
        event.type = RPL_EVENT_LEAF_RESTORED;
        if (ifname[0])
            event.u.leaf.ifindex = snap->host.ifindex(snap->host.ctx, ifname);
        if (!snapshot_age(&event.u.leaf.lifetime, age) ||
            (ifname[0] && event.u.leaf.ifindex == 0)) /* not there: it is no owner for that */
            return false;
    } else {
        return false;
    }
    return snap->host.event(snap->host.ctx, &event) == 0;
}

uint32_t snapshot_load(struct snapshot *snap, rpl_tstamp now)
{
    uint32_t taken = 0, refused = 0;
    int64_t written = 0;
    char *text = NULL, *line, *rest;
    size_t len = 0;
    int r = snapshot_read_file(state_dir(snap->state), &text, &len);

    if (r == -ENOENT)
        return 0;
    snap->present = true; /* whatever it is, it is to be replaced */
    if (r < 0 || !snapshot_check(text, len, &written, &rest)) {
        log_error("state: the snapshot of the targets is broken, starting without it",
                  "file=%s error=\"%s\"", SNAPSHOT_FILE, strerror(r < 0 ? -r : EINVAL));
        free(text);
        return 0;
    }
    int64_t age_s = snap->host.clock(snap->host.ctx) - written;
    if (age_s > SNAPSHOT_AGE_MAX_S) {
        log_notice("state: the snapshot of the targets is old, starting without it",
                   "file=%s age_s=%" PRId64, SNAPSHOT_FILE, age_s);
        free(text);
        return 0;
    }
    /* A clock that went back says nothing. */
    rpl_duration age = age_s > 0 ? RPL_S((uint64_t)age_s) : 0;
    while ((line = strsep(&rest, "\n")) != NULL && rest) {
        if (snapshot_restore(snap, line, age))
            taken++;
        else
            refused++;
    }
    free(text);
    log_notice("state: targets and leaves of the last run are taken up",
               "count=%u not=%u age_s=%" PRId64, taken, refused, age_s);
    snapshot_touch(snap, now);
    return taken;
}
