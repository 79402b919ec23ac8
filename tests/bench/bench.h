/* SPDX-License-Identifier: ISC */
/*
 * Benchmarks: figures beside what the machine itself can do, in the same run. One JSON object
 * per bench: {schema, bench, machine, figures[] {name, at, value, unit, limit, ratio, goal, met}}.
 * `limit` is the machine's own figure for the least work that could do the job, `ratio` is value
 * over limit, `goal` what we want to stay under, or above where more is better (0 = none), and
 * `met` whether we did.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_figure {
    const char *name, *unit;
    uint64_t at; /* size, 0 = none */
    double value, limit, goal;
    bool more; /* is better */
};

void bench_begin(const char *name, bool json);
void bench_figure(const struct bench_figure *figure);
void bench_end(void);

/* Seconds on the monotonic clock, and of CPU time of this process. */
double bench_now(void);
double bench_cpu(void);

/* Runs |work| (which does |count| units) a few times and returns the median of ns per unit. */
double bench_ns(void (*work)(void *ctx, uint64_t count), void *ctx, uint64_t count);

/* ns per octet copied, and per random access in a table of |size| octets: the machine's own. */
double bench_copy_ns(size_t size);
double bench_access_ns(size_t size);

/* Seconds that a bare libmnl loop takes for so many routes over the interface (routes_bench.c). */
double bench_bare_routes(uint32_t ifindex, uint32_t count);

int bench_wire(bool json);
int bench_dao(bool json);
int bench_srh(bool json);
int bench_memory(bool json);
int bench_sim(bool json);
int bench_study(bool json);
int bench_routes(bool json);
int bench_restart(bool json);
int bench_forward(bool json);

#endif /* TESTS_BENCH_BENCH_H */
