/* SPDX-License-Identifier: MIT */
#include "worker/login.h"

#include "accounts/apply.h"
#include "accounts/exit_code.h"
#include "accounts/secret_source.h"
#include "portable/wakeup.h"
#include "worker/clock.h"
#include "worker/log.h"
#include <envoi/envoi.h>
#include <envoi/plugin.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One fetch, which the thread and the login share: the one that comes last frees it. */
struct login_fetch {
    pthread_mutex_t lock;
    int users; /* 2: both, 1 */
    int bell;  /* -1: nobody waits any more */
    int is_done, rc;
    const struct secret_source *source;
    struct secret_request request; /* its texts are copies */
    struct secret *secret;
    struct fault fault;
};

struct login {
    const struct values *values;
    const struct secret_source *source;
    const struct value *value;
    const char *server, *account;
    int bell;
    struct login_fetch *fetch; /* under way; NULL: none is */
    struct secret *secret;     /* the last one; NULL: there is none */
    int64_t fetched;           /* when */
    int64_t failed;            /* when the last fetch failed; -1: it did not */
};

/* ---- the fetch ---- */

static void login_fetch_free(struct login_fetch *fetch)
{
    if (!fetch)
        return;
    secret_free(fetch->secret);
    free((char *)(uintptr_t)fetch->request.where);
    free((char *)(uintptr_t)fetch->request.value);
    free((char *)(uintptr_t)fetch->request.host);
    free((char *)(uintptr_t)fetch->request.user);
    pthread_mutex_destroy(&fetch->lock);
    free(fetch);
}

/* One of the two has no more use for it. */
static void login_fetch_leave(struct login_fetch *fetch)
{
    int users;

    pthread_mutex_lock(&fetch->lock);
    users = --fetch->users;
    pthread_mutex_unlock(&fetch->lock);
    if (!users)
        login_fetch_free(fetch);
}

static void *login_fetch_run(void *ctx)
{
    struct login_fetch *fetch = ctx;
    int rc = fetch->source->fetch(fetch->secret, &fetch->request, &fetch->fault);

    pthread_mutex_lock(&fetch->lock);
    fetch->rc = rc;
    fetch->is_done = 1;
    if (fetch->bell >= 0)
        wakeup_ring(fetch->bell);
    pthread_mutex_unlock(&fetch->lock);
    login_fetch_leave(fetch);
    return NULL;
}

/* Returns 0, or -1. */
static int login_copy(const char **copy, const char *text)
{
    *copy = text ? strdup(text) : NULL;
    return text && !*copy ? -1 : 0;
}

static struct login_fetch *login_fetch_new(const struct login *login)
{
    struct login_fetch *fetch = calloc(1, sizeof *fetch);
    struct secret_request request;
    char label[VALUES_LABEL];

    if (!fetch)
        return NULL;
    fetch->source = login->source;
    fetch->bell = login->bell;
    fetch->users = 2;
    pthread_mutex_init(&fetch->lock, NULL);
    secret_source_ask(&request, login->values, login->value, login->server, label);
    fetch->request.timeout = request.timeout;
    fetch->secret = secret_new(&request, &fetch->fault);
    if (!fetch->secret || login_copy(&fetch->request.where, request.where) ||
        login_copy(&fetch->request.value, request.value) || login_copy(&fetch->request.host, request.host) ||
        login_copy(&fetch->request.user, request.user)) {
        login_fetch_free(fetch);
        return NULL;
    }
    return fetch;
}

/* The signals of the program are the loop's. Returns 0, or an errno. */
static int login_start_thread(struct login_fetch *fetch)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_t thread;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    error = pthread_create(&thread, &attributes, login_fetch_run, fetch);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* Returns ENVOI_E_AGAIN, or why it cannot be fetched. */
static int login_begin(struct login *login)
{
    struct login_fetch *fetch = login_fetch_new(login);

    if (!fetch)
        return ENVOI_E_MEMORY;
    if (login_start_thread(fetch)) {
        login_fetch_free(fetch);
        return ENVOI_E_SYSTEM;
    }
    login->fetch = fetch;
    return ENVOI_E_AGAIN;
}

/* Takes over what the thread has found. Returns 1 if it is done. */
static int login_collect(struct login *login)
{
    struct login_fetch *fetch = login->fetch;
    int is_done;

    if (!fetch)
        return 0;
    pthread_mutex_lock(&fetch->lock);
    is_done = fetch->is_done;
    pthread_mutex_unlock(&fetch->lock);
    if (!is_done)
        return 0;
    login->failed = fetch->rc ? clock_ms() : -1;
    if (fetch->rc) {
        log_write(LOG_ERR, "account %s: %s", login->account, fetch->fault.text);
    } else {
        secret_free(login->secret);
        login->secret = fetch->secret;
        login->fetched = clock_ms();
        fetch->secret = NULL;
    }
    login->fetch = NULL;
    login_fetch_leave(fetch);
    return 1;
}

int login_has_answer(struct login *login)
{
    return login && login_collect(login);
}

/* ---- what the library asks for ---- */

static int login_is_fresh(const struct login *login)
{
    return login->secret && clock_ms() - login->fetched < LOGIN_FRESH_MS &&
           (!login->secret->expires || clock_seconds() < login->secret->expires);
}

static int login_answer(void *ctx, unsigned credential, const char *mechanism, const char **data, size_t *len)
{
    struct login *login = ctx;
    unsigned kind = login->source->kind == SECRET_TOKEN ? ENVOI_CRED_TOKEN : ENVOI_CRED_PASSWORD;

    (void)mechanism;
    if (credential != kind)
        return ENVOI_E_CANCELLED;
    login_collect(login);
    if (login->fetch)
        return ENVOI_E_AGAIN;
    if (login->failed >= 0 && clock_ms() - login->failed < LOGIN_FAILED_MS)
        return ENVOI_E_CANCELLED;
    if (!login_is_fresh(login))
        return login_begin(login);
    *data = login->secret->text;
    *len = login->secret->len;
    return ENVOI_OK;
}

/* ---- the object ---- */

int login_new(const struct values *values, const char *server, const char *account, int bell, struct login **out,
              struct fault *fault)
{
    const struct value *value;
    const struct secret_source *source = secret_source_of_login(values, &value);
    struct login *login;

    *out = NULL;
    if (!source || !values_find(values, KEY_USER))
        return 0;
    if (!(login = calloc(1, sizeof *login)))
        return fault_memory(fault);
    *login = (struct login){.values = values,
                            .source = source,
                            .value = value,
                            .server = server,
                            .account = account,
                            .bell = bell,
                            .failed = -1};
    *out = login;
    return 0;
}

void login_free(struct login *login)
{
    if (!login)
        return;
    if (login->fetch) {
        pthread_mutex_lock(&login->fetch->lock);
        login->fetch->bell = -1;
        pthread_mutex_unlock(&login->fetch->lock);
        login_fetch_leave(login->fetch);
    }
    secret_free(login->secret);
    free(login);
}

/* With a callback the library takes every kind of secret for possible: it is told which mechanisms take this one. */
int login_apply(struct login *login, struct envoi_session *session, struct fault *fault)
{
    const struct value *user = values_find(login->values, KEY_USER);
    int error = envoi_session_set_password(session, user->text, NULL);

    if (error)
        return apply_setter_failed(user, error, fault);
    if (!values_find(login->values, KEY_MECHANISM))
        error = envoi_session_set_mechanisms(session, login->source->kind == SECRET_TOKEN ? "OAUTHBEARER XOAUTH2"
                                                                                          : "!OAUTHBEARER !XOAUTH2");
    if (!error)
        error = envoi_session_set_credential_callback(session, login_answer, login);
    return error ? fault_set(fault, EXIT_LOCAL, error, "%s", envoi_error_text(error)) : 0;
}

void login_forget(struct login *login)
{
    if (!login)
        return;
    secret_free(login->secret);
    login->secret = NULL;
    login->failed = -1;
}
