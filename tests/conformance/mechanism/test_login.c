/* SPDX-License-Identifier: MIT */
/* Logins against a Cyrus server: right, wrong, other spellings, on behalf of another. */
#include "combos.h"
#include "server.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct client client;

/* NTLM of Cyrus asks a Windows server unless it has the user itself, so it is here; OTP and Kerberos need a set-up. */
static int served(const struct check_mechanism *combo)
{
    struct server server;

    server_open(&server, NULL, NULL, 0);
    int offers = server_offers(&server, combo->mech);
    server_close(&server);
    return offers;
}

EACH_MECHANISM(mech_login, the_right_password_is_accepted,
               "a server accepts the right credentials, and the mechanism is DONE")
{
    char user[128];

    client_open(&client);
    if (!served(combo))
        check_skip("the server of this test has no %s", combo->mech);
    struct outcome outcome = run_login(&client, combo->mech, user, sizeof user);
    check_eq(outcome.client, ENVOI_OK, "%s", host_record.text);
    check(outcome.server == SERVER_YES, "the server refuses the right password");
    check_eq(outcome.result, ENVOI_STEP_DONE, "the server is content and the mechanism is not");
    check_str_eq(user, combo->flags & ENVOI_MECH_ANONYMOUS ? "anonymous" : "alice");
    if (combo_has_password(combo))
        check_eq(client.asked[PASSWORD], 1);
    else
        check_eq(client.asked[PASSWORD], 0, "asked for a password that it has no use for");
    check_eq(client.asked[TOKEN], 0);
    client_close(&client);
}

/* At least these have to have been served above. */
PROVIDER(mech_login, the_server_has_the_mechanisms, "the server of these tests has the mechanisms")
{
    static const char *const names[] = {"PLAIN",         "LOGIN",         "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1",
                                        "SCRAM-SHA-256", "SCRAM-SHA-512", "EXTERNAL", "ANONYMOUS"};
    struct server server;

    server_open(&server, NULL, NULL, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        check(server_offers(&server, names[i]), "the server has no %s", names[i]);
    server_close(&server);
}

EACH_MECHANISM(mech_login, the_wrong_password_is_refused_by_the_server,
               "a wrong password is refused by the server, and a mutual mechanism is not DONE")
{
    client_open(&client);
    host_watch("another secret", strlen("another secret"));
    client.value[PASSWORD] = "another secret";
    if (served(combo) && combo_has_password(combo)) {
        struct outcome outcome = run_login(&client, combo->mech, NULL, 0);
        check_eq(outcome.client, ENVOI_OK, "%s", host_record.text);
        check_eq(outcome.server, SERVER_NO);
        if (combo->flags & ENVOI_MECH_MUTUAL)
            check_eq(outcome.result, ENVOI_STEP_CONTINUE, "done, though the server proved nothing");
    }
    client_close(&client);
}

EACH_MECHANISM(mech_login, an_unknown_user_is_refused_by_the_server, "an unknown user is refused by the server")
{
    client_open(&client);
    client.value[AUTHID] = "mallory";
    if (served(combo) && combo_has_password(combo)) {
        struct outcome outcome = run_login(&client, combo->mech, NULL, 0);
        check_eq(outcome.client, ENVOI_OK, "%s", host_record.text);
        check_eq(outcome.server, SERVER_NO);
    }
    client_close(&client);
}

EACH_MECHANISM(mech_login, blanks_and_utf8_are_taken, "blanks and UTF-8 in user and password go out as they are")
{
    char user[128];

    client_open(&client);
    host_watch(UTF8_PASSWORD, strlen(UTF8_PASSWORD));
    client.value[AUTHID] = UTF8_USER;
    client.value[PASSWORD] = UTF8_PASSWORD;
    if (served(combo) && combo_has_password(combo) && strcmp(combo->mech, "NTLM") != 0) {
        struct outcome outcome = run_login(&client, combo->mech, user, sizeof user);
        check_eq(outcome.client, ENVOI_OK, "%s", host_record.text);
        check_eq(outcome.server, SERVER_YES, "%s: %d", combo->mech, outcome.server);
        check_str_eq(user, UTF8_USER);
    }
    client_close(&client);
}

EACH_MECHANISM(mech_login, one_can_act_as_another, "ENVOI_CRED_AUTHZID reaches the server")
{
    static const char *const able[] = {"PLAIN", "DIGEST-MD5", "SCRAM-", "EXTERNAL"};
    char user[128];
    int can = 0;

    for (size_t i = 0; i < sizeof able / sizeof *able; i++)
        can |= strncmp(combo->mech, able[i], strlen(able[i])) == 0;
    client_open(&client);
    client.value[AUTHZID] = OTHER_USER;
    if (can) {
        struct outcome outcome = run_login(&client, combo->mech, user, sizeof user);
        check_eq(outcome.client, ENVOI_OK, "%s", host_record.text);
        check_eq(outcome.server, SERVER_YES, "%s: %d", combo->mech, outcome.server);
        check_eq(outcome.result, ENVOI_STEP_DONE);
        check_str_eq(user, OTHER_USER);
    }
    client_close(&client);
}

/* A second login of the same user must not depend on the first (Cyrus caches DIGEST-MD5). */
EACH_MECHANISM(mech_login, a_second_login_is_like_the_first, "a second login does not depend on the first")
{
    client_open(&client);
    for (int i = 0; i < 3 && served(combo); i++) {
        struct outcome outcome = run_login(&client, combo->mech, NULL, 0);
        check_eq(outcome.client, ENVOI_OK, "%s", host_record.text);
        check_eq(outcome.server, SERVER_YES, "%s: %d", combo->mech, outcome.server);
        check_eq(outcome.result, ENVOI_STEP_DONE);
    }
    client_close(&client);
}

/* One state, many threads. The host of these counts nothing. */

static void *thread_alloc(size_t size)
{
    return malloc(size);
}

static void *thread_realloc(void *ptr, size_t size)
{
    return realloc(ptr, size);
}

static void thread_free(void *ptr)
{
    free(ptr);
}

static void thread_wipe(void *ptr, size_t len)
{
    explicit_bzero(ptr, len);
}

static void thread_log(const struct envoi_host *host, uint32_t level, const char *text)
{
    (void)host, (void)level, (void)text;
}

static void thread_error(const struct envoi_host *host, struct envoi_errctx *errctx, int32_t code, int64_t library_code,
                         const char *text)
{
    (void)host, (void)errctx, (void)code, (void)library_code, (void)text;
}

/* One login with DIGEST-MD5, and a wrong proof at the end of every fourth: the steps that touch the cache of Cyrus.
 * No assertions: these belong to the thread of the test. Returns whether it went as it should. */
static int thread_login(const struct client *shared, struct client *self, int number)
{
    sasl_conn_t *server = NULL;
    const char *challenge = NULL;
    unsigned len = 0;
    uint32_t result = 0, want;
    void *ctx = NULL;
    int good = sasl_server_new("smtp", "mail.example.org", NULL, NULL, NULL, NULL, 0, &server) == SASL_OK &&
               sasl_server_start(server, "DIGEST-MD5", NULL, 0, &challenge, &len) == SASL_CONTINUE &&
               shared->mechanism->mech_new(shared->state, "DIGEST-MD5", &self->params, &ctx) == ENVOI_OK;

    self->out_len = 0;
    good = good && shared->mechanism->step(ctx, NULL, 0, &self->sink, &result, &want) == ENVOI_OK &&
           shared->mechanism->step(ctx, challenge, len, &self->sink, &result, &want) == ENVOI_OK &&
           sasl_server_step(server, self->out, (unsigned)self->out_len, &challenge, &len) == SASL_CONTINUE;
    if (good && number % 4 == 3)
        good = shared->mechanism->step(ctx, "rspauth=0", 9, &self->sink, &result, &want) == ENVOI_E_SERVER_PROOF;
    else
        good = good && shared->mechanism->step(ctx, challenge, len, &self->sink, &result, &want) == ENVOI_OK &&
               result == ENVOI_STEP_DONE;
    shared->mechanism->mech_free(ctx);
    sasl_dispose(&server);
    return good;
}

static void *thread_logins(void *arg)
{
    struct client *self = calloc(1, sizeof *self);
    intptr_t bad = 0;

    client_reset(self);
    for (int i = 0; i < 100; i++)
        bad += !thread_login(arg, self, i);
    free(self);
    return (void *)bad;
}

OF_PLUGIN("sasl", mech_login, many_threads_share_a_state, "many threads log in with one state")
{
    static const struct envoi_host host = {.struct_size = sizeof host,
                                           .alloc = thread_alloc,
                                           .realloc = thread_realloc,
                                           .free = thread_free,
                                           .wipe = thread_wipe,
                                           .log = thread_log,
                                           .set_error = thread_error};
    pthread_t threads[4];
    struct server server;

    client_open(&client);
    server_open(&server, NULL, NULL, 0);
    client.plugin->fini(client.state);
    check_eq(client.plugin->init(&host, &client.state), ENVOI_OK);
    for (size_t i = 0; i < 4; i++)
        check_eq(pthread_create(&threads[i], NULL, thread_logins, &client), 0);
    for (size_t i = 0; i < 4; i++) {
        void *bad = NULL;
        check_eq(pthread_join(threads[i], &bad), 0);
        check_null(bad);
    }
    server_close(&server);
    client_close(&client);
}
