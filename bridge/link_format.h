/* SPDX-License-Identifier: ISC */
/*
 * CoRE link format (RFC 6690): the list of resources a node gives at /.well-known/core.
 *
 * A cursor over the caller's text, without memory: what a link points to is part of that text.
 * Only links to the node's own resources come out; links to other hosts and links that speak
 * about something else (attribute anchor) are passed over.
 */
#ifndef BRIDGE_LINK_FORMAT_H
#define BRIDGE_LINK_FORMAT_H

#include "bridge/brg.h"

struct brg_span {
    const char *text; /* NULL when absent; not terminated */
    size_t len;
};

struct brg_link {
    struct brg_span path; /* without the leading slash, percent-encoded, perhaps with a query */
    struct brg_span rt;   /* resource types and */
    struct brg_span ifs;  /* interfaces: lists separated by blanks */
    struct brg_span ct;   /* content formats: numbers separated by blanks */
    struct brg_span base; /* in a resource directory: where the endpoint is */
    struct brg_span ep;   /* and its name (RFC 9176) */
    bool obs;
};

struct brg_links {
    const char *at;
    const char *end;
};

void brg_links_init(struct brg_links *links, const char *text, size_t len);

/* 1: |ret_link| is the next one; 0: no more; -BRG_ERR_FORMAT: not link format from here on. */
int brg_links_next(struct brg_links *links, struct brg_link *ret_link);

/* Is |word| one of the blank-separated words? */
bool brg_span_has(const struct brg_span *span, const char *word);

/* The |index|-th number of a blank-separated list, or -1. */
int brg_span_number(const struct brg_span *span, size_t index);

#endif
