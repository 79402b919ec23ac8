/* SPDX-License-Identifier: ISC */
#include "tests/conformance/interop.h"

#include <stdio.h>

#define LINE_MAX_OCTETS 4096

struct rpl_addr interop_global(unsigned n)
{
    return (struct rpl_addr){
        {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

struct rpl_addr interop_local(unsigned n)
{
    return (struct rpl_addr){{0xfe, 0x80, [11] = 0xff, 0xfe, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

void interop_fixture(const char *stack, const char *words, struct vector *ret_vector)
{
    static char line[LINE_MAX_OCTETS];
    FILE *file = fopen(VECTORS_DIR "/fixtures.txt", "r");
    size_t stack_len = strlen(stack);
    bool found = false;

    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        if (found)
            break;
        found = line[0] == '#' && strncmp(line + 2, stack, stack_len) == 0 &&
                line[2 + stack_len] == ':' && strstr(line, words);
    }
    fclose(file);
    if (!found)
        fail_msg("no packet of %s with %s", stack, words);
    vector_load(ret_vector, line);
}

void interop_root(enum rpl_mop mop, uint16_t ocp, bool own_id)
{
    struct rpl_instance_config *c;

    row_begin(RPL_ROLE_ROOT, mop);
    rig.link_local = interop_local(0x11);
    c = &rig.config.instance[0];
    c->ocp = ocp;
    c->prefix = interop_global(0);
    rpl_addr_mask(&c->prefix, 64);
    c->has_dodag_id = true;
    c->dodag_id = interop_global(0x11);
    if (!own_id) {
        c->dodag_id = c->prefix;
        c->dodag_id.b[15] = 1;
    }
}

int interop_give(const char *stack, const char *words)
{
    struct vector v;

    interop_fixture(stack, words, &v);
    assert_true(v.icmp > 0);
    return rig_octets(&rig, rpl_addr_is_link_local(&v.src) ? RIG_IF : 0, &v.src, &v.dst,
                      v.packet + v.icmp, v.len - v.icmp);
}

void interop_same(const struct rig_sent *sent, const struct vector *vector)
{
    assert_non_null(sent);
    assert_memory_equal(&sent->send.src, &vector->src, 16);
    assert_memory_equal(&sent->send.dst, &vector->dst, 16);
    assert_int_equal(sent->send.len, vector->len - vector->icmp);
    assert_memory_equal(sent->send.data, vector->packet + vector->icmp, sent->send.len);
}

bool interop_reaches(unsigned n, unsigned via)
{
    struct rpl_addr addr = interop_global(n), local = interop_local(via);
    struct rpl_addr global = interop_global(via);
    struct rpl_view_node v;

    return rpl_view_node(rig.engine, &addr, rig.now, &v) && v.reachable &&
           (rpl_addr_equal(&v.via, &local) || rpl_addr_equal(&v.via, &global));
}
