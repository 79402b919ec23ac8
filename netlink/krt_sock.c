/* SPDX-License-Identifier: ISC */
/* Sockets: opening, filters, reading, and requests that are answered at once. */
#include "netlink/krt_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/neighbour.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define ASK_TIMEOUT_MS 1000
#define ASK_ANSWERS_MAX 64 /* late answers to earlier requests that are passed over */
#define DRAIN_MAX 65536u

static void set_buffer(int fd, uint32_t octets)
{
    int value = octets > INT32_MAX ? INT32_MAX : (int)octets;

    /* Beyond the host's limit with CAP_NET_ADMIN, else up to it. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &value, sizeof(value)) < 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof(value));
}

int krt_sock_open(struct mnl_socket **ret, uint32_t groups, uint32_t buffer)
{
    struct mnl_socket *nl;
    int one = 1;

    nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!nl)
        return -errno;
    if (buffer)
        set_buffer(mnl_socket_get_fd(nl), buffer);
    /* Answers without the request in them; dumps that are filtered where they are made. Both
     * are younger than the oldest kernels about, and nothing depends on them. */
    (void)mnl_socket_setsockopt(nl, NETLINK_CAP_ACK, &one, sizeof(one));
    (void)mnl_socket_setsockopt(nl, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
    if (mnl_socket_bind(nl, groups, MNL_SOCKET_AUTOPID) < 0) {
        int err = -errno;

        mnl_socket_close(nl);
        return err;
    }
    *ret = nl;
    return 0;
}

uint32_t krt_sock_buffer(const struct mnl_socket *nl)
{
    int value = 0;
    socklen_t len = sizeof(value);

    if (getsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUF, &value, &len) < 0 || value < 0)
        return 0;
    return (uint32_t)value;
}

static void attach(const struct mnl_socket *nl, struct sock_filter *code, size_t count)
{
    struct sock_fprog program = {.len = (unsigned short)count, .filter = code};

    (void)setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_ATTACH_FILTER, &program,
                     sizeof(program));
}

/* Offsets into a message; a filter loads in network order what stands there in host order. */
#define OFF_TYPE 4
#define OFF_FLAGS 6
#define OFF_PORTID 12
#define OFF_RTM_DST_LEN 17
#define OFF_RTM_PROTOCOL 21
#define OFF_RTM_TYPE 23
#define OFF_NDM_FAMILY 16
#define OFF_NDM_STATE 24

/*
 * Without this every route that we add comes back as a notice, which costs a quarter of the
 * speed and overruns the buffer. Passed: deletions of our protocol and of default routes,
 * replacements, and what may be a delegated prefix that comes or goes; all only if they are not our
 * own doing.
 */
void krt_sock_filter_watch(const struct mnl_socket *nl, uint32_t own1, uint32_t own2)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFF_PORTID),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(own1), 15, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(own2), 14, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, OFF_TYPE),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 0, 11),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, OFF_FLAGS),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, htons(NLM_F_REPLACE), 8, 4),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, OFF_RTM_DST_LEN),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 6, 0),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, OFF_RTM_PROTOCOL),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, KRT_PROTOCOL, 4, 0),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, OFF_RTM_TYPE),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTN_UNREACHABLE, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTN_BLACKHOLE, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RTN_PROHIBIT, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };

    attach(nl, code, sizeof(code) / sizeof(code[0]));
}

/* Of neighbours only the IPv6 ones that were found or given up. */
void krt_sock_filter_notice(const struct mnl_socket *nl)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, OFF_TYPE),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWNEIGH), 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELNEIGH), 4, 5),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, OFF_NDM_FAMILY),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 2),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, OFF_NDM_STATE),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, htons(NUD_FAILED | NUD_REACHABLE), 1, 0),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };

    attach(nl, code, sizeof(code) / sizeof(code[0]));
}

/* Of the rules of nftables only that a change of them is complete, which comes as a message of its
 * own after all that it consists of. */
void krt_sock_filter_ruleset(const struct mnl_socket *nl)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, OFF_TYPE),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN), 1,
                 0),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };

    attach(nl, code, sizeof(code) / sizeof(code[0]));
}

int krt_sock_read(const struct mnl_socket *nl, void *buf, size_t size)
{
    struct sockaddr_nl from;
    struct iovec iov = {.iov_base = buf, .iov_len = size};
    struct msghdr msg = {
        .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;

    do {
        n = recvmsg(mnl_socket_get_fd(nl), &msg, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EWOULDBLOCK ? -EAGAIN : -errno;
    if (msg.msg_flags & MSG_TRUNC)
        return -ENOBUFS;
    /* Only the kernel has port 0. */
    if (msg.msg_namelen != sizeof(from) || from.nl_family != AF_NETLINK || from.nl_pid != 0)
        return 0;
    return (int)n;
}

int krt_sock_pump(struct krt *krt, const struct mnl_socket *nl, uint32_t datagrams,
                  krt_handler *handler)
{
    while (datagrams-- > 0) {
        struct nlmsghdr *nlh = (struct nlmsghdr *)krt->receive;
        int left, err;

        left = krt_sock_read(nl, krt->receive, sizeof(krt->receive));
        if (left == -EAGAIN)
            return 0;
        if (left < 0)
            return left;
        for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
            err = handler(krt, nlh);
            if (err < 0)
                return err;
        }
    }
    return 0;
}

void krt_sock_drain(struct krt *krt, const struct mnl_socket *nl)
{
    uint32_t n;

    for (n = 0; n < DRAIN_MAX; n++) {
        int got = krt_sock_read(nl, krt->receive, sizeof(krt->receive));

        if (got < 0 && got != -ENOBUFS)
            return;
    }
}

int krt_sock_wait(const struct mnl_socket *nl, int timeout_ms)
{
    struct pollfd p = {.fd = mnl_socket_get_fd(nl), .events = POLLIN};
    int n;

    do {
        n = poll(&p, 1, timeout_ms);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    return n == 0 ? -ETIME : 0;
}

/* The answer to |seq| in a datagram: true if it is there, *ret_error is 0 or -errno. */
static bool find_answer(const struct nlmsghdr *nlh, int left, uint32_t seq, int *ret_error)
{
    for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
        const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

        if (nlh->nlmsg_seq != seq || nlh->nlmsg_type != NLMSG_ERROR ||
            mnl_nlmsg_get_payload_len(nlh) < sizeof(*e))
            continue;
        *ret_error = e->error > 0 ? -e->error : e->error;
        return true;
    }
    return false;
}

int krt_sock_ask(struct krt *krt, struct nlmsghdr *nlh)
{
    uint32_t seq = ++krt->ask_seq;
    int n, i, err;

    nlh->nlmsg_seq = seq;
    nlh->nlmsg_flags = (uint16_t)(nlh->nlmsg_flags | NLM_F_REQUEST | NLM_F_ACK);
    if (mnl_socket_sendto(krt->ask, nlh, nlh->nlmsg_len) < 0)
        return -errno;
    for (i = 0; i < ASK_ANSWERS_MAX; i++) {
        n = krt_sock_read(krt->ask, krt->answer, sizeof(krt->answer));
        if (n == -EAGAIN) {
            err = krt_sock_wait(krt->ask, ASK_TIMEOUT_MS);
            if (err < 0)
                return err;
            continue;
        }
        if (n < 0)
            return n;
        if (find_answer((const struct nlmsghdr *)krt->answer, n, seq, &err))
            return err;
    }
    return -ETIME;
}
