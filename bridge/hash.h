/* SPDX-License-Identifier: ISC */
/*
 * FNV-1a, 32 bits: for what is found again, not for what somebody may want to forge.
 */
#ifndef BRIDGE_HASH_H
#define BRIDGE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define BRG_HASH_START 2166136261U

/* Goes on from |hash|. */
static inline uint32_t brg_hash(uint32_t hash, const void *data, size_t len)
{
    const uint8_t *octet = data;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ octet[i]) * 16777619U;
    }
    return hash;
}

#endif
