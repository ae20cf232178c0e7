/* SPDX-License-Identifier: MIT */
/* What lies under the engine: wire -> TLS -> SASL security layer. The bottom, the wire, is two memory buffers; no layer ever
 * meets a socket. Without layers the stack is not used at all: the engine's octets are the wire's. */
#ifndef LAYER_STACK_H
#define LAYER_STACK_H

#include "base/buf.h"
#include "base/fault.h"

#include <envoi/plugin.h>
#include <stdbool.h>
#include <sys/uio.h>

#define STACK_OUT_MAX 131072u /* encrypted octets that may wait for the wire */

struct stack {
    struct buf in;  /* from the wire, not yet read by the lowest layer */
    struct buf out; /* for the wire */
    bool ended;     /* the wire gives no more */
    /* TLS */
    const struct envoi_transport *transport; /* NULL: none */
    void *conn;
    bool secure; /* the handshake is done */
    bool torn;   /* octets were thrown away: the peer can make nothing of what would follow */
    struct envoi_lower lower;
    /* SASL */
    struct envoi_sasl_layer sasl; /* ssf 0: none */
    void *sasl_ctx;
    struct buf encoded; /* protected octets that TLS has not taken yet */
    struct buf decoded; /* octets that became readable */
};

void stack_init(struct stack *s);
/* Frees the layers, forgets the buffers; no I/O. */
void stack_clear(struct stack *s);
bool stack_is_empty(const struct stack *s);

/* Puts TLS on the wire. params->lower is filled in here. Refused (ENVOI_E_PROTOCOL) while octets are unread. */
int stack_add_tls(struct stack *s, const struct envoi_transport *transport, void *ctx,
                  struct envoi_conn_params *params);
/* ENVOI_OK: done and verified; ENVOI_E_AGAIN: the wire has to move; else failed. */
int stack_handshake(struct stack *s);
/* Puts a security layer on top; ctx is what encode and decode are called with. Same refusal. */
int stack_add_sasl(struct stack *s, const struct envoi_sasl_layer *layer, void *ctx);

/* Octets from the wire. ENVOI_OK or ENVOI_E_MEMORY. */
int stack_feed(struct stack *s, const void *data, size_t len);
void stack_end(struct stack *s);
/* Readable octets for the engine. ENVOI_OK and *n > 0; ENVOI_E_AGAIN; ENVOI_E_EOF; ENVOI_E_TRUNCATED; or a failure. */
int stack_recv(struct stack *s, void *buf, size_t cap, size_t *n);
/* Octets of the engine; *n says how many were taken. ENVOI_OK and *n > 0; ENVOI_E_AGAIN: the wire has to move; failure. */
int stack_send(struct stack *s, const void *data, size_t len, size_t *n);
/* Octets on their way through that the wire has not taken. */
static inline size_t stack_held(const struct stack *s)
{
    return s->encoded.len + s->out.len;
}
/* Sends what stack_send() took and a layer still holds. ENVOI_OK: nothing is held; ENVOI_E_AGAIN; failure. */
int stack_flush(struct stack *s);
/* What the wire has not taken goes nowhere any more, and nothing can follow it. */
void stack_tear(struct stack *s);
/* Queues the closing alert of TLS, if that is possible at once. */
void stack_shutdown(struct stack *s);

#endif
