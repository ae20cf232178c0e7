/* SPDX-License-Identifier: MIT */
/* TLS sessions are resumed between connections that trust the same, and between no others. The server would always do
 * it: what it says of its last handshake tells whether a ticket was offered. */
#include "../../support/blocks.h"
#include "../../support/pollset.h"
#include "base/clock.h"
#include "session/session.h"
#include "tls_rig.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(resumption, .timeout = 60);

static const char *backend;
static int version;

/* One test for each backend and version. */
#define MATRIX(name)                                                                                                   \
    static void name(void);                                                                                            \
    Test(resumption, name##_openssl_1_2)                                                                               \
    {                                                                                                                  \
        run(name, "openssl", 0x0303);                                                                                  \
    }                                                                                                                  \
    Test(resumption, name##_openssl_1_3)                                                                               \
    {                                                                                                                  \
        run(name, "openssl", 0x0304);                                                                                  \
    }                                                                                                                  \
    Test(resumption, name##_gnutls_1_2)                                                                                \
    {                                                                                                                  \
        run(name, "gnutls", 0x0303);                                                                                   \
    }                                                                                                                  \
    Test(resumption, name##_gnutls_1_3)                                                                                \
    {                                                                                                                  \
        run(name, "gnutls", 0x0304);                                                                                   \
    }                                                                                                                  \
    static void name(void)

static void begin(const struct tls_server_config *more)
{
    struct tls_server_config config = *more;

    config.version = version;
    tls_rig_begin(&config, backend);
}

static void run(void (*test)(void), const char *id, int spoken)
{
    backend = id;
    version = spoken;
    test();
}

static void connect_to(struct envoi_session *s, struct tls_server *to)
{
    cr_assert_eq(envoi_session_connect(s, tls_server_where(to)), ENVOI_OK, "%s", envoi_session_error(s));
    cr_assert_str_eq(envoi_session_tls_backend(s), backend);
    cr_assert_eq(envoi_session_tls_resumed(s), tls_server_resumed(to), "the two ends do not agree");
    cr_assert_eq(envoi_session_ehlo(s, NULL), ENVOI_OK, "%s", envoi_session_error(s));
}

/* A whole connection with what one function sets. 1: resumed. */
static int visit_with(struct tls_server *to, void (*change)(struct envoi_session *))
{
    struct envoi_session *s = tls_rig_session(ENVOI_TLS_IMPLICIT);
    int resumed;

    if (change)
        change(s);
    connect_to(s, to);
    resumed = envoi_session_tls_resumed(s);
    cr_expect_eq(envoi_session_quit(s), ENVOI_OK);
    cr_expect_eq(envoi_session_tls_resumed(s), 0, "there is no connection any more");
    envoi_session_free(s);
    return resumed;
}

static int visit(void)
{
    return visit_with(server, NULL);
}

/* ---- that it is done ---- */

MATRIX(the_next_connection)
{
    struct envoi_session *s;

    begin(&(struct tls_server_config){.starttls = 0});
    cr_expect_eq(visit(), 0);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(visit(), 1, "connection %d", i + 2);
    s = tls_rig_session(ENVOI_TLS_IMPLICIT);
    connect_to(s, server);
    cr_expect_eq(envoi_session_tls_resumed(s), 1);
    cr_expect_eq(envoi_session_tls_verified(s), 1);
    cr_expect_str_eq(envoi_session_certificate_subject(s, 0), "CN=mail.example.test,O=envoi tests");
    envoi_session_free(s);
    tls_rig_finish();
}

MATRIX(by_starttls)
{
    struct envoi_session *s;

    begin(&(struct tls_server_config){.starttls = 1});
    for (int i = 0; i < 3; i++) {
        s = tls_rig_session(ENVOI_TLS_IMPLICIT);
        cr_assert_eq(envoi_session_set_tls(s, ENVOI_TLS_REQUIRED), ENVOI_OK);
        cr_assert_eq(envoi_session_connect(s, tls_server_where(server)), ENVOI_OK);
        cr_assert_eq(envoi_session_starttls(s), ENVOI_OK, "%s", envoi_session_error(s));
        cr_assert_eq(envoi_session_ehlo(s, NULL), ENVOI_OK, "%s", envoi_session_error(s));
        cr_expect_eq(envoi_session_tls_resumed(s), i > 0);
        cr_expect_eq(tls_server_resumed(server), i > 0);
        if (i == 1) /* cut off, and yet the third has something to resume */
            envoi_session_close(s);
        else
            cr_expect_eq(envoi_session_quit(s), ENVOI_OK);
        envoi_session_free(s);
    }
    tls_rig_finish();
}

/* The same session object connects again, as a pool does; and two at once have a ticket each. */
MATRIX(side_by_side)
{
    struct envoi_session *a, *b;

    begin(&(struct tls_server_config){.starttls = 0});
    a = tls_rig_session(ENVOI_TLS_IMPLICIT);
    b = tls_rig_session(ENVOI_TLS_IMPLICIT);
    for (int i = 0; i < 3; i++) {
        connect_to(a, server);
        connect_to(b, server);
        cr_expect_eq(envoi_session_tls_resumed(a), i > 0);
        if (i != 0) /* the first time what `a` was given may already serve */
            cr_expect_eq(envoi_session_tls_resumed(b), 1);
        envoi_session_close(a);
        envoi_session_close(b);
    }
    envoi_session_free(a);
    envoi_session_free(b);
    tls_rig_finish();
}

static int process_once(struct envoi_session *s, struct pollset *p)
{
    unsigned events;
    int fd = pollset_wait(p, -1, 10000, &events);

    cr_assert_geq(fd, 0);
    return envoi_session_process(s, fd, events);
}

/* Until it has what it wants to resume. */
static void hold_back(struct envoi_session *s, struct pollset *p)
{
    int rc;

    cr_assert_eq(envoi_session_set_watch(s, pollset_watch, p), ENVOI_OK);
    rc = envoi_session_connect(s, tls_server_where(server));
    while (rc == ENVOI_E_AGAIN && !s->ticket_key.len)
        rc = process_once(s, p);
    cr_assert_eq(rc, ENVOI_E_AGAIN, "%s", envoi_session_error(s));
}

/* Until it is greeted. 1: resumed. */
static int greet(struct envoi_session *s, struct pollset *p)
{
    int rc = ENVOI_E_AGAIN;

    while (rc == ENVOI_E_AGAIN)
        rc = process_once(s, p);
    cr_assert_eq(rc, ENVOI_OK, "%s", envoi_session_error(s));
    return envoi_session_tls_resumed(s);
}

/* Those that are made at once: a session of TLS 1.2 serves them all, a ticket of TLS 1.3 serves one. */
MATRIX(at_the_same_time)
{
    enum { COUNT = 4 };
    struct envoi_session *s[COUNT];
    struct pollset watched[COUNT] = {{.count = 0}};
    int resumed = 0;

    begin(&(struct tls_server_config){.starttls = 0});
    cr_expect_eq(visit(), 0);
    for (int i = 0; i < COUNT; i++)
        s[i] = tls_rig_session(ENVOI_TLS_IMPLICIT);
    for (int i = 0; i < COUNT; i++)
        hold_back(s[i], &watched[i]);
    for (int i = 0; i < COUNT; i++)
        resumed += greet(s[i], &watched[i]);
    cr_expect_eq(resumed, version == 0x0303 ? COUNT : 1);
    for (int i = 0; i < COUNT; i++)
        envoi_session_free(s[i]);
    cr_expect_eq(visit(), 1);
    tls_rig_finish();
}

/* A server may have no new ticket for who resumes a session. One of TLS 1.3 is not used twice all the same. */
MATRIX(a_server_with_few_tickets)
{
    begin(&(struct tls_server_config){.sparing = 1});
    cr_expect_eq(visit(), 0);
    for (int i = 0; i < 4; i++)
        cr_expect_eq(visit(), version == 0x0303 || i % 2 == 0, "connection %d", i + 2);
    tls_rig_finish();
}

/* Empties the drawer of a session that is connected. */
static int count_tickets(struct envoi_session *s)
{
    struct ticket_loan loan;
    struct buf ticket;
    int n = 0;

    buf_init(&ticket, 0, true);
    for (; tickets_take(&library->tickets, &s->ticket_key, clock_now(), &ticket, &loan); n++)
        tickets_drop(&library->tickets, loan.number);
    buf_free(&ticket);
    return n;
}

/* What is lent is lent as long as it serves. */
MATRIX(a_server_that_has_forgotten)
{
    struct envoi_session *s;

    begin(&(struct tls_server_config){.starttls = 0});
    cr_expect_eq(visit(), 0);
    cr_expect_eq(visit(), 1);
    tls_server_forget(server);
    cr_expect_eq(visit(), 0);
    s = tls_rig_session(ENVOI_TLS_IMPLICIT);
    connect_to(s, server);
    cr_expect_eq(envoi_session_tls_resumed(s), 1);
    cr_expect_eq(count_tickets(s), 1, "what the server did not take is still there");
    envoi_session_free(s);
    tls_rig_finish();
}

/* Nobody knows why it failed: a session that was lent to it is not lent again. */
MATRIX(a_handshake_that_fails)
{
    struct envoi_session *s;

    begin(&(struct tls_server_config){.starttls = 0});
    cr_expect_eq(visit(), 0);
    tls_server_refuse(server, 1);
    s = tls_rig_session(ENVOI_TLS_IMPLICIT);
    cr_expect_lt(envoi_session_connect(s, tls_server_where(server)), 0);
    envoi_session_free(s);
    tls_server_refuse(server, 0);
    cr_expect_eq(visit(), 0);
    cr_expect_eq(visit(), 1);
    tls_rig_finish();
}

MATRIX(switched_off)
{
    begin(&(struct tls_server_config){.starttls = 0});
    cr_expect_eq(visit(), 0);
    cr_assert_eq(envoi_library_set_tls_resumption(library, 0), ENVOI_OK);
    cr_expect_eq(visit(), 0);
    cr_assert_eq(envoi_library_set_tls_resumption(library, 1), ENVOI_OK);
    cr_expect_eq(visit(), 0, "what was kept before is still there");
    cr_expect_eq(visit(), 1);
    cr_expect_eq(envoi_library_set_tls_resumption(NULL, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_tls_resumed(NULL), 0);
    tls_rig_finish();
}

/* ---- and where it is not ---- */

/* The two share what tickets are sealed with: a ticket of the one opens the other, if it is offered. */
MATRIX(a_ticket_of_host_a_cannot_open_host_b)
{
    struct tls_server *other;

    begin(&(struct tls_server_config){.starttls = 0});
    other = tls_server_start_twin(server);
    cr_expect_eq(visit_with(server, NULL), 0);
    cr_expect_eq(visit_with(other, NULL), 0);
    cr_expect_eq(tls_server_resumed(other), 0);
    cr_expect_eq(visit_with(server, NULL), 1, "and it was there");
    cr_expect_eq(visit_with(other, NULL), 1);
    tls_server_stop(other);
    tls_rig_finish();
}

/* The same address, but it is to be somebody else. */
MATRIX(another_name_to_verify)
{
    struct envoi_session *s;

    begin(&(struct tls_server_config){.starttls = 0});
    cr_expect_eq(visit(), 0);
    s = tls_rig_session(ENVOI_TLS_IMPLICIT);
    cr_assert_eq(envoi_session_set_tls_name(s, "other.example.test"), ENVOI_OK);
    cr_expect_eq(envoi_session_connect(s, tls_server_where(server)), ENVOI_E_CERTIFICATE);
    envoi_session_free(s);
    cr_expect_eq(visit(), 1);
    tls_rig_finish();
}

static void right_pin(struct envoi_session *s)
{
    cr_assert_eq(envoi_session_add_pin(s, tls_rig_pin(PKI("good.pin"))), ENVOI_OK);
}

static void alias(struct envoi_session *s)
{
    cr_assert_eq(envoi_session_set_tls_name(s, "alias.example.test"), ENVOI_OK);
}

static void no_name(struct envoi_session *s)
{
    cr_assert_eq(envoi_session_set_tls_name(s, NULL), ENVOI_OK);
}

static void no_verification(struct envoi_session *s)
{
    cr_assert_eq(envoi_session_set_tls_verify(s, 0), ENVOI_OK);
}

static void client_certificate(struct envoi_session *s)
{
    cr_assert_eq(envoi_session_set_client_certificate(s, PKI("client.chain.pem"), PKI("client.key")), ENVOI_OK);
}

static void client_key(struct envoi_session *s)
{
    cr_assert_eq(envoi_session_set_client_certificate(s, PKI("client.chain.pem"), PKI("client-encrypted.key")),
                 ENVOI_OK);
    cr_assert_eq(envoi_session_set_passphrase(s, "key pass"), ENVOI_OK);
}

static void other_backend(struct envoi_session *s)
{
    backend = strcmp(backend, "gnutls") == 0 ? "openssl" : "gnutls";
    cr_assert_eq(envoi_session_set_tls_backend(s, backend), ENVOI_OK);
}

static void ca_file(struct envoi_session *s)
{
    cr_assert_eq(envoi_session_set_ca_file(s, PKI("ca.pem")), ENVOI_OK);
}

static void ca_and_system(struct envoi_session *s)
{
    ca_file(s);
    cr_assert_eq(envoi_session_set_system_trust(s, 1), ENVOI_OK);
}

static void sni(struct envoi_session *s)
{
    cr_assert_eq(envoi_session_set_tls_sni(s, "front.example.test"), ENVOI_OK);
}

static void ignored_name(struct envoi_session *s)
{
    cr_assert_eq(envoi_session_dangerously_ignore_tls_name(s, 1), ENVOI_OK);
}

static void trusted_pin(struct envoi_session *s)
{
    right_pin(s);
    cr_assert_eq(envoi_session_set_pin_trust(s, 1), ENVOI_OK);
}

static void ca_pem(struct envoi_session *s)
{
    cr_assert_eq(envoi_session_set_ca_pem(s, pem, tls_rig_read(PKI("ca.pem"))), ENVOI_OK);
}

static void both_cas(struct envoi_session *s)
{
    ca_file(s);
    ca_pem(s);
}

static void client_pem(struct envoi_session *s)
{
    cr_assert_eq(envoi_session_set_client_certificate_pem(s, pem, tls_rig_read(PKI("client-both.pem")), NULL, 0),
                 ENVOI_OK);
}

/* Each has tickets of its own, and leaves those of the others alone. */
static void expect_tickets_of_their_own(void (*const *changes)(struct envoi_session *), size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(visit_with(server, changes[i]), 0, "wish %zu got what another one left", i);
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(visit_with(server, changes[i]), 1, "wish %zu", i);
}

/* What a session wants besides. */
MATRIX(another_wish_of_the_session)
{
    static void (*const changes[])(struct envoi_session *) = {
        NULL,       right_pin, alias,         no_name,      no_verification, client_certificate,
        client_key, sni,       ca_and_system, ignored_name, trusted_pin};

    begin(&(struct tls_server_config){.client_ca = PKI("ca.pem")});
    expect_tickets_of_their_own(changes, sizeof changes / sizeof changes[0]);
    cr_expect_eq(visit_with(server, other_backend), 0);
    tls_rig_finish();
}

/* The same from memory. */
MATRIX(another_certificate_from_memory)
{
    static void (*const changes[])(struct envoi_session *) = {ca_file, ca_pem, both_cas, client_pem};

    begin(&(struct tls_server_config){.client_ca = PKI("ca.pem")});
    expect_tickets_of_their_own(changes, sizeof changes / sizeof changes[0]);
    tls_rig_finish();
}

/* A ticket belongs to what its connection was made with, not to what was set while that lasted. */
MATRIX(a_wish_that_comes_too_late)
{
    struct envoi_session *s;
    char wrong[65] = {0};

    memset(wrong, 'a', 64);
    begin(&(struct tls_server_config){.starttls = 0});
    s = tls_rig_session(ENVOI_TLS_IMPLICIT);
    connect_to(s, server);
    cr_assert_eq(envoi_session_add_pin(s, wrong), ENVOI_OK);
    cr_assert_eq(envoi_session_quit(s), ENVOI_OK);
    cr_expect_eq(envoi_session_connect(s, tls_server_where(server)), ENVOI_E_CERTIFICATE);
    envoi_session_free(s);
    cr_expect_eq(visit(), 1);
    tls_rig_finish();
}

static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    char block[8192];
    size_t n;

    cr_assert(in && out);
    while ((n = fread(block, 1, sizeof block, in)) > 0)
        cr_assert_eq(fwrite(block, 1, n, out), n);
    fclose(in);
    cr_assert_eq(fclose(out), 0);
}

/* What the library object trusts. The setters are for the time before the first session, which is not checked. */
MATRIX(another_trust)
{
    char dir[] = "/tmp/envoi-test-XXXXXX", ca[64];
    FILE *file;

    cr_assert_not_null(mkdtemp(dir));
    snprintf(ca, sizeof ca, "%s/ca.pem", dir);
    copy_file(PKI("ca.pem"), ca);
    begin(&(struct tls_server_config){.starttls = 0});
    cr_expect_eq(visit(), 0);
    cr_assert_eq(envoi_library_set_ca_file(library, ca), ENVOI_OK);
    cr_expect_eq(visit(), 0, "another file");
    cr_expect_eq(visit(), 1);
    cr_assert_not_null(file = fopen(ca, "ab"));
    fputc('\n', file);
    fclose(file);
    cr_expect_eq(visit(), 0, "the file has changed");
    cr_assert_eq(envoi_library_set_system_trust(library, 1), ENVOI_OK);
    cr_expect_eq(visit(), 0, "the system's are trusted as well");
    cr_assert_eq(envoi_library_set_system_trust(library, 0), ENVOI_OK);
    cr_expect_eq(visit(), 1);
    if (version == 0x0304) {
        cr_assert_eq(envoi_library_set_min_tls(library, 0x0304), ENVOI_OK);
        cr_expect_eq(visit(), 0, "not less than TLS 1.3");
        cr_assert_eq(envoi_library_set_min_tls(library, 0x0303), ENVOI_OK);
    }
    cr_assert_eq(envoi_library_set_ciphers(library, strcmp(backend, "gnutls") == 0 ? "SECURE128" : "HIGH"), ENVOI_OK);
    cr_expect_eq(visit(), 0, "other ciphers");
    cr_expect_eq(visit(), 1);
    cr_assert_eq(envoi_library_set_crl_file(library, PKI("crl-inter.pem")), ENVOI_OK);
    cr_expect_eq(visit(), 0, "a revocation list");
    cr_expect_eq(visit(), 0, "with revocation lists every handshake is whole");
    tls_rig_finish();
    unlink(ca);
    rmdir(dir);
}

/* ---- secrets ---- */

MATRIX(nothing_is_left_behind)
{
    struct envoi_session *s;
    struct buf ticket;
    struct ticket_loan loan;

    blocks_install();
    begin(&(struct tls_server_config){.starttls = 0});
    s = tls_rig_session(ENVOI_TLS_IMPLICIT);
    connect_to(s, server);
    buf_init(&ticket, 0, true);
    cr_assert(tickets_take(&library->tickets, &s->ticket_key, clock_now(), &ticket, &loan));
    cr_assert_gt(ticket.len, 128u);
    /* Behind the head of the plugin, and before the certificate, which is no secret. */
    blocks_add_secret(buf_head(&ticket) + 34, 64);
    tickets_keep(&library->tickets, &s->ticket_key, buf_head(&ticket), ticket.len, loan.born, version == 0x0303);
    buf_free(&ticket);
    cr_expect_eq(envoi_session_quit(s), ENVOI_OK);
    connect_to(s, server);
    cr_expect_eq(envoi_session_tls_resumed(s), 1);
    envoi_session_free(s);
    cr_expect_eq(visit(), 1);
    tls_rig_finish();
    cr_expect_null(blocks_leaked(), "a ticket was left behind in memory that was given back");
    blocks_forget_secrets();
}

/* Whatever allocation fails: a whole handshake instead, or none. */
MATRIX(without_memory)
{
    size_t before, n = 0;
    int rc;

    blocks_install();
    begin(&(struct tls_server_config){.starttls = 0});
    do {
        struct envoi_session *s;

        cr_assert_lt(n, 1000u);
        visit(); /* there is a ticket */
        before = blocks_alive();
        s = tls_rig_session(ENVOI_TLS_IMPLICIT);
        blocks_fail(++n, false);
        rc = envoi_session_connect(s, tls_server_where(server));
        if (rc == ENVOI_OK)
            rc = envoi_session_ehlo(s, NULL);
        if (blocks_asked() < n)
            n = 0; /* that was the last */
        blocks_fail(0, false);
        cr_expect(rc == ENVOI_OK || rc == ENVOI_E_MEMORY, "%zu: %s", n, envoi_session_error(s));
        envoi_session_free(s);
        cr_expect_leq(blocks_alive(), before + 4, "%zu: more is left than a ticket", n);
    } while (n);
    tls_rig_finish();
    cr_expect_eq(blocks_alive(), 0u);
}
