/* SPDX-License-Identifier: ISC */
/*
 * `capture`: the packets that pass through the daemon, as a pcapng stream (draft-ietf-opsawg-
 * pcapng) that tcpdump(1) and tshark(1) read while it is written. Each packet is whole from its
 * IPv6 header on (LINKTYPE_IPV6) and says which interface and direction it took; what leaves for
 * a neighbour has that neighbour's address as a comment, because the header's own destination is
 * the end of the way.
 *
 * The filter is a few words that must all fit: `rpl` or `data`, `in` or `out`, the name of an
 * interface, an address (source, destination or neighbour; one node's link-local and global
 * addresses are the same).
 *
 * Pure but for the clock of the world. What does not fit into a client's buffer is counted, and
 * told with the next packet that does (epb_dropcount); that is ctl.c's part.
 */
#ifndef RPLD_CAPTURE_H
#define RPLD_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "rpl/rpl.h"
#include "rpld/ctl.h"
#include "rpld/writer.h"

#define CAPTURE_INTERFACES_MAX 48 /* names in one stream */
#define CAPTURE_WORDS_MAX 4

struct capture {
    bool rpl, data, in, out; /* wanted */
    unsigned name_count;
    char name[CAPTURE_WORDS_MAX][RPL_IFNAME_MAX];
    unsigned address_count;
    struct rpl_addr address[CAPTURE_WORDS_MAX];
    unsigned interface_count; /* described in the stream so far */
    char interface[CAPTURE_INTERFACES_MAX][RPL_IFNAME_MAX];
};

/* Read the words of a filter. False, and the word that makes no sense in *ret_wrong. */
bool capture_filter(struct capture *capture, const char *const *words, unsigned count,
                    const char **ret_wrong);

/* The section's head, with an interface for each that |source| knows. */
void capture_begin(struct capture *capture, const struct ctl_source *source,
                   struct writer_buf *buf);

/* True if the filter lets |packet| on |interface| through. */
bool capture_wants(const struct capture *capture, const struct ctl_packet *packet,
                   const char *interface);

/* One packet; |lost| were left out since the last one. False if it cannot be told: too many
 * interfaces. */
bool capture_packet(struct capture *capture, const struct ctl_packet *packet, const char *interface,
                    const struct timespec *time, uint64_t lost, struct writer_buf *buf);

#endif /* RPLD_CAPTURE_H */
