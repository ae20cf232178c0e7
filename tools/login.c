/* SPDX-License-Identifier: MIT */
#include "login.h"

#include "secret.h"
#include <envoi/envoi.h>
#include <envoi/plugin.h>
#include <stdio.h>

/* Keys that name the source of the secret. */
static const struct source {
    enum key key;
    int (*read)(struct secret *secret, const char *option, const char *value, int64_t timeout, struct fault *fault);
    int (*set)(struct envoi_session *session, const char *user, const char *secret);
} sources[] = {
    {KEY_PASSWORD_FILE, secret_from_file, envoi_session_set_password},
    {KEY_PASSWORD_COMMAND, secret_from_command, envoi_session_set_password},
    {KEY_TOKEN_FILE, secret_from_file, envoi_session_set_token},
    {KEY_TOKEN_COMMAND, secret_from_command, envoi_session_set_token},
};

#define SOURCES (sizeof sources / sizeof *sources)

static struct secret secret;

static int set_from(const struct source *source, const struct values *values, struct envoi_session *session,
                    struct fault *fault)
{
    const struct value *user = values_find(values, KEY_USER), *value = values_find(values, source->key);
    char label[VALUES_LABEL];
    int rc = source->read(&secret, values_label(value, label), value->text,
                          vocabulary_milliseconds(values_text(values, KEY_TIMEOUT)), fault);
    int error = rc ? ENVOI_OK : source->set(session, user->text, secret.text);

    secret_wipe(&secret);
    return error ? apply_setter_failed(user, error, fault) : rc;
}

int login_set(struct login *login, const struct values *values, const char *server, struct envoi_session *session,
              struct fault *fault)
{
    const struct value *user = values_find(values, KEY_USER);
    int error;

    *login = (struct login){0};
    if (!user)
        return 0;
    for (size_t i = 0; i < SOURCES; i++)
        if (values_find(values, sources[i].key))
            return set_from(&sources[i], values, session, fault);
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

void login_end(void)
{
    secret_wipe(&secret);
}
