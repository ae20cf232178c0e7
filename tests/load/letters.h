/* SPDX-License-Identifier: MIT */
/* Messages for a pool, made when they are submitted and given back when they are done; what was told of them is kept in
 * an octet for each recipient, and compared with the servers' ledger in the end. */
#ifndef LOAD_LETTERS_H
#define LOAD_LETTERS_H

#include "../peers/mta.h"

#include <envoi/envoi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECIPIENTS_MAX 4u

struct letters {
    struct envoi_pool *pool;
    size_t routes; /* of the pool: messages take turns */
    size_t count;
    size_t first; /* its number in the ledger, which several share */
    size_t queue; /* at most so many are submitted at once */
    uint64_t random;
    size_t next, done, full; /* full: how often the queue said so */
    struct letter *waiting;  /* was not taken */
    struct letter *spare;
    uint8_t *verdicts; /* [count][RECIPIENTS_MAX], 0xff: there is none */
    size_t told[5];    /* recipients, by verdict */
    size_t wrong;      /* what was told is not what is in the ledger, or not even in itself */
    size_t doubled;
};

/* The generator of all that is drawn: it says the same for the same seed everywhere. */
unsigned chance(uint64_t *random, unsigned below);

void letters_open(struct letters *l, struct envoi_pool *pool, size_t first, size_t count, uint64_t seed);
/* Submits as many as may be; the callbacks submit the rest. */
void letters_submit(struct letters *l);
/* True: each was done once, and the verdicts agree with the ledger. Prints what does not. */
bool letters_agree(struct letters *l, const struct ledger *ledger);
void letters_close(struct letters *l);

#endif
