/* SPDX-License-Identifier: ISC */
/*
 * `rplctl doctor`, finding by finding: each fault is made, and what is said of it and how to mend
 * it is compared word by word. Engines are real, and so is the kernel's side, in a network
 * namespace of our own, where `lo` plays the radio's interface. What takes a whole mesh is in
 * tests/lab.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "rpld/show.h"
#include "tests/lib/rig.h"

static struct rig rig;
static bool housed; /* we are in a network namespace of our own */

/* ---- what doctor asks ------------------------------------------------------------------------ */

static struct ctl_interface interfaces[2];
static unsigned interface_count;
static struct ctl_advert advert;
static bool has_advert;
static int drops, guards;
static const char *routes;
static const char *counted;
static uint64_t count;

static rpl_tstamp source_now(void *ctx)
{
    (void)ctx;
    return rig.now;
}

static bool source_interface(void *ctx, unsigned index, struct ctl_interface *out)
{
    (void)ctx;
    if (index >= interface_count)
        return false;
    *out = interfaces[index];
    return true;
}

static bool source_counter(void *ctx, unsigned index, const char **ret_name, uint64_t *ret_value)
{
    (void)ctx;
    if (index > 0 || !counted)
        return false;
    *ret_name = counted;
    *ret_value = count;
    return true;
}

static int source_drops(void *ctx, char *ret_chain, size_t size)
{
    (void)ctx;
    snprintf(ret_chain, size, "ip6 filter FORWARD");
    return drops;
}

static int source_guard(void *ctx, struct ctl_guard *out)
{
    (void)ctx;
    *out = (struct ctl_guard){.entering = 3, .leaving = 1};
    return guards;
}

static bool source_advert(void *ctx, unsigned index, struct ctl_advert *out)
{
    (void)ctx;
    *out = advert;
    return has_advert && index == 0;
}

static ssize_t source_routes(void *ctx, char *out, size_t size, off_t at)
{
    size_t len = strlen(routes), from = (size_t)at < len ? (size_t)at : len;

    (void)ctx;
    len -= from;
    memcpy(out, routes + from, len < size ? len : size);
    return (ssize_t)(len < size ? len : size);
}

static struct ctl_source source;

/* ---- asking it
 * ----------------------------------------------------------------------------------- */

static cJSON *answer;

static void ask(void)
{
    static const struct show_counters none;
    const struct show_context context = {
        .source = &source, .counters = &none, .socket = socket(AF_INET6, SOCK_DGRAM, 0)};
    struct ctl_request request;
    struct writer_buf buf;
    struct show show;

    cJSON_Delete(answer);
    memset(&show, 0, sizeof(show));
    writer_buf_init(&buf, 1u << 20);
    source.engine = rig.engine;
    assert_null(ctl_request_parse(&request, "json doctor", 11));
    assert_int_equal(show_start(&show, &context, &request, false, &buf), SHOW_OK);
    while (show_step(&show, 100))
        continue;
    writer_buf_add(&buf, "", 1);
    assert_false(buf.failed);
    answer = cJSON_Parse(buf.data + 3); /* after "ok\n" */
    assert_non_null(answer);
    show_free(&show);
    writer_buf_free(&buf);
    close(context.socket);
}

static const cJSON *finding(const char *name)
{
    const cJSON *each;

    cJSON_ArrayForEach(each, cJSON_GetObjectItem(answer, "checks"))
    {
        if (strcmp(cJSON_GetObjectItem(each, "name")->valuestring, name) == 0)
            return each;
    }
    return NULL;
}

static void fine(const char *name)
{
    const cJSON *found = finding(name);

    if (!found)
        fail_msg("doctor says nothing of %s", name);
    if (!cJSON_IsTrue(cJSON_GetObjectItem(found, "ok")))
        fail_msg("doctor is not content with %s: %s", name,
                 cJSON_GetObjectItem(found, "detail")->valuestring);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(found, "mend")));
}

static void fault(const char *name, const char *detail, const char *mend)
{
    const cJSON *found = finding(name);

    if (!found)
        fail_msg("doctor says nothing of %s", name);
    if (!cJSON_IsFalse(cJSON_GetObjectItem(found, "ok")))
        fail_msg("doctor is content with %s", name);
    assert_string_equal(cJSON_GetObjectItem(found, "detail")->valuestring, detail);
    assert_string_equal(cJSON_GetObjectItem(found, "mend")->valuestring, mend);
}

/* ---- the beginning: a root with whom all is well -------------------------------------------- */

static void start(enum rpl_role role, enum rpl_mop mop)
{
    rig_init(&rig, role, mop);
    assert_int_equal(rig_start(&rig), 0);
}

static int setup(void **unused)
{
    (void)unused;
    memset(interfaces, 0, sizeof(interfaces));
    for (unsigned i = 0; i < 2; i++)
        interfaces[i] = (struct ctl_interface){.ifindex = RIG_IF,
                                               .instances = 1,
                                               .up = true,
                                               .has_link_local = true,
                                               .link_local = rig_ll(1),
                                               .mtu = 1280};
    strcpy(interfaces[0].name, "lowpan0");
    strcpy(interfaces[1].name, "lo");
    interface_count = 1;
    has_advert = false;
    drops = guards = 0;
    routes = "";
    counted = NULL;
    source = (struct ctl_source){.version = "0",
                                 .now = source_now,
                                 .interface = source_interface,
                                 .counter = source_counter,
                                 .forward_drops = source_drops,
                                 .guard = source_guard,
                                 .advert = source_advert,
                                 .routes = source_routes};
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    rig_stop(&rig);
    cJSON_Delete(answer);
    answer = NULL;
    return 0;
}

/* ---- interfaces -------------------------------------------------------------------------------
 */

static void interfaces_that_are_not_as_they_should(void **unused)
{
    (void)unused;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    ask();
    fine("interface lowpan0");
    fine("mtu of lowpan0");
    interfaces[0].ifindex = 0;
    ask();
    fault("interface lowpan0", "it is not there",
          "create it (802.15.4: radio in the configuration, or ip link add link wpan0 name "
          "lowpan0 type lowpan) or correct its name in the configuration; rpld takes it up as soon "
          "as it is there");
    interfaces[0].ifindex = RIG_IF;
    interfaces[0].up = false;
    ask();
    fault("interface lowpan0", "it is down", "ip link set lowpan0 up");
    interfaces[0].up = true;
    interfaces[0].has_link_local = false;
    ask();
    fault("interface lowpan0", "it has no link-local address",
          "sysctl -w net.ipv6.conf.lowpan0.disable_ipv6=0, then ip link set lowpan0 down and up "
          "again; if ip -6 addr calls it dadfailed, another node has the same");
    interfaces[0].has_link_local = true;
    interfaces[0].mtu = 1200;
    ask();
    fault("mtu of lowpan0", "1200", "ip link set lowpan0 mtu 1280");
    /* More is fine but on 6LoWPAN, whose driver loses it. */
    interfaces[0].mtu = 1500;
    ask();
    fine("mtu of lowpan0");
    interfaces[0].lowpan = true;
    ask();
    fault("mtu of lowpan0", "1500", "ip link set lowpan0 mtu 1280");
}

static void modules_that_the_kernel_has_not(void **unused)
{
    static const char name[] = "kernel module ieee802154_6lowpan";

    (void)unused;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    ask();
    assert_null(finding(name)); /* over Ethernet nobody needs it */
    interfaces[0].lowpan = true;
    ask();
    if (access("/sys/module/ieee802154_6lowpan", F_OK) == 0)
        fine(name);
    else
        fault(name, "not loaded",
              "modprobe ieee802154_6lowpan; if there is none, install the plain kernel "
              "(linux-image-amd64, -arm64 ...) instead of the cloud flavour");
}

static void radios_that_are_not_up(void **unused)
{
    struct ctl_radio *radio = &interfaces[0].radio;

    (void)unused;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    *radio = (struct ctl_radio){.state = "up", .known = true, .channel = 26, .pan_id = 0xabcd};
    strcpy(radio->interface, "wpan0");
    ask();
    fine("radio of lowpan0");
    radio->state = "foreign";
    ask();
    fine("radio of lowpan0");
    radio->state = "down";
    ask();
    fault("radio of lowpan0", "wpan0 is down", "ip link set wpan0 up");
    radio->state = "missing";
    ask();
    fault("radio of lowpan0", "it is not there",
          "plug it in; ip -br link shows the EUI-64 of each wpan interface, for radio in the "
          "configuration; none: the driver is missing (modprobe atusb, at86rf230, mrf24j40)");
    strcpy(radio->wanted, "02:12:4b:00:14:b5:d9:0e");
    interfaces[0].ifindex = 0;
    ask();
    fault("radio of lowpan0", "02:12:4b:00:14:b5:d9:0e is not there",
          "plug it in; ip -br link shows the EUI-64 of each wpan interface, for radio in the "
          "configuration; none: the driver is missing (modprobe atusb, at86rf230, mrf24j40)");
    fault("interface lowpan0", "it is not there",
          "rpld makes it as soon as its radio is there and works");
    radio->state = "failed";
    radio->because = "it has no such channel";
    radio->mend = "see radio";
    ask();
    fault("radio of lowpan0", "failed: it has no such channel", "see radio");
    radio->because = NULL;
    ask();
    fault("radio of lowpan0", "failed",
          "the log says what is refused: journalctl -u rpld -g radio:");
}

/* ---- the kernel --------------------------------------------------------------------------------
 */

static void set(const char *key, const char *value)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/%s", key);
    file = fopen(path, "we");
    if (!file || fputs(value, file) < 0 || fclose(file) != 0)
        fail_msg("%s cannot be set: %s", path, strerror(errno));
}

static void flags_of_lo(short flags)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = flags};
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);

    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    close(fd);
}

static void sysctls_of_the_kernel(void **unused)
{
    (void)unused;
    if (!housed)
        skip();
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    interface_count = 2;
    set("conf/lo/accept_ra", "1");
    set("conf/lo/rpl_seg_enabled", "1");
    set("conf/all/forwarding", "0");
    set("max_hbh_opts_number", "-1");
    ask();
    fault("sysctl lo accept_ra", "1",
          "sysctl -w net.ipv6.conf.lo.accept_ra=0, and for every start a line in /etc/sysctl.d/");
    fault("sysctl lo rpl_seg_enabled", "1",
          "sysctl -w net.ipv6.conf.lo.rpl_seg_enabled=0, and for every start a line in "
          "/etc/sysctl.d/");
    fault("sysctl all forwarding", "0",
          "sysctl -w net.ipv6.conf.all.forwarding=1, and for every start a line in "
          "/etc/sysctl.d/");
    fault("sysctl max_hbh_opts_number", "-1: packets with the RPL option 0x23 are lost",
          "sysctl -w net.ipv6.max_hbh_opts_number=8, and for every start a line in "
          "/etc/sysctl.d/");
    set("conf/lo/accept_ra", "0");
    set("conf/lo/rpl_seg_enabled", "0");
    set("conf/all/forwarding", "1");
    set("max_hbh_opts_number", "8");
    ask();
    fine("sysctl lo accept_ra");
    fine("sysctl lo rpl_seg_enabled");
    fine("sysctl all forwarding");
    fine("sysctl max_hbh_opts_number");
}

static void flags_of_an_interface(void **unused)
{
    (void)unused;
    if (!housed)
        skip();
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    interface_count = 2;
    source.tun = "lo";
    flags_of_lo(0);
    ask();
    fault("flags of lo", "no multicast: no DIO is heard", "ip link set lo multicast on");
    interface_count = 1; /* as the data plane's own */
    ask();
    fault("interface lo", "it is down",
          "restart rpld: it makes this interface itself, and nothing else may take it down");
    interface_count = 2;
    flags_of_lo(IFF_UP | IFF_MULTICAST | IFF_NOARP);
    ask();
    fault("flags of lo", "no neighbour discovery: no neighbour is resolved",
          "ip link set lo arp on");
    flags_of_lo(IFF_UP | IFF_MULTICAST);
    ask();
    fine("flags of lo");
    source.tun = "rpl0";
    ask();
    fault("interface rpl0", "it is not there",
          "restart rpld: it makes this interface itself, and nothing else may take it down");
}

/* ---- around the daemon ------------------------------------------------------------------------
 */

static void firewalls_and_other_routers(void **unused)
{
    (void)unused;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    source.tun = "rpl0";
    ask();
    fine("firewall");
    fine("second router");
    fine("source routes"); /* not wanted */
    guards = 1;
    drops = -ENOENT; /* no nftables at all */
    ask();
    fine("firewall");
    fine("source routes");
    assert_string_equal(cJSON_GetObjectItem(finding("source routes"), "detail")->valuestring,
                        "kept out of the mesh by the table ip6 rpld: 3 dropped on their way in, 1 "
                        "on their way out");
    drops = 1;
    guards = -EEXIST;
    has_advert = true;
    advert = (struct ctl_advert){
        .ifindex = RIG_IF, .router = rig_ll(0x99), .prefix = rig_global(0), .len = 64};
    memset(advert.prefix.b + 8, 0, 8);
    ask();
    fault("firewall",
          "ip6 filter FORWARD drops what no rule accepts, and none names an interface of the mesh",
          "let the mesh through where that firewall is configured; to try: nft insert rule ip6 "
          "filter FORWARD iifname rpl0 accept, and the same with oifname (in non-storing mode, "
          "and the radio's interface in storing mode)");
    fault("source routes",
          "not kept out by the kernel: a table ip6 rpld is there that rpld has not made",
          "rename that table, or remove it: nft delete table ip6 rpld");
    guards = -EPROTONOSUPPORT;
    ask();
    fault("source routes", "not kept out by the kernel: Protocol not supported",
          "modprobe nf_tables; if this kernel has none, drop packets with a routing header in "
          "front of this machine and set firewall = \"off\"");
    fault("second router",
          "fe80::200:ff:fe00:99 on lowpan0 announces fd01::/64, which is this mesh's",
          "take that prefix out of the other router (radvd, or the settings of the box), or give "
          "this mesh another one; a route to the mesh is announced as Route Information, see "
          "rpld.conf(5)");
}

static void folders_and_clocks(void **unused)
{
    char folder[] = "/tmp/rpld-doctor-XXXXXX", file[64];
    struct timespec ahead[2] = {{0}, {0}};
    int fd;

    (void)unused;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    assert_non_null(mkdtemp(folder));
    source.state_dir = folder;
    snprintf(file, sizeof(file), "%s/rpld.state", folder);
    fd = open(file, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    ask();
    fine("state folder");
    fine("clock");
    ahead[0].tv_sec = ahead[1].tv_sec = time(NULL) + 7200;
    assert_int_equal(futimens(fd, ahead), 0);
    ask();
    const char *detail = cJSON_GetObjectItem(finding("clock"), "detail")->valuestring;
    assert_non_null(strstr(detail, "; the state was written 7"));
    fault("clock", detail,
          "timedatectl set-ntp true, with systemd-timesyncd or chrony installed; a machine "
          "without a battery for its clock needs it");
    close(fd);
    unlink(file);
    rmdir(folder);
    ask();
    snprintf(file, sizeof(file), "%s cannot be written", folder);
    fault("state folder", file,
          "make it writable for the user that rpld runs as: without it a restart costs the "
          "network a repair");
}

#define ROUTE(dst, len, flags, interface)                                                          \
    dst " " len " 00000000000000000000000000000000 00 00000000000000000000000000000000 00000014 "  \
        "00000001 00000000 " flags " " interface "\n"
#define NOBODY "fd01000000000000020000fffe000077"

static void routes_of_the_kernel(void **unused)
{
    (void)unused;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    source.tun = "rpl0";
    routes = ROUTE("20010db8000000000000000000000000", "40", "00000001", "eth0");
    ask();
    fine("stale routes");
    fine("routes elsewhere");
    fine("kernel routes");
    routes = ROUTE(NOBODY, "80", "00000005", "rpl0") ROUTE(NOBODY, "80", "00000005", "eth0");
    ask();
    fault("stale routes", "1 host route to a node that nobody announced, fd01::200:ff:fe00:77",
          "ip -6 route show proto 155 has them; restart rpld, or remove with ip -6 route del what "
          "another program made");
    fault("routes elsewhere", "1 route of the mesh's prefix leads elsewhere, to eth0",
          "remove the mesh's prefix from that interface: ip -6 route show has it; nothing but "
          "rpld may route it");
}

/* ---- the protocol ------------------------------------------------------------------------------
 */

static void announce(unsigned node, unsigned parent)
{
    struct rpl_addr target = rig_global(node), above = rig_global(parent), root = rig_global(1);
    struct rpl_wire_message dao = rig_dao((uint8_t)(240 + node % 8), &target, 0, 30, &above);

    rig_receive_on(&rig, 0, &target, &root, &dao);
}

static void routes_that_are_refused(void **unused)
{
    (void)unused;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig.kernel = RIG_NO;
    announce(2, 1);
    ask();
    fault("kernel routes", "1 refused by the kernel",
          "rplctl routes names the errors; another program may own the same routes: give ours "
          "another metric with route_metric, or set default_route = \"off\"");
}

static void instances_at_a_root(void **unused)
{
    (void)unused;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    ask();
    fine("instance 0"); /* it has only begun */
    rig_run(&rig, RPL_S(700));
    ask();
    fault("instance 0", "0 nodes",
          "are the nodes on the same channel and PAN, do they want this instance and mode? "
          "counters dis-in, dao-in and drop-* say what is heard");
    announce(2, 1);
    announce(4, 3); /* nobody has heard of 3 */
    ask();
    fine("instance 0");
    assert_string_equal(cJSON_GetObjectItem(finding("instance 0"), "detail")->valuestring,
                        "1 node");
    fault("nodes of instance 0", "2 of 3 cannot be reached",
          "their parents did not announce themselves, or are gone: rplctl tree marks them. If it "
          "stays so, rplctl dtsn asks for fresh DAOs");
    rig_stop(&rig);
    rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    assert_int_equal(rpl_engine_new(&rig.config, 0, &rig.engine), 0);
    ask();
    fault("instance 0", "no interface of it is up", "see the checks of its interfaces");
}

static void instances_elsewhere(void **unused)
{
    struct rpl_addr parent = rig_ll(9), root = rig_global(9);
    struct rpl_wire_message dio = rig_dio(RPL_MOP_STORING, 256, &root);

    (void)unused;
    start(RPL_ROLE_ROUTER, RPL_MOP_STORING);
    ask();
    fault("instance 0", "not part of a DODAG, 0 neighbours heard",
          "is a root in reach, with this instance and mode? see rplctl neighbors for who is heard "
          "and why it is not the parent");
    rig_join(&rig, &parent, &dio);
    ask();
    fine("instance 0");
}

static void modes_that_share_an_interface(void **unused)
{
    (void)unused;
    rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_STORING);
    rig.config.instance_count = 2;
    rig.config.instance[1] = rig.config.instance[0];
    rig.config.instance[1].id = 1;
    rig.config.instance[1].mop = RPL_MOP_NON_STORING;
    rig.config.instance[1].prefix.b[1] = 2;
    assert_int_equal(rig_start(&rig), 0);
    ask();
    assert_null(finding("modes on lowpan0"));
    interfaces[0].instances = 3;
    ask();
    fault("modes on lowpan0", "a storing and a non-storing instance share it",
          "fine with Contiki-NG; for RIOT give each mode an interface or PAN of its own");
}

static void settings_against_each_other(void **unused)
{
    (void)unused;
    rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig.config.instance[0].dodag.dio_interval_min = 3;
    rig.config.instance[0].dodag.max_rank_increase = 100;
    assert_int_equal(rig_start(&rig), 0);
    interfaces[0].lowpan = true;
    ask();
    fault("Trickle of instance 0", "shortest interval of DIOs 8 ms",
          "set dodag.dio_interval_min at the root to 12, which is 4.1 s; 8 ms is for wires");
    fault("rank increase of instance 0", "at most 100, another parent is taken from 192 on",
          "set dodag.max_rank_increase at the root to at least mrhof.parent_switch_threshold: "
          "below it a node drops out where it should change its parent");
}

/* ---- counters -----------------------------------------------------------------------------------
 */

static void dio_from(unsigned node, enum rpl_mop mop, uint8_t version, uint16_t rank)
{
    struct rpl_addr from = rig_ll(node), root = rig_global(1);
    struct rpl_wire_message dio = rig_dio(mop, rank, &root);

    dio.u.dio.version = version;
    rig_receive(&rig, &from, &rpl_addr_all_nodes, &dio);
}

static void counters_of_the_engine(void **unused)
{
    uint8_t secured[20] = {155, 0x81};
    struct rpl_addr from = rig_ll(2), outside = rig_global(7), root = rig_global(1);

    (void)unused;
    rig_init(&rig, RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    rig.config.limits.targets = 3;
    rig.config.limits.neighbours = 2;
    assert_int_equal(rig_start(&rig), 0);
    ask();
    for (enum rpl_counter c = 0; c < RPL_COUNTER_COUNT; c++)
        if (finding(rpl_counter_name(c)))
            fine(rpl_counter_name(c));
    dio_from(2, RPL_MOP_STORING, 240, 512);
    uint16_t sum =
        rpl_wire_checksum(&from, &rpl_addr_all_nodes, IPPROTO_ICMPV6, secured, sizeof(secured));
    secured[2] = (uint8_t)(sum >> 8);
    secured[3] = (uint8_t)sum;
    rig_octets(&rig, RIG_IF, &from, &rpl_addr_all_nodes, secured, sizeof(secured));
    outside.b[1] = 0x33;
    struct rpl_wire_message dao = rig_dao(241, &outside, 0, 30, &root);
    rig_receive_on(&rig, 0, &outside, &root, &dao);
    announce(2, 1);
    announce(3, 2);
    announce(4, 3);
    announce(2, 4); /* below its own grandchild */
    announce(5, 1); /* one too many */
    for (unsigned n = 2; n < 8; n++)
        dio_from(n, RPL_MOP_NON_STORING, 245, 512); /* the first jumps past it, which is fair */
    for (unsigned n = 0; n < 3; n++)
        dio_from(2, RPL_MOP_NON_STORING, 250, 512);
    dio_from(2, RPL_MOP_NON_STORING, 246, 256);
    ask();
    static const struct {
        const char *name, *wrong, *mend;
    } told[] = {
        {"version-spoofed", "somebody advertises a newer version of our DODAG",
         "an attack, or a second root with the same DODAGID: the log names the sender"},
        {"dodagid-spoofed", "somebody else claims to be the root of our DODAG",
         "an attack, or a second root with the same DODAGID: the log names the sender"},
        {"refused-targets-full", "DAOs were refused because the table of nodes is full",
         "raise the limit on targets in the configuration"},
        {"drop-neighbours-full", "neighbours were ignored because their table is full",
         "raise the limit on neighbours in the configuration"},
        {"refused-outside-prefix", "DAOs were refused: targets outside of the DODAG's prefix",
         "nodes keep addresses of an older prefix: restart them, or configure that prefix"},
        {"refused-loop", "DAOs were refused because they would close a circle",
         "harmless while parents change; if it goes on, see rplctl monitor for the nodes"},
        {"drop-secured", "secured RPL messages were heard",
         "security modes are not supported: turn them off in the nodes"},
        {"drop-mop", "DIOs with another mode of operation were heard",
         "set mode to the one that the network uses"},
    };
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        char detail[160];
        enum rpl_counter c = 0;

        while (c < RPL_COUNTER_COUNT && strcmp(rpl_counter_name(c), told[i].name) != 0)
            c++;
        snprintf(detail, sizeof(detail), "%s (%llu)", told[i].wrong,
                 (unsigned long long)rig_counter(&rig, c));
        fault(told[i].name, detail, told[i].mend);
    }
}

static void memory_that_ran_out(void **unused)
{
    (void)unused;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    for (unsigned n = 2; n < 500 && rig_counter(&rig, RPL_COUNT_DROP_NOMEM) == 0; n++) {
        rig.fail_at = rig.allocs + 1;
        announce(n, 1);
    }
    rig.fail_at = 0;
    char detail[64];
    snprintf(detail, sizeof(detail), "memory ran out (%llu)",
             (unsigned long long)rig_counter(&rig, RPL_COUNT_DROP_NOMEM));
    ask();
    fault("drop-no-memory", detail, "lower the limits in the configuration");
}

static void counters_of_the_daemon(void **unused)
{
    static const struct {
        const char *name, *wrong, *mend;
    } told[] = {
        {"lowpan-context-unknown", "radio frames name a prefix by a number that nobody told us",
         "put the prefix that the nodes compress with into contexts in the configuration"},
        {"lowpan-mac-secured", "radio frames with link-layer security cannot be decoded",
         "build the nodes without compression of extension headers, or without that security"},
        {"lowpan-filter-failed", "the kernel logs each radio frame that it cannot read",
         "modprobe sch_ingress cls_bpf, then restart rpld"},
        {"forward-other-interface",
         "packets with RPL's headers came in on an interface that RPL does not run on",
         "add that interface to interfaces in the configuration: tcpdump -n -i any 'ip6[6] == 0 or "
         "ip6[6] == 43' names it"},
        {"forward-drop-instance-unknown", "packets of an instance that is not ours were dropped",
         "configure that instance, or the nodes' instance: rplctl capture data shows them"},
        {"lowpan-reassembly-full", "fragments of radio frames found no room",
         "too many nodes send long packets at once, or one floods: see rplctl counters"},
        {"state-write-errors", "the state could not be written: a restart may cost a repair",
         "make room on its disk, or mount it writable: journalctl -u rpld -g state: has the error"},
        {"snapshot-write-errors", "the snapshot of the nodes could not be written",
         "make room on its disk, or mount it writable: journalctl -u rpld -g state: has the error"},
    };

    (void)unused;
    start(RPL_ROLE_ROOT, RPL_MOP_NON_STORING);
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        char detail[160];

        counted = told[i].name;
        count = 0;
        ask();
        fine(told[i].name);
        count = 3 + i;
        ask();
        snprintf(detail, sizeof(detail), "%s (%zu)", told[i].wrong, 3 + i);
        fault(told[i].name, detail, told[i].mend);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(interfaces_that_are_not_as_they_should),
        TEST(modules_that_the_kernel_has_not),
        TEST(radios_that_are_not_up),
        TEST(sysctls_of_the_kernel),
        TEST(flags_of_an_interface),
        TEST(firewalls_and_other_routers),
        TEST(folders_and_clocks),
        TEST(routes_of_the_kernel),
        TEST(routes_that_are_refused),
        TEST(instances_at_a_root),
        TEST(instances_elsewhere),
        TEST(modes_that_share_an_interface),
        TEST(settings_against_each_other),
        TEST(counters_of_the_engine),
        TEST(memory_that_ran_out),
        TEST(counters_of_the_daemon),
    };

    housed = unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWNET | CLONE_NEWUSER) == 0 &&
             access("/proc/sys/net/ipv6/conf/all/forwarding", W_OK) == 0;
    if (!housed)
        fprintf(stderr, "skipped: sysctls and flags, for want of a network namespace with a "
                        "writable /proc/sys; run as root\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
