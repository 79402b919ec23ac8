/* SPDX-License-Identifier: ISC */
/*
 * Any octets as a run of 6LoWPAN frames. The first octet chooses contexts and mode; then each
 * frame is an octet of length, an octet of time passing (10 ms), and the frame, MAC header first.
 * What comes out is a whole IPv6 packet, every frame is counted once, and nobody holds more than
 * a share of the pool. A decoder that hears all that again gives the same answers.
 */
#include <stdlib.h>
#include <string.h>

#include "rpl/rpl_lowpan.h"
#include "rpl/rpl_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SLOTS 5

static void require(bool condition)
{
    if (!condition)
        abort();
}

struct run {
    struct rpl_lowpan lowpan;
    struct rpl_lowpan_slot slot[SLOTS];
    uint64_t frames;
    uint64_t digest;
};

static void begin(struct run *run, uint8_t choice)
{
    memset(run, 0, sizeof(*run));
    run->lowpan.slot = run->slot;
    run->lowpan.slot_count = SLOTS;
    run->lowpan.all = choice & 1;
    for (unsigned i = 0; i < RPL_LOWPAN_CONTEXTS; i++) {
        struct rpl_lowpan_context *context = &run->lowpan.context[i];

        context->valid = i == 0 || (choice >> 1 & i) != 0;
        context->prefix_len = (uint8_t)(i == 0 ? 64 : 8 * i + (choice & 7u));
        memset(context->prefix.b, (int)(0x20 + i), sizeof(context->prefix.b));
        context->prefix.b[0] = 0xfd;
    }
}

static void mix(struct run *run, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        run->digest = (run->digest ^ data[i]) * UINT64_C(1099511628211);
}

/* Slots of one sender, and whether they make sense. */
static void check_pool(const struct run *run)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        const struct rpl_lowpan_slot *slot = &run->slot[i];
        unsigned same = 0;

        if (slot->state == RPL_LOWPAN_SLOT_FREE)
            continue;
        for (unsigned j = 0; j < SLOTS; j++)
            same += run->slot[j].state != RPL_LOWPAN_SLOT_FREE &&
                    memcmp(&run->slot[j].src, &slot->src, sizeof(slot->src)) == 0;
        require(same <= RPL_LOWPAN_PER_SOURCE);
        require(slot->state != RPL_LOWPAN_SLOT_OPEN ||
                (slot->received > 0 &&
                 (slot->received < slot->size || (slot->received == slot->size && !slot->first))));
    }
}

static void check_counters(const struct run *run)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < RPL_LOWPAN_RESULT_COUNT; i++) {
        if (i != RPL_LOWPAN_OVERLAP && i != RPL_LOWPAN_REPLACED && i != RPL_LOWPAN_TIMEOUT)
            sum += run->lowpan.counters[i];
    }
    require(sum == run->frames);
}

/* An unfragmented payload into every buffer that is too small, and one that is just right. */
static void check_room(const struct run *run, const uint8_t *data, size_t len,
                       const struct rpl_lowpan_mac *mac, const uint8_t *packet, size_t packet_len)
{
    static const size_t less[] = {1, 8, 41};
    size_t got;

    for (size_t i = 0; i <= sizeof(less) / sizeof(less[0]); i++) {
        size_t size = packet_len;
        uint8_t *out;

        if (i > 0 && less[i - 1] > size)
            break;
        size -= i > 0 ? less[i - 1] : 0;
        out = malloc(size > 0 ? size : 1);
        require(out != NULL);
        enum rpl_lowpan_result result =
            rpl_lowpan_expand(&run->lowpan, mac, data, len, out, size, &got);
        /* What stood behind an uncompressed packet was cut off, so it may need more room. */
        require(result == (i == 0 ? RPL_LOWPAN_OK : RPL_LOWPAN_TOO_BIG) ||
                (data[0] == 0x41 && result == RPL_LOWPAN_TOO_BIG));
        require(i > 0 || result != RPL_LOWPAN_OK ||
                (got == size && memcmp(out, packet, size) == 0));
        free(out);
    }
}

static void input(struct run *run, const uint8_t *frame, size_t len, rpl_tstamp now)
{
    uint8_t *copy = malloc(len > 0 ? len : 1), *packet = malloc(RPL_LOWPAN_PACKET_MAX);
    struct rpl_lowpan_mac mac;
    size_t got;

    require(copy != NULL && packet != NULL);
    if (len > 0)
        memcpy(copy, frame, len);
    enum rpl_lowpan_result result =
        rpl_lowpan_input(&run->lowpan, copy, len, now, packet, RPL_LOWPAN_PACKET_MAX, &got, &mac);
    run->frames++;
    check_pool(run);
    check_counters(run);
    if (result == RPL_LOWPAN_OK) {
        const uint8_t *data = copy + mac.len;

        require(got >= 40 && got == 40u + (size_t)(packet[4] << 8 | packet[5]));
        require(packet[0] >> 4 == 6);
        require(rpl_lowpan_judge(data, len - mac.len, run->lowpan.all) != RPL_LOWPAN_IS_KERNELS);
        if ((data[0] & 0xd8) != 0xc0)
            check_room(run, data, len - mac.len, &mac, packet, got);
        mix(run, packet, got);
    } else {
        require(got == 0);
    }
    mix(run, (const uint8_t *)rpl_lowpan_result_name(result), 4);
    free(packet);
    free(copy);
}

static void play(struct run *run, const uint8_t *data, size_t size)
{
    rpl_tstamp now = RPL_S(1);

    begin(run, data[0]);
    data++;
    size--;
    while (size >= 2) {
        size_t len = data[0] < size - 2 ? data[0] : size - 2;

        now += data[1] * RPL_MS(10);
        input(run, data + 2, len, now);
        data += 2 + len;
        size -= 2 + len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run first, second;

    if (size < 1)
        return 0;
    play(&first, data, size);
    play(&second, data, size);
    require(first.digest == second.digest);
    return 0;
}
