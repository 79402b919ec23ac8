/* SPDX-License-Identifier: ISC */
/*
 * What the conformance programs share. Each holds the rows of one section of rows.tsv, one test
 * per row: test_DIO_07 is registered by ROW(DIO, 07, "...") under the name "DIO-07: ...", which is
 * what report reads. There is one bench, |rig|, and a few neighbours that answer by themselves.
 *
 * Neighbours are numbers: rig_ll(n) and rig_global(n) are the addresses of n, and 1 is ourselves.
 */
#ifndef TESTS_CONFORMANCE_ROW_H
#define TESTS_CONFORMANCE_ROW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "rpl/rpl_data.h"
#include "tests/lib/rig.h"
#include "tests/vectors/vectors.h"

#define ROW(section, number, text)                                                                 \
    {                                                                                              \
#section "-" #number ": " text, test_##section##_##number, NULL, row_stop, NULL            \
    }
#define ROWS_RUN(rows) cmocka_run_group_tests(rows, NULL, NULL)

/* Neighbours of most tests. */
#define ROOT 0x10
#define OTHER 0x20
#define THIRD 0x30
#define CHILD 0x40

extern struct rig rig;

/* Frees the bench; fails the test when the engine left memory behind. */
int row_stop(void **state);

/* ---- setting up ------------------------------------------------------------------------- */

/* Defaults for a new engine; change rig.config before row_start(). */
void row_begin(enum rpl_role role, enum rpl_mop mop);
void row_start(void);

/* The same as node |last| (0x01 the root, 0x0a A ..) of the recorded vectors: their addresses,
 * prefix and instance 30. */
void row_begin_recorded(enum rpl_role role, enum rpl_mop mop, uint8_t last);

/* A root that runs; a router that has joined ROOT, which is alive. */
void row_root(enum rpl_mop mop);
void row_joined(enum rpl_role role, enum rpl_mop mop);

/* From now on |n| answers probes with |dio| and acknowledges the DAOs it or the root of |dio| gets;
 * again to change the DIO, NULL to fall silent. */
void row_alive(unsigned n, const struct rpl_wire_message *dio);

/* Time goes on, and those alive answer at once. */
void row_run(rpl_duration duration);

/* |n| is alive with |dio|, multicasts it, and a second passes: enough to be proven. */
void row_hear(unsigned n, const struct rpl_wire_message *dio);
/* |n| multicasts |dio|, nothing else. */
void row_shout(unsigned n, const struct rpl_wire_message *dio);

/* ---- messages ---------------------------------------------------------------------------- */

/* The DIO of the root ROOT with this Rank. */
struct rpl_wire_message row_dio(enum rpl_mop mop, uint16_t rank);

/* A storing DAO for rig_global(target) from the child |from|. */
int row_storing(unsigned from, unsigned target, uint8_t sequence, uint8_t path_sequence,
                uint8_t lifetime);
/* A non-storing DAO of |from| for itself that names |parent| (1 = us), through the data plane. */
int row_source(unsigned from, unsigned parent, uint8_t sequence, uint8_t path_sequence,
               uint8_t lifetime);
int row_dis(unsigned from, bool multicast, const struct rpl_wire_solicited *solicited);

/* Octets of a message from |from| to us, with a right checksum. */
int row_octets(unsigned from, uint8_t *data, size_t len);

/* The recorded vector |id|, and handing its message to the engine. */
void row_vector(const char *id, struct vector *ret_vector);
int row_give(const char *id);
/* A number of the arithmetic tables: tables.NAME[index].FIELD. */
size_t row_table_size(const char *name);
double row_table(const char *name, size_t index, const char *field);
const char *row_table_text(const char *name, size_t index, const char *field);

/* ---- looking ------------------------------------------------------------------------------ */

struct rpl_view_instance row_instance(void);
bool row_node(unsigned n, struct rpl_view_node *ret_node);
/* Node |n| is reachable through |via| (storing: the child; non-storing: the first hop). */
bool row_reaches(unsigned n, unsigned via);
bool row_neighbour(unsigned n, struct rpl_view_neighbour *ret_neighbour);
/* Our preferred parent is |n|; 0: there is none. */
bool row_parent_is(unsigned n);
/* How many of |code| were sent to |n| (0: multicast) since |mark|. */
size_t row_sent_to(uint8_t code, unsigned n, size_t mark);

#endif /* TESTS_CONFORMANCE_ROW_H */
