/* SPDX-License-Identifier: MIT */
/* The state of a login: the part of struct engine that the files of a login share. */
#ifndef ENGINE_AUTH_STATE_H
#define ENGINE_AUTH_STATE_H

#include "base/buf.h"
#include "base/sasl_name.h"
#include "plugin/registry.h"

#include <envoi/session.h>
#include <stdbool.h>

#define AUTH_MECHANISMS_MAX 32    /* different names that one login may try */
#define AUTH_ROUNDS_MAX     16    /* challenges of one exchange */
#define AUTH_RESPONSE_MAX   49152 /* octets of one response: its base64 fits into 64 KiB */
#define AUTH_REMARK_MAX     191   /* octets of a mechanism's remark about a refusal to come */
#define AUTH_COMMAND_MAX    512   /* octets of the AUTH command with its initial response (RFC 4954 section 4) */

/* Mechanisms whose steps are taken on another thread where that is allowed. */
#define AUTH_SLOW    (ENVOI_MECH_MAY_BLOCK | ENVOI_MECH_MAY_TAKE_LONG)
#define AUTH_SECRETS 2 /* kinds of secrets: passwords and tokens */

struct engine;
struct detached;

/* The refusals of this login: see refusal.h. */
struct auth_refused {
    unsigned times[AUTH_SECRETS]; /* how often each kind of secret was refused */
    uint32_t shown;               /* ENVOI_CRED_PASSWORD: a plaintext mechanism has shown it */
    bool could_bind;              /* a mechanism that can bind to the TLS channel was refused */
    bool noted;                   /* the record for other connections is of this login */
    bool before;                  /* a secret was not presented, because of that record */
    uint32_t given;               /* kinds that the present exchange was given */
    uint32_t secret;              /* the fingerprint of the last one */
    char who[256];                /* the user as the application's callback gave it; "": not yet */
};

/* A mechanism that was tried or passed over. */
struct auth_try {
    char name[SASL_NAME_MAX + 1];
    int code; /* of the reply that refused it; 0: passed over */
};

struct auth {
    /* from the verb */
    char asked[SASL_NAME_MAX + 1]; /* the mechanism that was asked for; "": by policy */
    envoi_auth_fn *step;           /* the application's own mechanism; NULL: plugins */
    void *step_ctx;
    bool step_safe;

    /* names that were tried or passed over, and the reasons */
    struct auth_try tried[AUTH_MECHANISMS_MAX];
    unsigned tried_count;
    char passed_over[384];
    char left[256]; /* after a refusal: names that would be tried if the application named them */
    struct auth_refused refused;
    struct envoi_errctx refusal; /* the last one: of the server, by its proof, or of the callback; code 0: none */

    /* the mechanism in use */
    char name[SASL_NAME_MAX + 1];
    const char *plugin; /* id of its plugin */
    size_t nth;         /* which provider of this name */
    struct registry_mechanism m;
    struct envoi_mech_params params;
    char *server_list, *host; /* params points to them: a security layer outlives the settings */
    void *ctx;
    struct detached *detached; /* takes the steps on another thread, and owns ctx; NULL: they are taken here */
    bool active;               /* an exchange is under way */
    bool by_hand;              /* a challenge to the application's own AUTH waits for its answer */
    bool layered;              /* ctx belongs to a security layer until the connection is closed */
    bool done;                 /* the mechanism is satisfied */
    bool responded;            /* `out` is a response, perhaps an empty one */
    bool awaiting;             /* the application said AGAIN when it was asked for a credential */
    bool withheld;             /* `out` is an initial response too long for AUTH: it answers the first challenge */
    int cancel;                /* the reason for which `*` is or was sent; 0: none */
    char remark[AUTH_REMARK_MAX + 1]; /* the mechanism's guess why the server will refuse; "": none */
    unsigned rounds;                  /* challenges so far */
    struct buf in;                    /* the challenge, decoded */
    struct buf out;                   /* the response, raw */
};

/* The challenge as a step gets it: NULL for the initial response, but not for an empty challenge. */
static inline const void *auth_challenge(const struct buf *in, bool first)
{
    if (first)
        return NULL;
    return in->len ? (const void *)buf_head(in) : "";
}

#endif
