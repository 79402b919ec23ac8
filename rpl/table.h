/* SPDX-License-Identifier: ISC */
/*
 * How the engine keeps what it has many of: objects of one size in chunks, known by a small
 * number, and an index that finds such a number by the hash of a key. Neither knows what the
 * objects are. Chunks and index are made through the engine's allocator, so each may be refused;
 * what is in them already stays as it is then.
 */
#ifndef RPL_TABLE_H
#define RPL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rpl_engine;
struct rpl_addr;

#define RPL_NO_ID UINT32_MAX

/* Objects in a chunk, 64 at most: few, as most nodes have few targets. A build that looks for
 * memory errors makes it 1, then each object is an allocation of its own. */
#ifndef RPL_CHUNK_OBJECTS
#define RPL_CHUNK_OBJECTS 16u
#endif

#define RPL_CACHE_LINE 64u

struct rpl_chunk {
    unsigned char *memory; /* NULL: given back; the objects begin with the first whole line in it */
    uint64_t used;         /* a bit per object */
};

struct rpl_slab {
    size_t size; /* of an object, set once */
    struct rpl_chunk *chunk;
    uint32_t chunks, room;
    uint32_t first; /* no chunk before this one has a free place */
};

/* A new object of zeros; NULL without memory. The lowest number that is free is taken. */
void *rpl_slab_new(struct rpl_engine *e, struct rpl_slab *slab, uint32_t *ret_id);
void rpl_slab_delete(struct rpl_engine *e, struct rpl_slab *slab, uint32_t id);
/* All of it; no object may be used after. */
void rpl_slab_free(struct rpl_engine *e, struct rpl_slab *slab);

/* The object with |id|, which has to exist. */
static inline void *rpl_slab_at(const struct rpl_slab *slab, uint32_t id)
{
    unsigned char *memory = slab->chunk[id / RPL_CHUNK_OBJECTS].memory;
    size_t skip = -(uintptr_t)memory % RPL_CACHE_LINE;

    return memory + skip + (size_t)(id % RPL_CHUNK_OBJECTS) * slab->size;
}

/* Whatever the number: NULL if no such object exists. */
void *rpl_slab_find(const struct rpl_slab *slab, uint32_t id);

struct rpl_index_slot {
    uint32_t hash, id; /* RPL_NO_ID = free */
};

struct rpl_index {
    struct rpl_index_slot *slot;
    uint32_t count, capacity;
};

/* False without memory. */
bool rpl_index_add(struct rpl_engine *e, struct rpl_index *ix, uint32_t hash, uint32_t id);
/* |id| has to be there under |hash|. */
void rpl_index_remove(struct rpl_index *ix, uint32_t hash, uint32_t id);
void rpl_index_free(struct rpl_engine *e, struct rpl_index *ix);

/*
 * All numbers under |hash|, one at a time: give the same |*at|, 0 at first; RPL_NO_ID at the end.
 * Different keys may have one hash: the caller compares. Nothing may change in between.
 */
uint32_t rpl_index_next(const struct rpl_index *ix, uint32_t hash, uint32_t *at);

/* The engine's key, of its seed: not what the seed's random numbers are. */
uint64_t rpl_hash_key(uint64_t seed);
/* The hash of an address and a small number, under the engine's key: nobody outside can choose
 * addresses that meet. */
uint32_t rpl_hash(const struct rpl_engine *e, const struct rpl_addr *addr, uint32_t more);

#endif /* RPL_TABLE_H */
