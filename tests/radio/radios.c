/* SPDX-License-Identifier: ISC */
/*
 * radios: emulated 802.15.4 radios (mac802154_hwsim) in network namespaces, all in one process,
 * because every program started costs a tenth of a second under emulation.
 *
 *     radios make NODES A-B...     radio and namespace nN for each node N, and who hears whom
 *     radios unplug ID             the radio is gone, as if its USB stick was pulled out
 *     radios plug NODE A...        a new radio in the namespace of NODE that the radios A hear
 *     radios deaf A-B | hear A-B   both ways
 *
 * Radio IDs are the kernel's; after `make` node N has the radio N - 1. A and B are radio IDs.
 * `plug` prints the ID of the new one. Runs in the first network namespace, with the module just
 * loaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define NODES_MAX 64
#define PHYS_MAX 128

enum { HWSIM_NEW_RADIO = 3, HWSIM_DEL_RADIO = 4, HWSIM_DEL_EDGE = 7, HWSIM_NEW_EDGE = 8 };
enum { HWSIM_RADIO_ID = 1, HWSIM_RADIO_EDGE = 2, HWSIM_EDGE_ENDPOINT = 1 };
enum { NL802154_GET_WPAN_PHY = 1, NL802154_SET_WPAN_PHY_NETNS = 20 };
enum { NL802154_WPAN_PHY = 1, NL802154_NETNS_FD = 29 };

struct genl {
    struct mnl_socket *socket;
    unsigned int port;
    uint32_t seq;
    uint16_t hwsim, nl802154;
};

_Noreturn __attribute__((format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list args;

    fputs("radios: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

/* ---- generic netlink ------------------------------------------------------------------- */

static struct nlmsghdr *start(struct genl *genl, void *buf, uint16_t family, uint8_t command,
                              int flags)
{
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
    struct genlmsghdr *header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));

    nlh->nlmsg_type = family;
    nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    nlh->nlmsg_seq = ++genl->seq;
    header->cmd = command;
    header->version = 1;
    return nlh;
}

/* Sends, and reads up to the acknowledgement or the end of the dump. Returns what the kernel
 * says: hwsim returns the ID of a new radio as if it were an error. */
static int talk(struct genl *genl, const struct nlmsghdr *request, mnl_cb_t cb, void *data)
{
    uint32_t buf[16384 / 4];
    uint32_t seq = request->nlmsg_seq;

    if (mnl_socket_sendto(genl->socket, request, request->nlmsg_len) < 0)
        return -errno;
    for (;;) {
        ssize_t n = mnl_socket_recvfrom(genl->socket, buf, sizeof(buf));
        const struct nlmsghdr *nlh = (const void *)buf;

        if (n < 0)
            return -errno;
        for (int left = (int)n; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
            if (nlh->nlmsg_seq != seq)
                continue;
            if (nlh->nlmsg_type == NLMSG_ERROR)
                return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(nlh))->error;
            if (nlh->nlmsg_type == NLMSG_DONE)
                return 0;
            if (cb)
                cb(nlh, data);
        }
    }
}

static int on_family_attr(const struct nlattr *attr, void *data)
{
    if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
        *(uint16_t *)data = mnl_attr_get_u16(attr);
    return MNL_CB_OK;
}

static int on_family(const struct nlmsghdr *nlh, void *data)
{
    return mnl_attr_parse(nlh, sizeof(struct genlmsghdr), on_family_attr, data);
}

static uint16_t family(struct genl *genl, const char *name)
{
    uint32_t buf[64];
    struct nlmsghdr *nlh = start(genl, buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
    uint16_t id = 0;

    mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, name);
    if (talk(genl, nlh, on_family, &id) < 0 || id == 0)
        die("the kernel has no %s: modprobe mac802154_hwsim", name);
    return id;
}

static void open_genl(struct genl *genl)
{
    memset(genl, 0, sizeof(*genl));
    genl->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
    if (!genl->socket || mnl_socket_bind(genl->socket, 0, MNL_SOCKET_AUTOPID) < 0)
        die("netlink: %s", strerror(errno));
    genl->hwsim = family(genl, "MAC802154_HWSIM");
    genl->nl802154 = family(genl, "nl802154");
}

/* ---- hwsim ------------------------------------------------------------------------------- */

static int new_radio(struct genl *genl)
{
    uint32_t buf[64];
    int r = talk(genl, start(genl, buf, genl->hwsim, HWSIM_NEW_RADIO, NLM_F_ACK), NULL, NULL);

    if (r < 0)
        die("cannot make a radio: %s", strerror(-r));
    return r;
}

static void del_radio(struct genl *genl, uint32_t id)
{
    uint32_t buf[64];
    struct nlmsghdr *nlh = start(genl, buf, genl->hwsim, HWSIM_DEL_RADIO, NLM_F_ACK);

    mnl_attr_put_u32(nlh, HWSIM_RADIO_ID, id);
    int r = talk(genl, nlh, NULL, NULL);
    if (r < 0)
        die("cannot remove radio %u: %s", id, strerror(-r));
}

static void one_edge(struct genl *genl, uint8_t command, uint32_t from, uint32_t to)
{
    uint32_t buf[64];
    struct nlmsghdr *nlh = start(genl, buf, genl->hwsim, command, NLM_F_ACK);

    mnl_attr_put_u32(nlh, HWSIM_RADIO_ID, from);
    struct nlattr *edge = mnl_attr_nest_start(nlh, HWSIM_RADIO_EDGE);
    mnl_attr_put_u32(nlh, HWSIM_EDGE_ENDPOINT, to);
    mnl_attr_nest_end(nlh, edge);
    int r = talk(genl, nlh, NULL, NULL);
    if (r < 0)
        die("edge %u-%u: %s", from, to, strerror(-r));
}

static void edge(struct genl *genl, uint8_t command, uint32_t a, uint32_t b)
{
    one_edge(genl, command, a, b);
    one_edge(genl, command, b, a);
}

/* ---- phys and namespaces ------------------------------------------------------------------- */

struct phys {
    uint32_t phy[PHYS_MAX];
    unsigned count;
};

static int on_phy_attr(const struct nlattr *attr, void *data)
{
    struct phys *phys = data;

    if (mnl_attr_get_type(attr) == NL802154_WPAN_PHY && phys->count < PHYS_MAX)
        phys->phy[phys->count++] = mnl_attr_get_u32(attr);
    return MNL_CB_OK;
}

static int on_phy(const struct nlmsghdr *nlh, void *data)
{
    return mnl_attr_parse(nlh, sizeof(struct genlmsghdr), on_phy_attr, data);
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* In the order in which they were made, as are the IDs of the radios. */
static void list_phys(struct genl *genl, struct phys *phys)
{
    uint32_t buf[64];

    phys->count = 0;
    int r = talk(genl, start(genl, buf, genl->nl802154, NL802154_GET_WPAN_PHY, NLM_F_DUMP), on_phy,
                 phys);
    if (r < 0)
        die("cannot list phys: %s", strerror(-r));
    qsort(phys->phy, phys->count, sizeof(phys->phy[0]), compare);
}

static void move_phy(struct genl *genl, uint32_t phy, int netns)
{
    uint32_t buf[64];
    struct nlmsghdr *nlh = start(genl, buf, genl->nl802154, NL802154_SET_WPAN_PHY_NETNS, NLM_F_ACK);

    mnl_attr_put_u32(nlh, NL802154_WPAN_PHY, phy);
    mnl_attr_put_u32(nlh, NL802154_NETNS_FD, (uint32_t)netns);
    int r = talk(genl, nlh, NULL, NULL);
    if (r < 0)
        die("cannot move phy%u: %s", phy, strerror(-r));
}

static int open_netns(unsigned node)
{
    char path[64];

    snprintf(path, sizeof(path), "/run/netns/n%u", node);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        die("%s: %s", path, strerror(errno));
    return fd;
}

static void loopback_up(void)
{
    uint32_t buf[64];
    struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
    struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
    struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);

    nlh->nlmsg_type = RTM_NEWLINK;
    nlh->nlmsg_flags = NLM_F_REQUEST;
    ifi->ifi_index = (int)if_nametoindex("lo");
    ifi->ifi_flags = ifi->ifi_change = IFF_UP;
    if (!nl || mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
        die("lo: %s", strerror(errno));
    mnl_socket_close(nl);
}

/* A namespace as `ip netns add` makes it, with lo up. */
static void make_netns(unsigned node, int home)
{
    char path[64];

    if (mkdir("/run/netns", 0755) < 0 && errno != EEXIST)
        die("/run/netns: %s", strerror(errno));
    snprintf(path, sizeof(path), "/run/netns/n%u", node);
    int fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
    if (fd < 0)
        die("%s: %s", path, strerror(errno));
    close(fd);
    if (unshare(CLONE_NEWNET) < 0)
        die("unshare: %s", strerror(errno));
    if (mount("/proc/self/ns/net", path, "none", MS_BIND, NULL) < 0)
        die("%s: %s", path, strerror(errno));
    loopback_up();
    if (setns(home, CLONE_NEWNET) < 0)
        die("setns: %s", strerror(errno));
}

/* ---- what can be asked ------------------------------------------------------------------------
 */

static uint32_t number(const char *text, char end)
{
    char *rest;
    unsigned long value = strtoul(text, &rest, 10);

    if (rest == text || *rest != end || value > 1000)
        die("\"%s\" is no number", text);
    return (uint32_t)value;
}

static void edges(struct genl *genl, uint8_t command, char **pairs)
{
    for (; *pairs; pairs++) {
        const char *dash = strchr(*pairs, '-');

        if (!dash)
            die("\"%s\" is no pair A-B", *pairs);
        edge(genl, command, number(*pairs, '-'), number(dash + 1, '\0'));
    }
}

static void make(struct genl *genl, unsigned nodes, char **pairs)
{
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    struct phys phys;

    if (home < 0)
        die("/proc/self/ns/net: %s", strerror(errno));
    list_phys(genl, &phys);
    if (phys.count != 2 || nodes < 2 || nodes > NODES_MAX)
        die("the module has to be fresh, with its two radios, and nodes 2 to %d", NODES_MAX);
    edge(genl, HWSIM_DEL_EDGE, 0, 1);
    for (unsigned i = 2; i < nodes; i++)
        (void)new_radio(genl);
    edges(genl, HWSIM_NEW_EDGE, pairs);
    list_phys(genl, &phys);
    for (unsigned i = 0; i < nodes && i < phys.count; i++) {
        make_netns(i + 1, home);
        int netns = open_netns(i + 1);
        move_phy(genl, phys.phy[i], netns);
        close(netns);
    }
}

static void plug(struct genl *genl, unsigned node, char **peers)
{
    struct phys phys;
    int id = new_radio(genl), netns = open_netns(node);

    for (; *peers; peers++)
        edge(genl, HWSIM_NEW_EDGE, (uint32_t)id, number(*peers, '\0'));
    list_phys(genl, &phys);
    if (phys.count == 0)
        die("the new radio has no phy");
    move_phy(genl, phys.phy[phys.count - 1], netns);
    close(netns);
    printf("%d\n", id);
}

int main(int argc, char **argv)
{
    struct genl genl;

    if (argc < 3)
        die("make NODES A-B... | unplug ID | plug NODE A... | deaf A-B | hear A-B");
    open_genl(&genl);
    if (strcmp(argv[1], "make") == 0)
        make(&genl, number(argv[2], '\0'), argv + 3);
    else if (strcmp(argv[1], "unplug") == 0)
        del_radio(&genl, number(argv[2], '\0'));
    else if (strcmp(argv[1], "plug") == 0)
        plug(&genl, number(argv[2], '\0'), argv + 3);
    else if (strcmp(argv[1], "deaf") == 0)
        edges(&genl, HWSIM_DEL_EDGE, argv + 2);
    else if (strcmp(argv[1], "hear") == 0)
        edges(&genl, HWSIM_NEW_EDGE, argv + 2);
    else
        die("\"%s\"?", argv[1]);
    mnl_socket_close(genl.socket);
    return 0;
}
