/* SPDX-License-Identifier: ISC */
#include "rpld/capture.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpl/rpl_data.h"
#include "rpl/rpl_wire.h"
#include "rpld/history.h"
#include "rpld/show.h"

/* Blocks and options of pcapng; numbers are in the order of the writing machine. */
#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET 6u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINKTYPE_IPV6 229u
#define SNAPLEN 65535u
#define OPTION_COMMENT 1u
#define OPTION_USERAPPL 4u /* of a section */
#define OPTION_NAME 2u     /* of an interface */
#define OPTION_FLAGS 2u    /* of a packet */
#define OPTION_DROPS 4u
#define FLAG_IN 1u
#define FLAG_OUT 2u

#define IPV6_HEADER 40u
#define IPV6_SRC 8u
#define IPV6_DST 24u

/* ---- a block in the making ----------------------------------------------------------------- */

struct block {
    struct writer_buf *buf;
    size_t start; /* in |buf| */
};

static void put(struct block *block, const void *data, size_t len)
{
    static const char zeroes[4];

    writer_buf_add(block->buf, data, len);
    writer_buf_add(block->buf, zeroes, -len & 3);
}

static void put32(struct block *block, uint32_t value)
{
    put(block, &value, sizeof(value));
}

static void put16(struct block *block, unsigned first, unsigned second)
{
    const uint16_t value[2] = {(uint16_t)first, (uint16_t)second};

    put(block, value, sizeof(value));
}

static void put_option(struct block *block, unsigned code, const void *data, size_t len)
{
    put16(block, code, (unsigned)len);
    put(block, data, len);
}

static struct block block_begin(struct writer_buf *buf, uint32_t type)
{
    struct block block = {buf, buf->len};

    put32(&block, type);
    put32(&block, 0); /* its length, once that is known */
    return block;
}

static void block_end(struct block *block)
{
    put16(block, 0, 0); /* the end of the options */
    if (block->buf->failed)
        return;
    uint32_t len = (uint32_t)(block->buf->len - block->start) + 4;
    memcpy(block->buf->data + block->start + 4, &len, sizeof(len));
    put32(block, len);
}

/* ---- the head ------------------------------------------------------------------------------- */

static void describe_interface(struct capture *capture, const char *name, struct writer_buf *buf)
{
    struct block block = block_begin(buf, BLOCK_INTERFACE);

    put16(&block, LINKTYPE_IPV6, 0);
    put32(&block, SNAPLEN);
    put_option(&block, OPTION_NAME, name, strlen(name));
    block_end(&block);
    snprintf(capture->interface[capture->interface_count++], RPL_IFNAME_MAX, "%s", name);
}

/* Its number in the stream, which describes it now if it has not; -1: there are too many. */
static int find_interface(struct capture *capture, const char *name, struct writer_buf *buf)
{
    for (unsigned i = 0; i < capture->interface_count; i++) {
        if (strcmp(capture->interface[i], name) == 0)
            return (int)i;
    }
    if (capture->interface_count == CAPTURE_INTERFACES_MAX)
        return -1;
    describe_interface(capture, name, buf);
    return (int)capture->interface_count - 1;
}

void capture_begin(struct capture *capture, const struct ctl_source *source, struct writer_buf *buf)
{
    static const int64_t unknown = -1; /* length of the section */
    struct ctl_interface interface;
    struct block block = block_begin(buf, BLOCK_SECTION);

    put32(&block, BYTE_ORDER_MAGIC);
    put16(&block, 1, 0); /* version 1.0 of the format */
    put(&block, &unknown, sizeof(unknown));
    put_option(&block, OPTION_USERAPPL, "rpld", 4);
    block_end(&block);
    for (unsigned i = 0; source->interface(source->ctx, i, &interface); i++)
        find_interface(capture, interface.name, buf);
    if (source->tun)
        find_interface(capture, source->tun, buf);
}

/* ---- the filter ----------------------------------------------------------------------------- */

bool capture_filter(struct capture *capture, const char *const *words, unsigned count,
                    const char **ret_wrong)
{
    memset(capture, 0, sizeof(*capture));
    for (unsigned i = 0; i < count; i++) {
        const char *word = words[i];
        struct rpl_addr address;

        if (strcmp(word, "rpl") == 0)
            capture->rpl = true;
        else if (strcmp(word, "data") == 0)
            capture->data = true;
        else if (strcmp(word, "in") == 0)
            capture->in = true;
        else if (strcmp(word, "out") == 0)
            capture->out = true;
        else if (show_addr_parse(word, &address) && capture->address_count < CAPTURE_WORDS_MAX)
            capture->address[capture->address_count++] = address;
        else if (strlen(word) < RPL_IFNAME_MAX && capture->name_count < CAPTURE_WORDS_MAX &&
                 !strpbrk(word, ":/"))
            memcpy(capture->name[capture->name_count++], word, strlen(word) + 1);
        else {
            *ret_wrong = word;
            return false;
        }
    }
    return true;
}

/* |packet| in one piece as far as headers reach; its length. */
static size_t headers(const struct ctl_packet *packet, uint8_t *out, size_t size)
{
    size_t head = packet->head_len < size ? packet->head_len : size;
    size_t rest = packet->len < size - head ? packet->len : size - head;

    memcpy(out, packet->head, head);
    if (rest > 0)
        memcpy(out + head, packet->data, rest);
    return head + rest;
}

/* A message of the protocol, also behind headers that we would take off. */
static bool is_rpl(const uint8_t *octets, size_t len)
{
    struct rpl_packet_info info;

    return rpl_packet_parse(octets, len, &info) == RPL_DATA_OK && info.next == IPPROTO_ICMPV6 &&
           info.payload < len && octets[info.payload] == RPL_ICMP6_TYPE;
}

static bool has_address(const struct ctl_packet *packet, const uint8_t *octets,
                        const struct rpl_addr *wanted)
{
    struct rpl_addr src, dst;

    memcpy(src.b, octets + IPV6_SRC, sizeof(src.b));
    memcpy(dst.b, octets + IPV6_DST, sizeof(dst.b));
    return history_same_node(&src, wanted) || history_same_node(&dst, wanted) ||
           (packet->hop && history_same_node(packet->hop, wanted));
}

bool capture_wants(const struct capture *capture, const struct ctl_packet *packet,
                   const char *interface)
{
    uint8_t octets[2048];
    size_t len = headers(packet, octets, sizeof(octets));

    if (capture->in != capture->out && capture->in == packet->out)
        return false;
    for (unsigned i = 0; i < capture->name_count; i++) {
        if (strcmp(capture->name[i], interface) != 0)
            return false;
    }
    if (len < IPV6_HEADER)
        return false;
    if (capture->rpl != capture->data && capture->rpl != is_rpl(octets, len))
        return false;
    for (unsigned i = 0; i < capture->address_count; i++) {
        if (!has_address(packet, octets, &capture->address[i]))
            return false;
    }
    return true;
}

/* ---- packets -------------------------------------------------------------------------------- */

bool capture_packet(struct capture *capture, const struct ctl_packet *packet, const char *interface,
                    const struct timespec *time, uint64_t lost, struct writer_buf *buf)
{
    static const char zeroes[4];
    int number = find_interface(capture, interface, buf);
    uint64_t us = (uint64_t)time->tv_sec * 1000000u + (uint64_t)time->tv_nsec / 1000u;
    uint32_t flags = packet->out ? FLAG_OUT : FLAG_IN;
    size_t len = packet->head_len + packet->len;
    size_t rest = len > SNAPLEN ? SNAPLEN - packet->head_len : packet->len;
    char comment[SHOW_ADDR + 16], addr[SHOW_ADDR];

    if (number < 0)
        return false;
    struct block block = block_begin(buf, BLOCK_PACKET);
    put32(&block, (uint32_t)number);
    put32(&block, (uint32_t)(us >> 32));
    put32(&block, (uint32_t)us);
    put32(&block, (uint32_t)(packet->head_len + rest));
    put32(&block, (uint32_t)len);
    writer_buf_add(buf, packet->head, packet->head_len);
    writer_buf_add(buf, packet->data, rest);
    writer_buf_add(buf, zeroes, -(packet->head_len + rest) & 3);
    put_option(&block, OPTION_FLAGS, &flags, sizeof(flags));
    if (packet->hop) {
        int n = snprintf(comment, sizeof(comment), "to %s", show_addr(packet->hop, addr));
        put_option(&block, OPTION_COMMENT, comment, (size_t)n);
    }
    if (lost > 0)
        put_option(&block, OPTION_DROPS, &lost, sizeof(lost));
    block_end(&block);
    return true;
}

/* ---- the command ---------------------------------------------------------------------------- */

enum show_code show_capture_start(struct show *show)
{
    struct capture *capture = calloc(1, sizeof(*capture));
    const char *wrong;

    if (!capture)
        return show_fail(show, SHOW_FAILED, "out of memory");
    show->data = capture;
    show->data_free = free;
    if (!capture_filter(capture, show->request->argv, show->request->argc, &wrong))
        return show_fail(show, SHOW_USAGE,
                         "neither rpl, data, in, out, an interface nor an address: %s", wrong);
    return SHOW_OK;
}

bool show_capture(struct show *show, unsigned budget)
{
    (void)budget;
    capture_begin(show->data, show->context->source, show->writer.buf);
    return false;
}

bool show_packet(struct show *show, const struct ctl_packet *packet, uint64_t lost)
{
    const struct ctl_source *source = show->context->source;
    struct timespec time;
    char number[32];
    const char *name = packet->ifindex == CTL_PACKET_TUN && source->tun ? source->tun
                       : packet->ifindex == CTL_PACKET_ROUTED
                           ? "routed"
                           : show_interface(source, packet->ifindex, number);

    if (!capture_wants(show->data, packet, name))
        return false;
    clock_gettime(CLOCK_REALTIME, &time);
    return capture_packet(show->data, packet, name, &time, lost, show->writer.buf);
}
