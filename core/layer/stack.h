/* SPDX-License-Identifier: MIT */
/* The layers under the engine: wire -> TLS -> SASL security layer. The wire is two buffers in memory, so no layer sees
 * a socket. Without a layer the stack is not used: the engine's octets are those of the wire.
 *
 * Below, ENVOI_E_AGAIN means that octets must come from the wire, or be taken by it, first. "A failure" is
 * ENVOI_E_MEMORY; one of the TLS library or of the security layer, whose text is in its errctx; or ENVOI_E_PLUGIN with
 * a text: the plugin returned something that plugin.h does not allow. */
#ifndef LAYER_STACK_H
#define LAYER_STACK_H

#include "base/buf.h"
#include "base/fault.h"

#include <envoi/plugin.h>
#include <stdbool.h>
#include <sys/uio.h>

#define STACK_OUT_MAX    131072u /* most encrypted octets that may wait for the wire */
#define STACK_RECORD_MAX 16384u  /* most octets in a record of TLS (RFC 8446 section 5.1) */

struct stack {
    struct buf in;  /* came from the wire; the lowest layer has not read them. Under TLS no secret, like `out` */
    struct buf out; /* for the wire, consumed as it takes them */
    bool ended;     /* no more octets come from the wire */
    /* TLS */
    const struct envoi_transport *transport; /* NULL: none */
    void *conn;
    bool secure; /* the handshake is done */
    bool torn;   /* octets were dropped, so the peer could not decrypt any that followed */
    struct envoi_lower lower;
    /* SASL */
    struct envoi_sasl_layer sasl; /* ssf 0: none */
    void *sasl_ctx;
    const char *sasl_name;      /* of its provider; borrowed */
    struct envoi_errctx *fault; /* where a breach of the contract is reported */
    struct buf encoded;         /* encoded octets that TLS has not taken */
    struct buf decoded;         /* decoded octets that the engine has not read */
};

/* fault: of the owner, for the failures of the plugins. */
void stack_init(struct stack *s, struct envoi_errctx *fault);
/* Frees the TLS connection and the buffers, without I/O; the stack is as after stack_init(). The context of the SASL
 * layer is its owner's. */
void stack_clear(struct stack *s);
/* Is there no layer? */
bool stack_is_empty(const struct stack *s);

/* Adds TLS, and sets params->lower. Octets that came in clear must not pass for the layer's, so ENVOI_E_PROTOCOL if any
 * are unread, or if there is TLS already. Otherwise the result of the transport's conn_new(). */
int stack_add_tls(struct stack *s, const struct envoi_transport *transport, void *ctx,
                  struct envoi_conn_params *params);
/* Goes on with the handshake. ENVOI_OK: finished, and the certificate is verified as far as params asked.
 * ENVOI_E_AGAIN; a failure. */
int stack_handshake(struct stack *s);
/* Adds a SASL security layer of the provider `name` on top; ctx is handed to its encode and decode. ENVOI_OK, or
 * ENVOI_E_PROTOCOL if octets of an earlier SASL layer are unread or unsent, or if there is no TLS and octets of the
 * wire are unread. */
int stack_add_sasl(struct stack *s, const struct envoi_sasl_layer *layer, void *ctx, const char *name);

/* Takes octets from the wire. ENVOI_OK or ENVOI_E_MEMORY. */
int stack_feed(struct stack *s, const void *data, size_t len);
/* The wire has ended: when the octets fed are read, a layer sees EOF. */
void stack_end(struct stack *s);
/* Reads octets for the engine. ENVOI_OK and *n > 0; ENVOI_E_AGAIN; ENVOI_E_EOF; ENVOI_E_TRUNCATED: the wire ended
 * without the closing alert of TLS; a failure. */
int stack_recv(struct stack *s, void *buf, size_t cap, size_t *n);
/* Takes octets of the engine, perhaps only the first *n. ENVOI_OK and *n > 0; ENVOI_E_AGAIN; a failure. After
 * ENVOI_E_AGAIN the same octets must be given again, as TLS may have encrypted them. */
int stack_send(struct stack *s, const void *data, size_t len, size_t *n);
/* How many octets a layer takes at once: to give it fewer, while there are more, makes more records than are needed. */
static inline size_t stack_record(const struct stack *s)
{
    return s->sasl.ssf && s->sasl.max_chunk < STACK_RECORD_MAX ? s->sasl.max_chunk : STACK_RECORD_MAX;
}
/* Octets in the stack that the wire has not taken. */
static inline size_t stack_held(const struct stack *s)
{
    return s->encoded.len + s->out.len;
}
/* Passes on octets that stack_send() took and the SASL layer still holds. ENVOI_OK: it holds none. ENVOI_E_AGAIN; a
 * failure. */
int stack_flush(struct stack *s);
/* Frees the memory of the buffers that are empty. */
void stack_shrink(struct stack *s);
/* Drops all octets that the wire has not taken. Nothing can be sent after that. */
void stack_tear(struct stack *s);
/* Queues the closing alert of TLS if it can be sent at once; not after stack_tear(), nor before the end of the
 * handshake. */
void stack_shutdown(struct stack *s);

#endif
