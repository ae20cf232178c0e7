/* SPDX-License-Identifier: MIT */
/* A plugin with one mistake, for each slot and each kind of mistake: the session ends with ENVOI_E_PLUGIN within its
 * deadlines, the text names the plugin and the slot, and nothing crashes, hangs or is reported as sent. */
#include "../peers/net.h"
#include "../support/fake_tls.h"
#include "../support/toy_mech.h"
#include "mutants.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(mutants, .timeout = 120);

/* ---- a server that takes everything ---- */

struct taker {
    int listener, fd;
    uint16_t port;
    pthread_t thread;
    unsigned heard;  /* lines inside TLS */
    bool tls, layer; /* layer: of SASL; what comes then cannot be read any more */
    unsigned rounds; /* challenges sent in this login */
    struct bytes raw, plain;
};

static void taker_say(struct taker *t, const char *text)
{
    struct bytes out = {0};

    if (t->tls)
        fake_tls_put(&out, FAKE_TLS_DATA, text, strlen(text));
    else
        bytes_add_text(&out, text);
    (void)send(t->fd, out.data, out.len, MSG_NOSIGNAL);
    bytes_free(&out);
}

/* The next step of the login: "r=x", "v=good", 235 for SCRAM-SHA-256; "r=x", 235 for GSSAPI, whose layer begins then. */
static void taker_log_in(struct taker *t, bool scram)
{
    static const char *const challenges[] = {"334 cj14\r\n", "334 dj1nb29k\r\n"};

    if (t->rounds < (scram ? 2u : 1u)) {
        taker_say(t, challenges[t->rounds++]);
        return;
    }
    taker_say(t, "235 2.7.0 ok\r\n");
    t->layer = !scram;
}

static void taker_take_line(struct taker *t, const char *line)
{
    static const struct {
        const char *begin, *reply;
    } rows[] = {
        {"EHLO", "250-mx.example\r\n250-STARTTLS\r\n250 AUTH SCRAM-SHA-256 GSSAPI\r\n"},
        {"STARTTLS", "220 go\r\n"},
        {"DATA", "354 go\r\n"},
        {"QUIT", "221 bye\r\n"},
        {"*", "501 5.7.0 cancelled\r\n"},
        {"MAIL", "250 ok\r\n"},
        {"RCPT", "250 ok\r\n"},
        {"RSET", "250 ok\r\n"},
        {".\r", "250 2.0.0 taken\r\n"},
    };
    static _Thread_local bool scram;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strncmp(line, rows[i].begin, strlen(rows[i].begin)) == 0) {
            taker_say(t, rows[i].reply);
            t->tls = t->tls || strncmp(line, "STARTTLS", 8) == 0;
            return;
        }
    if (strncmp(line, "AUTH ", 5) == 0) {
        scram = strstr(line, "SCRAM");
        t->rounds = 0;
        taker_log_in(t, scram);
    } else if (t->rounds && strchr(line, ':') == NULL) {
        taker_log_in(t, scram);
    }
}

static void taker_take_lines(struct taker *t)
{
    struct bytes *from = t->tls ? &t->plain : &t->raw;
    char *end;

    if (t->layer && from->len) {
        bytes_drop(from, from->len);
        taker_say(t, "never read");
        return;
    }
    while (from->len && (end = memchr(from->data, '\n', from->len))) {
        char line[1024];

        (void)snprintf(line, sizeof line, "%.*s", (int)(end - (char *)from->data + 1), (char *)from->data);
        bytes_drop(from, (size_t)(end - (char *)from->data) + 1);
        t->heard += t->tls;
        taker_take_line(t, line);
        if (t->tls && from == &t->raw)
            return;
    }
}

static void taker_take_records(struct taker *t)
{
    struct bytes hello = {0};
    char type;

    while (fake_tls_take(&t->raw, &type, &t->plain) > 0) {
        if (type == FAKE_TLS_HELLO) {
            bytes_clear(&t->plain);
            fake_tls_put(&hello, FAKE_TLS_HELLO, "trusted", 7);
            (void)send(t->fd, hello.data, hello.len, MSG_NOSIGNAL);
            bytes_free(&hello);
        }
        taker_take_lines(t);
    }
}

static void taker_serve(struct taker *t)
{
    char block[8192];
    ssize_t n;

    t->tls = t->layer = false;
    t->rounds = 0;
    bytes_clear(&t->raw);
    bytes_clear(&t->plain);
    taker_say(t, "220 mx.example\r\n");
    while ((n = recv(t->fd, block, sizeof block, 0)) > 0) {
        bytes_add(&t->raw, block, (size_t)n);
        if (t->tls)
            taker_take_records(t);
        else
            taker_take_lines(t);
    }
    (void)close(t->fd);
}

static void *taker_run(void *ctx)
{
    struct taker *t = ctx;

    while ((t->fd = accept(t->listener, NULL, NULL)) >= 0)
        taker_serve(t);
    return NULL;
}

static void taker_start(struct taker *t)
{
    *t = (struct taker){0};
    t->listener = net_listen("127.0.0.1", &t->port, 4);
    cr_assert_geq(t->listener, 0);
    cr_assert_eq(pthread_create(&t->thread, NULL, taker_run, t), 0);
}

static void taker_stop(struct taker *t)
{
    (void)shutdown(t->listener, SHUT_RDWR);
    (void)pthread_join(t->thread, NULL);
    (void)close(t->listener);
    bytes_free(&t->raw);
    bytes_free(&t->plain);
}

/* ---- one mutant ---- */

struct attempt {
    int rc, result;
    size_t certificates;
    int64_t took;
    char text[512];
};

static struct attempt attempt_run(const struct taker *t, const struct mutation *mutation, const char *mechanism)
{
    struct attempt a = {0};
    struct envoi_library *library = NULL;
    struct envoi_session *session = NULL;
    struct envoi_message *message = NULL;
    char where[32];
    int64_t began = net_now();

    mutants_set(mutation);
    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    cr_assert_eq(envoi_library_set_descriptor_directories(library, NULL, NULL, NULL), ENVOI_OK);
    cr_assert_eq(envoi_library_add_plugin(library, envoi_plugin_mutanttls(), FAKE_TLS_DESCRIPTOR), ENVOI_OK);
    cr_assert_eq(envoi_library_add_plugin(library, envoi_plugin_mutantauth(), TOY_MECH_DESCRIPTOR), ENVOI_OK);
    cr_assert_eq(envoi_session_new(library, &session), ENVOI_OK);
    envoi_session_set_timeout(session, ENVOI_PHASE_NONE, 5000);
    envoi_session_set_tls_backend(session, "mutanttls");
    envoi_session_set_password(session, "me", "secret");
    envoi_session_set_mechanisms(session, mechanism);
    envoi_session_set_security_layer(session, 0, 256);
    (void)snprintf(where, sizeof where, "127.0.0.1:%u", (unsigned)t->port);
    cr_assert_eq(envoi_message_new("me@example.org", &message), ENVOI_OK);
    envoi_message_add_recipient(message, "you@example.net");
    envoi_message_set_data(message, "Subject: x\r\n\r\nx\r\n", 17);
    a.rc = envoi_session_connect(session, where);
    if (!a.rc)
        a.rc = envoi_session_send(session, message);
    (void)snprintf(a.text, sizeof a.text, "%s", envoi_session_error(session));
    a.result = envoi_message_result(message);
    a.certificates = envoi_session_certificates(session);
    for (size_t i = 0; i < a.certificates; i++)
        cr_assert_not_null(envoi_session_certificate_subject(session, i));
    envoi_session_close(session);
    envoi_session_free(session);
    envoi_message_free(message);
    envoi_library_free(library);
    a.took = net_now() - began;
    return a;
}

static const char *const slot_names[SLOTS] = {
    "",       "ctx_new",  "conn_new", "handshake", "recv",   "send",   "info", "certificate",
    "usable", "mech_new", "step",     "layer",     "encode", "decode",
};

/* GSSAPI of the toy brings a layer. */
static const char *mechanism_for(enum slot slot)
{
    return slot >= SLOT_LAYER ? "GSSAPI" : "SCRAM-SHA-256";
}

static void expect_breach(const struct taker *t, enum slot slot, enum mistake mistake, int value)
{
    const struct mutation mutation = {slot, mistake, value};
    struct attempt a = attempt_run(t, &mutation, mechanism_for(slot));
    const char *plugin = slot < SLOT_USABLE ? "mutanttls" : "mutantauth", *name = slot_names[slot];

    cr_expect_eq(a.rc, ENVOI_E_PLUGIN, "%s, mistake %d (%d): %s: %s", name, (int)mistake, value, envoi_error_name(a.rc),
                 a.text);
    cr_expect(strstr(a.text, plugin) && strstr(a.text, name), "%s, mistake %d (%d): \"%s\"", name, (int)mistake, value,
              a.text);
    cr_expect_eq(a.result, ENVOI_RESULT_NOT_SENT, "%s, mistake %d (%d)", name, (int)mistake, value);
    cr_expect_lt(a.took, 4000, "%s, mistake %d (%d): it took %lld ms", name, (int)mistake, value, (long long)a.took);
}

/* ---- tests ---- */

Test(mutants, without_a_mistake_it_is_sent)
{
    static const char *const mechanisms[] = {"SCRAM-SHA-256", NULL};
    struct taker t;

    taker_start(&t);
    for (size_t i = 0; mechanisms[i]; i++) {
        struct attempt a = attempt_run(&t, &(struct mutation){SLOT_NONE, RETURNS, 0}, mechanisms[i]);

        cr_expect_eq(a.rc, ENVOI_OK, "%s: %s", mechanisms[i], a.text);
        cr_expect_eq(a.result, ENVOI_RESULT_SENT);
        cr_expect_eq(a.certificates, 1);
    }
    taker_stop(&t);
}

/* faults: U5 */
Test(mutants, a_result_that_there_is_not)
{
    static const int codes[] = {7, 1, -9999, ENVOI_E_BUSY, ENVOI_E_DISCONNECTED, ENVOI_E_PLUGIN - 1};
    struct taker t;

    taker_start(&t);
    for (int slot = SLOT_CTX_NEW; slot < SLOTS; slot++)
        for (size_t i = 0; slot != SLOT_CERTIFICATE && i < sizeof codes / sizeof codes[0]; i++)
            expect_breach(&t, (enum slot)slot, RETURNS, codes[i]);
    taker_stop(&t);
}

/* faults: U5 */
Test(mutants, success_without_what_was_asked_for)
{
    static const struct mutation rows[] = {
        {SLOT_CTX_NEW, NO_OBJECT, 0},        {SLOT_CONN_NEW, NO_OBJECT, 0},
        {SLOT_RECV, NO_OCTETS, 0},           {SLOT_RECV, TOO_MANY, 0},
        {SLOT_SEND, NO_OCTETS, 0},           {SLOT_SEND, TOO_MANY, 0},
        {SLOT_INFO, NO_OBJECT, 0},           {SLOT_INFO, NO_OBJECT, 1},
        {SLOT_INFO, RETURNS, ENVOI_E_USAGE}, {SLOT_MECH_NEW, NO_OBJECT, 0},
        {SLOT_STEP, DEAF_TO_SINK, 0},        {SLOT_STEP, WRONG_RESULT, 0},
        {SLOT_LAYER, NO_OBJECT, 0},          {SLOT_LAYER, NO_OBJECT, 1},
        {SLOT_LAYER, NO_OBJECT, 2},          {SLOT_STEP, RETURNS, ENVOI_E_AGAIN}, /* without a credential to wait for */
    };
    struct taker t;

    taker_start(&t);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_breach(&t, rows[i].slot, rows[i].mistake, rows[i].value);
    taker_stop(&t);
}

/* The list of certificates is information: the message is sent, and the list ends where it makes no sense.
 * faults: U5 */
Test(mutants, a_list_of_certificates_without_end_or_texts)
{
    static const struct {
        struct mutation mutation;
        size_t least, most;
    } rows[] = {
        {{SLOT_CERTIFICATE, NO_END, 0}, 1, 256},  {{SLOT_CERTIFICATE, NO_OBJECT, 0}, 0, 0},
        {{SLOT_CERTIFICATE, NO_OBJECT, 1}, 0, 0}, {{SLOT_CERTIFICATE, NO_OBJECT, 2}, 0, 0},
        {{SLOT_CERTIFICATE, RETURNS, 7}, 0, 0},   {{SLOT_CERTIFICATE, RETURNS, ENVOI_E_AGAIN}, 0, 0},
    };
    struct taker t;

    taker_start(&t);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct attempt a = attempt_run(&t, &rows[i].mutation, "SCRAM-SHA-256");

        cr_expect_eq(a.rc, ENVOI_OK, "row %zu: %s", i, a.text);
        cr_expect(a.certificates >= rows[i].least && a.certificates <= rows[i].most, "row %zu: %zu certificates", i,
                  a.certificates);
    }
    taker_stop(&t);
}

/* A handshake that was to verify the server, and a plugin that does not stand for it: nothing is said inside TLS. */
/* faults: U2 */
Test(mutants, a_server_that_was_not_verified)
{
    static const struct mutation rows[] = {
        {SLOT_INFO, NOT_VERIFIED, ENVOI_VERIFY_NONE},
        {SLOT_INFO, NOT_VERIFIED, ENVOI_VERIFY_CHAIN},
        {SLOT_INFO, NOT_VERIFIED, ENVOI_VERIFY_PIN},
        {SLOT_INFO, NOT_VERIFIED, 7},
    };
    struct taker t;

    taker_start(&t);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct attempt a = attempt_run(&t, &rows[i], "PLAIN");

        cr_expect_eq(a.rc, ENVOI_E_CERTIFICATE, "%d: %s: %s", rows[i].value, envoi_error_name(a.rc), a.text);
        cr_expect(strstr(a.text, "mutanttls") && strstr(a.text, "not verified"), "\"%s\"", a.text);
        cr_expect_eq(a.result, ENVOI_RESULT_NOT_SENT);
    }
    taker_stop(&t);
    cr_expect_eq(t.heard, 0, "%u lines were sent inside TLS", t.heard);
}
