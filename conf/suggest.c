/* SPDX-License-Identifier: ISC */
/* Unknown settings: the nearest known name, or the group where the name belongs. */
#include <string.h>

#include "conf/internal.h"

#define NAME_MAX_LEN 40
#define LISTED_MAX 16 /* more names than that are no help in one line */

/* Levenshtein distance; names longer than NAME_MAX_LEN are far from everything. */
static unsigned distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    unsigned row[NAME_MAX_LEN + 1];

    if (la > NAME_MAX_LEN || lb > NAME_MAX_LEN)
        return NAME_MAX_LEN;
    for (unsigned j = 0; j <= lb; j++)
        row[j] = j;
    for (unsigned i = 1; i <= la; i++) {
        unsigned corner = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= lb; j++) {
            unsigned best = corner + (a[i - 1] != b[j - 1]);

            corner = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[lb];
}

/* "instances[].dodag" */
static void group_path(enum conf_group group, char *out, size_t size)
{
    if (group == CONF_GROUP_RADIO)
        (void)snprintf(out, size, "radio[]");
    else if (group == CONF_GROUP_INSTANCE)
        (void)snprintf(out, size, "instances[]");
    else if (group > CONF_GROUP_INSTANCE)
        (void)snprintf(out, size, "instances[].%s", conf_groups[group].name);
    else
        (void)snprintf(out, size, "%s", conf_groups[group].name);
}

struct known {
    const char *name;
    enum conf_group group; /* where it stands */
};

/* The n-th name that may be written anywhere: settings, then groups. */
static bool known_name(size_t n, struct known *out)
{
    if (n < conf_table_count) {
        out->name = conf_table[n].name;
        out->group = conf_table[n].group;
        return true;
    }
    n = n - conf_table_count + CONF_GROUP_TOP + 1;
    if (n >= CONF_GROUP_COUNT)
        return false;
    out->name = conf_groups[n].name;
    out->group = conf_groups[n].parent;
    return true;
}

/* The names that a small group allows; of a large one where to read them. */
static void list_names(enum conf_group group, char *out, size_t size)
{
    struct known known;
    size_t used = 0, count = 0;
    char where[64];

    (void)snprintf(out, size, "unknown setting; allowed here:");
    for (size_t n = 0; known_name(n, &known); n++) {
        used = strlen(out);
        count += known.group == group;
        if (known.group == group)
            (void)snprintf(out + used, size - used, " %s", known.name);
    }
    if (count <= LISTED_MAX)
        return;
    group_path(group, where, sizeof(where));
    (void)snprintf(out, size,
                   "unknown setting; those of %s are in rpld.conf(5), and rpld -T prints them",
                   where);
}

void conf_suggest(enum conf_group group, const char *name, char *out, size_t size)
{
    struct known known, best = {NULL, group};
    unsigned least = 2 + (unsigned)strlen(name) / 4;
    char where[64];

    for (size_t n = 0; known_name(n, &known); n++) {
        unsigned d = distance(name, known.name);

        /* A near miss here beats one elsewhere; elsewhere only the exact name counts. */
        if (known.group == group ? d < least : d == 0 && best.name == NULL) {
            best = known;
            least = known.group == group ? d : least;
        }
    }
    if (best.name == NULL) {
        list_names(group, out, size);
    } else if (best.group == group) {
        (void)snprintf(out, size, "unknown setting; did you mean \"%s\"?", best.name);
    } else {
        group_path(best.group, where, sizeof(where));
        (void)snprintf(out, size, "unknown here; it belongs %s%s",
                       best.group == CONF_GROUP_TOP ? "at the top of the file" : "into ", where);
    }
}
