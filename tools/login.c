/* SPDX-License-Identifier: MIT */
#include "login.h"

#include "secret.h"
#include <envoi/envoi.h>
#include <envoi/plugin.h>

/* Options that name the source of the secret. */
static const struct source {
    const char *option;
    size_t where;
    int (*read)(struct secret *secret, const char *option, const char *value, int64_t timeout, struct fault *fault);
    int (*set)(struct envoi_session *session, const char *user, const char *secret);
} sources[] = {
    {"--password-file", offsetof(struct options, password_file), secret_from_file, envoi_session_set_password},
    {"--password-command", offsetof(struct options, password_command), secret_from_command, envoi_session_set_password},
    {"--token-file", offsetof(struct options, token_file), secret_from_file, envoi_session_set_token},
    {"--token-command", offsetof(struct options, token_command), secret_from_command, envoi_session_set_token},
};

#define SOURCES (sizeof sources / sizeof *sources)

static struct secret secret;

static const char *source_value(const struct options *options, const struct source *source)
{
    return *(const char *const *)(const void *)((const char *)options + source->where);
}

int login_count_secrets(const struct options *options)
{
    int count = 0;

    for (size_t i = 0; i < SOURCES; i++)
        count += source_value(options, &sources[i]) != NULL;
    return count;
}

static int set_from(const struct source *source, const struct options *options, struct envoi_session *session,
                    struct fault *fault)
{
    int rc = source->read(&secret, source->option, source_value(options, source), options->timeout, fault);
    int error = rc ? ENVOI_OK : source->set(session, options->user, secret.text);

    secret_wipe(&secret);
    return error ? fault_from_setter(fault, "--user", options->user, error) : rc;
}

int login_set(struct login *login, const struct options *options, const char *server, struct envoi_session *session,
              struct fault *fault)
{
    int error;

    *login = (struct login){0};
    if (!options->user)
        return 0;
    for (size_t i = 0; i < SOURCES; i++)
        if (source_value(options, &sources[i]))
            return set_from(&sources[i], options, session, fault);
    snprintf(login->prompt, sizeof login->prompt, "Password of %.200s at %s: ", options->user, server);
    error = envoi_session_set_password(session, options->user, NULL);
    if (!error)
        error = envoi_session_set_credential_callback(session, login_answer, login);
    return error ? fault_from_setter(fault, "--user", options->user, error) : 0;
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
