/* SPDX-License-Identifier: MIT */
#include "login.h"

#include "terminal.h"
#include <envoi/envoi.h>
#include <envoi/plugin.h>
#include <stdio.h>

/* The reply to AUTH that is about the secret (RFC 4954 section 6). */
#define SECRET_REFUSED 535

static struct secret secret;

typedef int login_setter_fn(struct envoi_session *session, const char *user, const char *secret);
static login_setter_fn *const setters[] = {
    [SECRET_PASSWORD] = envoi_session_set_password, [SECRET_TOKEN] = envoi_session_set_token};

static int login_fetch(struct login *login, const struct secret_source *source, struct envoi_session *session,
                       const struct value *user, struct fault *fault)
{
    int rc = source->fetch(&secret, &login->request, fault);
    int error = rc ? ENVOI_OK : setters[source->kind](session, user->text, secret.text);

    if (!rc && !error && source->tell)
        login->source = source;
    else
        secret_wipe(&secret);
    return error ? apply_setter_failed(user, error, fault) : rc;
}

int login_set(struct login *login, const struct values *values, const char *server, struct envoi_session *session,
              struct fault *fault)
{
    const struct value *user = values_find(values, KEY_USER), *value;
    const struct secret_source *source = secret_source_of_login(values, &value);
    int error;

    *login = (struct login){0};
    if (!user)
        return 0;
    if (source) {
        snprintf(login->server, sizeof login->server, "%s", server);
        secret_source_ask(&login->request, values, value, login->server, login->label);
        return login_fetch(login, source, session, user, fault);
    }
    snprintf(login->prompt, sizeof login->prompt, "Password of %.200s at %s: ", user->text, server);
    error = envoi_session_set_password(session, user->text, NULL);
    if (!error)
        error = envoi_session_set_credential_callback(session, login_answer, login);
    return error ? apply_setter_failed(user, error, fault) : 0;
}

int login_answer(void *ctx, unsigned credential, const char *mechanism, const char **data, size_t *len)
{
    struct login *login = ctx;

    (void)mechanism;
    if (credential != ENVOI_CRED_PASSWORD)
        return ENVOI_E_CANCELLED;
    if (!login->asked)
        secret_from_terminal(&secret, login->prompt, &login->fault);
    login->asked = 1;
    if (login->fault.exit)
        return ENVOI_E_CANCELLED;
    *data = secret.text;
    *len = secret.len;
    return ENVOI_OK;
}

void login_end(struct login *login, const struct envoi_session *session, int error)
{
    int accepted = envoi_session_authenticated(session);
    int refused = error == ENVOI_E_AUTH && envoi_reply_code(envoi_session_reply(session)) == SECRET_REFUSED;
    struct fault fault = {0};

    if (login->source && (accepted || refused) && login->source->tell(&secret, &login->request, accepted, &fault))
        complain("warning: %s", fault.text);
    login->source = NULL;
    secret_wipe(&secret);
}
