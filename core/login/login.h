/* SPDX-License-Identifier: MIT */
/* A login (RFC 4954): the choice of a mechanism, its steps, the credentials that it gets, and the rules for secrets
 * that were refused. It makes the lines and judges the replies, but neither sends nor reads: the rows of
 * engine/cmd_auth.c do that.
 *
 * The files build on one another in this order, and none uses a later one:
 *
 *   refusal, credential   which secrets may be presented; where they come from
 *   detached, exchange    steps on another thread; the exchange with one mechanism
 *   pick, explain         which mechanism is next; why the login has failed
 *   login                 the login as the engine's rows see it
 *   by_hand               AUTH by docmd */
#ifndef LOGIN_LOGIN_H
#define LOGIN_LOGIN_H

#include "base/buf.h"
#include "base/echo.h"
#include "base/fault.h"
#include "base/sasl_name.h"
#include "base/task.h"
#include "layer/stack.h"
#include "plugin/registry.h"
#include "reply/extensions.h"
#include "settings/refusals.h"
#include "settings/settings.h"

#include <envoi/session.h>
#include <stdbool.h>

#define LOGIN_MECHANISMS_MAX 32  /* different names that one login may try */
#define LOGIN_REMARK_MAX     191 /* octets of a mechanism's remark about a refusal to come */
#define LOGIN_MASK_MAX       80  /* octets of a line as the trace shows it */
#define LOGIN_SECRETS        2   /* kinds of secrets: passwords and tokens */

struct detached;

/* The services and objects of the owner. login_init() copies the struct; all that it points to must live as long. */
struct login_env {
    struct registry *registry;
    const struct settings *settings;
    struct envoi_errctx *fault;          /* failures are reported here */
    struct echo *echo;                   /* gets the secrets that are used on the connection */
    struct stack *stack;                 /* TLS has the channel bindings; a security layer goes on top */
    const struct extensions *extensions; /* those that the server announces */
    const int64_t *now;                  /* the owner's time, in milliseconds */
    /* Sets *now anew, after a callback or a step that may have taken long. */
    void (*refresh_clock)(void *owner);
    /* An event for the trace. */
    void (*trace)(void *owner, const char *text);
    /* As engine_env::run_detached. NULL: steps that may block are taken on the caller's thread, and block it. */
    int (*run_detached)(void *owner, const struct task *task);
    void *owner;
};

/* The server, as it is known when a mechanism is chosen. */
struct login_peer {
    const char *host; /* borrowed, while a login is under way */
    bool lmtp;
    bool safe;             /* verified TLS or a trusted unix socket: secrets may be sent */
    uint32_t tls_strength; /* in bits; 0: no TLS */
};

/* The refusals of this login: see refusal.h. */
struct login_refused {
    unsigned times[LOGIN_SECRETS]; /* how often each kind of secret was refused */
    uint32_t shown;                /* ENVOI_CRED_PASSWORD: a plaintext mechanism has shown it */
    bool could_bind;               /* a mechanism that can bind to the TLS channel was refused */
    bool noted;                    /* this login has been refused: it may present its secret once more */
    bool before;                   /* a secret was not presented, because of the next one */
    struct refusal known;          /* the earlier refusal of this secret */
    uint32_t given;                /* kinds that the present exchange was given */
    struct refusal_key key;        /* of the last one */
    char who[256];                 /* the user as the application's callback gave it; "": not yet */
};

/* A mechanism that was tried or passed over. */
struct login_try {
    char name[SASL_NAME_MAX + 1];
    int code; /* of the reply that refused it; 0: passed over */
};

/* The owner may read the members; they are set in this room. */
struct login {
    struct login_env env;
    struct login_peer peer;

    /* from the verb */
    char asked[SASL_NAME_MAX + 1]; /* the mechanism that was asked for; "": by policy */
    envoi_auth_fn *step;           /* the application's own mechanism; NULL: plugins */
    void *step_ctx;
    bool step_safe;

    /* names that were tried or passed over, and the reasons */
    struct login_try tried[LOGIN_MECHANISMS_MAX];
    unsigned tried_count;
    char passed_over[384];
    char left[256]; /* after a refusal: names that would be tried if the application named them */
    struct login_refused refused;
    struct envoi_errctx refusal; /* the last one: of the server, by its proof, or of the callback; code 0: none */

    /* the mechanism in use */
    char name[SASL_NAME_MAX + 1];
    const char *plugin; /* id of its plugin; NULL: none yet */
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
    char remark[LOGIN_REMARK_MAX + 1]; /* the mechanism's guess why the server will refuse; "": none */
    unsigned rounds;                   /* challenges so far */
    struct buf in;                     /* the challenge, decoded */
    struct buf out;                    /* the response, raw */
};

/* ---- its life ---- */

void login_init(struct login *l, const struct login_env *env);
/* Ends an exchange and wipes it. The name and plugin of the last login stay known. */
void login_end(struct login *l);
/* With the connection: frees the security layer and the names, too. */
void login_free(struct login *l);

/* Begins a login as the verb asks for it; see engine_login(). ENVOI_OK; ENVOI_E_USAGE: not the name of a mechanism. */
int login_ask(struct login *l, const char *mechanism, envoi_auth_fn *step, void *ctx, bool safe);
/* Was a mechanism asked for that need not be announced? */
bool login_needs_no_announcement(const struct login *l);

/* ---- the lines of the client ---- */

/* Finds the next mechanism and takes its first step. ENVOI_OK: login_put_command() is next. ENVOI_E_AGAIN: call again
 * when the step has run (see login_runs()) or a credential is there. Another error, which is in the fault: nothing may
 * be sent, and the login has failed. */
int login_open(struct login *l, const struct login_peer *peer);
/* Does a step run on another thread? */
bool login_runs(const struct login *l);
/* Appends "AUTH NAME[ initial]" to the line, and sets the mask for the trace. The initial response is withheld if the
 * command would be too long (RFC 4954 section 4). ENVOI_OK or ENVOI_E_MEMORY. */
int login_put_command(struct login *l, struct buf *line, char mask[LOGIN_MASK_MAX]);
/* Takes the step that answers a challenge. ENVOI_OK: login_put_response() is next. ENVOI_E_AGAIN as of login_open().
 * Another error, which is in the fault: the answer is "*". */
int login_respond(struct login *l);
/* As login_put_command(), for the response. */
int login_put_response(struct login *l, struct buf *line, char mask[LOGIN_MASK_MAX]);

/* ---- the replies of the server ---- */

/* Takes a challenge for the next login_respond(). One that cannot be answered cancels the exchange. ENVOI_OK or
 * ENVOI_E_MEMORY. */
int login_take_challenge(struct login *l, const char *text);
/* Takes a 235: puts the mechanism's security layer on the stack, if it has one, and ends the exchange; *ssf is its
 * strength, 0: none. An error: the connection must end, because the server has not proved itself, or there is no layer
 * of the strength that was asked for. The reason is in *why, or in the fault if the error is ENVOI_E_PLUGIN. */
int login_accept(struct login *l, uint32_t *ssf, struct envoi_errctx *why);
/* Takes a refusal, which is in the fault. decided: see login_is_decided(). ENVOI_OK: the next mechanism may be tried;
 * else the result of the login. */
int login_refuse(struct login *l, int code, bool decided);
/* Is a reply of this class to AUTH of no interest? One to `*`; and after a refusal all but another one, or success. */
bool login_is_decided(const struct login *l, int reply_class);
/* The connection, or a 4yz, ends a login that had failed before: puts that reason into *why, before its text. */
void login_explain_end(const struct login *l, struct envoi_errctx *why);
/* Moves the failure of a mechanism whose security layer was begun on another thread to the fault, if it has reported
 * one. */
void login_report(struct login *l);

/* ---- by hand: the application sends AUTH and its answers by docmd ---- */

/* Checks "NAME" or "NAME RESPONSE" under the rules for the mechanism's name, and puts the command into the line.
 * ENVOI_OK; ENVOI_E_USAGE: it is something else; ENVOI_E_NO_MECHANISM: the mechanism may not be used; or a failure of
 * the registry. */
int by_hand_begin(struct login *l, const struct login_peer *peer, const char *arguments, struct buf *line);
/* Puts the answer to a challenge into the line. ENVOI_OK; ENVOI_E_USAGE: neither base64 nor "*"; ENVOI_E_MEMORY. */
int by_hand_answer(struct login *l, const char *text, struct buf *line);

#endif
