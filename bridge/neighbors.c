/* SPDX-License-Identifier: ISC */
#include "bridge/neighbors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "bridge/payload.h"

#define FIRST_S 5.
#define INTERVAL_S 60.
#define LINE_MAX_LEN 4096
#define READS_PER_TURN 16
#define RANK_MAX 65534 /* 65535 is infinite */
#define ETX_MAX 511.   /* it has 16 bits, 7 of them behind the point */

static const char *const questions[] = {"json neighbors\n", "json nodes\n"};

#define N_QUESTIONS (sizeof(questions) / sizeof(questions[0]))

struct brg_neighbors {
    struct ev_loop *loop;
    const char *path;
    brg_neighbor_fn *each;
    void *ctx;
    ev_io io;
    ev_timer timer;
    int fd; /* -1: not asking */
    size_t question;
    size_t len;
    char line[LINE_MAX_LEN];
};

static double number_of(const cJSON *json, const char *name, double most)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= most)) {
        return -1.;
    }
    return item->valuedouble;
}

int brg_neighbors_line(const char *line, size_t len, struct brg_neighbor *ret_neighbor)
{
    const cJSON *id;
    cJSON *json;
    double etx;
    int err = -BRG_ERR_FORMAT;

    /* {"schema":1,"neighbors":[ opens an answer, ]} ends it, and a comma ends each row but the
     * last. */
    len -= len > 0 && line[len - 1] == ',';
    if (len < 2 || line[0] != '{' || line[len - 1] != '}') {
        return -BRG_ERR_NOENT;
    }
    json = brg_json_check(line, len) != NULL ? NULL : cJSON_ParseWithLength(line, len);
    id = cJSON_GetObjectItemCaseSensitive(json, "eui64");
    if (cJSON_IsString(id) && brg_eui64_parse(id->valuestring, ret_neighbor->eui64) == 0) {
        etx = number_of(json, "etx", ETX_MAX);
        ret_neighbor->instance = (int)number_of(json, "instance", 255.);
        ret_neighbor->link.rank = (int32_t)number_of(json, "rank", RANK_MAX);
        ret_neighbor->link.etx = etx < 0. ? -1 : (int32_t)(etx * 100. + 0.5);
        ret_neighbor->is_node = cJSON_GetObjectItemCaseSensitive(json, "hops") != NULL;
        ret_neighbor->hops = (int)number_of(json, "hops", 255.);
        err = ret_neighbor->instance < 0 ? -BRG_ERR_FORMAT : 0;
    }
    cJSON_Delete(json);
    return err;
}

static void ask_end(struct brg_neighbors *neighbors)
{
    if (neighbors->fd >= 0) {
        ev_io_stop(neighbors->loop, &neighbors->io);
        (void)close(neighbors->fd);
        neighbors->fd = -1;
    }
}

/* False for a line that has no end. */
static bool take_lines(struct brg_neighbors *neighbors)
{
    struct brg_neighbor neighbor;
    size_t start = 0;
    const char *end;

    while ((end = memchr(neighbors->line + start, '\n', neighbors->len - start)) != NULL) {
        size_t len = (size_t)(end - neighbors->line) - start;

        if (brg_neighbors_line(neighbors->line + start, len, &neighbor) == 0) {
            neighbors->each(neighbors->ctx, &neighbor);
        }
        start += len + 1;
    }
    memmove(neighbors->line, neighbors->line + start, neighbors->len - start);
    neighbors->len -= start;
    return neighbors->len < sizeof(neighbors->line);
}

static void ask(struct brg_neighbors *neighbors)
{
    const char *question = questions[neighbors->question];
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    neighbors->len = 0;
    memcpy(addr.sun_path, neighbors->path, strlen(neighbors->path) + 1);
    neighbors->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (neighbors->fd < 0) {
        return;
    }
    ev_io_set(&neighbors->io, neighbors->fd, EV_READ);
    ev_io_start(neighbors->loop, &neighbors->io);
    /* A fresh stream socket has room for a line of this length. */
    if (connect(neighbors->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
        write(neighbors->fd, question, strlen(question)) != (ssize_t)strlen(question)) {
        ask_end(neighbors);
    }
}

static void readable(struct ev_loop *loop, ev_io *io, int events)
{
    struct brg_neighbors *neighbors = io->data;

    (void)loop;
    (void)events;
    for (int i = 0; i < READS_PER_TURN; i++) {
        ssize_t n = read(neighbors->fd, neighbors->line + neighbors->len,
                         sizeof(neighbors->line) - neighbors->len);

        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        neighbors->len += n > 0 ? (size_t)n : 0;
        if (n < 0 || !take_lines(neighbors)) {
            ask_end(neighbors);
            return;
        }
        if (n == 0) {
            ask_end(neighbors);
            if (++neighbors->question < N_QUESTIONS) {
                ask(neighbors);
            }
            return;
        }
    }
}

static void ask_due(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct brg_neighbors *neighbors = timer->data;

    (void)loop;
    (void)events;
    ask_end(neighbors); /* who has not answered within a minute */
    neighbors->question = 0;
    ask(neighbors);
}

struct brg_neighbors *brg_neighbors_new(struct ev_loop *loop, const char *path,
                                        brg_neighbor_fn *each, void *ctx)
{
    struct brg_neighbors *neighbors = calloc(1, sizeof(*neighbors));

    if (neighbors == NULL || strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
        free(neighbors);
        return NULL;
    }
    neighbors->loop = loop;
    neighbors->path = path;
    neighbors->each = each;
    neighbors->ctx = ctx;
    neighbors->fd = -1;
    ev_init(&neighbors->io, readable);
    ev_timer_init(&neighbors->timer, ask_due, FIRST_S, INTERVAL_S);
    neighbors->io.data = neighbors;
    neighbors->timer.data = neighbors;
    ev_timer_start(loop, &neighbors->timer);
    return neighbors;
}

void brg_neighbors_free(struct brg_neighbors *neighbors)
{
    if (neighbors == NULL) {
        return;
    }
    ask_end(neighbors);
    ev_timer_stop(neighbors->loop, &neighbors->timer);
    free(neighbors);
}
