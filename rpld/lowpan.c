/* SPDX-License-Identifier: ISC */
#include "rpld/lowpan.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpld/log.h"
#include "rpld/lowpan_filter.h"

#define LOWPAN_PER_TURN 64    /* frames read per call */
#define LOWPAN_FRAME_MAX 2048 /* of the largest PHY; the usual one has 127 */
#define LOWPAN_SLOTS 32       /* datagrams under reassembly, each radio */

/* A 6LoWPAN interface and the radio below it. */
struct lowpan_entry {
    uint32_t ifindex, radio;
    bool filtered; /* the filter of traffic control stands */
    struct rpl_lowpan decoder;
    struct rpl_lowpan_slot slot[LOWPAN_SLOTS];
};

struct lowpan {
    int fd;
    struct krt *krt;
    struct lowpan_host host;
    enum conf_decode decode;
    struct conf_contexts contexts;
    unsigned count;
    struct lowpan_entry *entry[RPL_INTERFACES_MAX];
    uint64_t gone[RPL_LOWPAN_RESULT_COUNT]; /* counted by decoders that are no more */
    uint64_t filter_failed;
};

int lowpan_open(struct lowpan **ret_lowpan)
{
    struct lowpan *lowpan = calloc(1, sizeof(*lowpan));

    if (!lowpan)
        return -ENOMEM;
    /* Protocol 0 hears nothing until it is bound. */
    lowpan->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (lowpan->fd < 0) {
        int error = errno;

        free(lowpan);
        return -error;
    }
    *ret_lowpan = lowpan;
    return 0;
}

void lowpan_attach(struct lowpan *lowpan, struct krt *krt, const struct lowpan_host *host)
{
    lowpan->krt = krt;
    lowpan->host = *host;
}

int lowpan_fd(const struct lowpan *lowpan)
{
    return lowpan->fd;
}

/* ---- filters ----------------------------------------------------------------------------- */

static int lowpan_filter_socket(const struct lowpan *lowpan)
{
    static const struct lowpan_verdicts wanted = {.ours = UINT32_MAX,
                                                  .kernels_first = UINT32_MAX,
                                                  .undecided = UINT32_MAX,
                                                  .nobodys = UINT32_MAX};
    struct sock_filter code[LOWPAN_FILTER_MAX] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    struct sock_fprog program = {.len = 1, .filter = code};

    if (lowpan->decode != CONF_DECODE_NEVER)
        program.len = (unsigned short)lowpan_filter_build(code, (uint32_t)SKF_NET_OFF,
                                                          lowpan->decode == CONF_DECODE_ALWAYS,
                                                          ARPHRD_IEEE802154, &wanted);
    return setsockopt(lowpan->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0
               ? -errno
               : 0;
}

static int lowpan_filter_kernel(const struct lowpan *lowpan, uint32_t radio)
{
    static const uint32_t pass = (uint32_t)TC_ACT_UNSPEC;
    static const struct lowpan_verdicts verdicts = {.ours = TC_ACT_SHOT,
                                                    .kernels = pass,
                                                    .kernels_first = pass,
                                                    .undecided = pass,
                                                    .nobodys = pass};
    struct sock_filter code[LOWPAN_FILTER_MAX];
    size_t count = lowpan_filter_build(code, (uint32_t)SKF_NET_OFF,
                                       lowpan->decode == CONF_DECODE_ALWAYS, 0, &verdicts);

    return krt_filter_set(lowpan->krt, radio, code, (uint16_t)count);
}

/* What the kernel must not see as well; without the filter that can only be what it drops. */
static void lowpan_silence(struct lowpan *lowpan, struct lowpan_entry *entry)
{
    int r = lowpan_filter_kernel(lowpan, entry->radio);

    entry->filtered = r == 0;
    entry->decoder.all = entry->filtered && lowpan->decode == CONF_DECODE_ALWAYS;
    if (r == 0)
        return;
    lowpan->filter_failed++;
    log_warning("decode: no filter on the radio, the kernel will log each frame it cannot read",
                "ifindex=%u error=\"%s\" mend=\"modprobe sch_ingress cls_bpf\"", entry->radio,
                strerror(-r));
    if (lowpan->decode == CONF_DECODE_ALWAYS)
        log_warning("decode: \"always\" needs that filter, so it is as \"auto\"", "ifindex=%u",
                    entry->radio);
}

/* ---- radios that come and go -------------------------------------------------------------- */

static void lowpan_contexts(const struct lowpan *lowpan, struct rpl_lowpan *decoder)
{
    static const struct rpl_addr none = {{0}};

    memset(decoder->context, 0, sizeof(decoder->context));
    for (uint32_t i = 0; i < lowpan->contexts.count && i < RPL_LOWPAN_CONTEXTS; i++) {
        struct rpl_lowpan_context *context = &decoder->context[i];

        context->prefix = lowpan->contexts.prefix[i];
        context->prefix_len = 64;
        context->valid = memcmp(&context->prefix, &none, sizeof(none)) != 0;
    }
}

static void lowpan_apply(struct lowpan *lowpan, struct lowpan_entry *entry)
{
    lowpan_contexts(lowpan, &entry->decoder);
    if (lowpan->decode != CONF_DECODE_NEVER) {
        lowpan_silence(lowpan, entry);
        return;
    }
    entry->decoder.all = entry->filtered = false;
    krt_filter_del(lowpan->krt, entry->radio); /* also one that an earlier run left */
}

/* Listen on the one radio, or on all that there is and let the filter choose. */
static void lowpan_bind(struct lowpan *lowpan)
{
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};

    if (lowpan->count == 0 || lowpan->decode == CONF_DECODE_NEVER)
        return;
    if (lowpan->count == 1)
        to.sll_ifindex = (int)lowpan->entry[0]->radio;
    if (bind(lowpan->fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
        log_error("decode: cannot listen to the radio", "ifindex=%d error=\"%s\"", to.sll_ifindex,
                  strerror(errno));
}

void lowpan_configure(struct lowpan *lowpan, enum conf_decode decode,
                      const struct conf_contexts *contexts)
{
    lowpan->decode = decode;
    lowpan->contexts = *contexts;
    int r = lowpan_filter_socket(lowpan);
    if (r < 0)
        log_error("decode: cannot filter what the radio hears", "error=\"%s\"", strerror(-r));
    for (unsigned i = 0; i < lowpan->count; i++)
        lowpan_apply(lowpan, lowpan->entry[i]);
    lowpan_bind(lowpan);
}

static void lowpan_remove(struct lowpan *lowpan, unsigned index)
{
    struct lowpan_entry *entry = lowpan->entry[index];

    for (unsigned i = 0; i < RPL_LOWPAN_RESULT_COUNT; i++)
        lowpan->gone[i] += entry->decoder.counters[i];
    if (entry->filtered)
        krt_filter_del(lowpan->krt, entry->radio);
    free(entry);
    lowpan->entry[index] = lowpan->entry[--lowpan->count];
    lowpan_bind(lowpan);
}

static void lowpan_add(struct lowpan *lowpan, const struct krt_link *link)
{
    if (lowpan->count == RPL_INTERFACES_MAX)
        return;
    struct lowpan_entry *entry = calloc(1, sizeof(*entry));
    if (!entry) {
        log_error("decode: out of memory", "interface=%s", link->name);
        return;
    }
    entry->ifindex = link->ifindex;
    entry->radio = link->parent;
    entry->decoder.slot = entry->slot;
    entry->decoder.slot_count = LOWPAN_SLOTS;
    lowpan->entry[lowpan->count++] = entry;
    lowpan_apply(lowpan, entry);
    lowpan_bind(lowpan);
    if (lowpan->decode != CONF_DECODE_NEVER)
        log_info("decode: listening to the radio", "interface=%s radio=%u filter=%s", link->name,
                 entry->radio, entry->filtered ? "on" : "off");
}

void lowpan_link(struct lowpan *lowpan, const struct krt_link *link, bool ours)
{
    bool wanted = ours && link->type == KRT_LINK_LOWPAN && link->parent != 0 && link->up;

    for (unsigned i = 0; i < lowpan->count; i++) {
        if (lowpan->entry[i]->ifindex != link->ifindex)
            continue;
        if (wanted && lowpan->entry[i]->radio == link->parent)
            return;
        lowpan_remove(lowpan, i);
        break;
    }
    if (wanted)
        lowpan_add(lowpan, link);
}

void lowpan_close(struct lowpan *lowpan, bool keep)
{
    if (!lowpan)
        return;
    for (unsigned i = 0; i < lowpan->count; i++) {
        if (lowpan->entry[i]->filtered && !keep)
            krt_filter_del(lowpan->krt, lowpan->entry[i]->radio);
        free(lowpan->entry[i]);
    }
    close(lowpan->fd);
    free(lowpan);
}

/* ---- frames -------------------------------------------------------------------------------- */

static struct lowpan_entry *lowpan_entry_of(const struct lowpan *lowpan, uint32_t radio)
{
    for (unsigned i = 0; i < lowpan->count; i++) {
        if (lowpan->entry[i]->radio == radio)
            return lowpan->entry[i];
    }
    return NULL;
}

void lowpan_ready(struct lowpan *lowpan, rpl_tstamp now)
{
    uint8_t frame[LOWPAN_FRAME_MAX], packet[RPL_LOWPAN_PACKET_MAX];

    for (unsigned i = 0; i < LOWPAN_PER_TURN; i++) {
        struct sockaddr_ll from = {0};
        socklen_t from_len = sizeof(from);
        ssize_t n = recvfrom(lowpan->fd, frame, sizeof(frame), MSG_DONTWAIT,
                             (struct sockaddr *)&from, &from_len);

        if (n < 0 && (errno == EINTR || errno == ENETDOWN))
            continue; /* ENETDOWN once for each time that the radio goes down */
        if (n < 0)
            return;
        struct lowpan_entry *entry = lowpan_entry_of(lowpan, (uint32_t)from.sll_ifindex);
        struct rpl_lowpan_mac mac;
        size_t len;
        if (entry && rpl_lowpan_input(&entry->decoder, frame, (size_t)n, now, packet,
                                      sizeof(packet), &len, &mac) == RPL_LOWPAN_OK)
            lowpan->host.packet(lowpan->host.ctx, packet, len, entry->ifindex);
    }
}

bool lowpan_counter(const struct lowpan *lowpan, unsigned index, const char **ret_name,
                    uint64_t *ret_value)
{
    static const char *const names[RPL_LOWPAN_RESULT_COUNT] = {
#define LOWPAN_COUNTER_NAME(id, name) "lowpan-" name,
        RPL_LOWPAN_RESULTS(LOWPAN_COUNTER_NAME)
#undef LOWPAN_COUNTER_NAME
    };

    if (index > RPL_LOWPAN_RESULT_COUNT)
        return false;
    if (index == RPL_LOWPAN_RESULT_COUNT) {
        *ret_name = "lowpan-filter-failed";
        *ret_value = lowpan->filter_failed;
        return true;
    }
    *ret_name = names[index];
    *ret_value = lowpan->gone[index];
    for (unsigned i = 0; i < lowpan->count; i++)
        *ret_value += lowpan->entry[i]->decoder.counters[index];
    return true;
}
