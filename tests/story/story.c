/* SPDX-License-Identifier: ISC */
#include "story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS 8

const struct rpl_addr story_prefix = {{0xfd, 0, 0, 0, 0, 0x51, 0, 0}};

static uint64_t seed_now;

static void note(void *ctx, rpl_tstamp now, const char *line)
{
    struct story *story = ctx;

    assert_true(story->count < STORY_LINES_MAX);
    story->when[story->count] = now;
    story->line[story->count] = strdup(line);
    assert_non_null(story->line[story->count]);
    story->count++;
}

void story_begin(struct story *story, uint64_t seed)
{
    memset(story, 0, sizeof(*story));
    seed_now = seed;
    story->sim = sim_new(seed);
    sim_set_log(story->sim, STORY_USUAL, note, story);
}

void story_end(struct story *story)
{
    story_forget(story);
    sim_free(story->sim);
}

void story_forget(struct story *story)
{
    while (story->count > 0)
        free(story->line[--story->count]);
}

void story_listen(struct story *story, unsigned wanted)
{
    story_forget(story);
    sim_set_log(story->sim, wanted, note, story);
}

void story_run(struct story *story, unsigned seconds)
{
    sim_run_for(story->sim, RPL_S(seconds));
}

void story_config(struct rpl_config *config, enum rpl_role role, enum rpl_mop mop)
{
    struct rpl_instance_config *instance = &config->instance[0];

    rpl_config_default(config);
    config->instance_count = 1;
    rpl_instance_config_default(instance);
    instance->id = STORY_INSTANCE;
    instance->role = role;
    instance->mop = mop;
    instance->prefix = story_prefix;
}

unsigned story_add(struct story *story, const char *name, const struct rpl_config *config)
{
    unsigned node = sim_add(story->sim, name, config);

    sim_start(story->sim, node, SIM_FRESH);
    return node;
}

unsigned story_node(struct story *story, const char *name, enum rpl_role role, enum rpl_mop mop)
{
    struct rpl_config config;

    story_config(&config, role, mop);
    return story_add(story, name, &config);
}

/* ---- lines ---------------------------------------------------------------------------- */

static bool line_matches(const char *pattern, const char *line)
{
    size_t len = strlen(pattern);

    if (len > 0 && pattern[len - 1] == '*')
        return strncmp(pattern, line, len - 1) == 0;
    return strcmp(pattern, line) == 0;
}

/* Does the rest of the lines fit the rest of the patterns? */
static bool fits(const struct story *story, unsigned i, const char *const *patterns)
{
    while (*patterns) {
        if (strcmp(*patterns, "...") == 0) {
            if (!patterns[1])
                return true;
            while (i < story->count && !line_matches(patterns[1], story->line[i]))
                i++;
            patterns++;
            continue;
        }
        if (i == story->count || !line_matches(*patterns, story->line[i]))
            return false;
        i++;
        patterns++;
    }
    return i == story->count;
}

void story_expect_lines(struct story *story, const char *const *lines, const char *file, int at)
{
    if (!fits(story, 0, lines)) {
        fprintf(stderr, "%s:%d: with seed %llu these lines\n", file, at,
                (unsigned long long)seed_now);
        for (unsigned i = 0; i < story->count; i++)
            fprintf(stderr, "  %10.3f \"%s\",\n", (double)story->when[i] / 1e6, story->line[i]);
        fprintf(stderr, "are not these:\n");
        for (; *lines; lines++)
            fprintf(stderr, "             \"%s\",\n", *lines);
        fail();
    }
    story_forget(story);
}

unsigned story_count_with(const struct story *story, const char *start, const char *part)
{
    unsigned count = 0;

    for (unsigned i = 0; i < story->count; i++)
        count += strncmp(story->line[i], start, strlen(start)) == 0 &&
                 strstr(story->line[i], part) != NULL;
    return count;
}

unsigned story_count(const struct story *story, const char *start)
{
    return story_count_with(story, start, "");
}

/* ---- state ----------------------------------------------------------------------------- */

void story_expect_parent(struct story *story, unsigned node, unsigned parent)
{
    struct rpl_addr expected = sim_link_local(parent);
    struct rpl_view_instance view;

    assert_true(sim_instance(story->sim, node, STORY_INSTANCE, &view));
    assert_true(view.joined && view.has_parent);
    assert_memory_equal(&view.parent, &expected, sizeof(expected));
}

void story_expect_detached(struct story *story, unsigned node)
{
    struct rpl_view_instance view;

    assert_true(sim_instance(story->sim, node, STORY_INSTANCE, &view));
    assert_false(view.joined);
}

static bool reachable(struct story *story, unsigned root, unsigned node)
{
    struct rpl_addr addr = sim_global(node, &story_prefix);
    struct rpl_view_node view;

    return rpl_view_node(sim_engine(story->sim, root), &addr, sim_now(story->sim), &view) &&
           view.reachable;
}

void story_expect_reachable(struct story *story, unsigned root, unsigned node)
{
    assert_true(reachable(story, root, node));
}

void story_expect_unreachable(struct story *story, unsigned root, unsigned node)
{
    assert_false(reachable(story, root, node));
}

static void on_fate(void *ctx, uint64_t id, enum sim_fate fate, unsigned hops)
{
    enum sim_fate *ret = ctx;

    (void)id;
    (void)hops;
    *ret = fate;
}

void story_expect_delivery(struct story *story, unsigned from, unsigned to)
{
    enum sim_fate fate = SIM_FATE_COUNT;
    char text[160];

    sim_set_fate(story->sim, on_fate, &fate);
    sim_send(story->sim, from, to, &story_prefix, 1);
    story_run(story, 1);
    assert_string_equal(sim_fate_name(fate), sim_fate_name(SIM_DELIVERED));
    sim_set_fate(story->sim, NULL, NULL);
    if (!sim_check(story->sim, RPL_S(300), text, sizeof(text)))
        fail_msg("%s", text);
}

void story_link_sample(struct story *story, unsigned node, unsigned neighbour, uint16_t etx)
{
    struct rpl_event event = {.type = RPL_EVENT_NEIGHBOUR};

    event.u.neighbour.ifindex = SIM_IFINDEX;
    event.u.neighbour.address = sim_link_local(neighbour);
    event.u.neighbour.etx = etx;
    sim_input(story->sim, node, &event);
}

void story_inject(struct story *story, unsigned node, const struct rpl_addr *src,
                  const struct rpl_addr *dst, const struct rpl_wire_message *message)
{
    uint8_t data[RPL_MESSAGE_MAX];
    struct rpl_event event = {.type = RPL_EVENT_PACKET};
    int len = rpl_wire_write(message, src, dst, data, sizeof(data));

    assert_true(len > 0);
    event.u.packet.ifindex = SIM_IFINDEX;
    event.u.packet.src = *src;
    event.u.packet.dst = *dst;
    event.u.packet.hop_limit = 255;
    event.u.packet.data = data;
    event.u.packet.len = (size_t)len;
    sim_input(story->sim, node, &event);
}

void story_line_of_three(struct story *story, enum rpl_mop mop)
{
    unsigned a = story_node(story, "a", RPL_ROLE_ROOT, mop);
    unsigned b = story_node(story, "b", RPL_ROLE_ROUTER, mop);
    unsigned c = story_node(story, "c", RPL_ROLE_ROUTER, mop);

    sim_link(story->sim, a, b, 0);
    sim_link(story->sim, b, c, 0);
    story_run(story, 60);
    story_expect_parent(story, c, b);
    story_forget(story);
}

void story_play(void (*body)(struct story *story))
{
    struct story story;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        story_begin(&story, seed);
        body(&story);
        story_end(&story);
    }
}
