/* SPDX-License-Identifier: MIT */
#include "layer.h"

#include "exchange.h"

/* RFC 2831, RFC 4752: a length has three octets. */
#define CHUNK_MAX  0xffffffu
/* Cyrus buffers all that one call decodes, so no call gets more than this. */
#define DECODE_MAX 65536u

static int32_t layer_encode(void *ctx, const void *in, size_t len, const struct envoi_sink *out)
{
    struct bridge_exchange *self = ctx;
    const char *packet = NULL;
    unsigned packet_len = 0;
    int32_t written;
    int rc;

    if (len == 0)
        return ENVOI_OK;
    if (len > CHUNK_MAX)
        return bridge_exchange_fail(self, ENVOI_E_AUTH, 0, "more octets than the security layer takes at once");
    rc = sasl_encode(self->conn, in, (unsigned)len, &packet, &packet_len);
    if (rc != SASL_OK)
        return bridge_exchange_fail(self, rc == SASL_NOMEM ? ENVOI_E_MEMORY : ENVOI_E_AUTH, rc,
                                    "the security layer cannot protect the octets");
    written = out->write(out->ctx, packet, packet_len);
    return written ? bridge_exchange_fail(self, written, 0, "the protected octets cannot be stored") : ENVOI_OK;
}

static int32_t layer_decode(void *ctx, const void *in, size_t len, const struct envoi_sink *out)
{
    struct bridge_exchange *self = ctx;
    const char *at = in;

    while (len > 0) {
        const size_t take = len < DECODE_MAX ? len : DECODE_MAX;
        const char *plain = NULL;
        unsigned plain_len = 0;
        int rc = sasl_decode(self->conn, at, (unsigned)take, &plain, &plain_len);

        if (rc != SASL_OK)
            return bridge_exchange_fail(self, rc == SASL_NOMEM ? ENVOI_E_MEMORY : ENVOI_E_PROTOCOL, rc,
                                        "the security layer received a forged or damaged packet");
        if (plain && plain_len > 0) {
            int32_t written = out->write(out->ctx, plain, plain_len);
            if (written)
                return bridge_exchange_fail(self, written, 0, "the received octets cannot be stored");
        }
        at += take;
        len -= take;
    }
    return ENVOI_OK;
}

int32_t bridge_layer_get(void *ctx, struct envoi_sasl_layer *out)
{
    struct bridge_exchange *self = ctx;
    const void *ssf = NULL, *chunk = NULL;
    int rc;

    if (self->stage != BRIDGE_DONE)
        return bridge_exchange_fail(self, ENVOI_E_USAGE, 0, "asked for the layer before the login was done");
    rc = sasl_getprop(self->conn, SASL_SSF, &ssf);
    if (rc == SASL_OK)
        rc = sasl_getprop(self->conn, SASL_MAXOUTBUF, &chunk);
    if (rc != SASL_OK || !ssf || !chunk)
        return bridge_exchange_fail(self, ENVOI_E_AUTH, rc, "Cyrus SASL does not tell the strength of the layer");

    out->ssf = *(const sasl_ssf_t *)ssf;
    if (out->ssf < self->params->min_ssf || out->ssf > self->params->max_ssf)
        return bridge_exchange_fail(self, ENVOI_E_AUTH, 0, "the security layer is not of the strength asked for");
    if (out->ssf == 0)
        return ENVOI_OK;
    out->max_chunk = *(const unsigned *)chunk;
    /* If the server's buffer is smaller than the overhead of a packet, the size in Cyrus wraps below zero. */
    if (out->max_chunk == 0 || out->max_chunk > CHUNK_MAX)
        return bridge_exchange_fail(self, ENVOI_E_AUTH, 0, "the server's buffer is too small for a security layer");
    out->encode = layer_encode;
    out->decode = layer_decode;
    return ENVOI_OK;
}
