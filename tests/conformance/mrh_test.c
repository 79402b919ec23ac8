/* SPDX-License-Identifier: ISC */
/* Section 6: MRHOF. */
#include "tests/conformance/doctor.h"
#include "tests/conformance/row.h"

#define NO_BOUND 0xfffe
#define SECONDS_OF_LATENCY 1000000u

static struct of_params params;

static struct of_candidate candidate(uint16_t rank, uint16_t etx)
{
    return (struct of_candidate){.rank = rank, .etx = etx, .grounded = true};
}

static enum of_verdict verdict_of(const struct of_candidate *cand)
{
    enum of_verdict verdict;

    of_path_rank(OF_OCP_MRHOF, &params, cand, &verdict);
    return verdict;
}

/* Candidates of a row of the table; their number. */
static size_t load(size_t row, struct of_candidate *cands)
{
    cJSON *root = vectors_json();
    const cJSON *item, *table = cJSON_GetObjectItemCaseSensitive(
                           cJSON_GetObjectItemCaseSensitive(root, "tables"), "mrhof");
    size_t n = 0;

    item = cJSON_GetArrayItem(table, (int)row);
    params.min_hop_rank_increase = (uint16_t)vectors_number(item, "min_hop");
    params.max_rank_increase = (uint16_t)vectors_number(item, "max_rank_inc");
    const cJSON *parent, *list = vectors_list(item, "parents");
    cJSON_ArrayForEach(parent, list)
    {
        cands[n++] = candidate((uint16_t)vectors_number(parent, "rank"),
                               (uint16_t)vectors_number(parent, "link_etx128"));
    }
    cJSON_Delete(root);
    return n;
}

/* A number of a list in a row of the table. */
static unsigned listed(size_t row, const char *name, size_t index)
{
    cJSON *root = vectors_json();
    const cJSON *table =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(root, "tables"), "mrhof");
    const cJSON *list = vectors_list(cJSON_GetArrayItem(table, (int)row), name);
    unsigned value = (unsigned)cJSON_GetArrayItem(list, (int)index)->valueint;

    cJSON_Delete(root);
    return value;
}

static void router(void)
{
    row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_start();
}

static void put_latency(struct rpl_wire_message *dio, uint32_t us)
{
    dio->u.dio.metric_count = 1;
    dio->u.dio.metric[0] = (struct rpl_wire_metric){
        .type = 5,
        .len = 4,
        .body = {(uint8_t)(us >> 24), (uint8_t)(us >> 16), (uint8_t)(us >> 8), (uint8_t)us}};
}

static void test_MRH_01(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);

    (void)state;
    /* Throughput alone is nothing that adds up: a leaf. */
    dio.u.dio.metric_count = 1;
    dio.u.dio.metric[0] =
        (struct rpl_wire_metric){.type = 4, .aggregation = 2, .len = 4, .body = {0, 1, 0, 0}};
    router();
    row_hear(ROOT, &dio);
    row_run(RPL_S(5));
    assert_true(row_instance().joined);
    assert_int_equal(row_sent_to(RPL_CODE_DIO, 0, 0), 0);
    row_dis(CHILD, false, NULL);
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.rank, 0xffff);
    /* Hop count and latency are. */
    dio.u.dio.metric[0] = (struct rpl_wire_metric){.type = 3, .len = 2, .body = {0, 1}};
    router();
    row_hear(ROOT, &dio);
    row_run(RPL_S(5));
    assert_true(row_sent_to(RPL_CODE_DIO, 0, 0) > 0);
    put_latency(&dio, 256u << 16);
    router();
    row_hear(ROOT, &dio);
    row_run(RPL_S(5));
    assert_true(row_sent_to(RPL_CODE_DIO, 0, 0) > 0);
}

static void test_MRH_02(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    uint16_t rank;

    (void)state;
    row_begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    row_start();
    rig_run(&rig, RPL_S(5));
    assert_int_equal(rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.metric_count, 0);
    router();
    row_hear(ROOT, &dio);
    rank = row_instance().rank;
    assert_int_equal(rank, 512);
    dio.u.dio.metric_count = 1;
    dio.u.dio.metric[0] = (struct rpl_wire_metric){.type = 7, .len = 2, .body = {0x40, 0}};
    row_hear(ROOT, &dio);
    assert_int_equal(row_instance().rank, rank); /* ETX is what the Rank says */
    row_run(RPL_S(5));
    assert_true(row_sent_to(RPL_CODE_DIO, 0, 0) > 0);
}

static void test_MRH_03(void **state)
{
    struct of_candidate cands[4];

    (void)state;
    for (size_t row = 0; row < row_table_size("mrhof"); row++) {
        of_params_default(&params);
        size_t n = load(row, cands);
        for (size_t i = 0; i < n; i++) {
            unsigned cost = listed(row, "path_cost", i);
            params.max_path_cost = (uint16_t)cost; /* the cost is what is compared with the limit */
            assert_int_equal(verdict_of(&cands[i]), OF_PREFERRED);
            params.max_path_cost = (uint16_t)(cost - 1);
            assert_int_equal(verdict_of(&cands[i]), OF_PATH_TOO_LONG);
        }
    }
    /* From a container: hops + 1, latency + that of the link. */
    of_params_default(&params);
    params.metric = OF_METRIC_HOPS;
    struct of_candidate two[2] = {candidate(512, 128), candidate(512, 128)};
    two[0].cost = 4;
    two[1].cost = 3;
    enum of_verdict verdicts[2];
    struct of_result result;
    of_select(OF_OCP_MRHOF, &params, two, 2, 0xffff, NO_BOUND, verdicts, &result);
    assert_int_equal(result.preferred, 1);
    params.metric = OF_METRIC_LATENCY;
    two[0].cost = 100000;
    two[0].latency = 100000;
    two[1].cost = 150000;
    two[1].latency = 10000;
    of_select(OF_OCP_MRHOF, &params, two, 2, 0xffff, NO_BOUND, verdicts, &result);
    assert_int_equal(result.preferred, 1);
}

static void test_MRH_04(void **state)
{
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    struct of_candidate cand = candidate(256, OF_ETX_UNKNOWN);

    (void)state;
    of_params_default(&params);
    assert_int_equal(verdict_of(&cand), OF_NOT_PROVEN); /* no link metric */
    params.metric = OF_METRIC_LATENCY;
    cand.etx = 128;
    cand.no_cost = true; /* nothing to add to */
    assert_int_equal(verdict_of(&cand), OF_NO_METRIC);
    assert_int_equal(of_path_rank(OF_OCP_MRHOF, &params, &cand, NULL), 0xffff);
    /* All links lost: no parent, and nobody floats. */
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_alive(ROOT, NULL);
    row_run(RPL_S(120));
    assert_true(row_parent_is(0));
    assert_int_equal(row_instance().rank, 0xffff);
    row_shout(ROOT, &dio);
    assert_true(row_parent_is(0));
}

static void test_MRH_05(void **state)
{
    struct of_candidate cand = candidate(256, 512);

    (void)state;
    of_params_default(&params);
    assert_int_equal(verdict_of(&cand), OF_PREFERRED);
    cand.etx = 513;
    assert_int_equal(verdict_of(&cand), OF_LINK_TOO_BAD);
}

static void test_MRH_06(void **state)
{
    struct rpl_instance_config config;

    (void)state;
    of_params_default(&params);
    assert_int_equal(params.max_link_metric, 512);
    assert_int_equal(params.max_path_cost, 32768);
    assert_int_equal(params.parent_switch_threshold, 192);
    assert_int_equal(params.parent_set_size, 3);
    rpl_instance_config_default(&config);
    assert_int_equal(config.max_link_metric, 512);
    assert_int_equal(config.max_path_cost, 32768);
    assert_int_equal(config.parent_switch_threshold, 192);
    /* Configurable: with a limit of 1.5 a link of 2 is no link. */
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    struct rpl_event sample = {.type = RPL_EVENT_NEIGHBOUR,
                               .u.neighbour = {.ifindex = RIG_IF, .etx = 512}};
    sample.u.neighbour.address = rig_ll(ROOT);
    for (int strict = 0; strict < 2; strict++) {
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        rig.config.instance[0].max_link_metric = strict ? 192 : 512;
        row_start();
        row_hear(ROOT, &dio);
        for (int i = 0; i < 3; i++)
            rig_input(&rig, &sample);
        assert_int_equal(row_instance().joined, !strict);
    }
    /* A set of three: its deepest member decides how high our Rank has to be (section 3.3). */
    assert_int_equal(config.parent_set_size, 1);
    for (uint8_t size = 1; size <= 3; size += 2) {
        static const uint16_t rank[] = {256, 300, 700};
        row_begin(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
        rig.config.instance[0].parent_set_size = size;
        rig.config.instance[0].parent_switch_threshold = 1;
        row_start();
        for (unsigned i = 3; i-- > 0;) {
            dio = row_dio(RPL_MOP_NON_STORING, rank[i]);
            row_hear(ROOT + i, &dio);
        }
        row_run(RPL_S(200));
        assert_true(row_parent_is(ROOT));
        assert_int_equal(row_instance().rank, size == 1 ? 512 : 768);
    }
}

static void test_MRH_07(void **state)
{
    struct of_candidate cands[2] = {candidate(1024, 128), candidate(0, 128)};
    enum of_verdict verdicts[2];
    struct of_result result;

    (void)state;
    of_params_default(&params);
    cands[0].current = true;
    for (uint16_t gain = 0; gain < 400; gain++) {
        cands[1].rank = (uint16_t)(1024 - gain);
        of_select(OF_OCP_MRHOF, &params, cands, 2, 4096, NO_BOUND, verdicts, &result);
        assert_int_equal(result.preferred, gain >= 192);
    }
    cands[0].current = false; /* without one, the cheapest */
    cands[1].rank = 1023;
    of_select(OF_OCP_MRHOF, &params, cands, 2, 4096, NO_BOUND, verdicts, &result);
    assert_int_equal(result.preferred, 1);
}

static void test_MRH_08(void **state)
{
    struct of_candidate cands[4];

    (void)state;
    for (size_t row = 0; row < row_table_size("mrhof"); row++) {
        of_params_default(&params);
        size_t n = load(row, cands);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(of_path_rank(OF_OCP_MRHOF, &params, &cands[i], NULL),
                             listed(row, "path_rank", i));
    }
    of_params_default(&params);
    params.min_hop_rank_increase = 1;
    struct of_candidate cand = candidate(1, 128);
    params.metric = OF_METRIC_LATENCY;
    cand.cost = 9830400; /* 9.8 s are 150 */
    assert_int_equal(of_path_rank(OF_OCP_MRHOF, &params, &cand, NULL), 150);
    params.metric = OF_METRIC_HOPS;
    cand.cost = 41;
    assert_int_equal(of_path_rank(OF_OCP_MRHOF, &params, &cand, NULL), 42);
    cand.rank = 100; /* at least one MinHopRankIncrease above the parent */
    assert_int_equal(of_path_rank(OF_OCP_MRHOF, &params, &cand, NULL), 101);
}

static void test_MRH_09(void **state)
{
    enum of_verdict verdicts[4];
    struct of_result result;
    struct of_candidate cands[4];

    (void)state;
    for (size_t row = 0; row < row_table_size("mrhof"); row++) {
        of_params_default(&params);
        size_t n = load(row, cands);
        of_select(OF_OCP_MRHOF, &params, cands, n, 0xffff, NO_BOUND, verdicts, &result);
        assert_int_equal(result.preferred, 0);
        assert_int_equal(result.rank, row_table("mrhof", row, "rank"));
    }
}

static void test_MRH_10(void **state)
{
    const struct rpl_wire_metric *m;

    (void)state;
    row_begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig.config.instance[0].metric = RPL_METRIC_LATENCY;
    row_start();
    rig_run(&rig, RPL_S(5));
    m = &rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.metric[0];
    assert_int_equal(m->type, 5);
    /* What converts to MinHopRankIncrease: 256 x 65536 us. */
    assert_int_equal(m->body[0] << 24 | m->body[1] << 16 | m->body[2] << 8 | m->body[3], 256 << 16);
    /* A router advertises what the path through its parent costs. */
    struct rpl_wire_message dio = row_dio(RPL_MOP_NON_STORING, 256);
    put_latency(&dio, 256u << 16);
    router();
    row_hear(ROOT, &dio);
    row_run(RPL_S(5));
    m = &rig_last(&rig, RPL_CODE_DIO, 0)->msg.u.dio.metric[0];
    uint32_t us = (uint32_t)m->body[0] << 24 | (uint32_t)m->body[1] << 16 |
                  (uint32_t)m->body[2] << 8 | m->body[3];
    assert_in_range(us, 256u << 16, (256u << 16) + SECONDS_OF_LATENCY);
}

static void test_MRH_11(void **state)
{
    struct rpl_wire_message far = row_dio(RPL_MOP_NON_STORING, 500);
    struct rpl_event sample = {.type = RPL_EVENT_NEIGHBOUR,
                               .u.neighbour = {.ifindex = RIG_IF, .etx = 512}};

    (void)state;
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    row_hear(OTHER, &far);
    assert_true(row_parent_is(ROOT));
    sample.u.neighbour.address = rig_ll(ROOT);
    for (int i = 0; i < 40 && row_parent_is(ROOT); i++)
        rig_input(&rig, &sample); /* the link gets worse: looked at each time */
    assert_true(row_instance().rank > 512);
    /* A new advertisement is looked at, too. */
    row_joined(RPL_ROLE_ROUTER, RPL_MOP_NON_STORING);
    far.u.dio.rank = 384;
    row_alive(ROOT, &far);
    row_shout(ROOT, &far);
    assert_int_equal(row_instance().rank, 640);
    /* Rank may rise by 7 hops here, and another parent is taken from 192 on; of the reverse
     * somebody is told. */
    assert_false(doctor_warns("rank increase of instance 0", false));
    row_stop(NULL);
    row_begin(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig.config.instance[0].dodag.max_rank_increase = 191;
    row_start();
    rig_run(&rig, RPL_S(1));
    assert_true(doctor_warns("rank increase of instance 0", false));
}

int main(void)
{
    const struct CMUnitTest rows[] = {
        ROW(MRH, 01, "an additive metric, or a leaf"),
        ROW(MRH, 02, "ETX travels in the Rank"),
        ROW(MRH, 03, "path cost = link + advertised"),
        ROW(MRH, 04, "no cost, no parent"),
        ROW(MRH, 05, "links above MAX_LINK_METRIC are not used"),
        ROW(MRH, 06, "defaults, and other settings"),
        ROW(MRH, 07, "hysteresis"),
        ROW(MRH, 08, "the Rank through a parent"),
        ROW(MRH, 09, "the three cases of our own Rank"),
        ROW(MRH, 10, "what a container advertises"),
        ROW(MRH, 11, "looked at anew when a metric or an advertisement changes"),
    };

    return ROWS_RUN(rows);
}
