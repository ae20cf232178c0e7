/* SPDX-License-Identifier: MIT */
/* What servers gave for resuming a TLS session, so that a later connection to the same server need not do the whole
 * handshake. Any thread.
 *
 * A TLS library that resumes a session does not check the chain again, so a ticket is found only under a key that holds
 * everything trust depends on. Those of TLS 1.3 are taken out to be used: none is used twice (RFC 8446 appendix C.4), and
 * connections side by side have one each. The session of an older version is lent, to as many connections at once as want
 * it, and what a server stumbles over or does not take is not lent again. And however often a session is resumed, the
 * handshake that verified the chain is never further back than a day.
 *
 * A connection brings one ticket, the newest. Whole handshakes are thus as many as there ever were connections at once; a
 * server that has given a resumed session of TLS 1.3 no further ticket (Postfix does not) sees every other one. */
#ifndef TRUST_TICKETS_H
#define TRUST_TICKETS_H

#include "base/buf.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TICKETS_MAX       256 /* of all servers; the one that was kept longest gives way */
#define TICKETS_OF_ONE    32  /* under one key */
#define TICKET_OCTETS_MAX 65536
#define TICKET_AGE_MAX    ((int64_t)24 * 60 * 60 * 1000)

struct ticket;

struct tickets {
    pthread_mutex_t lock;
    struct ticket *first; /* the newest */
    uint64_t numbers;     /* so many were given away */
    bool off;
};

/* What is known of a ticket that was taken. */
struct ticket_loan {
    int64_t born;    /* when the chain was verified */
    uint64_t number; /* it is only lent; 0: it was taken out */
};

/* ENVOI_OK or ENVOI_E_SYSTEM. */
int tickets_init(struct tickets *t);
/* Wipes and frees them all. */
void tickets_free(struct tickets *t);
/* Off: all are forgotten, none is kept or given. */
void tickets_switch(struct tickets *t, bool on);

/* Takes out, or is lent, the newest one under the key, and appends it to `out`. False: none. */
bool tickets_take(struct tickets *t, const struct buf *key, int64_t now, struct buf *out, struct ticket_loan *loan);
/* Keeps a copy. `born` is when the chain was verified. lasting: it is to be lent. Without memory there is one full handshake
 * more. */
void tickets_keep(struct tickets *t, const struct buf *key, const void *data, size_t len, int64_t born, bool lasting);
/* The session that was lent was resumed, and this is what it is now: takes its place, if that is still there. */
void tickets_renew(struct tickets *t, uint64_t number, const void *data, size_t len);
/* It was not. 0 is a no-op. */
void tickets_drop(struct tickets *t, uint64_t number);

/* Keys are put together of these, each with its length, so that no two wishes look alike. ENVOI_OK or ENVOI_E_MEMORY. */
int ticket_key_add(struct buf *key, const void *data, size_t len);
int ticket_key_add_number(struct buf *key, uint64_t number);
int ticket_key_add_text(struct buf *key, const char *text); /* NULL is not "" */

#endif
