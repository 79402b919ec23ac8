/* SPDX-License-Identifier: ISC */
#include "rpld/prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlink/krt.h"
#include "rpld/iface.h"
#include "rpld/radio.h"

#define PREPARE_DUMP_MS 5000
#define PREPARE_LOOPBACK 772 /* ARPHRD_LOOPBACK */

struct prepare {
    const struct conf *conf;
    struct krt *krt;
    bool dumped;
    bool router; /* some instance carries packets of others */
    unsigned done, failed;
};

/* ---- kernel modules ------------------------------------------------------------------------ */

/* False: it cannot be loaded; *ret_error is why modprobe could not be run, or 0. */
static bool prepare_load(const char *module, int *ret_error)
{
    char *const argv[] = {(char[]){"modprobe"}, (char[]){"-q"}, (char[64]){0}, NULL};
    char *const environment[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, NULL};
    int status = 0;
    pid_t pid;

    snprintf(argv[2], 64, "%s", module);
    int r = posix_spawnp(&pid, "modprobe", NULL, NULL, argv, environment);
    *ret_error = r;
    if (r != 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return false;
    return true;
}

static void prepare_loaded(struct prepare *prepare, const char *module)
{
    printf("module %s: loaded\n", module);
    prepare->done++;
}

static void prepare_module(struct prepare *prepare, const char *module)
{
    int r;

    if (prepare_load(module, &r)) {
        prepare_loaded(prepare, module);
        return;
    }
    fprintf(stderr,
            "rpld: module %s cannot be loaded%s%s; install the plain kernel, linux-image-"
            "..., not the cloud flavour\n",
            module, r ? ": " : "", r ? strerror(r) : "");
    prepare->failed++;
}

/* Without them the daemon still decodes; the kernel then logs each frame that it cannot read. */
static void prepare_filter_modules(struct prepare *prepare)
{
    static const char *const modules[] = {"sch_ingress", "cls_bpf"};
    char path[64];
    int r;

    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        snprintf(path, sizeof(path), "/sys/module/%s", modules[i]);
        if (access(path, F_OK) == 0)
            continue;
        if (!prepare_load(modules[i], &r))
            printf("module %s: not there; the kernel will log each radio frame that it cannot "
                   "read, and decode = \"always\" is as \"auto\"\n",
                   modules[i]);
        else if (access(path, F_OK) == 0) /* else it is built in */
            prepare_loaded(prepare, modules[i]);
    }
}

static void prepare_modules(struct prepare *prepare)
{
    int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC); /* loads it where that is automatic */

    if (tun >= 0)
        close(tun);
    else if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
        prepare_module(prepare, "tun");
    if (prepare->conf->radio_count > 0 && access("/sys/module/ieee802154_6lowpan", F_OK) < 0)
        prepare_module(prepare, "ieee802154_6lowpan");
    if (prepare->conf->radio_count > 0 && prepare->conf->decode != CONF_DECODE_NEVER)
        prepare_filter_modules(prepare);
}

/* ---- the kernel's links ---------------------------------------------------------------------- */

static void prepare_on_dump_done(void *ctx)
{
    struct prepare *prepare = ctx;

    prepare->dumped = true;
}

/* Reads all links. 0 or -errno. */
static int prepare_dump(struct prepare *prepare)
{
    struct pollfd polled[KRT_FDS_MAX];
    int fds[KRT_FDS_MAX];
    size_t count = krt_fds(prepare->krt, fds);
    int r;

    for (size_t i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    prepare->dumped = false;
    r = krt_dump(prepare->krt);
    while (r == 0 && !prepare->dumped) {
        int ready = poll(polled, (nfds_t)count, PREPARE_DUMP_MS);

        if (ready < 0 && errno != EINTR)
            return -errno;
        if (ready == 0)
            return -ETIME;
        for (size_t i = 0; i < count && r == 0 && ready > 0; i++) {
            if (polled[i].revents)
                r = krt_ready(prepare->krt, polled[i].fd);
        }
    }
    return r;
}

/* The 6LoWPAN interface of a radio that is there, so that it has its sysctls before it comes
 * up. A radio that is not there yet is no error. */
static void prepare_radio(struct prepare *prepare, const struct conf_radio *conf)
{
    char eui64[CONF_EUI64_TEXT_MAX];
    struct krt_radio radio;
    struct krt_link link;

    if (krt_link_named(prepare->krt, conf->interface, &link) ||
        radio_look(prepare->krt, conf, 0, &radio) < 0 ||
        krt_link_above(prepare->krt, radio.ifindex, &link))
        return;
    int r = 0;
    /* The interface takes the address over when it is made. */
    if (radio_address_differs(conf, &radio)) {
        r = krt_link_eui64(prepare->krt, radio.ifindex, conf->address);
        memcpy(radio.eui64, conf->address, sizeof(radio.eui64));
    }
    if (r == 0)
        r = krt_lowpan_add(prepare->krt, radio.ifindex, conf->interface);
    conf_eui64_format(radio.eui64, eui64);
    if (r == 0) {
        printf("%s: made on the radio %s\n", conf->interface, eui64);
        prepare->done++;
    } else if (r != -EEXIST && r != -EBUSY) { /* then the daemon was faster */
        fprintf(stderr, "rpld: %s cannot be made on the radio %s: %s\n", conf->interface, eui64,
                strerror(-r));
        prepare->failed++;
    }
}

/* ---- sysctls ------------------------------------------------------------------------------- */

static void prepare_sysctl(struct prepare *prepare, const char *name, const char *key, int wanted)
{
    int value = 0;

    if (!iface_sysctl(name, key, &value) || value == wanted)
        return;
    int r = iface_sysctl_set(name, key, wanted);
    if (r == 0) {
        printf("net.ipv6.conf.%s.%s: %d -> %d\n", name, key, value, wanted);
        prepare->done++;
    } else {
        fprintf(stderr, "rpld: net.ipv6.conf.%s.%s is %d and has to be %d: %s\n", name, key, value,
                wanted, strerror(-r));
        prepare->failed++;
    }
}

/*
 * With forwarding on, the kernel takes router advertisements only where accept_ra is 2. Where it
 * takes them now it goes on taking them: the default route of this machine stays. It is set
 * before forwarding is, which would remove that route. Where somebody has forwarding on already,
 * the kernel takes none now, and shall not begin to.
 */
static void prepare_uplinks(struct prepare *prepare)
{
    struct krt_link link;
    int accept = 0, forwarding = 0;

    for (uint32_t n = 0; krt_link_nth(prepare->krt, n, &link); n++) {
        if (link.type == PREPARE_LOOPBACK || link.type == KRT_LINK_RADIO ||
            link.type == KRT_LINK_LOWPAN || strcmp(link.name, prepare->conf->tun) == 0 ||
            conf_interface_instances(prepare->conf, link.name) != 0)
            continue;
        if (iface_sysctl(link.name, "accept_ra", &accept) && accept == 1 &&
            iface_sysctl(link.name, "forwarding", &forwarding) && forwarding == 0)
            prepare_sysctl(prepare, link.name, "accept_ra", 2);
    }
}

/* No duplicate address detection, no solicitation of routers, no belief in those of motes. */
static void prepare_interface(struct prepare *prepare, const char *name)
{
    prepare_sysctl(prepare, name, "accept_ra", 0);
    prepare_sysctl(prepare, name, "accept_dad", 0);
    prepare_sysctl(prepare, name, "router_solicitations", 0);
    if (prepare->router)
        prepare_sysctl(prepare, name, "forwarding", 1);
}

static void prepare_all(struct prepare *prepare)
{
    const struct conf *conf = prepare->conf;

    for (uint32_t i = 0; i < conf->radio_count; i++)
        prepare_radio(prepare, &conf->radio[i]);
    if (prepare->router) {
        prepare_uplinks(prepare);
        prepare_sysctl(prepare, "all", "forwarding", 1);
    }
    if (conf->ndp_proxy[0])
        prepare_sysctl(prepare, conf->ndp_proxy, "proxy_ndp", 1);
    for (uint32_t i = 0; i < conf->instance_count; i++) {
        for (uint32_t j = 0; j < conf->instance[i].interface_count; j++)
            prepare_interface(prepare, conf->instance[i].interface[j]);
    }
}

int prepare_run(const struct conf *conf)
{
    const struct krt_callbacks callbacks = {.dump_done = prepare_on_dump_done};
    struct prepare prepare = {.conf = conf};

    for (uint32_t i = 0; i < conf->instance_count; i++)
        prepare.router = prepare.router || conf->instance[i].rpl.role != RPL_ROLE_LEAF;
    prepare_modules(&prepare);
    int r = krt_new(&callbacks, &prepare, NULL, &prepare.krt);
    if (r == 0)
        r = prepare_dump(&prepare);
    if (r < 0) {
        fprintf(stderr, "rpld: cannot ask the kernel for its links: %s\n", strerror(-r));
        prepare.failed++;
    } else {
        prepare_all(&prepare);
    }
    krt_free(prepare.krt);
    if (prepare.done == 0 && prepare.failed == 0)
        puts("nothing to do: all is as it has to be");
    return prepare.failed > 0;
}
