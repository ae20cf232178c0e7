/* SPDX-License-Identifier: MIT */
#include "auth.h"

#include "error.h"
#include "objects.h"

#include <errno.h>
#include <stdlib.h>

struct auth_context {
    unsigned flags; /* AUTH_PLUGIN_* */
    int min_ssf;
    auth_interact_t interact;
    void *interact_arg;
    char *external_id;
};

/* ---- of a session ---- */

int smtp_auth_set_context(smtp_session_t session, auth_context_t context)
{
    if (!session)
        return error_set(SMTP_ERR_INVAL);
    session->auth = context;
    return 1;
}

/* libESMTP asks when the server has announced a mechanism. Here the answer comes first, because a login decides whether
 * TLS is needed. A program without a name for this server (collectd without SMTPUser) says so by NULL. */
struct auth_answer auth_ask(auth_context_t context)
{
    struct auth_answer answer = {0};
    unsigned clear = context && context->flags & AUTH_PLUGIN_PLAIN ? AUTH_CLEARTEXT : 0;
    const struct auth_client_request requests[] = {
        {.name = "user", .flags = AUTH_USER | clear, .prompt = "User Name"},
        {.name = "passphrase", .flags = AUTH_PASS | clear, .prompt = "Pass Phrase"},
    };
    char *results[] = {NULL, NULL};

    if (!auth_client_enabled(context))
        return answer;
    answer.external = context->external_id;
    if (context->interact(requests, results, 2, context->interact_arg) && results[0] && *results[0]) {
        answer.user = results[0];
        answer.password = results[1] ? results[1] : "";
    }
    return answer;
}

bool auth_is_login(const struct auth_answer *answer)
{
    return answer->user || answer->external;
}

const char *auth_mechanisms(auth_context_t context, const struct auth_answer *answer)
{
    if (answer->external)
        return answer->user ? "EXTERNAL *" : "EXTERNAL";
    return context && context->flags & AUTH_PLUGIN_PLAIN ? NULL : "!PLAIN !LOGIN";
}

unsigned auth_strength(auth_context_t context)
{
    return context && context->min_ssf > 0 ? (unsigned)context->min_ssf : 0;
}

/* ---- the context ---- */

void auth_client_init(void)
{
}

void auth_client_exit(void)
{
}

auth_context_t auth_create_context(void)
{
    struct auth_context *context = calloc(1, sizeof *context);

    if (!context)
        error_set_errno(ENOMEM);
    return context;
}

int auth_destroy_context(auth_context_t context)
{
    if (!context)
        return error_set(SMTP_ERR_INVAL);
    free(context->external_id);
    free(context);
    return 1;
}

int auth_set_mechanism_flags(auth_context_t context, unsigned set, unsigned clear)
{
    if (!context)
        return error_set(SMTP_ERR_INVAL);
    context->flags = (context->flags & ~clear) | set;
    return 1;
}

int auth_set_mechanism_ssf(auth_context_t context, int min_ssf)
{
    if (!context)
        return error_set(SMTP_ERR_INVAL);
    context->min_ssf = min_ssf;
    return 1;
}

int auth_set_external_id(auth_context_t context, const char *identity)
{
    if (!context)
        return error_set(SMTP_ERR_INVAL);
    return set_text(&context->external_id, identity) ? 1 : error_set_errno(ENOMEM);
}

int auth_set_interact_cb(auth_context_t context, auth_interact_t interact, void *arg)
{
    if (!context)
        return error_set(SMTP_ERR_INVAL);
    context->interact = interact;
    context->interact_arg = arg;
    return 1;
}

int auth_client_enabled(auth_context_t context)
{
    return context && context->interact;
}

/* ---- for libESMTP and its plugins: there are none of these here ---- */

int auth_set_mechanism(auth_context_t context, const char *name)
{
    return error_set(SMTP_ERR_INVAL);
}

const char *auth_mechanism_name(auth_context_t context)
{
    error_set(SMTP_ERR_INVAL);
    return NULL;
}

const char *auth_response(auth_context_t context, const char *challenge, int *len)
{
    error_set(SMTP_ERR_INVAL);
    return NULL;
}

int auth_get_ssf(auth_context_t context)
{
    error_set(SMTP_ERR_INVAL);
    return -1;
}

void auth_encode(char **dstbuf, int *dstlen, const char *srcbuf, int srclen, void *arg)
{
}

void auth_decode(char **dstbuf, int *dstlen, const char *srcbuf, int srclen, void *arg)
{
}
