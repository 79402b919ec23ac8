/* SPDX-License-Identifier: ISC */
/*
 * The air: a lossy radio medium between network namespaces, for the lab and the demo.
 *
 * One process holds the TAP of every node and moves frames along a table of links (air_links.h). A
 * unicast frame is tried up to four times and a broadcast once per hearer, as 802.15.4 does; only a
 * try of the frame itself is lost, acknowledgements always arrive. Everything sent is in one
 * capture file. While it runs it takes commands on a socket.
 */
#ifndef AIR_H
#define AIR_H

#include "air_links.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>

#define AIR_TRIES 4
#define AIR_CLIENTS_MAX 8
#define AIR_COMMAND_MAX 128
#define AIR_REPLY_MAX 32768

struct air_count {
    uint64_t unicast;   /* frames sent to one node */
    uint64_t broadcast; /* frames sent to all */
    uint64_t tries;     /* of the unicast frames */
    uint64_t received;  /* frames that reached this node */
    uint64_t lost;      /* frames of this node that a hearer in reach did not get */
    uint64_t unheard;   /* unicast frames to a node out of reach */
};

struct air_pcap {
    FILE *file;     /* NULL: no capture, or the limit was reached */
    uint64_t bytes; /* written so far */
};

struct air {
    struct air_links links;
    struct air_count count[AIR_NODES_MAX + 1];
    struct air_pcap pcap;
    bool quit;
    int tap[AIR_NODES_MAX + 1];
    int listener;
    int client[AIR_CLIENTS_MAX]; /* -1: free */
    char reply[AIR_REPLY_MAX];
};

/* The capture: begin it (0 or -1 with errno), add a frame as it was sent, write out what is
 * buffered. It stops growing at 256 MiB. */
int air_pcap_open(struct air_pcap *pcap, const char *path);
void air_pcap_frame(struct air_pcap *pcap, const uint8_t *frame, size_t length);
void air_pcap_flush(struct air_pcap *pcap);

/* The control socket, one SOCK_SEQPACKET record a command and one an answer. Listening returns 0,
 * or -1 with errno. */
int air_control_listen(struct air *air, const char *path);
void air_control_accept(struct air *air);
/* Reads and answers one command of a client; forgets the client when it is gone. */
void air_control_serve(struct air *air, int client);

/* The other end: sends one command, prints the answer. Returns the exit status: 0 for ok, 1 for
 * error, 3 when nobody is there. */
int air_control_ask(const char *path, const char *command);

#endif
