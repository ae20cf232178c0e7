/* SPDX-License-Identifier: MIT */
/* A mechanism plugin without cryptography, plugin "toy": one mechanism for each thing that the engine has to get right.
 *
 *  SCRAM-SHA-256 (and -PLUS)  mutual: "n,,n=USER" (or "p=tls-exporter,,n=USER"), challenge "r=...", "proof", challenge
 *                             "v=good" (anything else: the server failed its proof), empty answer, done
 *  XOAUTH2                    plaintext, a token: "user=USER^Aauth=Bearer TOKEN^A^A", done; a challenge (the error) is
 *                             answered with nothing
 *  EXTERNAL                   an initial response that is empty, done
 *  ANONYMOUS                  logs in as nobody: "anonymous"
 *  GSSAPI                     may block, brings a security layer: "token", challenge, "ok", done
 *  X-SLOW                     may block: "n=USER", challenge, "p=PASSWORD", done; the challenge "no" is not acceptable
 *  X-LONG                     may take long: "computed", done
 *  X-TICKET                   may block, and finds out in its first step that it has no ticket
 *  X-ENDLESS                  server first, answers "more" to everything, never done
 *  X-UNUSABLE                 usable() says no
 *  X-BROKEN                   cannot be begun
 *
 * The layer: two octets of length, then the octets XORed. */
#ifndef SUPPORT_TOY_MECH_H
#define SUPPORT_TOY_MECH_H

#include "bytes.h"

#include <envoi/plugin.h>

const struct envoi_plugin *envoi_plugin_toy(void);
#define TOY_MECH_DESCRIPTOR                                                                                            \
    "kind: auth\nprovides: SCRAM-SHA-256 XOAUTH2 EXTERNAL ANONYMOUS GSSAPI X-SLOW X-LONG X-TICKET X-ENDLESS "          \
    "X-UNUSABLE X-BROKEN\n"

/* The server's side of the layer. toy_layer_take() takes one packet off the front. 1: done; 0: it is not there whole;
 * -1: it is no packet. */
void toy_layer_put(struct bytes *out, const void *data, size_t len);
int toy_layer_take(struct bytes *in, struct bytes *payload);

#endif
