/* SPDX-License-Identifier: MIT */
/* The client's side: envoi by its public face alone. */
#ifndef TEST_CLIENT_H
#define TEST_CLIENT_H

#include <envoi/envoi.h>
#include <stdbool.h>

/* One way to send. */
struct client_way {
    const char *backend;   /* "openssl", "gnutls"; NULL: without TLS */
    const char *mechanism; /* of the login; NULL: without a login */
};

/* Every one that there is to be tried: without TLS, each backend, each mechanism. */
extern const struct client_way client_ways[];
extern const size_t client_way_count;

/* A library object with the plugins of this build, which trusts the server of mta.h. */
struct envoi_library *client_library(void);
/* A session that goes that way; not connected. */
struct envoi_session *client_session(struct envoi_library *library, const struct client_way *way);
/* Sends `count` messages (at most 8), numbered from `number` on, in a session that is connected. Checks the
 * verdicts. */
bool client_send(struct envoi_session *session, unsigned number, unsigned count);
/* A whole session: connects, sends, quits. Checks that it went the way it should. */
bool client_visit(struct envoi_library *library, const char *where, const struct client_way *way, unsigned number,
                  unsigned count);
/* The value of a plugin: "state" of "sasl". NULL: none. */
const char *client_plugin(struct envoi_library *library, const char *id, const char *key);

#endif
