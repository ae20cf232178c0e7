/* SPDX-License-Identifier: MIT */
/* From values to the server's name, and to the setters of a session. */
#include "accounts/apply.h"
#include "accounts/fault.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <stdio.h>
#include <string.h>

Test(server, host_and_port, .timeout = 10)
{
    static const struct {
        const char *host, *port;
        int lmtp;
        const char *tls;
        const char *server; /* NULL: refused */
    } cases[] = {
        {"mail.example.org", NULL, 0, NULL, "mail.example.org:587"},
        {"mail.example.org", NULL, 0, "implicit", "mail.example.org:465"},
        {"mail.example.org", NULL, 1, "off", "mail.example.org:24"},
        {"mail.example.org", "25", 0, NULL, "mail.example.org:25"},
        {"mail.example.org:26", NULL, 0, NULL, "mail.example.org:26"},
        {"mail.example.org:26", "25", 0, NULL, NULL},
        {"::1", NULL, 0, NULL, "[::1]:587"},
        {"::1", "25", 0, NULL, "[::1]:25"},
        {"[::1]", "25", 0, NULL, "[::1]:25"},
        {"[::1]:26", NULL, 0, NULL, "[::1]:26"},
        {"[::1]:26", "25", 0, NULL, NULL},
        {"/run/lmtp", NULL, 1, NULL, "/run/lmtp"},
        {"/run/lmtp", "24", 1, NULL, NULL},
        {"", NULL, 0, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct values values = {0};
        if (cases[i].port)
            values_add(&values, KEY_PORT, cases[i].port, VALUES_COMMAND_LINE);
        if (cases[i].lmtp)
            values_add(&values, KEY_LMTP, "yes", VALUES_COMMAND_LINE);
        if (cases[i].tls)
            values_add(&values, KEY_TLS, cases[i].tls, VALUES_COMMAND_LINE);
        struct fault fault = {0};
        char server[APPLY_SERVER_MAX] = "";
        int rc = apply_server(&values, cases[i].host, server, &fault);
        cr_assert_eq(rc, cases[i].server ? 0 : 64, "%s", cases[i].host);
        cr_assert_eq(fault.exit, rc);
        if (cases[i].server)
            cr_assert_str_eq(server, cases[i].server);
        values_free(&values);
    }
}

/* No time of that length has more than the number, its ends counted: burst + period * count / period. */
Test(pool, rates, .timeout = 10)
{
    static const struct {
        const char *value;
        struct rate rate; /* count 0: refused */
    } cases[] = {
        {"30/1m", {29, 60000, 1}},
        {"2/1s", {1, 1000, 1}},
        {"1/1s", {1, 1001, 1}},
        {"1/1d", {1, 86400001, 1}},
        {"2000/1d burst 100", {1900, 86400000, 100}},
        {"1000000/24h burst 999999", {1, 86400000, 999999}},
        {"30", {0}},
        {"30/", {0}},
        {"/1m", {0}},
        {"0/1m", {0}},
        {"1000001/1m", {0}},
        {"-1/1m", {0}},
        {"30/1m ", {0}},
        {"30/60", {0}},
        {"30/2d", {0}},
        {"30/1m burst", {0}},
        {"30/1m burst 0", {0}},
        {"30/1m burst 30", {0}},
        {"30/1m burst 5 burst 5", {0}},
        {"1/1m burst 1", {1, 60001, 1}},
        {"1/1m burst 2", {0}},
        {"30 / 1m", {0}},
        {"1000000/1m burst 000000000000000000000000000000000001", {0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct rate *right = &cases[i].rate;
        struct rate rate = {0};
        cr_assert_eq(vocabulary_fault(KEY_MESSAGE_RATE, cases[i].value) == NULL, right->count > 0, "%s",
                     cases[i].value);
        if (!right->count)
            continue;
        vocabulary_rate(cases[i].value, &rate);
        cr_assert(rate.count == right->count && rate.period_ms == right->period_ms && rate.burst == right->burst,
                  "%s: %lld, %lld, %lld", cases[i].value, (long long)rate.count, (long long)rate.period_ms,
                  (long long)rate.burst);
    }
}

Test(pool, route, .timeout = 10)
{
    struct envoi_library *library;
    struct envoi_session *session;
    struct envoi_pool *pool;
    struct values values = {0};
    struct fault fault = {0};
    size_t route;

    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    cr_assert_eq(envoi_session_new(library, &session), ENVOI_OK);
    cr_assert_eq(envoi_pool_new(library, &pool), ENVOI_OK);
    cr_assert_eq(envoi_pool_add_route(pool, session, "localhost:25", &route), ENVOI_OK);
    cr_expect_eq(apply_route(&values, pool, route, &fault), 0);
    cr_expect_eq(envoi_pool_limit(pool, ENVOI_POOL_CONNECTIONS), 4);
    values_add(&values, KEY_CONNECTIONS, "2", "f:1");
    values_add(&values, KEY_MESSAGE_RATE, "1000000/1d burst 999999", "f:2");
    values_add(&values, KEY_RECIPIENT_RATE, "1/1d", "f:3");
    values_add(&values, KEY_CONNECTION_RATE, "2/1s", "f:4");
    cr_expect_eq(apply_route(&values, pool, route, &fault), 0, "%s", fault.text);
    cr_expect_eq(envoi_pool_limit(pool, ENVOI_POOL_CONNECTIONS), 2);
    cr_expect_eq(apply_route(&values, pool, route + 1, &fault), 78);
    cr_expect_str_eq(fault.text,
                     "f:2: message-rate '1000000/1d burst 999999': a wrong argument, or a call out of order", "%s",
                     fault.text);
    values_free(&values);
    envoi_pool_free(pool);
    envoi_session_free(session);
    envoi_library_free(library);
}

Test(server, same_host, .timeout = 10)
{
    static const char *const same[][2] = {
        {"a.example", "A.example:25"}, {"[::1]:25", "::1"}, {"/run/x", "/run/x"}, {"192.0.2.1:1", "192.0.2.1:2"}};
    static const char *const others[][2] = {
        {"a.example", "a.example.org"}, {"::1", "::1:25"}, {"/run/x", "/run/x:1"}, {"a:25", "b:25"}, {"", "a"}};

    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        cr_expect(apply_is_same_host(same[i][0], same[i][1]), "%s", same[i][0]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_not(apply_is_same_host(others[i][0], others[i][1]), "%s", others[i][0]);
}

Test(server, too_long, .timeout = 10)
{
    struct values values = {0};
    struct fault fault = {0};
    char host[2 * APPLY_SERVER_MAX], server[APPLY_SERVER_MAX];
    memset(host, 'a', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    cr_assert_eq(apply_server(&values, host, server, &fault), 64);
}

/* What a failed setter says: the place of the value, and what it takes. */
Test(apply, wrong_values, .timeout = 10)
{
    static const struct {
        enum key key;
        const char *text, *place;
        int exit;
        const char *fault;
    } cases[] = {
        {KEY_PIN, "123", VALUES_COMMAND_LINE, 64, "--pin '123': it takes 64 hexadecimal digits"},
        {KEY_PIN, "123", "f:7", 78, "f:7: pin '123': it takes 64 hexadecimal digits"},
        {KEY_TRUST, "all", "f:7", 78, "f:7: trust 'all': it takes the word pin, and --pin beside it"},
        {KEY_HELO, "x y", "f:7", 78, "f:7: helo 'x y': it takes a host name or an address in brackets"},
        {KEY_WITHOUT, "CHUNKING;PIPELINING", "f:7", 78,
         "f:7: without 'CHUNKING;PIPELINING': it takes keywords of EHLO with commas between them, such as "
         "CHUNKING,PIPELINING"},
        {KEY_WITHOUT, "chunking,PIPELINING, 8bitmime", "f:7", 0, ""},
        {KEY_TLS_NAME, "mail.example.org", "f:7", 0, ""},
        {KEY_TIMEOUT, "7", "f:7", 0, ""},
        {KEY_TLS, "off", "f:7", 0, ""},
        {KEY_LMTP, "no", "f:7", 0, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct envoi_library *library;
        struct envoi_session *session;
        struct values values = {0};
        struct fault fault = {0};
        cr_assert_eq(envoi_library_new(&library), 0);
        cr_assert_eq(envoi_session_new(library, &session), 0);
        values_add(&values, cases[i].key, cases[i].text, cases[i].place);
        cr_expect_eq(apply_session(&values, session, 1, &fault), cases[i].exit, "%zu", i);
        cr_expect_str_eq(fault.text, cases[i].fault, "%s", fault.text);
        values_free(&values);
        envoi_session_free(session);
        envoi_library_free(library);
    }
}

/* Values that need or exclude one another. */
Test(apply, check, .timeout = 10)
{
    static const struct {
        enum key first, second;
        const char *place;
        int exit;
        const char *fault;
    } cases[] = {
        {KEY_KEY, KEY_COUNT, "f:7", 78, "f:7: key needs cert"},
        {KEY_KEY, KEY_CERT, "f:7", 0, ""},
        {KEY_PASSPHRASE_FILE, KEY_COUNT, VALUES_COMMAND_LINE, 64, "--passphrase-file needs --cert"},
        {KEY_TOKEN_FILE, KEY_COUNT, "f:7", 78, "f:7: token-file needs user"},
        {KEY_TOKEN_FILE, KEY_USER, "f:7", 0, ""},
        {KEY_TOKEN_FILE, KEY_PASSWORD_COMMAND, VALUES_COMMAND_LINE, 64,
         "--token-file and --password-command exclude one another"},
        {KEY_USER, KEY_MECHANISM, "f:7", 0, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct values values = {0};
        struct fault fault = {0};
        values_add(&values, cases[i].first, "x", cases[i].place);
        if (cases[i].second != KEY_COUNT)
            values_add(&values, cases[i].second, "x", cases[i].place);
        cr_expect_eq(apply_check(&values, &fault), cases[i].exit, "%zu", i);
        cr_expect_str_eq(fault.text, cases[i].fault, "%s", fault.text);
        values_free(&values);
    }
    struct values values = {0};
    struct fault fault = {0};
    values_add(&values, KEY_MECHANISM, "!PLAIN *", "f:7");
    cr_expect_eq(apply_check(&values, &fault), 78);
    cr_expect_str_eq(fault.text, "f:7: mechanism must name a mechanism, because there is no user");
    values_set(&values, KEY_MECHANISM, "!PLAIN GSSAPI", "f:7");
    cr_expect_eq(apply_check(&values, &fault), 0);
    values_free(&values);
}
