/* SPDX-License-Identifier: MIT */
/* The peer's certificates, as envoi_transport::certificate tells of them. */
#ifndef BACKEND_PEER_CHAIN_H
#define BACKEND_PEER_CHAIN_H

#include <envoi/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The description of a certificate, on the host's heap. */
struct backend_certificate {
    char *subject;
    char *issuer;
    char *names;
    uint8_t *der;
    size_t der_len;
    int64_t not_before;
    int64_t not_after;
    char pin[2 * 32 + 1]; /* "": not known */
};

/* All zero: not asked for yet. */
struct backend_chain {
    struct backend_certificate *list; /* as long as the peer's chain; those without `der` are not described yet */
    size_t len;
};

/* Describes the peer's certificate at that place into *out, which is all zero. False: memory ran out; the caller frees
 * what *out has. */
typedef bool backend_describe_fn(void *connection, size_t index, struct backend_certificate *out);

/* Tells of a certificate of the peer's chain, in which there are `count` now; each is described once. *out is borrowed
 * from the chain. Returns ENVOI_OK; ENVOI_E_END: there is none at that place; or ENVOI_E_MEMORY, without a text. */
int32_t backend_chain_tell(struct backend_chain *chain, const struct envoi_host *host, size_t count, size_t index,
                           backend_describe_fn *describe, void *connection, struct envoi_certificate *out);
void backend_chain_free(struct backend_chain *chain, const struct envoi_host *host);

#endif
