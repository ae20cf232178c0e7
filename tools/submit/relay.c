/* SPDX-License-Identifier: MIT */
#include "relay.h"

#include "accounts/apply.h"
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/secret_source.h"
#include "journal.h"
#include "sender.h"
#include "setup.h"
#include <envoi/envoi.h>
#include <envoi/plugin.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

/* The reply to AUTH that is about the secret (RFC 4954 section 6). */
#define RELAY_SECRET_REFUSED 535

struct relay {
    const struct sender_account *account;
    struct envoi_library *library;
    struct envoi_session *session;
    char server[APPLY_SERVER_MAX];
    /* The source that wants to know what the server said to its secret; NULL: there is none. */
    const struct secret_source *source;
    struct secret_request request;
    char label[VALUES_LABEL];
};

static struct secret relay_secret;

/* Warnings of the library are the administrator's to read. */
static void relay_log(void *ctx, int level, const char *text)
{
    (void)ctx;
    if (level <= (int)ENVOI_LOG_WARNING)
        journal_write(LOG_WARNING, "%s", text);
}

static int relay_fault(const struct relay *relay, int error, struct fault *fault)
{
    const char *text = envoi_session_error(relay->session);
    int phase = envoi_session_error_phase(relay->session);
    int code = envoi_reply_code(envoi_session_reply(relay->session));

    fault_set(fault, exit_code_of_error(error, phase, code), error, "%s", *text ? text : envoi_error_text(error));
    fault->phase = phase;
    return fault->exit;
}

static int relay_local(int error, struct fault *fault)
{
    return fault_set(fault, EXIT_LOCAL, error, "%s", envoi_error_text(error));
}

static int relay_library(const struct setup *setup, struct relay *relay, struct fault *fault)
{
    int error = envoi_library_new(&relay->library);

    if (!error)
        error = envoi_library_set_log(relay->library, relay_log, NULL);
    if (!error && setup->plugins_d)
        error = envoi_library_set_vendor_directory(relay->library, setup->plugins_d);
    if (!error && setup->module_dir)
        error = envoi_library_set_module_directory(relay->library, setup->module_dir);
    if (error)
        return relay_local(error, fault);
    return apply_library(&relay->account->values, relay->library, fault);
}

/* ---- secrets ---- */

static int relay_passphrase(struct relay *relay, struct fault *fault)
{
    const struct value *file = values_find(&relay->account->values, KEY_PASSPHRASE_FILE);
    struct secret_request request;
    char label[VALUES_LABEL];
    int error, rc;

    if (!file)
        return 0;
    secret_source_ask(&request, &relay->account->values, file, NULL, label);
    rc = secret_source_of(file->key)->fetch(&relay_secret, &request, fault);
    if (!rc && (error = envoi_session_set_passphrase(relay->session, relay_secret.text)))
        rc = apply_setter_failed(file, error, fault);
    secret_wipe(&relay_secret);
    return rc;
}

/* There is nobody to ask: an account without a source logs in by a ticket or a certificate, or not at all. */
static int relay_login(struct relay *relay, struct fault *fault)
{
    const struct values *values = &relay->account->values;
    const struct value *user = values_find(values, KEY_USER), *value;
    const struct secret_source *source = secret_source_of_login(values, &value);
    int error, rc;

    if (!user)
        return 0;
    if (!source) {
        error = envoi_session_set_password(relay->session, user->text, NULL);
        return error ? apply_setter_failed(user, error, fault) : 0;
    }
    secret_source_ask(&relay->request, values, value, relay->server, relay->label);
    if ((rc = source->fetch(&relay_secret, &relay->request, fault)))
        return rc;
    if (source->kind == SECRET_TOKEN)
        error = envoi_session_set_token(relay->session, user->text, relay_secret.text);
    else
        error = envoi_session_set_password(relay->session, user->text, relay_secret.text);
    if (!error && source->tell)
        relay->source = source;
    else
        secret_wipe(&relay_secret);
    return error ? apply_setter_failed(user, error, fault) : 0;
}

/* Tells the source whether its secret was accepted or refused, if the server has said either. */
static void relay_login_end(struct relay *relay, int error)
{
    int accepted = envoi_session_authenticated(relay->session);
    int refused =
        error == ENVOI_E_AUTH && envoi_reply_code(envoi_session_reply(relay->session)) == RELAY_SECRET_REFUSED;
    struct fault fault = {0};

    if (relay->source && (accepted || refused) && relay->source->tell(&relay_secret, &relay->request, accepted, &fault))
        journal_write(LOG_WARNING, "%s", fault.text);
    secret_wipe(&relay_secret);
}

/* ---- the message ---- */

/* Failures after which another host may be better: there is no connection, or the greeting says no. */
static int relay_may_try_next(int error)
{
    return envoi_error_class(error) == ENVOI_CLASS_NETWORK || error == ENVOI_E_GREETING;
}

/* Connects to the first host of the account that takes it. */
static int relay_connect(struct relay *relay, struct fault *fault)
{
    const struct values *values = &relay->account->values;
    const struct value *host = values_find(values, KEY_HOST);

    for (;;) {
        int error = envoi_session_connect(relay->session, relay->server);

        if (!error)
            return 0;
        relay_fault(relay, error, fault);
        host = values_next(values, host);
        if (!host || !relay_may_try_next(error))
            return apply_blame_file(values, fault);
        journal_write(LOG_WARNING, "%s: %s; now %s is tried", relay->server, fault->text, host->text);
        if (apply_server(values, host->text, relay->server, fault))
            return fault->exit;
    }
}

static int relay_prepare(const struct setup *setup, struct relay *relay, struct fault *fault)
{
    const struct values *values = &relay->account->values;
    int rc = apply_server(values, values_text(values, KEY_HOST), relay->server, fault);
    int error;

    if (!rc)
        rc = relay_library(setup, relay, fault);
    if (rc)
        return rc;
    if ((error = envoi_session_new(relay->library, &relay->session)))
        return relay_local(error, fault);
    rc = apply_session(values, relay->session, 1, fault);
    if (!rc)
        rc = relay_passphrase(relay, fault);
    return rc ? rc : relay_login(relay, fault);
}

void relay_send(const struct setup *setup, const struct sender_account *account, struct envoi_message *message,
                struct fault *fault)
{
    struct relay relay = {.account = account};
    int error = 0;
    int rc = relay_prepare(setup, &relay, fault);

    *fault = rc ? *fault : (struct fault){0};
    if (!rc && !relay_connect(&relay, fault)) {
        *fault = (struct fault){0};
        error = envoi_session_send(relay.session, message);
        if (error) {
            relay_fault(&relay, error, fault);
            apply_blame_file(&account->values, fault);
        }
    }
    relay_login_end(&relay, error ? error : fault->error);
    if (envoi_session_connected(relay.session))
        envoi_session_quit(relay.session);
    envoi_session_free(relay.session);
    envoi_library_free(relay.library);
}
