/* SPDX-License-Identifier: ISC */
#include "rpld/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rpld/log.h"
#include "rpl/rpl_wire.h"

#define STATE_WRITES_BURST 5u /* of a fresh start: joining, first version, first counters */
#define STATE_KEPT 2u         /* writes that other files leave for the state's own */
#define STATE_LOW 2u          /* steps of reserve left when a write is asked for */
#define STATE_COALESCE RPL_S(1)
#define STATE_RETRY RPL_S(60) /* after a failed write */

struct state {
    int dir;
    bool created;             /* the directory is of our making */
    struct state_table exact; /* what the daemon uses now */
    struct state_table file;  /* what a restart would begin with */
    rpl_tstamp deadline;
    uint32_t writes_per_hour;
    uint32_t tokens;
    rpl_tstamp refilled;
    uint64_t writes, errors, behind;
};

/* ---- reading ------------------------------------------------------------------------ */

static int state_read_file(int dir, char *text, size_t size, size_t *ret_len)
{
    int fd = openat(dir, STATE_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    size_t used = 0;

    if (fd < 0)
        return -errno;
    while (used < size) {
        ssize_t n = read(fd, text + used, size - used);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int error = errno;

            close(fd);
            return -error;
        }
        if (n == 0)
            break;
        used += (size_t)n;
    }
    close(fd);
    *ret_len = used;
    return 0;
}

static const char *state_wrong(int r)
{
    switch (r) {
    case -EPROTONOSUPPORT:
        return "it is of another version of rpld";
    case -EINVAL:
        return "torn, or changed by hand";
    default:
        return strerror(-r);
    }
}

/* Whatever is wrong with the file, the daemon starts; it says what it lost. */
static void state_load(struct state *state, const char *directory)
{
    char text[STATE_TEXT_MAX + 1];
    size_t len = 0;
    int r = state_read_file(state->dir, text, sizeof(text), &len);

    if (r == -ENOENT) {
        log_notice("state: none yet, starting afresh", "file=%s/%s", directory, STATE_FILE);
        return;
    }
    if (r == 0)
        r = state_decode(text, len, &state->file);
    if (r == 0) {
        state->exact = state->file;
        return;
    }
    if (renameat(state->dir, STATE_FILE, state->dir, STATE_FILE_BAD) < 0)
        log_warning("state: cannot set the broken file aside", "error=%s", strerror(errno));
    log_error("state: file cannot be used, starting without it",
              "file=%s/%s error=\"%s\" kept=%s lost=\"versions, and prefixes that were auto\"",
              directory, STATE_FILE, state_wrong(r), STATE_FILE_BAD);
}

int state_open(const char *directory, uint32_t writes_per_hour, rpl_tstamp now,
               struct state **ret_state)
{
    struct state *state = calloc(1, sizeof(*state));

    if (!state)
        return -ENOMEM;
    state->created = mkdir(directory, 0750) == 0;
    state->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (state->dir < 0) {
        int error = errno;

        free(state);
        return -error;
    }
    state->deadline = RPL_NEVER;
    state->refilled = now;
    state->writes_per_hour = writes_per_hour;
    state->tokens = writes_per_hour < STATE_WRITES_BURST ? writes_per_hour : STATE_WRITES_BURST;
    state_load(state, directory);
    *ret_state = state;
    return 0;
}

void state_close(struct state *state)
{
    if (!state)
        return;
    close(state->dir);
    free(state);
}

int state_own(struct state *state, uid_t uid, gid_t gid)
{
    if (!state->created)
        return 0;
    return fchown(state->dir, uid, gid) < 0 ? -errno : 0;
}

/* ---- entries ------------------------------------------------------------------------ */

static const struct state_entry *state_find(const struct state_table *table, uint8_t instance)
{
    for (unsigned i = 0; i < table->count; i++) {
        if (table->entry[i].instance == instance)
            return &table->entry[i];
    }
    return NULL;
}

/*
 * The live entry of |instance|, made if needed. With the table full, an instance of an older
 * configuration makes room: there are never more live ones than RPL_INSTANCES_MAX.
 */
static struct state_entry *state_get(struct state_table *table, uint8_t instance)
{
    struct state_entry *entry = NULL;

    for (unsigned i = 0; i < table->count; i++) {
        if (table->entry[i].instance == instance) {
            table->entry[i].live = true;
            return &table->entry[i];
        }
        if (!table->entry[i].live)
            entry = &table->entry[i];
    }
    if (table->count < RPL_INSTANCES_MAX)
        entry = &table->entry[table->count++];
    if (!entry)
        return NULL;
    memset(entry, 0, sizeof(*entry));
    entry->instance = instance;
    entry->live = true;
    return entry;
}

bool state_stored(const struct state *state, uint8_t instance, struct rpl_stored *ret_stored)
{
    const struct state_entry *entry = state_find(&state->exact, instance);

    if (!entry || !entry->stored.valid)
        return false;
    *ret_stored = entry->stored;
    return true;
}

int state_prefix(struct state *state, uint8_t instance, struct rpl_addr *ret_prefix)
{
    struct state_entry *entry = state_get(&state->exact, instance);

    if (!entry)
        return -ENOSPC;
    if (!entry->has_prefix) {
        uint8_t random[5];

        if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
            return errno ? -errno : -EIO;
        entry->prefix = state_prefix_from(random);
        entry->has_prefix = true;
        state->deadline = 0; /* a network will be built on it: keep it at once */
    }
    *ret_prefix = entry->prefix;
    return 0;
}

void state_prefix_set(struct state *state, uint8_t instance, const struct rpl_addr *prefix)
{
    struct state_entry *entry = state_get(&state->exact, instance);

    if (!entry)
        return;
    entry->prefix = *prefix;
    entry->has_prefix = true;
    state->deadline = 0;
}

void state_old_prefix_add(struct state *state, uint8_t instance, const struct rpl_addr *prefix,
                          uint64_t until)
{
    struct state_entry *entry = state_get(&state->exact, instance);
    struct state_old_prefix *place;

    if (!entry)
        return;
    place = &entry->old[0];
    for (unsigned i = 1; i < RPL_OLD_PREFIXES_MAX; i++)
        if (entry->old[i].until < place->until)
            place = &entry->old[i];
    *place = (struct state_old_prefix){.prefix = *prefix, .until = until};
    state->deadline = 0;
}

bool state_old_prefix(const struct state *state, uint8_t instance, unsigned n,
                      struct state_old_prefix *ret_old)
{
    const struct state_entry *entry = state_find(&state->exact, instance);

    for (unsigned i = 0; entry && i < RPL_OLD_PREFIXES_MAX; i++) {
        if (entry->old[i].until == 0 || n-- > 0)
            continue;
        *ret_old = entry->old[i];
        return true;
    }
    return false;
}

/* ---- writing ------------------------------------------------------------------------ */

const char *state_mend(int r)
{
    switch (r) {
    case -ENOSPC:
    case -EDQUOT:
        return "make room on the disk of state.directory";
    case -EROFS:
        return "mount -o remount,rw the disk of state.directory";
    case -EACCES:
    case -EPERM:
        return "make state.directory writable for the user that rpld runs as";
    default:
        return "dmesg says whether the disk of state.directory fails";
    }
}

static int state_write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        text += n;
        len -= (size_t)n;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

int state_write_file(int dir, const char *name_new, const char *name, const char *text, size_t len)
{
    int fd = openat(dir, name_new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);

    if (fd < 0)
        return -errno;
    int r = state_write_all(fd, text, len);
    if (close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0 && renameat(dir, name_new, dir, name) < 0)
        r = -errno;
    if (r < 0) {
        unlinkat(dir, name_new, 0);
        return r;
    }
    return fsync(dir) < 0 ? -errno : 0;
}

static int state_write(struct state *state, const struct state_table *table)
{
    char text[STATE_TEXT_MAX];
    size_t len = state_encode(table, text, sizeof(text));
    int r = len > 0 ? state_write_file(state->dir, STATE_FILE_NEW, STATE_FILE, text, len) : -EFBIG;

    if (r < 0) {
        state->errors++;
        log_error("state: cannot write", "file=%s error=\"%s\" mend=\"%s\"", STATE_FILE,
                  strerror(-r), state_mend(r));
        return r;
    }
    state->writes++;
    state->file = *table;
    return 0;
}

static int state_write_reserved(struct state *state)
{
    struct state_table table = state->exact;

    for (unsigned i = 0; i < table.count; i++) {
        if (table.entry[i].live && table.entry[i].stored.valid)
            table.entry[i].stored = state_reserve(&state->exact.entry[i].stored);
    }
    return state_write(state, &table);
}

int state_save(struct state *state)
{
    state->deadline = RPL_NEVER;
    return state_write(state, &state->exact);
}

/* One token each 3600 / writes_per_hour seconds. */
static rpl_duration state_token_interval(const struct state *state)
{
    return RPL_S(3600) / (state->writes_per_hour ? state->writes_per_hour : 1);
}

static void state_refill(struct state *state, rpl_tstamp now)
{
    rpl_duration interval = state_token_interval(state);
    uint32_t burst =
        state->writes_per_hour < STATE_WRITES_BURST ? state->writes_per_hour : STATE_WRITES_BURST;
    uint64_t more = now > state->refilled ? (now - state->refilled) / interval : 0;

    if (state->tokens + more >= burst) {
        state->tokens = burst;
        state->refilled = now;
    } else {
        state->tokens += (uint32_t)more;
        state->refilled += more * interval;
    }
}

int state_dir(const struct state *state)
{
    return state->dir;
}

bool state_may_write(struct state *state, rpl_tstamp now, rpl_tstamp *ret_when)
{
    uint32_t kept = state->writes_per_hour > STATE_KEPT ? STATE_KEPT : 0;

    state_refill(state, now);
    if (state->tokens <= kept) {
        *ret_when = state->refilled + state_token_interval(state);
        return false;
    }
    state->tokens--;
    return true;
}

void state_writes_per_hour_set(struct state *state, uint32_t writes_per_hour)
{
    state->writes_per_hour = writes_per_hour;
}

rpl_tstamp state_deadline(const struct state *state)
{
    return state->deadline;
}

void state_tick(struct state *state, rpl_tstamp now)
{
    if (now < state->deadline)
        return;
    state_refill(state, now);
    if (state->tokens == 0) {
        state->deadline = state->refilled + state_token_interval(state);
        return;
    }
    state->tokens--;
    state->deadline = state_write_reserved(state) < 0 ? now + STATE_RETRY : RPL_NEVER;
}

void state_put(struct state *state, const struct rpl_stored *stored, rpl_tstamp now)
{
    struct state_entry *entry = state_get(&state->exact, stored->instance);
    const struct state_entry *file = state_find(&state->file, stored->instance);

    if (!entry)
        return;
    entry->stored = *stored;
    if (file && state_covers(&file->stored, stored, STATE_LOW + 1))
        return;
    /* A new version must not be lost; counters have their reserve to wait in. */
    bool urgent = !file || !file->stored.valid || file->stored.version != stored->version ||
                  !rpl_addr_equal(&file->stored.dodag_id, &stored->dodag_id);
    if (!urgent && !state_covers(&file->stored, stored, 0))
        state->behind++;
    rpl_tstamp due = urgent ? now : now + STATE_COALESCE;
    if (due < state->deadline)
        state->deadline = due;
    if (urgent)
        state_tick(state, now);
}

uint64_t state_writes(const struct state *state)
{
    return state->writes;
}

uint64_t state_errors(const struct state *state)
{
    return state->errors;
}

uint64_t state_behind(const struct state *state)
{
    return state->behind;
}
