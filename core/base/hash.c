/* SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include "portable/random.h"

void hash_draw_key(struct hash_key *key)
{
    if (key->factor)
        return;
    if (!random_draw(key, sizeof *key)) /* hashes without a random key are still no secrets */
        key->factor = (uint64_t)(uintptr_t)key;
    key->factor |= 1;
}

static uint64_t hash_mix(const struct hash_key *key, uint64_t hash, unsigned octet)
{
    hash = (hash ^ octet) * key->factor;
    return hash ^ hash >> 29;
}

uint64_t hash_add(const struct hash_key *key, uint64_t hash, const void *data, size_t len)
{
    const uint8_t *octets = data;

    for (size_t i = 0; i < len; i++)
        hash = hash_mix(key, hash, octets[i]);
    return hash_mix(key, hash, 0x100);
}
