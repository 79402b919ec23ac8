/* SPDX-License-Identifier: ISC */
/* The engine's tables against plain arrays: many comings and goings, hashes that meet, no memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpl/engine.h"

#define IDS 3000u
#define OBJECT 24u

struct memory {
    long live, left; /* |left| allocations succeed, -1 = all */
};

static void *get(void *ctx, size_t size)
{
    struct memory *m = ctx;

    if (m->left == 0)
        return NULL;
    if (m->left > 0)
        m->left--;
    m->live++;
    return calloc(1, size);
}

static void put(void *ctx, void *p)
{
    struct memory *m = ctx;

    m->live--;
    free(p);
}

static struct rpl_engine *engine(struct memory *m)
{
    struct rpl_engine *e = calloc(1, sizeof(*e));

    assert_non_null(e);
    *m = (struct memory){.left = -1};
    e->mem = (struct rpl_mem){.alloc = get, .free = put, .ctx = m};
    return e;
}

static uint32_t roll(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

static bool holds(const struct rpl_index *ix, uint32_t hash, uint32_t id)
{
    uint32_t at = 0, found, times = 0;

    while ((found = rpl_index_next(ix, hash, &at)) != RPL_NO_ID)
        times += found == id;
    assert_true(times <= 1);
    return times == 1;
}

/* Hashes of |kinds| kinds, at both ends of the numbers so that rows go round the end. */
static void churn(uint32_t kinds)
{
    static uint32_t hash[IDS];
    static bool there[IDS];
    struct rpl_index ix = {0};
    struct memory m;
    struct rpl_engine *e = engine(&m);
    uint64_t seed = kinds;
    uint32_t count = 0;

    memset(there, 0, sizeof(there));
    for (uint32_t i = 0; i < IDS; i++)
        hash[i] = roll(&seed) % kinds * (UINT32_MAX / kinds) - roll(&seed) % 2;
    for (uint32_t n = 0; n < 8 * IDS; n++) {
        uint32_t id = roll(&seed) % IDS;

        assert_int_equal(holds(&ix, hash[id], id), there[id]);
        if (there[id])
            rpl_index_remove(&ix, hash[id], id);
        else
            assert_true(rpl_index_add(e, &ix, hash[id], id));
        there[id] = !there[id];
        count = there[id] ? count + 1 : count - 1;
        assert_int_equal(ix.count, count);
    }
    for (uint32_t i = 0; i < IDS; i++)
        assert_int_equal(holds(&ix, hash[i], i), there[i]);
    rpl_index_free(e, &ix);
    assert_int_equal(m.live, 0);
    free(e);
}

static void test_index(void **state)
{
    (void)state;
    churn(1000000);
    churn(50);
    churn(2);
}

static void test_index_without_memory(void **state)
{
    struct rpl_index ix = {0};
    struct memory m;
    struct rpl_engine *e = engine(&m);
    uint32_t id = 0;

    (void)state;
    m.left = 0;
    assert_false(rpl_index_add(e, &ix, 1, 0));
    m.left = 1;
    while (rpl_index_add(e, &ix, id * 0x9e3779b9u, id))
        id++;
    assert_int_equal(ix.count, id);
    for (uint32_t i = 0; i < id; i++)
        assert_true(holds(&ix, i * 0x9e3779b9u, i));
    rpl_index_free(e, &ix);
    assert_int_equal(m.live, 0);
    free(e);
}

static void test_slab(void **state)
{
    static unsigned char *object[IDS];
    struct rpl_slab slab = {.size = OBJECT};
    struct memory m;
    struct rpl_engine *e = engine(&m);
    uint64_t seed = 3;
    uint32_t id;

    (void)state;
    for (uint32_t n = 0; n < 20 * IDS; n++) {
        uint32_t at = roll(&seed) % IDS;

        if (object[at]) {
            assert_ptr_equal(rpl_slab_find(&slab, at), object[at]);
            assert_int_equal(object[at][0], (unsigned char)at);
            rpl_slab_delete(e, &slab, at);
            object[at] = NULL;
            assert_null(rpl_slab_find(&slab, at));
            continue;
        }
        unsigned char *p = rpl_slab_new(e, &slab, &id);
        assert_non_null(p);
        for (uint32_t i = 0; i < id; i++)
            assert_non_null(object[i]); /* the lowest free one */
        assert_null(object[id]);
        for (size_t i = 0; i < OBJECT; i++)
            assert_int_equal(p[i], 0);
        memset(p, (unsigned char)id, OBJECT);
        object[id] = p;
    }
    assert_null(rpl_slab_find(&slab, UINT32_MAX));
    m.left = 0;
    while (rpl_slab_new(e, &slab, &id))
        object[id] = rpl_slab_at(&slab, id);
    for (uint32_t i = 0; i < IDS; i++)
        if (object[i])
            rpl_slab_delete(e, &slab, i);
    assert_int_equal(m.live, 1); /* the list of chunks; they went with their last object */
    rpl_slab_free(e, &slab);
    assert_int_equal(m.live, 0);
    memset(object, 0, sizeof(object));
    free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_index_without_memory),
        cmocka_unit_test(test_slab),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
