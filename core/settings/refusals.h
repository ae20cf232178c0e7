/* SPDX-License-Identifier: MIT */
/* Secrets that servers have refused: which, when and why. A library object remembers them for all its sessions and all
 * hosts, because the hosts of one account take the same password. Safe to use from several threads. */
#ifndef SETTINGS_REFUSALS_H
#define SETTINGS_REFUSALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REFUSALS_MAX       16               /* beyond that a new one replaces the oldest */
#define REFUSALS_FORGET_MS INT64_C(1800000) /* so long a secret is remembered */

struct refusals;

/* Recognises a user, and a secret of that user, by 32 bits each: too few to find the secret. */
struct refusal_key {
    uint32_t user, secret; /* never 0 */
};

struct refusal {
    struct refusal_key key;
    int64_t at; /* milliseconds */
    char why[256];
};

/* ENVOI_OK, ENVOI_E_MEMORY or ENVOI_E_SYSTEM. */
int refusals_new(struct refusals **out);
void refusals_free(struct refusals *r);

/* In each function NULL is a memory that remembers nothing. */

struct refusal_key refusals_key(struct refusals *r, const char *user, const void *secret, size_t len);
/* Has the secret been refused in the last half an hour? Then *found is filled in. */
bool refusals_find(struct refusals *r, struct refusal_key key, int64_t now, struct refusal *found);
/* The secret was refused by the host (NULL: it is not known) now, with this reason. */
void refusals_add(struct refusals *r, struct refusal_key key, int64_t now, const char *host, const char *why);
/* Forgets those of a user: the server has accepted a secret. */
void refusals_forget(struct refusals *r, uint32_t user);
/* Forgets all. */
void refusals_clear(struct refusals *r);

#endif
