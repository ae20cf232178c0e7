/* SPDX-License-Identifier: MIT */
/* The server's side of TLS in a play, and the plugin that is the client's: without cryptography (tls_fake.c), or a
 * library's (tls_library.c). */
#ifndef DIALOGUE_TLS_H
#define DIALOGUE_TLS_H

#include "player.h"

#include <envoi/plugin.h>

struct play_tls {
    const char *id; /* of the plugin; scripts call it "fake" */
    const struct envoi_plugin *(*plugin)(void);
    const char *ca_file;
    void (*pin)(uint8_t pin[32]); /* of the server's key */

    void (*hear)(struct player *p); /* takes the octets in server.wire */
    void (*put)(struct player *p, struct bytes *wire, const void *data, size_t len);
    void (*alert)(struct player *p, struct bytes *wire); /* the closing one */
    bool (*is_hello_for)(struct player *p, const char *name);
    void (*shake)(struct player *p, const char *how); /* the server's part of the handshake: "trusted", "untrusted" */
    void (*expect_hello)(struct player *p);           /* the client may begin a handshake with a server in clear */
    void (*free)(struct player *p);                   /* ends it, for good or until the next connection */
};

extern const struct play_tls play_tls_fake;

/* tls_library.c, in programs that link it: the plugin `index` of 2 against server `peer` of 2. */
const struct play_tls *play_tls_library(size_t index, size_t peer, unsigned version);

#endif
