/* SPDX-License-Identifier: MIT */
/* The other side: Cyrus SASL as a server, in the process, with its users in memory. */
#ifndef MECH_SERVER_H
#define MECH_SERVER_H

#include "harness.h"

#include <sasl/sasl.h>

enum server_verdict { SERVER_MORE, SERVER_YES, SERVER_NO };

struct server {
    sasl_conn_t *conn;
    sasl_channel_binding_t binding;
    enum server_verdict verdict;
    int agrees; /* it has not the mechanism, and says yes when that is DONE */
    const char *challenge;
    unsigned challenge_len;
    char user[128]; /* whom it let act, after SERVER_YES */
    /* Changes a challenge on its way; `number` counts from 1. NULL: nothing is changed. */
    void (*tamper)(int number, char *challenge, size_t *len, size_t cap);
};

/* A second user for authzid, and one with blanks and UTF-8. */
#define OTHER_USER    "bob"
#define UTF8_USER     "j\xc3\xbcrgen de b\xc3\xa8ze"
#define UTF8_PASSWORD "p\xc3\xa4ss w\xc3\xb6rd \xe2\x82\xac 5"

/* `binding_type` with the client's fake data, or NULL. A mechanism's own layer is offered up to `max_ssf`. */
void server_open(struct server *self, const char *binding_type, const unsigned char *binding, unsigned max_ssf);
/* The same without a binding, at a host of this name. */
void server_open_at(struct server *self, const char *host, unsigned max_ssf);
void server_close(struct server *self);

/* Does the server have it? Otherwise nothing can be said of what a server takes. */
int server_offers(struct server *self, const char *mech);

void server_start(struct server *self, const char *mech, const char *initial, size_t len);
void server_step(struct server *self, const char *response, size_t len);

/* What came of a whole dialogue. */
struct outcome {
    int32_t client; /* of the last step */
    uint32_t result;
    enum server_verdict server;
    int steps;
};

/* Runs the exchange that client_begin began until one side ends it. A mechanism that Cyrus has not gets a server that
 * agrees with all it says. */
struct outcome dialogue(struct client *client, struct server *server, const char *mech);
/* Opens a server, begins the exchange, runs it, ends both; `outcome.server` and `user` tell. */
struct outcome run_login(struct client *client, const char *mech, char *user, size_t cap);

#endif
