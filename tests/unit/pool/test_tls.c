/* SPDX-License-Identifier: MIT */
/* A pool over TLS, with both backends: sessions are resumed from one connection to the next, and no connection is
 * shared between messages that are not of the same identity or do not ask for the same protection. */
#include "../session/tls_rig.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <stdio.h>
#include <string.h>

TestSuite(pool_tls, .timeout = 60);

#define MESSAGES_MAX 256
#define VERSION_12   0x0303
#define VERSION_13   0x0304

static const char *backend;
static int version;

static struct envoi_pool *pool;

static struct letter {
    struct envoi_message *message;
    int called, result;
    char error[256];
} letters[MESSAGES_MAX];
static size_t count;

/* One test for each backend and version. */
#define MATRIX(name)                                                                                                   \
    static void name(void);                                                                                            \
    Test(pool_tls, name##_openssl_1_2)                                                                                 \
    {                                                                                                                  \
        run(name, "openssl", VERSION_12);                                                                              \
    }                                                                                                                  \
    Test(pool_tls, name##_openssl_1_3)                                                                                 \
    {                                                                                                                  \
        run(name, "openssl", VERSION_13);                                                                              \
    }                                                                                                                  \
    Test(pool_tls, name##_gnutls_1_2)                                                                                  \
    {                                                                                                                  \
        run(name, "gnutls", VERSION_12);                                                                               \
    }                                                                                                                  \
    Test(pool_tls, name##_gnutls_1_3)                                                                                  \
    {                                                                                                                  \
        run(name, "gnutls", VERSION_13);                                                                               \
    }                                                                                                                  \
    static void name(void)

static void run(void (*test)(void), const char *id, int spoken)
{
    backend = id;
    version = spoken;
    test();
}

static void begin(const struct tls_server_config *more)
{
    struct tls_server_config config = *more;

    config.version = version;
    tls_rig_begin(&config, backend);
    cr_assert_eq(envoi_pool_new(library, &pool), ENVOI_OK);
    cr_assert_eq(envoi_pool_set_limit(pool, ENVOI_POOL_BACKOFF_MS, 1), ENVOI_OK);
}

/* Ends all connections, so that the server has seen all of them. */
static struct tls_server_report finish(void)
{
    struct tls_server_report r;

    cr_assert_eq(envoi_pool_drain(pool), ENVOI_OK);
    cr_assert_eq(envoi_pool_run(pool), ENVOI_OK);
    cr_assert_eq(envoi_pool_connections(pool), 0);
    envoi_pool_free(pool);
    for (size_t i = 0; i < count; i++)
        envoi_message_free(letters[i].message);
    r = tls_server_report(server);
    tls_rig_finish();
    cr_assert_str_empty(r.wrong, "%s", r.wrong);
    return r;
}

/* ---- routes ---- */

static size_t route_of(struct envoi_session *prototype)
{
    size_t route = 99;

    cr_assert_eq(envoi_pool_add_route(pool, prototype, tls_server_where(server), &route), ENVOI_OK);
    envoi_session_free(prototype);
    return route;
}

/* ---- messages ---- */

static void take_done(void *ctx, struct envoi_message *message, int result, const char *error)
{
    struct letter *l = ctx;

    cr_assert_eq(message, l->message);
    l->called++;
    l->result = result;
    snprintf(l->error, sizeof l->error, "%s", error);
}

static struct letter *submit(size_t route, const char *who)
{
    static const char content[] = "Subject: hello\r\n\r\nHello.\r\n";
    struct letter *l = &letters[count++];
    char sender[80];

    cr_assert_leq(count, MESSAGES_MAX);
    snprintf(sender, sizeof sender, "%s@example.org", who);
    cr_assert_eq(envoi_message_new(sender, &l->message), ENVOI_OK);
    cr_assert_eq(envoi_message_add_recipient(l->message, "you@example.net"), ENVOI_OK);
    cr_assert_eq(envoi_message_set_data(l->message, content, sizeof content - 1), ENVOI_OK);
    cr_assert_eq(envoi_pool_submit(pool, route, l->message, take_done, l), ENVOI_OK);
    return l;
}

static void run_pool(void)
{
    cr_assert_eq(envoi_pool_run(pool), ENVOI_OK);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(letters[i].called, 1, "letter %zu", i);
}

static void expect_all_sent(void)
{
    run_pool();
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(letters[i].result, ENVOI_OK, "letter %zu: %s", i, letters[i].error);
}

/* ---- resumption ---- */

static void one_connection_for_each(int starttls)
{
    struct tls_server_report r;
    size_t route;

    begin(&(struct tls_server_config){.starttls = starttls});
    envoi_pool_set_limit(pool, ENVOI_POOL_CONNECTIONS, 1);
    envoi_pool_set_limit(pool, ENVOI_POOL_MESSAGES, 1);
    route = route_of(tls_rig_session(starttls ? ENVOI_TLS_REQUIRED : ENVOI_TLS_IMPLICIT));
    for (int i = 0; i < 5; i++)
        submit(route, "me");
    expect_all_sent();
    r = finish();
    cr_assert_eq(r.messages, 5);
    cr_assert_eq(r.handshakes, 5);
    cr_assert_eq(r.resumed, 4, "the first handshake was whole, and %d were resumed", r.resumed);
}

MATRIX(each_connection_resumes_the_one_before)
{
    one_connection_for_each(0);
}

MATRIX(each_connection_resumes_the_one_before_by_starttls)
{
    one_connection_for_each(1);
}

static void many(int starttls)
{
    struct tls_server_report r;
    size_t route;

    begin(&(struct tls_server_config){.starttls = starttls});
    route = route_of(tls_rig_session(starttls ? ENVOI_TLS_REQUIRED : ENVOI_TLS_IMPLICIT));
    for (int i = 0; i < 200; i++)
        submit(route, "me");
    expect_all_sent();
    r = finish();
    cr_assert_eq(r.messages, 200);
    cr_assert_leq(r.connections, 4);
    cr_assert_eq(r.handshakes, r.connections);
}

MATRIX(many_over_a_few)
{
    many(0);
}

MATRIX(many_over_a_few_by_starttls)
{
    many(1);
}

/* ---- nothing is shared ---- */

static size_t user_route(const char *user)
{
    struct envoi_session *s = tls_rig_session(ENVOI_TLS_REQUIRED);

    cr_assert_eq(envoi_session_set_password(s, user, "pw"), ENVOI_OK);
    return route_of(s);
}

static size_t named_route(const char *name)
{
    struct envoi_session *s = tls_rig_session(ENVOI_TLS_REQUIRED);

    cr_assert_eq(envoi_session_set_tls_name(s, name), ENVOI_OK);
    return route_of(s);
}

static size_t certificate_route(void)
{
    struct envoi_session *s = tls_rig_session(ENVOI_TLS_REQUIRED);

    cr_assert_eq(envoi_session_set_client_certificate(s, PKI("client.chain.pem"), PKI("client.key")), ENVOI_OK);
    return route_of(s);
}

/* All of them to one server at one time: two users, somebody with a certificate, two names, and no TLS at all. */
/* faults: 10 */
MATRIX(identities_and_policies_have_connections_of_their_own)
{
    const char *who[] = {"ann", "bob", "alice", "mail.example.test", "alias.example.test", "cleartext"};
    enum { ROUTES = sizeof who / sizeof who[0] };
    struct tls_server_report r;
    size_t routes[ROUTES];

    begin(&(struct tls_server_config){.starttls = 1, .auth = 1, .identity = 1, .client_ca = PKI("ca.pem")});
    routes[0] = user_route("ann");
    routes[1] = user_route("bob");
    routes[2] = certificate_route();
    routes[3] = named_route("mail.example.test");
    routes[4] = named_route("alias.example.test");
    routes[5] = route_of(tls_rig_session(ENVOI_TLS_OFF));
    for (int i = 0; i < 20; i++)
        for (size_t k = 0; k < ROUTES; k++)
            submit(routes[k], who[k]);
    expect_all_sent();
    for (size_t k = 0; k < ROUTES; k++) /* and once more, over what is idle now */
        submit(routes[k], who[(size_t)k]);
    expect_all_sent();
    r = finish();
    cr_assert_eq(r.messages, 21 * ROUTES);
    cr_assert_geq(r.connections, (int)ROUTES);
    cr_assert_geq(r.handshakes, (int)ROUTES - 1);
}

/* Two prototypes that differ in the password alone; the first one's connection is idle when the second one is asked. */
/* faults: 10 */
MATRIX(a_wrong_password_gets_no_idle_connection)
{
    struct envoi_session *s;
    struct letter *l;
    size_t right, wrong;

    begin(&(struct tls_server_config){.starttls = 0, .auth = 1});
    s = tls_rig_session(ENVOI_TLS_IMPLICIT);
    cr_assert_eq(envoi_session_set_password(s, "ann", "pw"), ENVOI_OK);
    right = route_of(s);
    s = tls_rig_session(ENVOI_TLS_IMPLICIT);
    cr_assert_eq(envoi_session_set_password(s, "ann", "no"), ENVOI_OK);
    wrong = route_of(s);
    submit(right, "ann");
    expect_all_sent();
    cr_assert_eq(envoi_pool_connections(pool), 1);
    l = submit(wrong, "ann");
    run_pool();
    cr_assert_eq(l->result, ENVOI_E_AUTH, "%s", l->error);
    cr_assert_eq(finish().messages, 1);
}

static void set_wrong_pin(struct envoi_session *s)
{
    char pin[65] = {0};

    memset(pin, 'a', 64);
    cr_assert_eq(envoi_session_add_pin(s, pin), ENVOI_OK);
}

static void set_wrong_name(struct envoi_session *s)
{
    cr_assert_eq(envoi_session_set_tls_name(s, "other.example.test"), ENVOI_OK);
}

static void fails_beside(int tls, void (*change)(struct envoi_session *))
{
    struct envoi_session *lax = tls_rig_session(tls), *strict = tls_rig_session(ENVOI_TLS_REQUIRED);
    struct letter *good, *bad;
    size_t route;

    if (tls != ENVOI_TLS_OFF)
        cr_assert_eq(envoi_session_set_tls_verify(lax, 0), ENVOI_OK);
    change(strict);
    route = route_of(lax);
    good = submit(route, "me");
    run_pool();
    cr_assert_eq(good->result, ENVOI_OK, "%s", good->error);
    cr_assert_geq(envoi_pool_connections(pool), 1, "it is idle, and to the same server");
    bad = submit(route_of(strict), "me");
    run_pool();
    cr_assert_eq(bad->result, ENVOI_E_CERTIFICATE, "%s: %s", envoi_error_name(bad->result), bad->error);
}

/* What one route does not check is no reason for another one not to check it: nor are its connection and its ticket. */
/* faults: 10 */
MATRIX(a_weaker_wish_lends_nothing_to_a_stronger_one)
{
    begin(&(struct tls_server_config){.starttls = 1});
    envoi_pool_set_limit(pool, ENVOI_POOL_TRIES, 1);
    fails_beside(ENVOI_TLS_REQUIRED, set_wrong_pin);
    fails_beside(ENVOI_TLS_REQUIRED, set_wrong_name);
    fails_beside(ENVOI_TLS_OFF, set_wrong_pin);
    fails_beside(ENVOI_TLS_OPPORTUNISTIC, set_wrong_name);
    cr_assert_eq(finish().messages, 4);
}
