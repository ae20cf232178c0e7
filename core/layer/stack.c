/* SPDX-License-Identifier: MIT */
#include "layer/stack.h"

#include "base/contract.h"

#include <string.h>

#define SASL_READ_MAX 16384u

static int32_t stack_lower_recv(void *ctx, void *buf, size_t cap, size_t *n)
{
    struct stack *s = ctx;
    size_t take = s->in.len < cap ? s->in.len : cap;

    *n = 0;
    if (!take)
        return s->ended ? ENVOI_E_EOF : ENVOI_E_AGAIN;
    memcpy(buf, buf_head(&s->in), take);
    buf_consume(&s->in, take);
    *n = take;
    return ENVOI_OK;
}

static int32_t stack_lower_send(void *ctx, const void *buf, size_t len, size_t *n)
{
    struct stack *s = ctx;
    size_t room = STACK_OUT_MAX > s->out.len ? STACK_OUT_MAX - s->out.len : 0;

    *n = 0;
    if (!room)
        return ENVOI_E_AGAIN;
    if (len > room)
        len = room;
    if (buf_append(&s->out, buf, len))
        return ENVOI_E_MEMORY;
    *n = len;
    return ENVOI_OK;
}

void stack_init(struct stack *s, struct envoi_errctx *fault)
{
    *s = (struct stack){.fault = fault};
    buf_init(&s->in, 0, true);
    buf_init(&s->out, 0, true);
    buf_init(&s->encoded, 0, true);
    buf_init(&s->decoded, 0, true);
}

void stack_clear(struct stack *s)
{
    if (s->transport)
        s->transport->conn_free(s->conn);
    buf_free(&s->in);
    buf_free(&s->out);
    buf_free(&s->encoded);
    buf_free(&s->decoded);
    stack_init(s, s->fault);
}

bool stack_is_empty(const struct stack *s)
{
    return !s->transport && !s->sasl.ssf;
}

int stack_add_tls(struct stack *s, const struct envoi_transport *transport, void *ctx, struct envoi_conn_params *params)
{
    int rc;

    if (s->in.len || s->decoded.len || s->transport)
        return ENVOI_E_PROTOCOL;
    s->lower = (struct envoi_lower){sizeof s->lower, stack_lower_recv, stack_lower_send, s};
    params->lower = &s->lower;
    s->conn = NULL;
    rc = transport->conn_new(ctx, params, &s->conn);
    rc = contract_result(CONTRACT_CONN_NEW, rc, transport->name, s->fault);
    if (!rc && !s->conn)
        rc = contract_breach(CONTRACT_CONN_NEW, transport->name, s->fault, "succeeded without a connection");
    if (!rc) {
        s->transport = transport;
        s->in.secret = s->out.secret = false; /* from now on they are the records of TLS */
    }
    return rc;
}

int stack_handshake(struct stack *s)
{
    uint32_t want = 0;
    int rc = s->transport->handshake(s->conn, &want);

    rc = contract_result(CONTRACT_HANDSHAKE, rc, s->transport->name, s->fault);
    s->secure = !rc;
    return rc;
}

int stack_add_sasl(struct stack *s, const struct envoi_sasl_layer *layer, void *ctx, const char *name)
{
    if (s->decoded.len || s->encoded.len || (!s->transport && s->in.len))
        return ENVOI_E_PROTOCOL;
    s->sasl = *layer;
    s->sasl_ctx = ctx;
    s->sasl_name = name;
    return ENVOI_OK;
}

int stack_feed(struct stack *s, const void *data, size_t len)
{
    return buf_append(&s->in, data, len);
}

void stack_end(struct stack *s)
{
    s->ended = true;
}

/* After ENVOI_OK *n is 1 to most. */
static int stack_check_octets(struct stack *s, enum contract slot, int rc, const size_t *n, size_t most)
{
    rc = contract_result(slot, rc, s->transport->name, s->fault);
    if (!rc && !*n)
        return contract_breach(slot, s->transport->name, s->fault, "succeeded without an octet");
    if (!rc && *n > most)
        return contract_breach(slot, s->transport->name, s->fault, "claims more octets than it was given room for");
    return rc;
}

static int stack_recv_below_sasl(struct stack *s, void *buf, size_t cap, size_t *n)
{
    uint32_t want = 0;

    if (!s->transport)
        return stack_lower_recv(s, buf, cap, n);
    return stack_check_octets(s, CONTRACT_RECV, s->transport->recv(s->conn, buf, cap, n, &want), n, cap);
}

static int stack_send_below_sasl(struct stack *s, const void *buf, size_t len, size_t *n)
{
    uint32_t want = 0;

    if (!s->transport)
        return stack_lower_send(s, buf, len, n);
    return stack_check_octets(s, CONTRACT_SEND, s->transport->send(s->conn, buf, len, n, &want), n, len);
}

/* The result of encode() or decode(). A plugin that did not notice that the sink refused its octets has lost them. */
static int stack_check_sasl(struct stack *s, enum contract slot, int rc, const struct buf *out)
{
    rc = contract_result(slot, rc, s->sasl_name, s->fault);
    return rc ? rc : buf_failed(out);
}

static int32_t stack_sink_append(void *ctx, const void *data, size_t len)
{
    return buf_append(ctx, data, len);
}

int stack_recv(struct stack *s, void *buf, size_t cap, size_t *n)
{
    *n = 0;
    if (!s->sasl.ssf)
        return stack_recv_below_sasl(s, buf, cap, n);
    while (!s->decoded.len) {
        const struct envoi_sink sink = {sizeof sink, stack_sink_append, &s->decoded};
        uint8_t block[SASL_READ_MAX];
        size_t got = 0;
        int rc = stack_recv_below_sasl(s, block, sizeof block, &got);

        if (rc)
            return rc;
        rc = s->sasl.decode(s->sasl_ctx, block, got, &sink);
        if ((rc = stack_check_sasl(s, CONTRACT_DECODE, rc, &s->decoded)))
            return rc;
    }
    *n = s->decoded.len < cap ? s->decoded.len : cap;
    memcpy(buf, buf_head(&s->decoded), *n);
    buf_consume(&s->decoded, *n);
    return ENVOI_OK;
}

/* Octets that were encoded earlier go first: the peer decodes in the order of encoding. */
int stack_flush(struct stack *s)
{
    while (s->encoded.len) {
        size_t n = 0;
        int rc = stack_send_below_sasl(s, buf_head(&s->encoded), s->encoded.len, &n);

        if (rc)
            return rc;
        buf_consume(&s->encoded, n);
    }
    return ENVOI_OK;
}

int stack_send(struct stack *s, const void *data, size_t len, size_t *n)
{
    const struct envoi_sink sink = {sizeof sink, stack_sink_append, &s->encoded};
    int rc;

    *n = 0;
    if (!s->sasl.ssf)
        return stack_send_below_sasl(s, data, len, n);
    if ((rc = stack_flush(s)) || !len)
        return rc;
    if (len > s->sasl.max_chunk)
        len = s->sasl.max_chunk;
    rc = s->sasl.encode(s->sasl_ctx, data, len, &sink);
    if ((rc = stack_check_sasl(s, CONTRACT_ENCODE, rc, &s->encoded)))
        return rc;
    *n = len;
    rc = stack_flush(s);
    return rc == ENVOI_E_AGAIN ? ENVOI_OK : rc;
}

void stack_shrink(struct stack *s)
{
    struct buf *const all[] = {&s->in, &s->out, &s->encoded, &s->decoded};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!all[i]->len)
            buf_free(all[i]);
}

void stack_tear(struct stack *s)
{
    buf_reset(&s->encoded);
    buf_reset(&s->out);
    s->torn = true;
}

void stack_shutdown(struct stack *s)
{
    uint32_t want = 0;

    if (s->transport && s->secure && !s->torn)
        (void)s->transport->shutdown(s->conn, &want);
}
