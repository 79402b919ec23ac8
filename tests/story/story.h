/* SPDX-License-Identifier: ISC */
/*
 * Stories: a few engines, a timeline, and what each of them must say, line for line. A story is
 * played with several seeds, since no rule of the RFC hangs on the dice.
 *
 * Lines come from sim/ (see sim_log_fn) without their times; "..." in an expectation stands for
 * any number of lines, "*" at the end of an expected line for any rest of it.
 */
#ifndef TESTS_STORY_STORY_H
#define TESTS_STORY_STORY_H

#include "rpl/rpl_wire.h"
#include "sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define STORY_INSTANCE 30
#define STORY_LINES_MAX 4000

/* Decisions and the DAO exchange, in the order in which they happen. */
#define STORY_USUAL (SIM_LOG_TRACE | SIM_LOG_DAO | SIM_LOG_DAO_ACK | SIM_LOG_DCO)

struct story {
    struct sim *sim;
    unsigned count;
    char *line[STORY_LINES_MAX];
    rpl_tstamp when[STORY_LINES_MAX];
};

extern const struct rpl_addr story_prefix;

void story_begin(struct story *story, uint64_t seed);
void story_end(struct story *story);

/* A node's settings, to be changed before story_add(). */
void story_config(struct rpl_config *config, enum rpl_role role, enum rpl_mop mop);
/* Add and start one with these settings, or with the usual ones. */
unsigned story_add(struct story *story, const char *name, const struct rpl_config *config);
unsigned story_node(struct story *story, const char *name, enum rpl_role role, enum rpl_mop mop);

/* Note lines from here on; earlier ones are forgotten. */
void story_listen(struct story *story, unsigned wanted);
void story_forget(struct story *story);
void story_run(struct story *story, unsigned seconds);

/* Nodes 0 to 2, a root and two routers in a line, which have joined; nothing is noted yet. */
void story_line_of_three(struct story *story, enum rpl_mop mop);

/* The lines noted since must be these; they are forgotten then. */
#define story_expect(story, ...)                                                                   \
    story_expect_lines(story, (const char *const[]){__VA_ARGS__, NULL}, __FILE__, __LINE__)
void story_expect_lines(struct story *story, const char *const *lines, const char *file, int at);

/* Lines noted that begin with |start|. */
unsigned story_count(const struct story *story, const char *start);
/* ... and have |part| in them. */
unsigned story_count_with(const struct story *story, const char *start, const char *part);

/* Assertions on the state, by node number. */
void story_expect_parent(struct story *story, unsigned node, unsigned parent);
void story_expect_detached(struct story *story, unsigned node);
void story_expect_reachable(struct story *story, unsigned root, unsigned node);
void story_expect_unreachable(struct story *story, unsigned root, unsigned node);
/* A user packet from one to the other arrives, and sim_check() has nothing to say. */
void story_expect_delivery(struct story *story, unsigned from, unsigned to);

/* Tell |node| what a packet to |neighbour| costs, ETX x128. */
void story_link_sample(struct story *story, unsigned node, unsigned neighbour, uint16_t etx);

/* A message from outside of the world arrives at |node| on its interface. */
void story_inject(struct story *story, unsigned node, const struct rpl_addr *src,
                  const struct rpl_addr *dst, const struct rpl_wire_message *message);

/* Run |body| for seeds 1 to 8. */
void story_play(void (*body)(struct story *story));

/* A cmocka test from a body, and its row in the table of tests. */
#define STORY(name)                                                                                \
    static void name##_body(struct story *story);                                                  \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        story_play(name##_body);                                                                   \
    }                                                                                              \
    static void name##_body(struct story *story)

#endif /* TESTS_STORY_STORY_H */
