/* SPDX-License-Identifier: ISC */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 7

static bool as_json, first;

double bench_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

double bench_cpu(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

double bench_ns(void (*work)(void *ctx, uint64_t count), void *ctx, uint64_t count)
{
    double round[ROUNDS];

    work(ctx, count / 10 + 1); /* warm up */
    for (int i = 0; i < ROUNDS; i++) {
        double began = bench_cpu();
        work(ctx, count);
        round[i] = (bench_cpu() - began) * 1e9 / (double)count;
    }
    qsort(round, ROUNDS, sizeof(round[0]), compare);
    return round[ROUNDS / 2];
}

struct copy {
    uint8_t *from, *to;
    size_t size;
};

static void copy(void *ctx, uint64_t count)
{
    struct copy *c = ctx;

    for (uint64_t i = 0; i < count; i++) {
        memcpy(c->to, c->from, c->size);
        __asm__ volatile("" : : "r"(c->to) : "memory");
    }
}

double bench_copy_ns(size_t size)
{
    struct copy c = {calloc(1, size), calloc(1, size), size};
    double ns = c.from && c.to ? bench_ns(copy, &c, 100000) : 0;

    free(c.from);
    free(c.to);
    return ns;
}

struct chase {
    uint32_t *next;
    uint32_t at;
};

static void chase(void *ctx, uint64_t count)
{
    struct chase *c = ctx;

    for (uint64_t i = 0; i < count; i++)
        c->at = c->next[c->at];
    __asm__ volatile("" : : "r"(c->at) : "memory");
}

/* A ring through all cells in random order (Sattolo): each access depends on the last. */
double bench_access_ns(size_t size)
{
    size_t cells = size / sizeof(uint32_t);
    struct chase c = {malloc(cells * sizeof(uint32_t)), 0};
    uint64_t random = 1;
    double ns;

    if (!c.next || cells < 2) {
        free(c.next);
        return 0;
    }
    for (size_t i = 0; i < cells; i++)
        c.next[i] = (uint32_t)i;
    for (size_t i = cells - 1; i > 0; i--) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        size_t k = (size_t)(random >> 33) % i;
        uint32_t swap = c.next[i];
        c.next[i] = c.next[k];
        c.next[k] = swap;
    }
    ns = bench_ns(chase, &c, 1000000);
    free(c.next);
    return ns;
}

static void machine(char *buf, size_t size)
{
    char line[256], model[128] = "unknown processor";
    FILE *f = fopen("/proc/cpuinfo", "r");
    struct utsname u;

    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "model name : %127[^\n]", model) == 1)
            break;
    if (f)
        fclose(f);
    uname(&u);
    snprintf(buf, size, "%s, %ld processors, Linux %s %s", model, sysconf(_SC_NPROCESSORS_ONLN),
             u.release, u.machine);
    for (char *p = buf; *p; p++)
        if (*p == '"' || *p == '\\')
            *p = ' ';
}

void bench_begin(const char *name, bool json)
{
    char buf[512];

    machine(buf, sizeof(buf));
    as_json = json;
    first = true;
    if (json)
        printf("{\"schema\":1,\"bench\":\"%s\",\"machine\":\"%s\",\"figures\":[", name, buf);
    else
        printf("%s on %s\n%-36s %10s %12s %-8s %12s %8s %10s %s\n", name, buf, "FIGURE", "AT",
               "VALUE", "UNIT", "MACHINE", "RATIO", "GOAL", "MET");
}

void bench_figure(const struct bench_figure *f)
{
    double ratio = f->limit > 0 ? f->value / f->limit : 0;
    bool met = f->goal <= 0 || (f->more ? f->value >= f->goal : f->value <= f->goal);

    if (as_json)
        printf("%s{\"name\":\"%s\",\"at\":%llu,\"value\":%.3f,\"unit\":\"%s\",\"limit\":%.3f,"
               "\"ratio\":%.3f,\"goal\":%.3f,\"met\":%s}",
               first ? "" : ",", f->name, (unsigned long long)f->at, f->value, f->unit, f->limit,
               ratio, f->goal, met ? "true" : "false");
    else
        printf("%-36s %10llu %12.2f %-8s %12.2f %8.2f %10.2f %s\n", f->name,
               (unsigned long long)f->at, f->value, f->unit, f->limit, ratio, f->goal,
               f->goal <= 0 ? "-"
               : met        ? "yes"
                            : "no");
    first = false;
}

void bench_end(void)
{
    if (as_json)
        puts("]}");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(bool json);
    } benches[] = {
        {"wire", bench_wire},     {"dao", bench_dao},         {"srh", bench_srh},
        {"memory", bench_memory}, {"sim", bench_sim},         {"study", bench_study},
        {"routes", bench_routes}, {"restart", bench_restart}, {"forward", bench_forward},
    };
    bool json = argc == 3 && strcmp(argv[2], "--json") == 0;

    for (size_t i = 0; (argc == 2 || json) && i < sizeof(benches) / sizeof(benches[0]); i++)
        if (strcmp(argv[1], benches[i].name) == 0)
            return benches[i].run(json);
    fprintf(stderr, "usage: rpld_bench NAME [--json]\n");
    return 2;
}
