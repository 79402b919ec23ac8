/* SPDX-License-Identifier: ISC */
/*
 * A small assembler with labels, and the program. It walks an IPHC header as rpl/lowpan_judge.c
 * does: the lengths of the fields in line add up to where the first NHC octet stands.
 */
#include "rpld/lowpan_filter.h"

#include <linux/if_packet.h>

/* The scratch memory. */
#define M_START 0  /* of IPHC in the payload */
#define M_OFFSET 1 /* from there, so far */
#define M_FIELDS 2 /* of the first address */

enum label {
    L_NONE,
    L_NOT_FIRST,
    L_IPHC,
    L_IPV6,
    L_READABLE,
    L_OURS,
    L_KERNELS,
    L_UNDECIDED,
    L_NOBODYS,
    L_FIRST,
    L_LOCAL, /* and up: made as needed */
    L_COUNT = L_LOCAL + 48
};

struct assembler {
    struct sock_filter *code;
    size_t count;
    uint32_t base;
    unsigned next_local;
    size_t at[L_COUNT];             /* where a label stands */
    uint8_t yes[LOWPAN_FILTER_MAX]; /* labels that a jump goes to; L_NONE: the next one */
    uint8_t no[LOWPAN_FILTER_MAX];
};

static void put(struct assembler *as, uint16_t op, uint32_t k, enum label yes, enum label no)
{
    if (as->count == LOWPAN_FILTER_MAX)
        return;
    as->code[as->count] = (struct sock_filter){.code = op, .k = k};
    as->yes[as->count] = (uint8_t)yes;
    as->no[as->count] = (uint8_t)no;
    as->count++;
}

static void op(struct assembler *as, uint16_t code, uint32_t k)
{
    put(as, code, k, L_NONE, L_NONE);
}

static void here(struct assembler *as, enum label label)
{
    as->at[label] = as->count;
}

static enum label local(struct assembler *as)
{
    return (enum label)(L_LOCAL + as->next_local++);
}

/* Go on at |yes| if A is |k|, else at |no|. */
static void if_is(struct assembler *as, uint32_t k, enum label yes, enum label no)
{
    put(as, BPF_JMP | BPF_JEQ | BPF_K, k, yes, no);
}

static void if_set(struct assembler *as, uint32_t k, enum label yes, enum label no)
{
    put(as, BPF_JMP | BPF_JSET | BPF_K, k, yes, no);
}

/* A = the octet of the payload at X + |offset|, and |mask|. */
static void octet(struct assembler *as, uint32_t offset, uint32_t mask)
{
    op(as, BPF_LD | BPF_B | BPF_IND, as->base + offset);
    if (mask != 0xff)
        op(as, BPF_ALU | BPF_AND | BPF_K, mask);
}

/* X = start of IPHC. */
static void at_start(struct assembler *as)
{
    op(as, BPF_LDX | BPF_MEM, M_START);
}

/* X = start + scratch |m|. */
static void at_offset(struct assembler *as, uint32_t m)
{
    at_start(as);
    op(as, BPF_LD | BPF_MEM, m);
    op(as, BPF_ALU | BPF_ADD | BPF_X, 0);
    op(as, BPF_MISC | BPF_TAX, 0);
}

static void advance(struct assembler *as, uint32_t by)
{
    op(as, BPF_LD | BPF_MEM, M_OFFSET);
    op(as, BPF_ALU | BPF_ADD | BPF_K, by);
    op(as, BPF_ST, M_OFFSET);
}

/* A field of the first or second octet of IPHC: advance by what its value stands for. */
static void field(struct assembler *as, uint32_t which, uint32_t mask, const uint8_t lengths[4],
                  unsigned shift)
{
    enum label done = local(as);

    at_start(as);
    for (uint32_t value = 0; value < 4; value++) {
        enum label next = local(as);

        if (lengths[value] == 0 || value > mask >> shift)
            continue;
        octet(as, which, mask);
        if_is(as, value << shift, L_NONE, next);
        advance(as, lengths[value]);
        put(as, BPF_JMP | BPF_JA, 0, done, L_NONE);
        here(as, next);
    }
    here(as, done);
}

/* The two octets at X + |offset|: a link-local or multicast address is the kernel's. */
static void routable(struct assembler *as, uint32_t offset)
{
    octet(as, offset, 0xff);
    if_is(as, 0xff, L_KERNELS, L_NONE);
    op(as, BPF_LD | BPF_H | BPF_IND, as->base + offset);
    op(as, BPF_ALU | BPF_AND | BPF_K, 0xffc0);
    if_is(as, 0xfe80, L_KERNELS, L_NONE);
}

/* The source at X + |offset|, the destination behind it. */
static void addresses(struct assembler *as, uint32_t offset)
{
    routable(as, offset);
    routable(as, offset + 16);
    /* Both whole, or it is the kernel's. */
    octet(as, offset + 31, 0xff);
    put(as, BPF_JMP | BPF_JA, 0, L_OURS, L_NONE);
}

static void program_dispatch(struct assembler *as)
{
    op(as, BPF_LDX | BPF_IMM, 0);
    op(as, BPF_STX, M_START);
    octet(as, 0, 0xf8);
    if_is(as, 0xe0, L_UNDECIDED, L_NONE);
    if_is(as, 0xc0, L_NONE, L_NOT_FIRST);
    op(as, BPF_LDX | BPF_IMM, 4);
    op(as, BPF_STX, M_START);
    here(as, L_NOT_FIRST);
    octet(as, 0, 0xe0);
    if_is(as, 0x60, L_IPHC, L_NONE);
    octet(as, 0, 0xff);
    if_is(as, 0x41, L_IPV6, L_NOBODYS);
}

static void program_iphc(struct assembler *as)
{
    static const uint8_t traffic[4] = {4, 3, 1, 0}, context[4] = {0, 1}, in_line[4] = {1, 0};
    static const uint8_t hop_limit[4] = {1, 0, 0, 0}, unicast[4] = {16, 8, 2, 0};
    static const uint8_t multicast[4] = {16, 6, 4, 1};
    enum label group = local(as), addressed = local(as);

    here(as, L_IPHC);
    octet(as, 1, 0xff);
    if_set(as, 0x44, L_OURS, L_NONE); /* a context */
    op(as, BPF_LD | BPF_IMM, 2);
    op(as, BPF_ST, M_OFFSET);
    field(as, 1, 0x80, context, 7);
    field(as, 0, 0x18, traffic, 3);
    field(as, 0, 0x04, in_line, 2);
    field(as, 0, 0x03, hop_limit, 0);
    op(as, BPF_LD | BPF_MEM, M_OFFSET);
    op(as, BPF_ST, M_FIELDS);
    at_start(as);
    octet(as, 0, 0xff);
    if_set(as, 0x04, L_NONE, L_READABLE);
    field(as, 1, 0x30, unicast, 4);
    octet(as, 1, 0xff);
    if_set(as, 0x08, group, L_NONE);
    field(as, 1, 0x03, unicast, 0);
    put(as, BPF_JMP | BPF_JA, 0, addressed, L_NONE);
    here(as, group);
    field(as, 1, 0x03, multicast, 0);
    here(as, addressed);
    at_offset(as, M_OFFSET);
    octet(as, 0, 0xf0);
    if_is(as, 0xe0, L_OURS, L_NONE);
    octet(as, 0, 0xfc);
    if_is(as, 0xf4, L_OURS, L_NONE); /* UDP without its checksum */
    if_is(as, 0xf0, L_READABLE, L_NOBODYS);
}

/* What the kernel reads: ours all the same, if that is wanted and the link does not matter. */
static void program_all(struct assembler *as)
{
    enum label fine = local(as);

    here(as, L_READABLE);
    at_start(as);
    octet(as, 1, 0x3b);
    if_is(as, 0, L_NONE, L_KERNELS);
    octet(as, 0, 0x03);
    if_is(as, 3, L_KERNELS, L_NONE);
    if_is(as, 0, L_NONE, fine);
    at_offset(as, M_FIELDS);
    octet(as, (uint32_t)-1, 0xff);
    if_is(as, 255, L_KERNELS, L_NONE);
    here(as, fine);
    at_offset(as, M_FIELDS);
    addresses(as, 0);
    here(as, L_IPV6);
    octet(as, 8, 0xff);
    if_is(as, 255, L_KERNELS, L_NONE);
    addresses(as, 9);
}

static void program_verdicts(struct assembler *as, const struct lowpan_verdicts *verdicts)
{
    here(as, L_KERNELS);
    op(as, BPF_LD | BPF_MEM, M_START);
    put(as, BPF_JMP | BPF_JEQ | BPF_K, 0, L_NONE, L_FIRST);
    op(as, BPF_RET | BPF_K, verdicts->kernels);
    here(as, L_FIRST);
    op(as, BPF_RET | BPF_K, verdicts->kernels_first);
    here(as, L_OURS);
    op(as, BPF_RET | BPF_K, verdicts->ours);
    here(as, L_UNDECIDED);
    op(as, BPF_RET | BPF_K, verdicts->undecided);
    here(as, L_NOBODYS);
    op(as, BPF_RET | BPF_K, verdicts->nobodys);
}

static void program_device(struct assembler *as, uint16_t hatype)
{
    enum label mine = local(as), refused = local(as), type = local(as);

    op(as, BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_HATYPE));
    if_is(as, hatype, type, refused);
    here(as, type);
    op(as, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
    if_is(as, PACKET_HOST, mine, L_NONE);
    if_is(as, PACKET_BROADCAST, mine, L_NONE);
    if_is(as, PACKET_MULTICAST, mine, refused);
    here(as, refused);
    op(as, BPF_RET | BPF_K, 0);
    here(as, mine);
}

/* Distances, now that all labels stand. Every jump goes forward. */
static void resolve(struct assembler *as)
{
    for (size_t i = 0; i < as->count; i++) {
        struct sock_filter *code = &as->code[i];
        size_t yes = as->yes[i] != L_NONE ? as->at[as->yes[i]] - i - 1 : 0;
        size_t no = as->no[i] != L_NONE ? as->at[as->no[i]] - i - 1 : 0;

        if (code->code == (BPF_JMP | BPF_JA)) {
            code->k = (uint32_t)yes;
        } else {
            code->jt = (uint8_t)yes;
            code->jf = (uint8_t)no;
        }
    }
}

size_t lowpan_filter_build(struct sock_filter code[LOWPAN_FILTER_MAX], uint32_t base, bool all,
                           uint16_t hatype, const struct lowpan_verdicts *verdicts)
{
    struct assembler as = {.code = code, .base = base};

    if (hatype != 0)
        program_device(&as, hatype);
    program_dispatch(&as);
    program_iphc(&as);
    if (all) {
        program_all(&as);
    } else {
        here(&as, L_READABLE);
        here(&as, L_IPV6);
    }
    program_verdicts(&as, verdicts);
    resolve(&as);
    return as.count;
}
