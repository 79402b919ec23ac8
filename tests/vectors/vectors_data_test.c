/* SPDX-License-Identifier: ISC */
/* The data packets of the vectors: each is made from the one before it, octet by octet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "tests/vectors/vectors.h"

static cJSON *root;

/* An address of the file by its name there. */
static struct rpl_addr named(const char *name)
{
    const cJSON *addresses = cJSON_GetObjectItemCaseSensitive(root, "addresses");
    struct rpl_addr addr;

    assert_int_equal(inet_pton(AF_INET6, vectors_text(addresses, name), addr.b), 1);
    return addr;
}

static void check_same(const struct vector *got, const char *id)
{
    struct vector want;

    vectors_find(root, id, &want);
    assert_int_equal(got->len, want.len);
    assert_memory_equal(got->packet, want.packet, want.len);
}

static void update(struct vector *vector, uint8_t flags, uint16_t sender_rank)
{
    struct rpl_packet_info info;

    assert_int_equal(rpl_packet_parse(vector->packet, vector->len, &info), RPL_DATA_OK);
    assert_true(info.rpi_option > 0);
    rpl_rpi_update(vector->packet, &info, flags, sender_rank);
}

static void step(struct vector *vector, const char *self, const char *to)
{
    struct rpl_addr own = named(self), want = named(to), next;

    assert_int_equal(rpl_srh_step(vector->packet, vector->len, &own, 1, &next), RPL_DATA_OK);
    assert_true(rpl_addr_equal(&next, &want));
}

/* V17 as the source sends it, V18 after a forwarder of DAGRank 3 (with the other option type and
 * a payload of its own: the headers are compared). */
static void test_upward(void **state)
{
    struct vector vector, want;

    (void)state;
    vectors_find(root, "V17", &vector);
    update(&vector, 0, 3);
    vector.packet[42] = RPL_RPI_23;
    vector.packet[7]--;
    vectors_find(root, "V18", &want);
    assert_int_equal(vector.len, want.len);
    assert_memory_equal(vector.packet, want.packet, 48);
}

/* V19 has met its second inconsistency: a child's packet that claims to come from above. */
static void test_rank_error(void **state)
{
    struct rpl_packet_info info;
    struct vector vector;

    (void)state;
    vectors_find(root, "V19", &vector);
    assert_int_equal(rpl_packet_parse(vector.packet, vector.len, &info), RPL_DATA_OK);
    assert_int_equal(rpl_rpi_check(&info.rpi, 1, 256), RPL_RPI_DROP);
    assert_int_equal(rpl_rpi_check(&info.rpi, 2, 256), RPL_RPI_FINE);
    update(&vector, RPL_RPI_O, 2);
    assert_int_equal(rpl_packet_parse(vector.packet, vector.len, &info), RPL_DATA_OK);
    assert_int_equal(rpl_rpi_check(&info.rpi, 1, 256), RPL_RPI_MARK);
    update(&vector, RPL_RPI_O | RPL_RPI_R, 2);
    check_same(&vector, "V19");
}

/* An Internet packet from the root's tunnel through A, B and C to D, which unpacks it. */
static void test_tunnel(void **state)
{
    const struct rpl_addr hop[4] = {named("a"), named("b"), named("c"), named("d")};
    const struct rpl_addr source = named("root");
    const struct rpl_rpi rpi = {RPL_RPI_23, RPL_RPI_O, 30, 1};
    struct vector vector, inner;

    (void)state;
    vectors_find(root, "V21", &vector);
    inner.len = vector.len - 72;
    memcpy(inner.packet, vector.packet + 72, inner.len);
    memcpy(vector.packet, inner.packet, inner.len);
    vector.len = inner.len;
    vector.packet[7] = 64; /* it arrived with 65 and is being forwarded */
    assert_int_equal(rpl_encapsulate(vector.packet, &vector.len, sizeof(vector.packet), &source, 64,
                                     hop, 4, &rpi),
                     RPL_DATA_OK);
    check_same(&vector, "V21");
    step(&vector, "a", "b");
    update(&vector, RPL_RPI_O, 2);
    check_same(&vector, "V22");
    step(&vector, "b", "c");
    update(&vector, RPL_RPI_O, 3);
    step(&vector, "c", "d");
    update(&vector, RPL_RPI_O, 4);
    check_same(&vector, "V23");
    assert_int_equal(rpl_decapsulate(vector.packet, &vector.len), RPL_DATA_OK);
    assert_int_equal(vector.len, inner.len);
    assert_memory_equal(vector.packet, inner.packet, inner.len);
}

/* V24: the root is the source, the route stands in the packet itself; its checksum counts C. */
static void test_inline(void **state)
{
    const struct rpl_addr hop[3] = {named("a"), named("b"), named("c")};
    const struct rpl_rpi rpi = {RPL_RPI_23, RPL_RPI_O, 30, 0};
    struct vector vector;

    (void)state;
    vectors_find(root, "V24", &vector);
    assert_true(rpl_addr_equal(&vector.dst, &hop[2]));
    assert_int_equal(rpl_wire_checksum(&vector.src, &vector.dst, 58, vector.packet + vector.icmp,
                                       vector.len - vector.icmp),
                     0);
    memcpy(vector.packet + 24, hop[2].b, 16);
    vector.packet[6] = 58;
    memmove(vector.packet + 40, vector.packet + vector.icmp, vector.len - vector.icmp);
    vector.len = vector.len - vector.icmp + 40;
    vector.packet[5] = (uint8_t)(vector.len - 40);
    assert_int_equal(
        rpl_srh_insert(vector.packet, &vector.len, sizeof(vector.packet), hop, 3, &rpi),
        RPL_DATA_OK);
    check_same(&vector, "V24");
    step(&vector, "a", "b");
    step(&vector, "b", "c");
    assert_int_equal(rpl_strip(vector.packet, &vector.len), RPL_DATA_OK);
    assert_int_equal(vector.packet[6], 58);
    assert_int_equal(
        rpl_wire_checksum(&vector.src, &hop[2], 58, vector.packet + 40, vector.len - 40), 0);
}

/* V25: what B tells the root when C is gone. It holds V22 as B had turned it over, but for the
 * Hop Limit, which rpl_srh_step() counts down in the same go. */
static void test_source_route_error(void **state)
{
    struct rpl_addr reporter = named("b");
    struct vector error, invoking, got;

    (void)state;
    vectors_find(root, "V25", &error);
    vectors_find(root, "V22", &invoking);
    step(&invoking, "b", "c");
    invoking.packet[7]++;
    got.len = rpl_icmp6_error(got.packet, sizeof(got.packet), invoking.packet, invoking.len,
                              &reporter, 1, 7, 0);
    check_same(&got, "V25");
    /* and none about this one */
    assert_int_equal(rpl_icmp6_error(got.packet, sizeof(got.packet), error.packet, error.len,
                                     &reporter, 1, 7, 0),
                     0);
}

/* N14: the Parameter Problem points at Segments Left. N15: multicast, no error at all. */
static void test_bad_source_routes(void **state)
{
    struct rpl_addr self = named("a"), next;
    struct rpl_packet_info info;
    struct vector vector, error;

    (void)state;
    vectors_find(root, "N14", &vector);
    assert_int_equal(rpl_packet_parse(vector.packet, vector.len, &info), RPL_DATA_SRH_SEGMENTS);
    assert_int_equal(info.srh + 3, 51);
    error.len = rpl_icmp6_error(error.packet, sizeof(error.packet), vector.packet, vector.len,
                                &self, 4, 0, info.srh + 3u);
    assert_int_equal(error.len, 48 + vector.len);
    assert_memory_equal(error.packet + 44, "\0\0\0\x33", 4);

    vectors_find(root, "N15", &vector);
    assert_int_equal(rpl_srh_step(vector.packet, vector.len, &self, 1, &next),
                     RPL_DATA_SRH_MULTICAST);
    assert_int_equal(rpl_icmp6_error(error.packet, sizeof(error.packet), vector.packet, vector.len,
                                     &self, 1, 7, 0),
                     0);
}

static int setup(void **state)
{
    (void)state;
    root = vectors_json();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cJSON_Delete(root);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upward),
        cmocka_unit_test(test_rank_error),
        cmocka_unit_test(test_tunnel),
        cmocka_unit_test(test_inline),
        cmocka_unit_test(test_source_route_error),
        cmocka_unit_test(test_bad_source_routes),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
