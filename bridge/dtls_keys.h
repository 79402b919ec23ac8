/* SPDX-License-Identifier: ISC */
/*
 * Which nodes are spoken to through DTLS, and how. A file that nobody but its owner may read, a
 * node a line:
 *
 *     # node            how
 *     00124b0000010000  psk 00112233445566778899aabbccddeeff [IDENTITY]
 *     00124b0000020000  certificate
 *
 * The identity of a key is the node's EUI-64 unless the line has another.
 */
#ifndef BRIDGE_DTLS_KEYS_H
#define BRIDGE_DTLS_KEYS_H

#include <stdio.h>

#include "bridge/brg.h"
#include "bridge/topic.h"

#define BRG_PSK_MAX 64
#define BRG_IDENTITY_MAX 64

struct brg_key {
    char eui64[BRG_EUI64_TEXT];
    bool certificate;
    char identity[BRG_IDENTITY_MAX];
    uint8_t psk[BRG_PSK_MAX];
    size_t psk_len;
};

struct brg_keys {
    struct brg_key *list; /* in the order of the EUI-64 */
    size_t n;
};

/* One line without its end: 1: |ret_key| is filled, 0: nothing in it, -BRG_ERR_FORMAT. */
int brg_key_line(const char *line, struct brg_key *ret_key);

/* Reads the file; what is wrong goes to |errors|, a line each, and is counted. */
int brg_keys_load(const char *file, struct brg_keys *ret_keys, FILE *errors);
void brg_keys_free(struct brg_keys *keys);

const struct brg_key *brg_keys_find(const struct brg_keys *keys, const char *eui64);
const struct brg_key *brg_keys_identity(const struct brg_keys *keys, const char *identity);

#endif
