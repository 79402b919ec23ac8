/* SPDX-License-Identifier: ISC */
/*
 * Chunks and the index over them. The index is open addressed with linear probing. Hashes are
 * kept beside the numbers and spread over the slots in their order, so that growing and removing
 * look at no object; it grows by half, as memory is dearer here than a hash.
 */
#include "rpl/engine.h"

#define FULL (UINT64_MAX >> (64u - RPL_CHUNK_OBJECTS))
#define FIRST_SLOTS 16u

/* ---- objects ----------------------------------------------------------------------- */

/* One more place for a chunk. */
static bool grow_slab(struct rpl_engine *e, struct rpl_slab *slab)
{
    struct rpl_chunk *chunk;
    uint32_t room = slab->room + slab->room / 2 + 4;

    if (slab->chunks < slab->room)
        return true;
    chunk = rpl_alloc(e, room * sizeof(*chunk));
    if (!chunk)
        return false;
    if (slab->chunk)
        memcpy(chunk, slab->chunk, slab->chunks * sizeof(*chunk));
    rpl_free(e, slab->chunk);
    slab->chunk = chunk;
    slab->room = room;
    return true;
}

void *rpl_slab_new(struct rpl_engine *e, struct rpl_slab *slab, uint32_t *ret_id)
{
    struct rpl_chunk *chunk;
    uint32_t place = 0;

    while (slab->first < slab->chunks && slab->chunk[slab->first].used == FULL)
        slab->first++;
    if (slab->first == slab->chunks) {
        if (!grow_slab(e, slab))
            return NULL;
        slab->chunk[slab->chunks++] = (struct rpl_chunk){0};
    }
    chunk = &slab->chunk[slab->first];
    if (!chunk->memory)
        chunk->memory = rpl_alloc(e, RPL_CHUNK_OBJECTS * slab->size + RPL_CACHE_LINE);
    if (!chunk->memory)
        return NULL;
    while (chunk->used >> place & 1)
        place++;
    chunk->used |= (uint64_t)1 << place;
    *ret_id = slab->first * RPL_CHUNK_OBJECTS + place;
    return memset(rpl_slab_at(slab, *ret_id), 0, slab->size);
}

void rpl_slab_delete(struct rpl_engine *e, struct rpl_slab *slab, uint32_t id)
{
    uint32_t index = id / RPL_CHUNK_OBJECTS;
    struct rpl_chunk *chunk = &slab->chunk[index];

    chunk->used &= ~((uint64_t)1 << id % RPL_CHUNK_OBJECTS);
    if (index < slab->first)
        slab->first = index;
    if (chunk->used)
        return;
    rpl_free(e, chunk->memory);
    chunk->memory = NULL;
}

void *rpl_slab_find(const struct rpl_slab *slab, uint32_t id)
{
    uint32_t index = id / RPL_CHUNK_OBJECTS;

    if (index >= slab->chunks || !(slab->chunk[index].used >> id % RPL_CHUNK_OBJECTS & 1))
        return NULL;
    return rpl_slab_at(slab, id);
}

void rpl_slab_free(struct rpl_engine *e, struct rpl_slab *slab)
{
    for (uint32_t i = 0; i < slab->chunks; i++)
        rpl_free(e, slab->chunk[i].memory);
    rpl_free(e, slab->chunk);
    slab->chunk = NULL;
    slab->chunks = slab->room = slab->first = 0;
}

/* ---- index ------------------------------------------------------------------------- */

static uint32_t home(const struct rpl_index *ix, uint32_t hash)
{
    return (uint32_t)((uint64_t)hash * ix->capacity >> 32);
}

static uint32_t after(const struct rpl_index *ix, uint32_t at)
{
    return at + 1 == ix->capacity ? 0 : at + 1;
}

static void put(struct rpl_index *ix, struct rpl_index_slot slot)
{
    uint32_t at = home(ix, slot.hash);

    while (ix->slot[at].id != RPL_NO_ID)
        at = after(ix, at);
    ix->slot[at] = slot;
}

static bool grow_index(struct rpl_engine *e, struct rpl_index *ix)
{
    struct rpl_index old = *ix;
    uint32_t capacity = old.capacity + old.capacity / 2 + FIRST_SLOTS;
    struct rpl_index_slot *slot = rpl_alloc(e, capacity * sizeof(*slot));

    if (!slot)
        return false;
    for (uint32_t i = 0; i < capacity; i++)
        slot[i].id = RPL_NO_ID;
    ix->slot = slot;
    ix->capacity = capacity;
    for (uint32_t i = 0; i < old.capacity; i++)
        if (old.slot[i].id != RPL_NO_ID)
            put(ix, old.slot[i]);
    rpl_free(e, old.slot);
    return true;
}

bool rpl_index_add(struct rpl_engine *e, struct rpl_index *ix, uint32_t hash, uint32_t id)
{
    /* Three quarters full: beyond that the rows of taken slots become long. */
    if (ix->count >= ix->capacity - ix->capacity / 4 && !grow_index(e, ix))
        return false;
    put(ix, (struct rpl_index_slot){.hash = hash, .id = id});
    ix->count++;
    return true;
}

uint32_t rpl_index_next(const struct rpl_index *ix, uint32_t hash, uint32_t *at)
{
    if (ix->capacity == 0)
        return RPL_NO_ID;
    /* |*at| is the next slot to look at, counted from the first one of this hash. */
    for (uint32_t i = home(ix, hash) + *at;; i++) {
        const struct rpl_index_slot *slot = &ix->slot[i < ix->capacity ? i : i - ix->capacity];
        if (slot->id == RPL_NO_ID)
            return RPL_NO_ID;
        (*at)++;
        if (slot->hash == hash)
            return slot->id;
    }
}

void rpl_index_remove(struct rpl_index *ix, uint32_t hash, uint32_t id)
{
    uint32_t hole = home(ix, hash), at;

    while (ix->slot[hole].id != id)
        hole = after(ix, hole);
    /* Those behind that would not be found beyond a hole move up. */
    for (at = after(ix, hole); ix->slot[at].id != RPL_NO_ID; at = after(ix, at)) {
        uint32_t from = home(ix, ix->slot[at].hash);
        bool stays = hole <= at ? from > hole && from <= at : from > hole || from <= at;
        if (stays)
            continue;
        ix->slot[hole] = ix->slot[at];
        hole = at;
    }
    ix->slot[hole].id = RPL_NO_ID;
    ix->count--;
}

void rpl_index_free(struct rpl_engine *e, struct rpl_index *ix)
{
    rpl_free(e, ix->slot);
    *ix = (struct rpl_index){0};
}

static uint64_t stir(uint64_t x)
{
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
    return x ^ (x >> 32);
}

uint64_t rpl_hash_key(uint64_t seed)
{
    return stir(seed + 0xa0761d6478bd642fu);
}

uint32_t rpl_hash(const struct rpl_engine *e, const struct rpl_addr *addr, uint32_t more)
{
    uint64_t x = stir(rpl_be64(addr->b) ^ e->hash_key);

    return (uint32_t)(stir(stir(x ^ rpl_be64(addr->b + 8)) + more + e->hash_key) >> 32);
}
