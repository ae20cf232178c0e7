/* SPDX-License-Identifier: MIT */
/* The core's side of the mechanism ABI, as small as it can be: credentials, binding, sink, and a step that checks what
 * the header promises of every step. */
#ifndef MECH_HARNESS_H
#define MECH_HARNESS_H

#include "../check.h"
#include "../guard.h"
#include "host.h"

#include <envoi/plugin.h>

/* Places in client.value, client.again, client.asked. */
enum { AUTHID, AUTHZID, PASSWORD, TOKEN, REALM, CREDENTIALS };

struct client {
    const struct envoi_plugin *plugin;
    const struct envoi_mechanism *mechanism;
    void *state;
    void *ctx;
    struct envoi_mech_params params;

    const char *value[CREDENTIALS]; /* NULL: cancelled */
    size_t len[CREDENTIALS];        /* 0: strlen of it */
    int again[CREDENTIALS];         /* how often AGAIN comes before the answer */
    int asked[CREDENTIALS];
    int lent; /* credentials that were not released yet */

    const char *binding_type; /* NULL: no TLS */
    unsigned char binding[32];

    struct envoi_sink sink;
    int32_t sink_rc; /* not ENVOI_OK: the sink fails with it */
    char out[65536];
    size_t out_len;
    int wrote;
    int late;    /* cred() said AGAIN in this step */
    int refused; /* the sink refused something in it */
    uint32_t result;
    uint32_t want;
    int explains;       /* the mechanism tells what the server says of a refusal to come */
    int told;           /* and the last step did */
    size_t descriptors; /* that were open before */
};

/* Takes the plugin, runs its init and sets the params to "smtp" at mail.example.org under TLS with a password of
 * alice. Aborts the test when anything fails. */
void client_open(struct client *self);
/* The same without a module: what client_open does first. */
void client_reset(struct client *self);
/* Frees the exchange if there is one, runs fini, and asserts that nothing leaked and nothing secret was left. */
void client_close(struct client *self);

/* Begins an exchange of `mech`; asserts that it works. */
void client_begin(struct client *self, const char *mech);
void client_end(struct client *self);

/* One step, with the promises of the header checked. The answer is in out, out_len, wrote, result. */
int32_t client_step(struct client *self, const void *in, size_t len);
/* The same, repeated while it says AGAIN (at most 16 times). */
int32_t client_step_until(struct client *self, const void *in, size_t len);

/* Asserts that `rc` is `code` and that the text of the failure has `words` in it, where these are compared. */
void client_expect(const struct client *self, int32_t rc, int32_t code, const char *words);

/* Does the code say that the server's words were not accepted? */
static inline int client_refuses(int32_t rc)
{
    return rc == ENVOI_E_AUTH || rc == ENVOI_E_SERVER_PROOF;
}

/* Finds the row of `mech`; returns 0 when the provider has none. */
int client_row(struct client *self, const char *mech, struct envoi_mech_info *row);

#endif
