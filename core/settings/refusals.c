/* SPDX-License-Identifier: MIT */
#include "settings/refusals.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"

#include <envoi/error.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct refusals {
    pthread_mutex_t lock;
    struct hash_key hash; /* drawn once, before other threads know the object */
    struct refusal list[REFUSALS_MAX];
    size_t next; /* the entry to be replaced next */
};

int refusals_new(struct refusals **out)
{
    struct refusals *r = mem_zalloc(sizeof *r);

    *out = NULL;
    if (!r)
        return ENVOI_E_MEMORY;
    if (pthread_mutex_init(&r->lock, NULL)) {
        mem_free(r);
        return ENVOI_E_SYSTEM;
    }
    hash_draw_key(&r->hash);
    *out = r;
    return ENVOI_OK;
}

void refusals_free(struct refusals *r)
{
    if (!r)
        return;
    (void)pthread_mutex_destroy(&r->lock);
    mem_free(r);
}

static uint32_t refusals_fold(uint64_t hash)
{
    return (uint32_t)(hash ^ hash >> 32) | 1;
}

struct refusal_key refusals_key(struct refusals *r, const char *user, const void *secret, size_t len)
{
    struct refusal_key key = {1, 1};
    uint64_t hash;

    if (!r)
        return key;
    hash = hash_add(&r->hash, r->hash.begin, user, strlen(user));
    key.user = refusals_fold(hash);
    key.secret = refusals_fold(hash_add(&r->hash, hash, secret, len));
    return key;
}

bool refusals_find(struct refusals *r, struct refusal_key key, int64_t now, struct refusal *found)
{
    bool known = false;

    if (!r)
        return false;
    (void)pthread_mutex_lock(&r->lock);
    for (size_t i = 0; !known && i < REFUSALS_MAX; i++) {
        const struct refusal *one = &r->list[i];

        known = one->key.secret == key.secret && one->key.user == key.user && now - one->at < REFUSALS_FORGET_MS;
        if (known)
            *found = *one;
    }
    (void)pthread_mutex_unlock(&r->lock);
    return known;
}

void refusals_add(struct refusals *r, struct refusal_key key, int64_t now, const char *host, const char *why)
{
    struct refusal one = {.key = key, .at = now};
    size_t i = 0;

    if (!r)
        return;
    if ((size_t)snprintf(one.why, sizeof one.why, "%s%s%s", host ? host : "", host && *host ? ": " : "", why) >=
        sizeof one.why)
        one.why[text_cut_length(one.why, sizeof one.why - 1)] = '\0';
    (void)pthread_mutex_lock(&r->lock);
    while (i < REFUSALS_MAX && !(r->list[i].key.secret == key.secret && r->list[i].key.user == key.user))
        i++;
    if (i == REFUSALS_MAX) {
        i = r->next;
        r->next = (r->next + 1) % REFUSALS_MAX;
    }
    r->list[i] = one;
    (void)pthread_mutex_unlock(&r->lock);
}

void refusals_forget(struct refusals *r, uint32_t user)
{
    if (!r)
        return;
    (void)pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < REFUSALS_MAX; i++)
        if (r->list[i].key.user == user)
            memset(&r->list[i], 0, sizeof r->list[i]);
    (void)pthread_mutex_unlock(&r->lock);
}

void refusals_clear(struct refusals *r)
{
    if (!r)
        return;
    (void)pthread_mutex_lock(&r->lock);
    memset(r->list, 0, sizeof r->list);
    (void)pthread_mutex_unlock(&r->lock);
}
