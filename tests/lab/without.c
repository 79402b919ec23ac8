/* SPDX-License-Identifier: ISC */
/* without netfilter COMMAND...: runs it as on a kernel that has no netfilter: no socket of it. */
#include <errno.h>
#include <linux/netlink.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    if (argc < 3 || strcmp(argv[1], "netfilter") != 0) {
        fprintf(stderr, "usage: without netfilter COMMAND...\n");
        return 2;
    }
    if (!filter ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPROTONOSUPPORT), SCMP_SYS(socket), 2,
                         SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0),
                         SCMP_A2(SCMP_CMP_EQ, NETLINK_NETFILTER, 0)) < 0 ||
        seccomp_load(filter) < 0) {
        fprintf(stderr, "without: no filter of system calls\n");
        return 1;
    }
    execvp(argv[2], argv + 2);
    perror("without");
    return 1;
}
