/* SPDX-License-Identifier: MIT */
/* A login (RFC 4954): which mechanism is tried next, and the exchange with it. The rows of the table are in cmd_auth.c. */
#ifndef ENGINE_AUTH_H
#define ENGINE_AUTH_H

#include "base/buf.h"
#include "engine/detached.h"
#include "engine/settings.h"
#include "plugin/registry.h"

#include <envoi/session.h>
#include <stdbool.h>

#define AUTH_NAME_MAX       20    /* RFC 4422 section 3.1 */
#define AUTH_MECHANISMS_MAX 32    /* different names that are looked at in one login */
#define AUTH_ROUNDS_MAX     16    /* challenges of one exchange */
#define AUTH_RESPONSE_MAX   49152 /* octets of one response: its base64 fits into 64 KiB */
#define AUTH_REMARK_MAX     191   /* octets of what a mechanism tells of a refusal before it comes */
#define AUTH_COMMAND_MAX    512   /* octets of the AUTH command with its initial response (RFC 4954 section 4) */

struct engine;

struct auth {
    /* what the verb asked for */
    char asked[AUTH_NAME_MAX + 1]; /* "": by policy */
    envoi_auth_fn *step;           /* the application's own mechanism */
    void *step_ctx;
    bool step_safe;

    /* the names that were tried or passed over, and why */
    char tried[AUTH_MECHANISMS_MAX][AUTH_NAME_MAX + 1];
    unsigned tried_count;
    char passed_over[384];
    struct envoi_errctx refusal; /* the server's last refusal, code 0: none */

    /* the mechanism in use */
    char name[AUTH_NAME_MAX + 1];
    const char *plugin; /* id of its plugin */
    size_t nth;         /* provider of this name */
    struct registry_mechanism m;
    struct envoi_mech_params params;
    char *server_list, *host; /* the params' own: a security layer outlives settings */
    void *ctx;
    struct apart *apart; /* its steps are taken elsewhere, ctx is its; NULL: here */
    bool active;         /* there is an exchange */
    bool layered;        /* ctx belongs to a security layer until the connection is closed */
    bool done;           /* the mechanism is satisfied */
    bool responded;      /* `out` is a response, be it an empty one */
    bool withheld;       /* `out` is an initial response too long for the command: it answers the first challenge */
    int cancel;          /* `*` was sent because of this */
    char remark[AUTH_REMARK_MAX + 1]; /* why the server is about to refuse, "": not told */
    unsigned rounds;
    struct buf in;   /* the challenge, decoded */
    struct buf out;  /* the response, raw */
    struct buf said; /* the secrets of this exchange as they were given and as they went out, a NUL behind each */
};

void auth_init(struct auth *a);
/* Frees what the mechanism made. */
void auth_drop(struct auth *a);
/* Ends an exchange and wipes; what is known of the last login (name, plugin) stays. */
void auth_end(struct auth *a);
/* Also what a security layer needs, and the names. */
void auth_free(struct auth *a);

/* What the verb wants. ENVOI_E_USAGE: that is no mechanism's name. */
int auth_ask(struct auth *a, const char *mechanism, envoi_auth_fn *step, void *ctx, bool safe);
/* Begins a login by policy (mechanism NULL) as part of a send. */
int auth_begin(struct engine *e, const char *mechanism);
/* Finds the next mechanism and opens an exchange. ENVOI_OK; ENVOI_E_END: none is left; ENVOI_E_PLUGIN, ENVOI_E_MEMORY. */
int auth_pick(struct engine *e);
/* The provider that a->name has now will not do: why, for the text that says that none suits. Of many providers of one name
 * the best one's reason is enough. */
void auth_pass_over(struct auth *a, const char *why);
/* Fills a->params for the connection as it is now. ENVOI_OK or ENVOI_E_MEMORY. */
int auth_params(struct engine *e);
/* One step; `in` is used when first is false. As envoi_mechanism::step. */
int auth_step(struct engine *e, bool first);
/* After the 235: puts the security layer on the stack, if there is one. */
int auth_layer(struct engine *e);

/* What a mechanism is given when it asks for a credential: `core` is the engine, as envoi_mech_params::cred. */
int32_t auth_give_credential(void *core, const struct envoi_cred_request *request, struct envoi_cred *out);
/* envoi_cred::release of what stays where it is. */
void auth_release_nothing(struct envoi_cred *cred);
/* A credential that was set once and for all; NULL: it was not. */
const char *auth_setting(const struct settings *s, uint32_t id);

/* Remembers what nobody may read in an answer. */
int auth_remember(struct auth *a, const void *secret, size_t len);
/* Puts stars over what a server repeats of it. */
void auth_redact(const struct auth *a, char *text, size_t len);

/* ---- strength.c ---- */
/* The strength of a mechanism's name, and whether it shows the secret to whoever reads the connection. */
struct strength {
    int rank;
    bool plaintext;
    bool named_only; /* never chosen unless the application names it */
};
struct strength strength_of(const char *name);

#endif
