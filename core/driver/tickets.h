/* SPDX-License-Identifier: MIT */
/* What servers gave for resuming a TLS session, so that a later connection to the same server need not do the whole
 * handshake. Any thread.
 *
 * A TLS library that resumes a session does not check the chain again, so a ticket is found only under a key that holds
 * everything trust depends on. Tickets are taken out to be used: none is used twice (RFC 8446 appendix C.4), none that a
 * server stumbles over stays, and connections side by side have one each. And however often a session is resumed, the
 * handshake that verified the chain is never further back than a day. */
#ifndef DRIVER_TICKETS_H
#define DRIVER_TICKETS_H

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
    bool off;
};

/* ENVOI_OK or ENVOI_E_SYSTEM. */
int tickets_init(struct tickets *t);
/* Wipes and frees them all. */
void tickets_free(struct tickets *t);
/* Off: all are forgotten, none is kept or given. */
void tickets_switch(struct tickets *t, bool on);

/* Takes the newest one under the key out, appends it to `out`, and tells when the chain was verified. False: none. */
bool tickets_take(struct tickets *t, const struct buf *key, int64_t now, struct buf *out, int64_t *born);
/* Keeps a copy. `born` is when the chain was verified. Without memory there is one full handshake more. */
void tickets_keep(struct tickets *t, const struct buf *key, const void *data, size_t len, int64_t born);

/* Keys are put together of these, each with its length, so that no two wishes look alike. ENVOI_OK or ENVOI_E_MEMORY. */
int ticket_key_add(struct buf *key, const void *data, size_t len);
int ticket_key_add_number(struct buf *key, uint64_t number);
int ticket_key_add_text(struct buf *key, const char *text); /* NULL is not "" */

#endif
