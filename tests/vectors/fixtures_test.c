/* SPDX-License-Identifier: ISC */
/*
 * Packets of deployed stacks. Each is decoded and spelled in the words of the comment above it,
 * which another decoder wrote; the source routes are stepped against the packets that the
 * stacks themselves sent on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "tests/vectors/vectors.h"

#define FIXTURES_MAX 100

static struct vector fixture[FIXTURES_MAX];
static char comment[FIXTURES_MAX][1024];
static size_t count;

/* ---- spelling ---------------------------------------------------------------------------- */

struct text {
    char s[1024];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text->s + text->len, sizeof(text->s) - text->len, format, args);
    va_end(args);
    assert_true(len >= 0 && (size_t)len < sizeof(text->s) - text->len);
    text->len += (size_t)len;
}

static const char *spell(const struct rpl_addr *addr)
{
    static char text[4][INET6_ADDRSTRLEN];
    static unsigned turn;

    turn = (turn + 1) % 4;
    return inet_ntop(AF_INET6, addr->b, text[turn], sizeof(text[turn]));
}

static void say_headers(struct text *text, const struct vector *vector)
{
    struct rpl_packet_info info;

    assert_int_equal(rpl_packet_parse(vector->packet, vector->len, &info), RPL_DATA_OK);
    say(text, "%s > %s hl=%u ", spell(&info.src), spell(&info.dst), info.hop_limit);
    if (info.rpi_option != 0)
        say(text, "HBH:RPI%02x[O=%d R=%d F=%d inst=%u srank=%u] ", info.rpi.type,
            (info.rpi.flags & RPL_RPI_O) != 0, (info.rpi.flags & RPL_RPI_R) != 0,
            (info.rpi.flags & RPL_RPI_F) != 0, info.rpi.instance, info.rpi.sender_rank);
    if (info.srh != 0) {
        say(text, "SRH[left=%u ci=%u ce=%u pad=%u ", info.segments_left, info.cmpr_i, info.cmpr_e,
            info.pad);
        for (unsigned i = 1; i <= info.segments; i++) {
            struct rpl_addr segment;

            assert_true(rpl_srh_segment(vector->packet, &info, i, &segment));
            say(text, i > 1 ? "," : "%s", "");
            for (unsigned j = i < info.segments ? info.cmpr_i : info.cmpr_e; j < 16; j++)
                say(text, "%02x", segment.b[j]);
        }
        say(text, "] ");
    }
}

static void say_dio(struct text *text, const struct rpl_wire_dio *dio)
{
    const struct rpl_wire_config *config = &dio->config;

    say(text, "DIO inst=%u ver=%u rank=%u G=%d MOP=%u prf=%u dtsn=%u fl=00 id=%s ", dio->instance,
        dio->version, dio->rank, dio->grounded, dio->mop, dio->preference, dio->dtsn,
        spell(&dio->dodag_id));
    if (dio->has_config)
        say(text,
            "CONF[fl=%02x dbl=%u min=%u k=%u maxinc=%u minhop=%u ocp=%u rsv=0 life=%u unit=%u] ",
            config->flags, config->interval_doublings, config->interval_min, config->redundancy,
            config->max_rank_increase, config->min_hop_rank_increase, config->ocp,
            config->default_lifetime, config->lifetime_unit_s);
    for (size_t i = 0; i < dio->pio_count; i++)
        say(text, "PIO[%s/%u fl=%02x valid=%x pref=%x] ", spell(&dio->pio[i].prefix),
            dio->pio[i].len,
            (dio->pio[i].on_link ? 0x80u : 0) | (dio->pio[i].autonomous ? 0x40u : 0) |
                (dio->pio[i].router_address ? 0x20u : 0),
            dio->pio[i].valid_s, dio->pio[i].preferred_s);
}

static void say_transit(struct text *text, const struct rpl_wire_transit *transit)
{
    say(text, "TRANSIT[fl=%02x pc=%02x seq=%u life=%u ",
        (transit->external ? 0x80u : 0) | (transit->invalidate ? 0x40u : 0), transit->path_control,
        transit->path_sequence, transit->path_lifetime);
    if (transit->has_parent)
        say(text, "parent=%s] ", spell(&transit->parent));
    else
        say(text, "len=4] ");
}

static void say_dao(struct text *text, const struct rpl_wire_dao *dao)
{
    say(text, "DAO inst=%u K=%d D=%d seq=%u ", dao->instance, dao->ack_wanted, dao->has_dodag_id,
        dao->sequence);
    if (dao->has_dodag_id)
        say(text, "%s ", spell(&dao->dodag_id));
    for (size_t group = 0; group < dao->group_count; group++) {
        for (size_t i = 0; i < dao->target_count; i++) {
            if (dao->target[i].group == group)
                say(text, "TGT[%s/%u fl=%02x len=18] ", spell(&dao->target[i].prefix),
                    dao->target[i].len, dao->target[i].flags);
        }
        for (size_t i = 0; i < dao->transit_count; i++) {
            if (dao->transit[i].group == group)
                say_transit(text, &dao->transit[i]);
        }
    }
}

static void say_message(struct text *text, const struct rpl_wire_message *msg)
{
    const struct rpl_wire_solicited *solicited = &msg->u.dis.solicited;

    switch (msg->code) {
    case RPL_CODE_DIS:
        say(text, "DIS fl=00 ");
        if (msg->u.dis.has_solicited)
            say(text, "SOL[inst=%u fl=%02x dodag=%s ver=%u] ", solicited->instance,
                (solicited->match_version ? 0x80u : 0) | (solicited->match_instance ? 0x40u : 0) |
                    (solicited->match_dodag ? 0x20u : 0),
                spell(&solicited->dodag_id), solicited->version);
        break;
    case RPL_CODE_DIO:
        say_dio(text, &msg->u.dio);
        break;
    case RPL_CODE_DAO:
        say_dao(text, &msg->u.dao);
        break;
    case RPL_CODE_DAO_ACK:
        assert_false(msg->u.ack.has_dodag_id);
        say(text, "DAOACK inst=%u D=0 seq=%u status=%u ", msg->u.ack.instance, msg->u.ack.sequence,
            msg->u.ack.status);
        break;
    default:
        fail_msg("code %u", msg->code);
    }
}

/* ---- tests --------------------------------------------------------------------------------- */

static void test_decoded_as_told(void **state)
{
    unsigned codes[4] = {0};

    (void)state;
    for (size_t i = 0; i < count; i++) {
        static struct rpl_wire_message msg;
        struct text text = {.len = 0};
        const char *told = strchr(comment[i], ':') + 2; /* behind the name of the stack */

        assert_int_equal(vector_read(&fixture[i], &msg), 0);
        say_headers(&text, &fixture[i]);
        say_message(&text, &msg);
        /* Padding is skipped, so it cannot be spelled. */
        if (strstr(told, "PadN2"))
            say(&text, "PadN2 ");
        text.s[text.len - 1] = '\0';
        assert_string_equal(text.s, told);
        codes[msg.code]++;
    }
    for (size_t i = 0; i < 4; i++)
        assert_true(codes[i] > 2);
}

/* What they send is what we would send, but for padding and an idle Solicited Information. */
static void test_encoded_as_sent(void **state)
{
    unsigned same = 0;

    (void)state;
    for (size_t i = 0; i < count; i++) {
        const struct vector *vector = &fixture[i];
        static struct rpl_wire_message msg;
        uint8_t out[VECTOR_MAX];
        int len;

        assert_int_equal(vector_read(vector, &msg), 0);
        len = rpl_wire_write(&msg, &vector->src, &vector->dst, out, sizeof(out));
        assert_true(len > 0);
        if (strstr(comment[i], "PadN2") || strstr(comment[i], "SOL["))
            continue;
        assert_int_equal(len, vector->len - vector->icmp);
        assert_memory_equal(out, vector->packet + vector->icmp, (size_t)len);
        same++;
    }
    assert_int_equal(same, count - 3);
}

static void test_truncations(void **state)
{
    (void)state;
    for (size_t i = 0; i < count; i++) {
        static struct rpl_wire_message msg;
        size_t whole = fixture[i].len - fixture[i].icmp;
        unsigned read = 0;

        for (size_t cut = 0; cut < whole; cut++)
            read += vector_read_cut(&fixture[i], cut, &msg) == 0;
        /* A DIO is whole behind its base and behind each option, a DAO behind each Transit. */
        assert_true(read < 10);
        assert_int_equal(vector_read_cut(&fixture[i], whole, &msg), 0);
    }
}

/* Contiki-NG walked these routes: our step must give its very octets. */
static void test_steps_as_walked(void **state)
{
    unsigned steps = 0, live = 0;

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct vector vector = fixture[i];
        struct rpl_addr own = {{0}}, next;

        memcpy(own.b, vector.packet + 24, 16);
        if (rpl_srh_step(vector.packet, vector.len, &own, 1, &next) != RPL_DATA_OK)
            continue;
        live++;
        for (size_t j = 0; j < count; j++)
            steps += fixture[j].len == vector.len &&
                     memcmp(fixture[j].packet, vector.packet, vector.len) == 0;
    }
    assert_int_equal(live, 4);
    assert_int_equal(steps, 4);
}

/* The message in the stripped packet reads as before: no checksum has to change. */
static void test_stripped(void **state)
{
    unsigned shorter = 0;

    (void)state;
    for (size_t i = 0; i < count; i++) {
        static struct rpl_wire_message before, after;
        struct vector vector = fixture[i];
        struct rpl_packet_info info;

        assert_int_equal(rpl_packet_parse(vector.packet, vector.len, &info), RPL_DATA_OK);
        if (info.segments_left > 0)
            continue;
        assert_int_equal(vector_read(&vector, &before), 0);
        assert_int_equal(rpl_strip(vector.packet, &vector.len), RPL_DATA_OK);
        assert_int_equal(vector.packet[6], 58);
        shorter += vector.len < fixture[i].len;
        vector.icmp = 40;
        assert_int_equal(vector_read(&vector, &after), 0);
        assert_memory_equal(&before, &after, sizeof(before));
    }
    assert_true(shorter >= 5);
}

static int setup(void **state)
{
    static char line[4096], last[1024];
    FILE *file = fopen(VECTORS_DIR "/fixtures.txt", "r");

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "# ", 2) == 0) {
            assert_true(strlen(line) < sizeof(last));
            memcpy(last, line + 2, strlen(line) - 1);
        } else if (line[0] != '\0') {
            assert_true(count < FIXTURES_MAX);
            vector_load(&fixture[count], line);
            memcpy(comment[count++], last, sizeof(last));
        }
    }
    fclose(file);
    assert_true(count > 50);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decoded_as_told), cmocka_unit_test(test_encoded_as_sent),
        cmocka_unit_test(test_truncations),     cmocka_unit_test(test_steps_as_walked),
        cmocka_unit_test(test_stripped),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
