/* SPDX-License-Identifier: ISC */
#include "sim/mesh.h"

#include <ctype.h>
#include <errno.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 256
#define WORDS_MAX 8
#define COORDINATE_MAX 1e6
#define RING 1000 /* between two rings of a mesh without places */
#define YEARS 1e9 /* s, the latest time of a timetable */

enum deed_kind { DEED_LINK, DEED_STOP, DEED_START };

/* What happens at |when|, from the start of the run. */
struct deed {
    rpl_duration when;
    enum deed_kind kind;
    unsigned node, peer, flags;
    uint32_t loss, loss_back;
};

struct sim_mesh {
    char (*names)[SIM_NAME_MAX];
    struct sim_place *places;
    struct deed *links, *deeds; /* |links| hold from the start */
    size_t node_count, node_room, place_room, link_count, link_room, deed_count, deed_room;
    bool placed; /* some node says where it stands */
    struct hsearch_data index;
};

/* One line as it is read. */
struct reader {
    struct sim_mesh *mesh;
    const char *path;
    unsigned line;
    char *word[WORDS_MAX];
    unsigned words;
    char *error;
    size_t size;
};

static bool wrong(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool wrong(struct reader *r, const char *format, ...)
{
    va_list args;
    int n = snprintf(r->error, r->size, "%s:%u: ", r->path, r->line);

    va_start(args, format);
    if (n > 0 && (size_t)n < r->size)
        vsnprintf(r->error + n, r->size - (size_t)n, format, args);
    va_end(args);
    return false;
}

/* ---- words ------------------------------------------------------------------------------ */

static bool number(struct reader *r, unsigned i, double low, double high, double *ret)
{
    char *end;
    double value;

    errno = 0;
    value = strtod(r->word[i], &end);
    if (errno != 0 || end == r->word[i] || *end != '\0' || !(value >= low && value <= high))
        return wrong(r, "%s: not a number from %.10g to %.10g", r->word[i], low, high);
    *ret = value;
    return true;
}

static bool node(struct reader *r, unsigned i, unsigned *ret_node)
{
    ENTRY *found, wanted = {.key = r->word[i]};

    if (!hsearch_r(wanted, FIND, &found, &r->mesh->index))
        return wrong(r, "%s: no such node above", r->word[i]);
    *ret_node = (unsigned)(uintptr_t)found->data;
    return true;
}

static bool loss(struct reader *r, unsigned i, uint32_t *ret_loss)
{
    double value = 0;

    if (i >= r->words)
        return true;
    if (!number(r, i, 0, 1, &value))
        return false;
    *ret_loss = (uint32_t)(value * SIM_LOSS_ALL + 0.5);
    return true;
}

/* Room for one more, within |most|. */
static bool grow(struct reader *r, void **array, size_t *room, size_t count, size_t size,
                 size_t most)
{
    if (count >= most)
        return wrong(r, "too many, at most %zu", most);
    if (count < *room)
        return true;

    size_t wanted = *room ? *room * 2 : 64;
    void *p = realloc(*array, wanted * size);
    if (!p)
        return wrong(r, "out of memory");
    *array = p;
    *room = wanted;
    return true;
}

/* ---- lines ------------------------------------------------------------------------------- */

static bool name_is_good(const char *name)
{
    size_t len = strlen(name);

    for (const char *p = name; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
            return false;
    }
    return len > 0 && len < SIM_NAME_MAX;
}

/* node NAME [X Y] */
static bool read_node(struct reader *r)
{
    struct sim_mesh *mesh = r->mesh;
    unsigned number_of = (unsigned)mesh->node_count;
    double x = 0, y = 0;
    ENTRY *found, entry = {.data = (void *)(uintptr_t)number_of};

    if (r->words != 2 && r->words != 4)
        return wrong(r, "expected: node NAME [X Y]");
    if (!name_is_good(r->word[1]))
        return wrong(r, "a name has 1 to %d letters, digits, '.', '_' or '-'", SIM_NAME_MAX - 1);
    entry.key = r->word[1];
    if (hsearch_r(entry, FIND, &found, &mesh->index))
        return wrong(r, "%s: there is such a node already", r->word[1]);
    if (r->words == 4 && (!number(r, 2, -COORDINATE_MAX, COORDINATE_MAX, &x) ||
                          !number(r, 3, -COORDINATE_MAX, COORDINATE_MAX, &y)))
        return false;
    if (!grow(r, (void **)&mesh->places, &mesh->place_room, number_of, sizeof(*mesh->places),
              SIM_MESH_NODES_MAX))
        return false;
    mesh->placed = mesh->placed || r->words == 4;
    mesh->places[number_of] = (struct sim_place){(int32_t)x, (int32_t)y};
    snprintf(mesh->names[number_of], SIM_NAME_MAX, "%s", r->word[1]);
    entry.key = mesh->names[number_of];
    if (!hsearch_r(entry, ENTER, &found, &mesh->index))
        return wrong(r, "out of memory");
    mesh->node_count++;
    return true;
}

/* A B [LOSS [LOSS-BACK]] from word |i| on. */
static bool read_ends(struct reader *r, unsigned i, struct deed *deed)
{
    if (!node(r, i, &deed->node) || !node(r, i + 1, &deed->peer))
        return false;
    if (deed->node == deed->peer)
        return wrong(r, "%s: a link has two ends", r->word[i]);
    if (!loss(r, i + 2, &deed->loss))
        return false;
    deed->loss_back = deed->loss;
    return loss(r, i + 3, &deed->loss_back);
}

static bool read_link(struct reader *r)
{
    struct sim_mesh *mesh = r->mesh;
    struct deed deed = {.kind = DEED_LINK};

    if (r->words < 3 || r->words > 5)
        return wrong(r, "expected: link A B [LOSS [LOSS-BACK]]");
    if (!read_ends(r, 1, &deed) || !grow(r, (void **)&mesh->links, &mesh->link_room,
                                         mesh->link_count, sizeof(deed), SIM_MESH_LINKS_MAX))
        return false;
    mesh->links[mesh->link_count++] = deed;
    return true;
}

/* How a node starts again. */
static bool read_start(struct reader *r, struct deed *deed)
{
    const char *how = r->words > 4 ? r->word[4] : "state";

    deed->kind = DEED_START;
    if (strcmp(how, "fresh") == 0)
        deed->flags = SIM_FRESH;
    else if (strcmp(how, "state") == 0)
        deed->flags = SIM_WITH_STATE;
    else if (strcmp(how, "routes") == 0)
        deed->flags = SIM_WITH_STATE | SIM_WITH_ROUTES;
    else
        return wrong(r, "%s: not one of fresh state routes", how);
    return node(r, 3, &deed->node);
}

static bool read_at(struct reader *r)
{
    static const char expected[] = "expected: at SECONDS link A B [LOSS [LOSS-BACK]] | cut A B | "
                                   "stop NODE | start NODE [fresh|state|routes]";
    struct sim_mesh *mesh = r->mesh;
    struct deed deed = {.kind = DEED_LINK};
    const char *what = r->words > 3 ? r->word[2] : "";
    double when = 0;
    bool good;

    if (r->words > 1 && !number(r, 1, 0, YEARS, &when))
        return false;
    if (strcmp(what, "link") == 0 && r->words >= 5 && r->words <= 7) {
        good = read_ends(r, 3, &deed);
    } else if (strcmp(what, "cut") == 0 && r->words == 5) {
        good = read_ends(r, 3, &deed);
        deed.loss = deed.loss_back = SIM_LOSS_ALL;
    } else if (strcmp(what, "stop") == 0 && r->words == 4) {
        deed.kind = DEED_STOP;
        good = node(r, 3, &deed.node);
    } else if (strcmp(what, "start") == 0 && r->words <= 5) {
        good = read_start(r, &deed);
    } else {
        return wrong(r, "%s", expected);
    }
    if (!good || !grow(r, (void **)&mesh->deeds, &mesh->deed_room, mesh->deed_count, sizeof(deed),
                       SIM_MESH_DEEDS_MAX))
        return false;
    deed.when = (rpl_duration)(when * 1e6 + 0.5);
    mesh->deeds[mesh->deed_count++] = deed;
    return true;
}

static bool read_line(struct reader *r, char *text)
{
    char *save = NULL;

    text[strcspn(text, "#\n")] = '\0';
    r->words = 0;
    for (char *p = strtok_r(text, " \t\r", &save); p; p = strtok_r(NULL, " \t\r", &save)) {
        if (r->words == WORDS_MAX)
            return wrong(r, "too many words");
        r->word[r->words++] = p;
    }
    if (r->words == 0)
        return true;
    if (strcmp(r->word[0], "node") == 0)
        return read_node(r);
    if (strcmp(r->word[0], "link") == 0)
        return read_link(r);
    if (strcmp(r->word[0], "at") == 0)
        return read_at(r);
    return wrong(r, "%s: not one of node link at", r->word[0]);
}

static bool read_file(struct reader *r, FILE *f)
{
    char text[LINE_MAX_LEN];

    while (fgets(text, sizeof(text), f)) {
        r->line++;
        if (!strchr(text, '\n') && !feof(f))
            return wrong(r, "the line is longer than %d characters", LINE_MAX_LEN - 2);
        if (!read_line(r, text))
            return false;
    }
    if (ferror(f))
        return wrong(r, "%s", strerror(errno));
    if (r->mesh->node_count < 2)
        return wrong(r, "a mesh has at least 2 nodes");
    return true;
}

struct sim_mesh *sim_mesh_load(const char *path, char *ret_error, size_t size)
{
    struct sim_mesh *mesh = calloc(1, sizeof(*mesh));
    struct reader r = {.mesh = mesh, .path = path, .error = ret_error, .size = size};
    FILE *f = fopen(path, "re");
    bool good = false;

    if (!f) {
        snprintf(ret_error, size, "%s: %s", path, strerror(errno));
        free(mesh);
        return NULL;
    }
    /* The table of names points into the list of names, which therefore never moves. */
    if (mesh)
        mesh->names = calloc(SIM_MESH_NODES_MAX, sizeof(*mesh->names));
    if (!mesh || !mesh->names || !hcreate_r(SIM_MESH_NODES_MAX * 3 / 2, &mesh->index))
        snprintf(ret_error, size, "%s: out of memory", path);
    else
        good = read_file(&r, f);
    fclose(f);
    if (good)
        return mesh;
    sim_mesh_free(mesh);
    return NULL;
}

void sim_mesh_free(struct sim_mesh *mesh)
{
    if (!mesh)
        return;
    hdestroy_r(&mesh->index);
    free(mesh->names);
    free(mesh->places);
    free(mesh->links);
    free(mesh->deeds);
    free(mesh);
}

unsigned sim_mesh_nodes(const struct sim_mesh *mesh)
{
    return (unsigned)mesh->node_count;
}

const char *sim_mesh_name(const struct sim_mesh *mesh, unsigned number_of)
{
    return mesh->names[number_of];
}

/* ---- into the world ------------------------------------------------------------------------ */

static void carry_out(struct sim *sim, void *ctx)
{
    const struct deed *deed = ctx;

    switch (deed->kind) {
    case DEED_LINK:
        sim_link_from(sim, deed->node, deed->peer, deed->loss);
        sim_link_from(sim, deed->peer, deed->node, deed->loss_back);
        break;
    case DEED_STOP:
        sim_stop(sim, deed->node);
        break;
    case DEED_START:
        sim_start(sim, deed->node, deed->flags);
        break;
    }
}

/* Points of a circle around (0, 0) in steps of a sixteenth, then halfway between two of them:
 * (cos, sin) x 1000 of the first quarter. */
static struct sim_place on_ring(unsigned ring, unsigned i, unsigned count)
{
    static const int quarter[5][2] = {{1000, 0}, {924, 383}, {707, 707}, {383, 924}, {0, 1000}};
    unsigned scaled = (unsigned)((uint64_t)i * 16000 / count);
    unsigned part = scaled / 1000 % 4, turn = scaled / 4000;
    int fraction = (int)(scaled % 1000), radius = (int)ring * RING;
    const int *a = quarter[part], *b = quarter[part + 1];
    int x = a[0] + (b[0] - a[0]) * fraction / 1000, y = a[1] + (b[1] - a[1]) * fraction / 1000;
    int swap;

    for (; turn > 0; turn--) {
        swap = x;
        x = -y;
        y = swap;
    }
    return (struct sim_place){(int32_t)((int64_t)x * radius / 1000),
                              (int32_t)((int64_t)y * radius / 1000)};
}

/* In rings by the hops from the root, in the order in which a search finds them. */
static void lay_out(struct sim *sim)
{
    unsigned n = sim_count(sim), begin = 0, end = 1, ring = 0, peer;
    unsigned *order = calloc(n, sizeof(*order));
    bool *seen = calloc(n, sizeof(*seen));
    uint32_t unused;

    if (order && seen)
        seen[0] = true;
    while (order && seen && begin < end) {
        unsigned last = end;
        for (unsigned i = begin; i < last; i++) {
            sim_set_place(sim, order[i], on_ring(ring, i - begin, last - begin));
            for (size_t k = 0; sim_link_at(sim, order[i], k, &peer, &unused); k++) {
                if (seen[peer])
                    continue;
                seen[peer] = true;
                order[end++] = peer;
            }
        }
        begin = last;
        ring++;
    }
    free(order);
    free(seen);
}

void sim_mesh_build(const struct sim_mesh *mesh, struct sim *sim)
{
    for (size_t i = 0; i < mesh->link_count; i++)
        carry_out(sim, &mesh->links[i]);
    for (size_t i = 0; i < mesh->deed_count; i++)
        sim_at(sim, SIM_START + mesh->deeds[i].when, carry_out, &mesh->deeds[i]);
    if (!mesh->placed)
        lay_out(sim);
    for (unsigned i = 0; mesh->placed && i < mesh->node_count; i++)
        sim_set_place(sim, i, mesh->places[i]);
}
