/* SPDX-License-Identifier: ISC */
/* Objective functions: RFC 6552, RFC 6719, and the rank rules of RFC 6550 section 8.2. */
#include "of/of.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define CANDS_MAX 300
#define NO_BOUND (OF_INFINITE_RANK - 1)

static struct of_params params;
static struct of_candidate cands[CANDS_MAX];
static enum of_verdict verdicts[CANDS_MAX];
static struct of_result result;

static int setup(void **state)
{
    (void)state;
    of_params_default(&params);
    memset(cands, 0, sizeof(cands));
    for (size_t i = 0; i < CANDS_MAX; i++)
        cands[i].grounded = true;
    return 0;
}

static void set(size_t i, uint16_t rank, uint16_t etx)
{
    cands[i].rank = rank;
    cands[i].etx = etx;
}

/* Select as a node without a Rank yet, without a bound. */
static void choose(uint16_t ocp, size_t n)
{
    of_select(ocp, &params, cands, n, OF_INFINITE_RANK, NO_BOUND, verdicts, &result);
}

static void defaults_are_those_of_the_rfcs(void **state)
{
    (void)state;
    assert_int_equal(params.min_hop_rank_increase, 256);
    assert_int_equal(params.max_link_metric, 512);
    assert_int_equal(params.max_path_cost, 32768);
    assert_int_equal(params.parent_switch_threshold, 192);
    assert_int_equal(params.parent_set_size, 3);
    assert_int_equal(params.rank_factor, 1);
    assert_int_equal(params.stretch_of_rank, 0);
}

static void names(void **state)
{
    (void)state;
    assert_true(of_supported(0));
    assert_true(of_supported(1));
    assert_false(of_supported(2));
    assert_false(of_supported(0xffff));
    assert_string_equal(of_name(0), "of0");
    assert_string_equal(of_name(1), "mrhof");
    assert_string_equal(of_name(99), "unknown");
    assert_string_equal(of_verdict_name(OF_COSTS_MORE), "costs-more");
    assert_string_equal(of_verdict_name(OF_VERDICT_COUNT), "unknown");
    for (unsigned a = 0; a < OF_VERDICT_COUNT; a++) {
        assert_non_null(of_verdict_name((enum of_verdict)a));
        for (unsigned b = 0; b < a; b++)
            assert_string_not_equal(of_verdict_name((enum of_verdict)a),
                                    of_verdict_name((enum of_verdict)b));
    }
}

static void dag_rank_table(void **state)
{
    static const struct {
        uint16_t rank, min_hop, dag_rank;
    } rows[] = {
        {27, 16, 1},          {256, 256, 1},      {511, 256, 1},     {512, 256, 2},
        {768, 128, 6},        {854, 256, 3},      {65534, 256, 255}, {0, 256, 0},
        {65535, 256, 0xffff}, {65535, 1, 0xffff}, {65534, 1, 65534},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        params.min_hop_rank_increase = rows[i].min_hop;
        assert_int_equal(of_dag_rank(&params, rows[i].rank), rows[i].dag_rank);
    }
}

/* A link metric that gives exactly |step|: ETX = (step + 2) / 3. */
static uint16_t etx_of_step(unsigned step)
{
    return (uint16_t)((step + 2) * OF_ETX_ONE / 3);
}

static void of0_rank_table(void **state)
{
    static const struct {
        uint16_t parent;
        uint8_t factor, step, stretch;
        uint16_t min_hop, rank;
    } rows[] = {
        {256, 1, 3, 0, 256, 1024},  {256, 1, 1, 0, 256, 512},     {256, 4, 9, 0, 256, 9472},
        {1024, 1, 3, 5, 256, 3072}, {65000, 1, 3, 0, 256, 65535}, {128, 2, 4, 1, 128, 1280},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum of_verdict verdict;

        params.min_hop_rank_increase = rows[i].min_hop;
        params.rank_factor = rows[i].factor;
        params.stretch_of_rank = rows[i].stretch;
        set(0, rows[i].parent, etx_of_step(rows[i].step));
        assert_int_equal(of_path_rank(OF_OCP_OF0, &params, &cands[0], &verdict), rows[i].rank);
        assert_int_equal(verdict, rows[i].rank == 65535 ? OF_PATH_TOO_LONG : OF_PREFERRED);
    }
}

static void of0_step_follows_the_link(void **state)
{
    static const struct {
        uint16_t etx;
        unsigned step; /* 0 = not usable */
    } rows[] = {
        {1, 1},   {127, 1}, {128, 1}, {149, 1}, {150, 2},   {213, 3},
        {256, 4}, {469, 9}, {470, 0}, {512, 0}, {65535, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum of_verdict verdict;

        set(0, 256, rows[i].etx);
        uint16_t rank = of_path_rank(OF_OCP_OF0, &params, &cands[0], &verdict);
        if (rows[i].step == 0) {
            assert_int_equal(rank, OF_INFINITE_RANK);
            assert_int_equal(verdict, OF_LINK_TOO_BAD);
        } else {
            assert_int_equal(rank, 256 + rows[i].step * 256);
        }
    }
}

static void mrhof_rank_table(void **state)
{
    static const struct {
        uint16_t min_hop, max_increase;
        size_t n;
        uint16_t rank[3], etx[3], path_rank[3], own;
    } rows[] = {
        {256, 1792, 1, {256}, {128}, {512}, 512},
        {256, 1792, 1, {256}, {457}, {713}, 713},
        {128, 896, 2, {300, 512}, {200, 160}, {500, 672}, 640},
        {256, 256, 3, {512, 700, 900}, {300, 512, 400}, {812, 1212, 1300}, 1044},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        params.min_hop_rank_increase = rows[i].min_hop;
        params.max_rank_increase = rows[i].max_increase;
        for (size_t p = 0; p < rows[i].n; p++) {
            set(p, rows[i].rank[p], rows[i].etx[p]);
            assert_int_equal(of_path_rank(OF_OCP_MRHOF, &params, &cands[p], NULL),
                             rows[i].path_rank[p]);
        }
        choose(OF_OCP_MRHOF, rows[i].n);
        assert_int_equal(result.preferred, 0);
        assert_int_equal(result.rank, rows[i].own);
        for (size_t p = 1; p < rows[i].n; p++)
            assert_int_equal(verdicts[p], OF_PARENT);
    }
}

static void every_refusal_has_its_verdict(void **state)
{
    static const uint16_t ocps[] = {OF_OCP_OF0, OF_OCP_MRHOF};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        set(0, OF_INFINITE_RANK, 128);
        set(1, 255, 128);
        set(2, 0, 128);
        set(3, 256, OF_ETX_UNKNOWN);
        set(4, 256, 513);
        set(5, 65400, 128);
        set(6, 768, 128);
        of_select(ocps[i], &params, cands, 7, 768, NO_BOUND, verdicts, &result);
        assert_int_equal(verdicts[0], OF_RANK_INFINITE);
        assert_int_equal(verdicts[1], OF_RANK_INVALID);
        assert_int_equal(verdicts[2], OF_RANK_INVALID);
        assert_int_equal(verdicts[3], OF_NOT_PROVEN);
        assert_int_equal(verdicts[4], OF_LINK_TOO_BAD);
        assert_int_equal(verdicts[5], OF_PATH_TOO_LONG);
        assert_int_equal(verdicts[6], OF_NOT_CLOSER);
        assert_int_equal(result.preferred, -1);
        assert_int_equal(result.rank, OF_INFINITE_RANK);
    }
}

static void mrhof_limits_are_inclusive(void **state)
{
    (void)state;
    set(0, 256, 512);
    assert_int_equal(of_path_rank(OF_OCP_MRHOF, &params, &cands[0], NULL), 768);
    set(0, 256, 513);
    assert_int_equal(of_path_rank(OF_OCP_MRHOF, &params, &cands[0], NULL), OF_INFINITE_RANK);
    set(0, 32640, 128);
    assert_int_equal(of_path_rank(OF_OCP_MRHOF, &params, &cands[0], NULL), 32896);
    set(0, 32641, 128);
    assert_int_equal(of_path_rank(OF_OCP_MRHOF, &params, &cands[0], NULL), OF_INFINITE_RANK);
}

static void nobody_to_choose_from(void **state)
{
    (void)state;
    choose(OF_OCP_MRHOF, 0);
    assert_int_equal(result.preferred, -1);
    assert_int_equal(result.rank, OF_INFINITE_RANK);
}

static void mrhof_hysteresis(void **state)
{
    (void)state;
    params.parent_set_size = 1;
    set(0, 512, 128 + 191);
    cands[0].current = true;
    set(1, 512, 128);
    of_select(OF_OCP_MRHOF, &params, cands, 2, 1024, NO_BOUND, verdicts, &result);
    assert_int_equal(result.preferred, 0);
    assert_int_equal(verdicts[1], OF_HYSTERESIS);

    set(0, 512, 128 + 192);
    of_select(OF_OCP_MRHOF, &params, cands, 2, 1024, NO_BOUND, verdicts, &result);
    assert_int_equal(result.preferred, 1);
    assert_int_equal(verdicts[0], OF_COSTS_MORE);

    /* An unusable parent has no hysteresis. */
    set(0, OF_INFINITE_RANK, 128);
    set(1, 512, 512);
    of_select(OF_OCP_MRHOF, &params, cands, 2, 1024, NO_BOUND, verdicts, &result);
    assert_int_equal(result.preferred, 1);
}

static void no_threshold_is_no_reason_to_alternate(void **state)
{
    static const uint16_t ocps[] = {OF_OCP_OF0, OF_OCP_MRHOF};

    (void)state;
    params.parent_switch_threshold = 0;
    for (size_t o = 0; o < 2; o++) {
        size_t current = 0;
        uint16_t own_rank = OF_INFINITE_RANK;

        setup(NULL);
        set(0, 512, 200);
        set(1, 512, 200);
        for (unsigned turn = 0; turn < 10; turn++) {
            cands[current].current = true;
            cands[1 - current].heard = turn + 1;
            of_select(ocps[o], &params, cands, 2, own_rank, NO_BOUND, verdicts, &result);
            assert_int_equal(result.preferred, current);
            own_rank = result.rank;
        }
    }
}

static void of0_moves_for_one_dag_rank_only(void **state)
{
    (void)state;
    /* Same step: Ranks 1100 and 1024 share DAGRank 4. */
    set(0, 844, 128);
    cands[0].current = true;
    set(1, 768, 128);
    of_select(OF_OCP_OF0, &params, cands, 2, 1100, NO_BOUND, verdicts, &result);
    assert_int_equal(result.preferred, 0);
    assert_int_equal(verdicts[1], OF_HYSTERESIS);

    set(1, 767, 128);
    of_select(OF_OCP_OF0, &params, cands, 2, 1100, NO_BOUND, verdicts, &result);
    assert_int_equal(result.preferred, 1);
    assert_int_equal(result.rank, 1023);
}

static void of0_order(void **state)
{
    (void)state;
    /* Grounded before preference before Rank before who was heard last. */
    set(0, 256, 128);
    cands[0].grounded = false;
    cands[0].preference = 7;
    set(1, 2048, 128);
    choose(OF_OCP_OF0, 2);
    assert_int_equal(result.preferred, 1);

    cands[0].grounded = true;
    set(0, 4096, 128);
    choose(OF_OCP_OF0, 2);
    assert_int_equal(result.preferred, 0);

    cands[0].preference = 0;
    choose(OF_OCP_OF0, 2);
    assert_int_equal(result.preferred, 1);

    set(0, 2048, 128);
    cands[0].heard = 5;
    cands[1].heard = 4;
    choose(OF_OCP_OF0, 2);
    assert_int_equal(result.preferred, 0);
    cands[1].heard = 6;
    choose(OF_OCP_OF0, 2);
    assert_int_equal(result.preferred, 1);

    /* A better DODAG is worth leaving the current parent for. */
    cands[0].current = true;
    cands[1].preference = 1;
    choose(OF_OCP_OF0, 2);
    assert_int_equal(result.preferred, 1);
}

static void of0_set_stays_above_us(void **state)
{
    (void)state;
    set(0, 256, 128); /* our Rank is 512 */
    set(1, 512, 128); /* as deep as we are: no successor */
    set(2, 300, 256); /* above us */
    choose(OF_OCP_OF0, 3);
    assert_int_equal(result.preferred, 0);
    assert_int_equal(result.rank, 512);
    assert_int_equal(verdicts[1], OF_COSTS_MORE);
    assert_int_equal(verdicts[2], OF_PARENT);
}

static void mrhof_set_is_the_best_three(void **state)
{
    (void)state;
    set(0, 512, 400);
    set(1, 512, 128);
    set(2, 512, 300);
    set(3, 512, 200);
    set(4, 512, 513);
    choose(OF_OCP_MRHOF, 5);
    assert_int_equal(result.preferred, 1);
    assert_int_equal(verdicts[3], OF_PARENT);
    assert_int_equal(verdicts[2], OF_PARENT);
    assert_int_equal(verdicts[0], OF_COSTS_MORE);
    assert_int_equal(verdicts[4], OF_LINK_TOO_BAD);
}

static void the_rank_bound_is_kept(void **state)
{
    (void)state;
    set(0, 512, 128);
    of_select(OF_OCP_MRHOF, &params, cands, 1, 768, 768, verdicts, &result);
    assert_int_equal(result.rank, 768);
    of_select(OF_OCP_MRHOF, &params, cands, 1, 768, 767, verdicts, &result);
    assert_int_equal(result.preferred, -1);
    assert_int_equal(verdicts[0], OF_PATH_TOO_LONG);

    /* A second parent lifts us to 1024, or is none. */
    set(1, 768, 128);
    set(0, 512, 300);
    of_select(OF_OCP_MRHOF, &params, cands, 2, OF_INFINITE_RANK, 1023, verdicts, &result);
    assert_int_equal(result.preferred, 0);
    assert_int_equal(result.rank, 812);
    assert_int_equal(verdicts[1], OF_PATH_TOO_LONG);
    of_select(OF_OCP_MRHOF, &params, cands, 2, OF_INFINITE_RANK, 1024, verdicts, &result);
    assert_int_equal(result.rank, 1024);
    assert_int_equal(verdicts[1], OF_PARENT);
}

static void the_parent_may_go_deeper_others_may_not(void **state)
{
    (void)state;
    set(0, 1024, 128);
    cands[0].current = true;
    set(1, 768, 128);
    of_select(OF_OCP_MRHOF, &params, cands, 2, 768, NO_BOUND, verdicts, &result);
    assert_int_equal(result.preferred, 0);
    assert_int_equal(result.rank, 1280);
    assert_int_equal(verdicts[1], OF_NOT_CLOSER);
}

static void an_unknown_objective_is_treated_as_of0(void **state)
{
    (void)state;
    set(0, 256, 213);
    choose(99, 1);
    assert_int_equal(result.rank, 1024);
}

/* Whatever the candidates: the answer keeps the rules of RFC 6550 section 8.2.1. */
static void rank_rules_hold_for_any_candidates(void **state)
{
    uint64_t seed = 0x9e3779b97f4a7c15;

    (void)state;
    for (unsigned round = 0; round < 4000; round++) {
        size_t n = round % 40;
        uint16_t random[4];

        setup(NULL);
        for (size_t i = 0; i < n; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            memcpy(random, &seed, sizeof(random));
            set(i, random[0] % 3 ? random[1] % 4096 : random[1], random[2] % 600);
            cands[i].heard = random[3] % 4;
        }
        uint16_t own = round % 3 ? (uint16_t)(256 + seed % 4096) : OF_INFINITE_RANK;
        uint16_t bound = round % 2 ? (uint16_t)(256 + seed % 8192) : NO_BOUND;
        if (n > 0)
            cands[seed % n].current = true;
        of_select(round % 5 ? OF_OCP_MRHOF : OF_OCP_OF0, &params, cands, n, own, bound, verdicts,
                  &result);

        unsigned preferred = 0, parents = 0;
        for (size_t i = 0; i < n; i++) {
            preferred += verdicts[i] == OF_PREFERRED;
            if (verdicts[i] != OF_PREFERRED && verdicts[i] != OF_PARENT)
                continue;
            parents++;
            assert_true(of_dag_rank(&params, cands[i].rank) < of_dag_rank(&params, result.rank));
            assert_true(cands[i].current ||
                        of_dag_rank(&params, cands[i].rank) < of_dag_rank(&params, own));
        }
        assert_true(parents <= params.parent_set_size);
        assert_int_equal(preferred, result.preferred >= 0);
        if (result.preferred >= 0) {
            assert_int_equal(verdicts[result.preferred], OF_PREFERRED);
            assert_true(result.rank <= bound);
        } else {
            assert_int_equal(result.rank, OF_INFINITE_RANK);
        }
    }
}

static void three_hundred_candidates(void **state)
{
    (void)state;
    for (size_t i = 0; i < CANDS_MAX; i++)
        set(i, (uint16_t)(256 + (i * 7919) % 30000), (uint16_t)(128 + (i * 31) % 300));
    choose(OF_OCP_MRHOF, CANDS_MAX);
    assert_true(result.preferred >= 0);
    uint16_t best = OF_INFINITE_RANK;
    for (size_t i = 0; i < CANDS_MAX; i++) {
        uint16_t cost = (uint16_t)(cands[i].rank + cands[i].etx);
        best = cost < best ? cost : best;
    }
    assert_int_equal(cands[result.preferred].rank + cands[result.preferred].etx, best);
}

static void etx_average(void **state)
{
    static const struct {
        uint16_t old, sample, expected;
    } rows[] = {
        {0, 457, 457},         {457, 0, 457},     {128, 128, 128},   {128, 512, 224},
        {512, 128, 416},       {128, 129, 129},   {129, 128, 128},   {130, 128, 129},
        {65535, 65535, 65535}, {1, 65535, 16385}, {65535, 1, 49151}, {0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(of_etx_update(rows[i].old, rows[i].sample), rows[i].expected);
}

static void etx_average_converges_from_both_sides(void **state)
{
    (void)state;
    for (unsigned start = 1; start <= 65535; start += 251) {
        for (unsigned target = 1; target <= 65535; target += 4093) {
            uint16_t etx = (uint16_t)start;

            for (unsigned i = 0; i < 64 && etx != target; i++)
                etx = of_etx_update(etx, (uint16_t)target);
            assert_int_equal(etx, target);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(defaults_are_those_of_the_rfcs, setup),
        cmocka_unit_test_setup(names, setup),
        cmocka_unit_test_setup(dag_rank_table, setup),
        cmocka_unit_test_setup(of0_rank_table, setup),
        cmocka_unit_test_setup(of0_step_follows_the_link, setup),
        cmocka_unit_test_setup(mrhof_rank_table, setup),
        cmocka_unit_test_setup(every_refusal_has_its_verdict, setup),
        cmocka_unit_test_setup(mrhof_limits_are_inclusive, setup),
        cmocka_unit_test_setup(nobody_to_choose_from, setup),
        cmocka_unit_test_setup(mrhof_hysteresis, setup),
        cmocka_unit_test_setup(no_threshold_is_no_reason_to_alternate, setup),
        cmocka_unit_test_setup(of0_moves_for_one_dag_rank_only, setup),
        cmocka_unit_test_setup(of0_order, setup),
        cmocka_unit_test_setup(of0_set_stays_above_us, setup),
        cmocka_unit_test_setup(mrhof_set_is_the_best_three, setup),
        cmocka_unit_test_setup(the_rank_bound_is_kept, setup),
        cmocka_unit_test_setup(the_parent_may_go_deeper_others_may_not, setup),
        cmocka_unit_test_setup(an_unknown_objective_is_treated_as_of0, setup),
        cmocka_unit_test_setup(rank_rules_hold_for_any_candidates, setup),
        cmocka_unit_test_setup(three_hundred_candidates, setup),
        cmocka_unit_test_setup(etx_average, setup),
        cmocka_unit_test_setup(etx_average_converges_from_both_sides, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
