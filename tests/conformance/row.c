/* SPDX-License-Identifier: ISC */
#include "tests/conformance/row.h"

#define ALIVE_MAX 8

struct rig rig;

static struct {
    unsigned n; /* 0 = free */
    struct rpl_wire_message dio;
} alive[ALIVE_MAX];
static size_t seen; /* messages up to here have been answered */
static cJSON *recorded;

int row_stop(void **state)
{
    (void)state;
    rig_stop(&rig);
    memset(alive, 0, sizeof(alive));
    seen = 0;
    cJSON_Delete(recorded);
    recorded = NULL;
    return rig.live == 0 ? 0 : -1;
}

void row_begin(enum rpl_role role, enum rpl_mop mop)
{
    void *none = NULL;

    assert_int_equal(row_stop(&none), 0);
    rig_init(&rig, role, mop);
}

void row_start(void)
{
    assert_int_equal(rig_start(&rig), 0);
}

void row_begin_recorded(enum rpl_role role, enum rpl_mop mop, uint8_t last)
{
    static const struct rpl_addr prefix = {{0x20, 1, 0x0d, 0xb8, 0x65, 0x50, 0, 1}};

    row_begin(role, mop);
    rig.link_local =
        (struct rpl_addr){{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0xff, 0xfe, 0, 0, last}};
    rig.config.instance[0].id = 30;
    if (role == RPL_ROLE_ROOT)
        rig.config.instance[0].prefix = prefix;
}

void row_root(enum rpl_mop mop)
{
    row_begin(RPL_ROLE_ROOT, mop);
    row_start();
    rig_run(&rig, RPL_S(1));
}

void row_joined(enum rpl_role role, enum rpl_mop mop)
{
    struct rpl_wire_message dio = row_dio(mop, 256);

    row_begin(role, mop);
    row_start();
    row_hear(ROOT, &dio);
    assert_true(row_parent_is(ROOT));
}

/* ---- neighbours that answer --------------------------------------------------------------- */

void row_alive(unsigned n, const struct rpl_wire_message *dio)
{
    size_t at = ALIVE_MAX;

    for (size_t i = ALIVE_MAX; i-- > 0;)
        if (alive[i].n == n || (alive[i].n == 0 && (at == ALIVE_MAX || alive[at].n != n)))
            at = i;
    assert_true(at < ALIVE_MAX);
    alive[at].n = dio ? n : 0;
    if (dio)
        alive[at].dio = *dio;
}

static void acknowledge(const struct rig_sent *s, uint32_t ifindex, const struct rpl_addr *from)
{
    const struct rpl_wire_dao *dao = &s->msg.u.dao;
    struct rpl_wire_message ack = {.code = RPL_CODE_DAO_ACK};

    if (!dao->ack_wanted)
        return;
    ack.u.ack.instance = dao->instance;
    ack.u.ack.sequence = dao->sequence;
    ack.u.ack.has_dodag_id = dao->has_dodag_id;
    ack.u.ack.dodag_id = dao->dodag_id;
    rig_receive_on(&rig, ifindex, from, &s->send.src, &ack);
}

static void answer(const struct rig_sent *s)
{
    for (size_t i = 0; i < ALIVE_MAX; i++) {
        struct rpl_addr local = rig_ll(alive[i].n);

        if (alive[i].n == 0)
            continue;
        if (s->msg.code == RPL_CODE_DIS && rpl_addr_equal(&s->send.dst, &local))
            rig_receive(&rig, &local, &rig.link_local, &alive[i].dio);
        if (s->msg.code != RPL_CODE_DAO)
            continue;
        if (rpl_addr_equal(&s->send.dst, &local)) {
            acknowledge(s, RIG_IF, &local);
        } else if (rpl_addr_equal(&s->send.dst, &alive[i].dio.u.dio.dodag_id)) {
            acknowledge(s, 0, &alive[i].dio.u.dio.dodag_id);
            return;
        }
    }
}

void row_run(rpl_duration duration)
{
    rpl_tstamp end = rig.now + duration;

    for (;;) {
        rpl_tstamp next = rpl_engine_deadline(rig.engine);

        rig_run(&rig, (next < end ? next : end) - (next < rig.now ? next : rig.now));
        if (rig.sent_count < seen)
            seen = 0;
        while (seen < rig.sent_count)
            answer(&rig.sent[seen++]);
        if (next >= end)
            return;
    }
}

void row_shout(unsigned n, const struct rpl_wire_message *dio)
{
    struct rpl_addr from = rig_ll(n);

    rig_receive(&rig, &from, &rpl_addr_all_nodes, dio);
}

void row_hear(unsigned n, const struct rpl_wire_message *dio)
{
    row_alive(n, dio);
    row_shout(n, dio);
    row_run(RPL_S(1));
}

/* ---- messages ---------------------------------------------------------------------------- */

struct rpl_wire_message row_dio(enum rpl_mop mop, uint16_t rank)
{
    struct rpl_addr root = rig_global(ROOT);

    return rig_dio(mop, rank, &root);
}

int row_storing(unsigned from, unsigned target, uint8_t sequence, uint8_t path_sequence,
                uint8_t lifetime)
{
    struct rpl_addr src = rig_ll(from), t = rig_global(target);
    struct rpl_wire_message msg = rig_dao(sequence, &t, path_sequence, lifetime, NULL);

    return rig_receive(&rig, &src, &rig.link_local, &msg);
}

int row_source(unsigned from, unsigned parent, uint8_t sequence, uint8_t path_sequence,
               uint8_t lifetime)
{
    struct rpl_addr src = rig_global(from), p = rig_global(parent), root = rig_global(1);
    struct rpl_wire_message msg = rig_dao(sequence, &src, path_sequence, lifetime, &p);

    return rig_receive_on(&rig, 0, &src, &root, &msg);
}

int row_dis(unsigned from, bool multicast, const struct rpl_wire_solicited *solicited)
{
    struct rpl_wire_message msg = {.code = RPL_CODE_DIS};
    struct rpl_addr src = rig_ll(from);

    msg.u.dis.has_solicited = solicited != NULL;
    if (solicited)
        msg.u.dis.solicited = *solicited;
    return rig_receive(&rig, &src, multicast ? &rpl_addr_all_nodes : &rig.link_local, &msg);
}

int row_octets(unsigned from, uint8_t *data, size_t len)
{
    struct rpl_addr src = rig_ll(from);
    uint16_t sum;

    data[2] = data[3] = 0;
    sum = rpl_wire_checksum(&src, &rig.link_local, 58, data, len);
    data[2] = (uint8_t)(sum >> 8);
    data[3] = (uint8_t)sum;
    return rig_octets(&rig, RIG_IF, &src, &rig.link_local, data, len);
}

static const cJSON *records(void)
{
    if (!recorded)
        recorded = vectors_json();
    return recorded;
}

void row_vector(const char *id, struct vector *ret_vector)
{
    vectors_find(records(), id, ret_vector);
}

int row_give(const char *id)
{
    struct vector v;
    bool link;

    row_vector(id, &v);
    link = rpl_addr_is_link_local(&v.src);
    return rig_octets(&rig, link ? RIG_IF : 0, &v.src, &v.dst, v.packet + v.icmp, v.len - v.icmp);
}

static const cJSON *table(const char *name)
{
    const cJSON *tables = cJSON_GetObjectItemCaseSensitive(records(), "tables");

    return vectors_list(tables, name);
}

size_t row_table_size(const char *name)
{
    return (size_t)cJSON_GetArraySize(table(name));
}

double row_table(const char *name, size_t index, const char *field)
{
    const cJSON *item = cJSON_GetArrayItem(table(name), (int)index);
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(item, field);

    assert_non_null(value);
    return cJSON_IsNumber(value) ? value->valuedouble : -1; /* null: infinite */
}

const char *row_table_text(const char *name, size_t index, const char *field)
{
    return vectors_text(cJSON_GetArrayItem(table(name), (int)index), field);
}

/* ---- looking ------------------------------------------------------------------------------ */

struct rpl_view_instance row_instance(void)
{
    struct rpl_cursor c = {0};
    struct rpl_view_instance v;

    assert_true(rpl_view_next_instance(rig.engine, &c, rig.now, &v));
    return v;
}

bool row_node(unsigned n, struct rpl_view_node *ret_node)
{
    struct rpl_addr a = rig_global(n);

    return rpl_view_node(rig.engine, &a, rig.now, ret_node);
}

bool row_reaches(unsigned n, unsigned via)
{
    struct rpl_addr local = rig_ll(via), global = rig_global(via);
    struct rpl_view_node v;

    return row_node(n, &v) && v.reachable &&
           (rpl_addr_equal(&v.via, &local) || rpl_addr_equal(&v.via, &global));
}

bool row_neighbour(unsigned n, struct rpl_view_neighbour *ret_neighbour)
{
    struct rpl_addr addr = rig_ll(n);
    struct rpl_cursor c = {0};

    while (rpl_view_next_neighbour(rig.engine, &c, rig.now, ret_neighbour))
        if (rpl_addr_equal(&ret_neighbour->address, &addr))
            return true;
    return false;
}

bool row_parent_is(unsigned n)
{
    struct rpl_view_instance v = row_instance();
    struct rpl_addr addr = rig_ll(n);

    return n == 0 ? !v.has_parent : v.has_parent && rpl_addr_equal(&v.parent, &addr);
}

size_t row_sent_to(uint8_t code, unsigned n, size_t mark)
{
    struct rpl_addr to = n == 0 ? rpl_addr_all_nodes : rig_ll(n);
    size_t count = 0;

    for (size_t i = mark; i < rig.sent_count; i++)
        count += rig.sent[i].msg.code == code && rpl_addr_equal(&rig.sent[i].send.dst, &to);
    return count;
}
