/* SPDX-License-Identifier: MIT */
/* A transport plugin without cryptography, so that STARTTLS and implicit TLS can be written in a dialogue. It has the
 * properties that matter to the engine: a handshake of one record each way, records that may be cut anywhere, a closing
 * alert, refusal of octets that are no record, a certificate that is trusted or not, pins, a channel binding.
 *
 * A record: type, two octets of length (high first), the payload XORed. */
#ifndef SUPPORT_FAKE_TLS_H
#define SUPPORT_FAKE_TLS_H

#include "bytes.h"

#include <envoi/plugin.h>

#define FAKE_TLS_HELLO 'H' /* the client's: the server name; the server's: "trusted" or "untrusted" */
#define FAKE_TLS_DATA  'D'
#define FAKE_TLS_CLOSE 'C' /* the closing alert */

/* Plugin "fake", kind transport. The SHA-256 of its server's key is 32 times FAKE_TLS_PIN. */
const struct envoi_plugin *envoi_plugin_fake(void);
#define FAKE_TLS_DESCRIPTOR "kind: transport\nprovides: tls\npriority: 10\n"
#define FAKE_TLS_PIN        0xab

/* The server's side. */
void fake_tls_put(struct bytes *out, char type, const void *data, size_t len);
/* Takes one record off the front. 1: done; 0: it is not there whole; -1: it is no record. */
int fake_tls_take(struct bytes *in, char *type, struct bytes *payload);

#endif
