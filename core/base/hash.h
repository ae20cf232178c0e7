/* SPDX-License-Identifier: MIT */
/* A keyed hash, to recognise a secret later without keeping it. Anyone with hash and key can try passwords on them, no
 * more. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
    uint64_t begin, factor; /* factor 0: not drawn yet */
};

/* Draws a key at random, unless that was done before. */
void hash_draw_key(struct hash_key *key);
/* Adds octets and their end to a hash, which begins as key->begin. */
uint64_t hash_add(const struct hash_key *key, uint64_t hash, const void *data, size_t len);

#endif
