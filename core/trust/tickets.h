/* SPDX-License-Identifier: MIT */
/* Tickets: TLS sessions that servers offered for resumption, so that a later connection to the same server can skip the
 * full handshake. Safe to use from several threads.
 *
 * A TLS library that resumes a session does not check the certificate chain again. So a ticket is found only under a
 * key that contains everything that trust depends on, and however often a session is resumed, the handshake that
 * verified the chain is never more than a day old (TICKET_AGE_MAX).
 *
 * A ticket of TLS 1.3 is removed when it is taken: none is used twice (RFC 8446 appendix C.4), and simultaneous
 * connections use one each. A session of an older version is lent, to any number of connections at once. It is dropped
 * as soon as a connection fails with it, or the server does not resume it.
 *
 * Each connection stores one ticket, the newest. So there are as many full handshakes as there ever were simultaneous
 * connections. If a server sends no new ticket in a resumed session of TLS 1.3 (Postfix does not), every other
 * handshake is a full one. */
#ifndef TRUST_TICKETS_H
#define TRUST_TICKETS_H

#include "base/buf.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TICKETS_MAX       256 /* of all servers; beyond that the one stored first is dropped */
#define TICKETS_OF_ONE    32  /* under one key */
#define TICKET_OCTETS_MAX 65536
#define TICKET_AGE_MAX    ((int64_t)24 * 60 * 60 * 1000) /* milliseconds */

struct ticket;

struct tickets {
    pthread_mutex_t lock;
    struct ticket *first; /* the newest */
    uint64_t last_number; /* of a ticket that may be lent */
    bool off;
};

/* Describes a ticket that was taken. */
struct ticket_loan {
    int64_t born;    /* when the chain was verified */
    uint64_t number; /* of a lent ticket; 0: it was removed from the list */
};

/* ENVOI_OK or ENVOI_E_SYSTEM. */
int tickets_init(struct tickets *t);
/* Wipes and frees all tickets. */
void tickets_free(struct tickets *t);
/* Off: all tickets are dropped; none is stored or found until it is on again. */
void tickets_switch(struct tickets *t, bool on);

/* Appends the newest ticket under the key to `out` and describes it in *loan. False: there is none, and *loan is
 * zero. */
bool tickets_take(struct tickets *t, const struct buf *key, int64_t now, struct buf *out, struct ticket_loan *loan);
/* Stores a copy of a ticket. born: when the chain was verified. lasting: the ticket may be lent. Under an empty key
 * nothing is stored. Nor is it without memory, which costs one full handshake. */
void tickets_keep(struct tickets *t, const struct buf *key, const void *data, size_t len, int64_t born, bool lasting);
/* The lent ticket `number` was resumed, and data is its new state: replaces it, if it is still in the list. */
void tickets_renew(struct tickets *t, uint64_t number, const void *data, size_t len);
/* The lent ticket `number` was not resumed: removes it. Does nothing for 0. */
void tickets_drop(struct tickets *t, uint64_t number);

/* A key is put together from fields, each after its length, so that different settings never give equal keys. The
 * buffer remembers a failure: see buf_failed(). */
void ticket_key_add(struct buf *key, const void *data, size_t len);
void ticket_key_add_number(struct buf *key, uint64_t number);
void ticket_key_add_text(struct buf *key, const char *text); /* NULL differs from "" */

#endif
