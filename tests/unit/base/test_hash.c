/* SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include <criterion/criterion.h>
#include <string.h>

static uint64_t hash_two(const struct hash_key *key, const char *a, const char *b)
{
    return hash_add(key, hash_add(key, key->begin, a, strlen(a)), b, strlen(b));
}

/* One key: the same octets, cut in the same places, and only they. Another key: another hash. */
Test(hash, recognises)
{
    struct hash_key key = {0}, other = {0};
    uint64_t hash;

    hash_draw_key(&key);
    hash_draw_key(&other);
    hash = hash_two(&key, "user", "secret");
    cr_assert_eq(hash_two(&key, "user", "secret"), hash);
    cr_assert_neq(hash_two(&key, "users", "ecret"), hash);
    cr_assert_neq(hash_two(&key, "user", "Secret"), hash);
    cr_assert_neq(hash_two(&key, "", "usersecret"), hash);
    cr_assert_neq(hash_two(&other, "user", "secret"), hash);
}

Test(hash, key_is_drawn_once)
{
    struct hash_key key = {0}, before;

    hash_draw_key(&key);
    cr_assert_eq(key.factor & 1, 1);
    before = key;
    hash_draw_key(&key);
    cr_assert_eq(key.begin, before.begin);
    cr_assert_eq(key.factor, before.factor);
}
