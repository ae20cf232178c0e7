/* SPDX-License-Identifier: MIT */
/* A TLS server in memory, by one library or the other: what the client under test talks to. */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets on their way in one direction. */
struct stream {
    uint8_t *data;
    size_t begin;
    size_t end;
    size_t cap;
    size_t moved; /* octets that were put and taken, ever */
    bool over;    /* nothing will be added any more */
};

void stream_put(struct stream *stream, const void *data, size_t len);
size_t stream_take(struct stream *stream, void *buf, size_t cap); /* 0: nothing is there */
size_t stream_len(const struct stream *stream);
void stream_clear(struct stream *stream);

#define PEER_OK     0
#define PEER_AGAIN  (-1) /* the client has to send more */
#define PEER_CLOSED (-2) /* close_notify came */
#define PEER_FAILED (-3)

struct peer_config {
    const char *chain; /* files */
    const char *key;
    const char *client_ca; /* asks for a client's certificate and demands it */
    bool client_any;       /* ... and takes any, though it names client_ca */
    unsigned lowest;       /* TLS version as on the wire */
    unsigned highest;
    bool no_tickets;
    bool sparing;          /* one ticket, and none to whoever has resumed a session */
    bool no_master_secret; /* no extended master secret in TLS 1.2 */
};

/* All functions return PEER_*, unless they say otherwise. */
struct peer_library {
    const char *name;
    void *(*server_new)(const struct peer_config *config); /* asserts on failure */
    void (*server_free)(void *server);
    void *(*peer_new)(void *server, struct stream *in, struct stream *out);
    void (*peer_free)(void *peer);
    int (*handshake)(void *peer);
    int (*recv)(void *peer, void *buf, size_t cap, size_t *n);
    int (*send)(void *peer, const void *buf, size_t len); /* all of it */
    int (*close)(void *peer);                             /* close_notify */
    bool (*is_resumed)(void *peer);
    bool (*saw_sni)(void *peer, const char *name); /* name NULL: none came */
    /* PEER_OK, or PEER_FAILED when the library cannot tell it for a server */
    int (*binding)(void *peer, const char *type, uint8_t *buf, size_t cap, size_t *len);
    /* Does the client's certificate have this common name? */
    bool (*client_is)(void *peer, const char *common_name);
    /* Asks for a renegotiation (TLS 1.2). */
    int (*renegotiate)(void *peer);
    /* Sends a KeyUpdate that asks for one in return (TLS 1.3). PEER_FAILED: no more than that many, says the
     * library. */
    int (*update_keys)(void *peer);
};

extern const struct peer_library peer_openssl;
extern const struct peer_library peer_gnutls;

#endif
