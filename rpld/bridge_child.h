/* SPDX-License-Identifier: ISC */
/*
 * `rpld -f` with a bridge group in the configuration: rpld-bridge is started beside us, so
 * that one command is enough. (As a service, the packaged unit starts it instead.)
 *
 * A small supervisor process is forked before we open anything; it has no capability, waits
 * until the control socket is there, runs the bridge as the user rpld-bridge (or nobody) in a
 * process group of its own, starts it again with growing pauses when it ends, and ends it when
 * the pipe to us closes: whichever way rpld ends.
 */
#ifndef RPLD_BRIDGE_CHILD_H
#define RPLD_BRIDGE_CHILD_H

#include <sys/types.h>

struct bridge_child {
    pid_t pid;
    int pipe; /* our end: a byte starts the bridge, closing it ends it */
};

/* Fork the supervisor. |program| and |config| must be absolute or found from here. 0 or
 * -errno. Call before sockets and threads of ours exist. */
int bridge_child_fork(struct bridge_child *child, const char *program, const char *config);

/* The control socket is there: start the bridge. */
void bridge_child_go(struct bridge_child *child);

/* End both and wait for them. Does nothing if none was forked (pid 0). */
void bridge_child_stop(struct bridge_child *child);

#endif /* RPLD_BRIDGE_CHILD_H */
