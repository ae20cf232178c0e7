/* SPDX-License-Identifier: MIT */
/* Messages for a pool, the results that it reported, and the comparison with the server's ledger. */
#ifndef POOL_POST_H
#define POOL_POST_H

#include "../../peers/mta.h"

#include <envoi/envoi.h>

struct letter {
    struct post *post;
    struct envoi_message *message;
    char content[96];
    int result;
    unsigned called; /* how often `done` was called for it */
    char error[256];
};

struct post {
    struct envoi_library *library;
    struct envoi_session *prototype; /* without TLS */
    struct envoi_pool *pool;
    struct ledger *ledger;
    size_t count, recipients;
    size_t next;                                   /* to be submitted */
    size_t done, accepted, unknown, not_attempted; /* the last three: recipients */
    struct letter *letters;
    void (*on_done)(struct letter *l); /* called by `done` after the counts; NULL: nothing more */
};

/* Makes a library, a prototype, a pool and `count` messages, each to `recipients` recipients of `domains` domains. */
void post_open(struct post *p, size_t count, size_t recipients, size_t domains);
/* Adds the pool's route to servers, with the prototype as it is. */
size_t post_route(struct post *p, const char *servers);
/* Submits letter `index`. */
int post_submit(struct post *p, size_t index, size_t route);
void post_submit_all(struct post *p, size_t route);
/* Asserts that each message was done once, and that its verdicts agree with the ledger. */
void post_check(struct post *p);
void post_close(struct post *p);

#endif
