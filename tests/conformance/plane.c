/* SPDX-License-Identifier: ISC */
#include "tests/conformance/plane.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINK_MTU 1280

struct plane_packet plane_out[PLANE_OUT];
size_t plane_out_count;
struct rpl_event plane_told;
size_t plane_told_count;

static struct fwd fwd;
static int kernel = -1; /* the other end of the TUN */

/* What the forwarder's sendto() calls become. */
ssize_t __wrap_sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to,
                      socklen_t to_len);
ssize_t __wrap_sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to,
                      socklen_t to_len)
{
    struct sockaddr_in6 in6;
    struct plane_packet *out = &plane_out[plane_out_count];

    (void)fd;
    (void)flags;
    if (plane_out_count == PLANE_OUT || len > PLANE_PACKET || to_len != sizeof(in6))
        abort();
    memcpy(&in6, to, sizeof(in6));
    memcpy(out->octets, data, len);
    out->len = len;
    out->ifindex = in6.sin6_scope_id;
    memcpy(out->hop.b, &in6.sin6_addr, 16);
    plane_out_count++;
    return (ssize_t)len;
}

static uint32_t mtu(void *ctx, uint32_t ifindex)
{
    (void)ctx;
    return ifindex == RIG_IF ? LINK_MTU : 0;
}

static void tell(void *ctx, const struct rpl_event *event)
{
    (void)ctx;
    plane_told = *event;
    plane_told_count++;
    rig_input(&rig, event);
}

int plane_stop(void **state)
{
    if (kernel >= 0) {
        close(kernel);
        close(fwd.tun);
    }
    kernel = -1;
    plane_out_count = plane_told_count = 0;
    return row_stop(state);
}

void plane_start(void)
{
    const struct fwd_host host = {.mtu = mtu, .event = tell};
    int ends[2];

    if (kernel >= 0) {
        close(kernel);
        close(fwd.tun);
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
    memset(&fwd, 0, sizeof(fwd));
    fwd.tun = ends[0];
    kernel = ends[1];
    fwd.raw = fwd.packet = fwd.tunnel = -1;
    fwd.errors.tokens = FWD_ERRORS_BURST;
    fwd_attach(&fwd, rig.engine, &host);
    plane_out_count = plane_told_count = 0;
}

struct plane_packet plane_udp(const struct rpl_addr *src, const struct rpl_addr *dst,
                              uint8_t hop_limit)
{
    struct plane_packet p = {.len = 40 + 16};
    uint16_t sum;

    p.octets[0] = 0x60;
    p.octets[5] = 16;
    p.octets[6] = IPPROTO_UDP;
    p.octets[7] = hop_limit;
    memcpy(p.octets + 8, src->b, 16);
    memcpy(p.octets + 24, dst->b, 16);
    memcpy(p.octets + 40,
           "\x16\x33\x16\x33\x00\x10\x00\x00"
           "payload!",
           16);
    sum = rpl_wire_checksum(src, dst, IPPROTO_UDP, p.octets + 40, 16);
    p.octets[46] = (uint8_t)(sum >> 8);
    p.octets[47] = (uint8_t)sum;
    return p;
}

struct plane_packet plane_rpi(const struct rpl_addr *src, const struct rpl_addr *dst,
                              const struct rpl_rpi *rpi)
{
    struct plane_packet p = plane_udp(src, dst, 64);

    assert_int_equal(rpl_srh_insert(p.octets, &p.len, PLANE_PACKET, dst, 1, rpi), RPL_DATA_OK);
    return p;
}

struct plane_packet plane_vector(const char *id)
{
    struct plane_packet p = {0};
    struct vector v;

    row_vector(id, &v);
    memcpy(p.octets, v.packet, v.len);
    p.len = v.len;
    return p;
}

void plane_air(const struct plane_packet *packet)
{
    uint8_t buffer[FWD_BUFFER];

    memcpy(buffer, packet->octets, packet->len);
    fwd_receive(&fwd, buffer, packet->len, RIG_IF, 0, rig.now);
}

void plane_kernel(const struct plane_packet *packet)
{
    assert_int_equal(write(kernel, packet->octets, packet->len), packet->len);
    fwd_tun_ready(&fwd, rig.now);
}

bool plane_injected(struct plane_packet *ret_packet)
{
    ssize_t n = read(kernel, ret_packet->octets, PLANE_PACKET);

    ret_packet->len = n > 0 ? (size_t)n : 0;
    return n > 0;
}

struct rpl_packet_info plane_parse(const struct plane_packet *packet)
{
    struct rpl_packet_info info;

    assert_non_null(packet);
    assert_int_equal(rpl_packet_parse(packet->octets, packet->len, &info), RPL_DATA_OK);
    return info;
}

const struct plane_packet *plane_sent_to(unsigned n)
{
    struct rpl_addr hop = rig_ll(n);

    for (size_t i = plane_out_count; i-- > 0;)
        if (n == 0 ? plane_out[i].ifindex == 0
                   : plane_out[i].ifindex == RIG_IF && rpl_addr_equal(&plane_out[i].hop, &hop))
            return &plane_out[i];
    return NULL;
}

unsigned plane_icmp(const struct plane_packet *packet)
{
    assert_non_null(packet);
    assert_int_equal(packet->octets[6], IPPROTO_ICMPV6);
    return packet->octets[40] * 256u + packet->octets[41];
}

uint64_t plane_counter(enum fwd_counter counter)
{
    return fwd_counter(&fwd, counter);
}

void plane_hop_failed(unsigned n)
{
    struct rpl_addr hop = rig_ll(n);

    fwd_neighbour_failed(&fwd, RIG_IF, &hop, rig.now);
}

struct fwd *plane_forwarder(void)
{
    return &fwd;
}
