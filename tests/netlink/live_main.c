/* SPDX-License-Identifier: ISC */
/* Goes into a network namespace of its own and runs the tests there. */
#include "tests/netlink/live.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SKIPPED 77

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good;

    if (fd < 0)
        return false;
    good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return good;
}

/* As root a namespace of the network alone, else with one of users that makes us root in it. */
static bool enter(void)
{
    char map[64];
    uid_t uid = getuid();
    gid_t gid = getgid();

    if (geteuid() == 0)
        return unshare(CLONE_NEWNET) == 0;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return false;
    snprintf(map, sizeof(map), "0 %u 1", (unsigned int)uid);
    if (!write_file("/proc/self/uid_map", map) || !write_file("/proc/self/setgroups", "deny"))
        return false;
    snprintf(map, sizeof(map), "0 %u 1", (unsigned int)gid);
    return write_file("/proc/self/gid_map", map);
}

int main(void)
{
    struct CMUnitTest *tests;
    size_t i, n = 0;
    int failed;

    if (!enter()) {
        printf("skipped: no network namespace for us (%s); run as root, or allow user "
               "namespaces: sysctl kernel.unprivileged_userns_clone=1\n",
               strerror(errno));
        return SKIPPED;
    }
    if (system("ip -V >/dev/null 2>&1") != 0 ||
        system("ip link add pa type veth peer name pb && ip link del pa") != 0) {
        printf("skipped: needs iproute2 (apt-get install iproute2) and the veth module\n");
        return SKIPPED;
    }
    /* A new link would test its own address for a second. */
    if (!write_file("/proc/sys/net/ipv6/conf/default/dad_transmits", "0")) {
        printf("skipped: /proc/sys/net is not ours to write\n");
        return SKIPPED;
    }
    tests =
        calloc(live_route_test_count + live_link_test_count + live_lan_test_count, sizeof(*tests));
    if (!tests)
        return 1;
    for (i = 0; i < live_route_test_count; i++)
        tests[n++] = live_route_tests[i];
    for (i = 0; i < live_link_test_count; i++)
        tests[n++] = live_link_tests[i];
    for (i = 0; i < live_lan_test_count; i++)
        tests[n++] = live_lan_tests[i];
    failed = _cmocka_run_group_tests("netlink", tests, n, NULL, NULL);
    free(tests);
    return failed == 0 ? 0 : 1;
}
