/* SPDX-License-Identifier: MIT */
#include "worker/smtp.h"

#include "accounts/accounts.h"
#include "accounts/exit_code.h"
#include "accounts/secret_source.h"
#include "worker/clock.h"
#include "worker/config.h"
#include "worker/jobs.h"
#include "worker/log.h"
#include "worker/login.h"
#include "worker/loop.h"
#include "worker/metrics.h"
#include <envoi/envoi.h>
#include <envoi/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An account whose settings cannot be used is looked at again after so long. */
#define SMTP_MAKE_AGAIN_MS 60000
/* The longest list of servers of an account. */
#define SMTP_SERVERS_MAX   4096
/* RabbitMQ takes a job back after 30 minutes. */
#define SMTP_SLOW_MS       (INT64_C(25) * 60000)

struct smtp *smtp_new(const struct smtp_setup *setup, const struct account *account)
{
    struct smtp *smtp = calloc(1, sizeof *smtp);

    if (!smtp)
        return NULL;
    smtp->setup = setup;
    smtp->account = account;
    smtp->forget_at = -1;
    return smtp;
}

/* ---- the pool and what it needs ---- */

static void smtp_log(void *ctx, int level, const char *text)
{
    const struct smtp *smtp = ctx;

    if (level <= (int)ENVOI_LOG_WARNING)
        log_write(LOG_WARNING, "account %s: %s", smtp->account->name, text);
}

static void smtp_ready(void *ctx, int fd, short ready)
{
    struct smtp *smtp = ctx;
    unsigned events = (ready & ~POLLOUT ? ENVOI_EVENT_READ : 0U) | (ready & ~POLLIN ? ENVOI_EVENT_WRITE : 0U);

    (void)envoi_pool_process(smtp->pool, fd, events);
}

static void smtp_watch(void *ctx, int fd, unsigned events)
{
    struct smtp *smtp = ctx;
    short wanted = (short)((events & ENVOI_EVENT_READ ? POLLIN : 0) | (events & ENVOI_EVENT_WRITE ? POLLOUT : 0));

    loop_watch(smtp->setup->loop, fd, wanted, smtp_ready, smtp);
}

static int smtp_local(int error, struct fault *fault)
{
    return error ? fault_set(fault, EXIT_LOCAL, error, "%s", envoi_error_text(error)) : 0;
}

static int smtp_make_library(struct smtp *smtp, struct fault *fault)
{
    const struct smtp_setup *setup = smtp->setup;
    int error = envoi_library_new(&smtp->library);

    if (!error)
        error = envoi_library_set_log(smtp->library, smtp_log, smtp);
    if (!error && setup->plugins_d)
        error = envoi_library_set_vendor_directory(smtp->library, setup->plugins_d);
    if (!error && setup->module_dir)
        error = envoi_library_set_module_directory(smtp->library, setup->module_dir);
    return error ? smtp_local(error, fault) : apply_library(&smtp->values, smtp->library, fault);
}

static int smtp_set_passphrase(struct smtp *smtp, struct envoi_session *session, struct fault *fault)
{
    const struct value *file = values_find(&smtp->values, KEY_PASSPHRASE_FILE);
    struct secret_request request;
    struct secret *secret;
    char label[VALUES_LABEL];
    int error, rc;

    if (!file)
        return 0;
    secret_source_ask(&request, &smtp->values, file, NULL, label);
    if (!(secret = secret_new(&request, fault)))
        return fault->exit;
    rc = secret_source_of(file->key)->fetch(secret, &request, fault);
    if (!rc && (error = envoi_session_set_passphrase(session, secret->text)))
        rc = apply_setter_failed(file, error, fault);
    secret_free(secret);
    return rc;
}

static int smtp_set_session(struct smtp *smtp, struct envoi_session *session, struct fault *fault)
{
    const struct value *user = values_find(&smtp->values, KEY_USER);
    int rc = apply_session(&smtp->values, session, 1, fault);

    if (!rc)
        rc = smtp_set_passphrase(smtp, session, fault);
    if (!rc)
        rc = login_new(&smtp->values, smtp->server, smtp->account->name, smtp->setup->bell, &smtp->login, fault);
    if (rc)
        return rc;
    if (smtp->login)
        return login_apply(smtp->login, session, fault);
    /* Without a secret: by a ticket or a certificate. */
    return user ? smtp_local(envoi_session_set_password(session, user->text, NULL), fault) : 0;
}

/* All servers of the account, with blanks between them. */
static int smtp_list_servers(struct smtp *smtp, char servers[SMTP_SERVERS_MAX], struct fault *fault)
{
    const struct value *host = values_find(&smtp->values, KEY_HOST);
    char server[APPLY_SERVER_MAX];
    size_t len = 0;

    if (!host)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: the account [%s] has no host", smtp->account->place,
                         smtp->account->name);
    for (; host; host = values_next(&smtp->values, host)) {
        int rc = apply_server(&smtp->values, host->text, server, fault);

        if (rc)
            return rc;
        if (!len)
            memcpy(smtp->server, server, sizeof server);
        len += (size_t)snprintf(servers + len, SMTP_SERVERS_MAX - len, "%s%s", len ? " " : "", server);
        if (len >= SMTP_SERVERS_MAX)
            return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: the names of the hosts are too long", host->place);
    }
    return 0;
}

static void smtp_warn_of_rate(const struct smtp *smtp)
{
    const struct value *value = values_find(&smtp->values, KEY_MESSAGE_RATE);
    int64_t prefetch = (int64_t)smtp->setup->config->prefetch;
    struct rate rate;

    if (!value)
        return;
    vocabulary_rate(value->text, &rate);
    if ((prefetch - rate.burst) * rate.period_ms / rate.count > SMTP_SLOW_MS)
        log_write(
            LOG_WARNING,
            "account %s: %s: message-rate %s: the broker takes a job back after 30 minutes, and %lld jobs (prefetch) "
            "do not go out in that time; say a smaller prefetch",
            smtp->account->name, value->place, value->text, (long long)prefetch);
}

/* Tries and pauses are those of the pool: a server that is away is tried again there, and the jobs come back after some
 * of these tries. How long all that may last decides the breaker. */
static int smtp_make_pool(struct smtp *smtp, const struct envoi_session *session, const char *servers,
                          struct fault *fault)
{
    int error = envoi_pool_new(smtp->library, &smtp->pool);

    if (!error)
        error = envoi_pool_set_watch(smtp->pool, smtp_watch, smtp);
    if (!error && (int64_t)smtp->setup->config->prefetch > envoi_pool_limit(smtp->pool, ENVOI_POOL_QUEUE))
        error = envoi_pool_set_limit(smtp->pool, ENVOI_POOL_QUEUE, (int64_t)smtp->setup->config->prefetch);
    if (!error)
        error = envoi_pool_add_route(smtp->pool, session, servers, &smtp->route);
    return error ? smtp_local(error, fault) : apply_route(&smtp->values, smtp->pool, smtp->route, fault);
}

static void smtp_unmake(struct smtp *smtp)
{
    envoi_pool_free(smtp->pool);
    login_free(smtp->login);
    envoi_library_free(smtp->library);
    values_free(&smtp->values);
    smtp->pool = NULL;
    smtp->login = NULL;
    smtp->library = NULL;
}

int smtp_make(struct smtp *smtp, struct fault *fault)
{
    struct envoi_session *session = NULL;
    char servers[SMTP_SERVERS_MAX];
    int rc;

    if (smtp->pool)
        return 0;
    *fault->text = '\0';
    if (clock_ms() < smtp->make_at)
        return EXIT_CONFIG;
    rc = accounts_values(smtp->setup->accounts, smtp->account, &smtp->values, fault);
    if (!rc)
        rc = apply_check(&smtp->values, fault);
    if (!rc)
        rc = smtp_list_servers(smtp, servers, fault);
    if (!rc)
        rc = smtp_make_library(smtp, fault);
    if (!rc)
        rc = smtp_local(envoi_session_new(smtp->library, &session), fault);
    if (!rc)
        rc = smtp_set_session(smtp, session, fault);
    if (!rc)
        rc = smtp_make_pool(smtp, session, servers, fault);
    envoi_session_free(session);
    if (rc) {
        smtp_unmake(smtp);
        smtp->make_at = clock_ms() + SMTP_MAKE_AGAIN_MS;
        return rc;
    }
    smtp_warn_of_rate(smtp);
    return 0;
}

void smtp_free(struct smtp *smtp)
{
    smtp_unmake(smtp);
    free(smtp);
}

/* ---- messages ---- */

static void smtp_done(void *ctx, struct envoi_message *message, int result, const char *error)
{
    struct hand *hand = ctx;
    const struct smtp_setup *setup = hand->smtp->setup;

    (void)message;
    setup->done(setup->ctx, hand, result, error);
}

int smtp_submit(struct smtp *smtp, struct hand *hand)
{
    int error = envoi_pool_submit(smtp->pool, smtp->route, hand->message, smtp_done, hand);

    smtp->has_work = 1;
    return error;
}

int smtp_cancel(struct smtp *smtp, struct hand *hand)
{
    smtp->has_work = 1;
    return envoi_pool_cancel(smtp->pool, hand->message) ? -1 : 0;
}

size_t smtp_pending(const struct smtp *smtp)
{
    return envoi_pool_pending(smtp->pool);
}

size_t smtp_connections(const struct smtp *smtp)
{
    return envoi_pool_connections(smtp->pool);
}

/* ---- the work ---- */

/* The pool keeps its messages while it tries to connect, so that these failures are seen here first. One while messages
 * are under way on other connections says nothing. */
static void smtp_look(struct smtp *smtp)
{
    struct envoi_pool_telemetry t = {.struct_size = sizeof t};

    if (envoi_pool_telemetry(smtp->pool, &t, NULL))
        return;
    if (t.connections_failed > smtp->failed_before && !t.in_flight && smtp->completed == smtp->completed_then &&
        breaker_failed(&smtp->breaker, clock_ms())) {
        log_write(LOG_WARNING, "account %s: a connection failed; its jobs wait, and it is tried again",
                  smtp->account->name);
        metrics_set(smtp->setup->metrics, METRIC_SMTP_UP, smtp->account->name, NULL, 0);
    }
    smtp->failed_before = t.connections_failed;
    smtp->completed_then = smtp->completed;
}

void smtp_step(struct smtp *smtp)
{
    int64_t now = clock_ms(), deadline;

    if (!smtp->pool)
        return;
    if (smtp->forget_at >= 0 && now >= smtp->forget_at)
        smtp_forget_secret(smtp);
    deadline = envoi_pool_deadline(smtp->pool);
    if (login_has_answer(smtp->login) || smtp->has_work || (deadline >= 0 && now >= deadline)) {
        smtp->has_work = 0;
        (void)envoi_pool_process(smtp->pool, -1, 0);
    }
    smtp_look(smtp);
    metrics_set(smtp->setup->metrics, METRIC_CONNECTIONS, smtp->account->name, NULL, (double)smtp_connections(smtp));
}

int64_t smtp_deadline(const struct smtp *smtp)
{
    int64_t now = clock_ms(), breaker = breaker_deadline(&smtp->breaker, now);

    if (!smtp->pool)
        return clock_first(breaker, smtp->make_at > now ? smtp->make_at : -1);
    if (smtp->has_work)
        return now;
    return clock_first(clock_first(breaker, smtp->forget_at), envoi_pool_deadline(smtp->pool));
}

void smtp_forget_secret(struct smtp *smtp)
{
    smtp->forget_at = -1;
    smtp->make_at = 0;
    login_forget(smtp->login);
    envoi_library_forget_refusals(smtp->library);
}

void smtp_note_refusal(struct smtp *smtp)
{
    if (smtp->forget_at < 0)
        smtp->forget_at = clock_ms() + smtp->setup->config->login_retry;
    login_forget(smtp->login);
}

void smtp_drain(struct smtp *smtp)
{
    (void)envoi_pool_drain(smtp->pool);
    smtp->has_work = 1;
}

void smtp_stop(struct smtp *smtp)
{
    (void)envoi_pool_stop(smtp->pool);
    smtp->has_work = 0;
}
