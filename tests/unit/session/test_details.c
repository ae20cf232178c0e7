/* SPDX-License-Identifier: MIT */
/* Each cause of ENVOI_E_USAGE has its detail, by which a binding tells it apart. */
#include "../../peers/server.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(details, .timeout = 60);

static char *long_text(size_t len)
{
    static char text[5001];

    memset(text, 'x', len);
    text[len] = '\0';
    return text;
}

static int again(void *ctx, void *buf, size_t cap, size_t *n)
{
    (void)ctx, (void)buf, (void)cap;
    *n = 0;
    return ENVOI_E_AGAIN;
}

static void watch(void *ctx, int fd, unsigned events)
{
    (void)ctx, (void)fd, (void)events;
}

/* ---- on a session that is not connected ---- */

#define SETTER(name, call)                                                                                             \
    static int name(struct envoi_session *s)                                                                           \
    {                                                                                                                  \
        return call;                                                                                                   \
    }
SETTER(connect_null, envoi_session_connect(s, NULL))
SETTER(connect_empty, envoi_session_connect(s, ""))
SETTER(connect_port_word, envoi_session_connect(s, "mail.example.org:smtp"))
SETTER(connect_port_0, envoi_session_connect(s, "mail.example.org:0"))
SETTER(connect_port_large, envoi_session_connect(s, "[::1]:65536"))
SETTER(connect_line_end, envoi_session_connect(s, "mail.example.org\r\n"))
SETTER(connect_no_host, envoi_session_connect(s, "not a host"))
SETTER(connect_no_address, envoi_session_connect(s, "[::x]:25"))
SETTER(connect_brackets, envoi_session_connect(s, "[::1"))
SETTER(connect_long, envoi_session_connect(s, long_text(1025)))
SETTER(adopt_null, envoi_session_adopt_fd(s, 0, 0, NULL))
SETTER(helo_control, envoi_session_set_helo_name(s, "a\nb"))
SETTER(helo_host, envoi_session_set_helo_name(s, "a b"))
SETTER(helo_empty, envoi_session_set_helo_name(s, ""))
SETTER(tls_number, envoi_session_set_tls(s, 77))
SETTER(backend_form, envoi_session_set_tls_backend(s, "../openssl"))
SETTER(tls_name, envoi_session_set_tls_name(s, "a/b"))
SETTER(tls_name_control, envoi_session_set_tls_name(s, "a\x01"))
SETTER(pin, envoi_session_add_pin(s, "abc"))
SETTER(key_alone, envoi_session_set_client_certificate(s, NULL, "key.pem"))
SETTER(cert_control, envoi_session_set_client_certificate(s, "a\n", NULL))
SETTER(passphrase, envoi_session_set_passphrase(s, "a\r"))
SETTER(user, envoi_session_set_password(s, "a\nb", "x"))
SETTER(password, envoi_session_set_password(s, "a", "x\n"))
SETTER(token, envoi_session_set_token(s, "a", "x\x7f"))
SETTER(authzid, envoi_session_set_authzid(s, "\x1b"))
SETTER(mechanisms_empty, envoi_session_set_mechanisms(s, "  "))
SETTER(mechanisms_name, envoi_session_set_mechanisms(s, "PLAIN,LOGIN"))
SETTER(mechanisms_control, envoi_session_set_mechanisms(s, "PLAIN\r\nLOGIN"))
SETTER(ca_length, envoi_session_set_ca_pem(s, NULL, 9))
SETTER(client_length, envoi_session_set_client_certificate_pem(s, NULL, 9, NULL, 0))
SETTER(key_length, envoi_session_set_client_certificate_pem(s, "x", 1, NULL, 9))
SETTER(tries, envoi_session_set_password_tries(s, 0))
SETTER(layer, envoi_session_set_security_layer(s, 2, 1))
SETTER(chunk, envoi_session_set_chunking(s, 1, 0))
SETTER(ignored, envoi_session_set_ignored_extensions(s, "CHUNKING;PIPELINING"))
SETTER(phase, envoi_session_set_timeout(s, 99, 1))
SETTER(trace, envoi_session_set_trace(s, 3, NULL, NULL))

struct row {
    const char *name;
    int (*call)(struct envoi_session *s);
    int detail;
};
#define ROW(name, detail)                                                                                              \
    {                                                                                                                  \
#name, name, ENVOI_DETAIL_##detail                                                                             \
    }
static const struct row unconnected[] = {
    ROW(connect_null, MISSING),
    ROW(connect_empty, EMPTY),
    ROW(connect_port_word, PORT),
    ROW(connect_port_0, PORT),
    ROW(connect_port_large, PORT),
    ROW(connect_line_end, CONTROL),
    ROW(connect_no_host, HOST),
    ROW(connect_no_address, HOST),
    ROW(connect_brackets, FORM),
    ROW(connect_long, LENGTH),
    ROW(adopt_null, MISSING),
    ROW(helo_control, CONTROL),
    ROW(helo_host, HOST),
    ROW(helo_empty, EMPTY),
    ROW(tls_number, RANGE),
    ROW(backend_form, FORM),
    ROW(tls_name, HOST),
    ROW(tls_name_control, CONTROL),
    ROW(pin, FORM),
    ROW(key_alone, CONFLICT),
    ROW(cert_control, CONTROL),
    ROW(passphrase, CONTROL),
    ROW(user, CONTROL),
    ROW(password, CONTROL),
    ROW(token, CONTROL),
    ROW(authzid, CONTROL),
    ROW(mechanisms_empty, EMPTY),
    ROW(mechanisms_name, MECHANISM),
    ROW(mechanisms_control, CONTROL),
    ROW(ca_length, MISSING),
    ROW(client_length, MISSING),
    ROW(key_length, MISSING),
    ROW(tries, RANGE),
    ROW(layer, CONFLICT),
    ROW(chunk, RANGE),
    ROW(ignored, FORM),
    ROW(phase, RANGE),
    ROW(trace, RANGE),
};

static void expect(struct envoi_session *s, const struct row *row)
{
    int rc = row->call(s), detail = envoi_session_error_detail(s);

    cr_expect_eq(rc, ENVOI_E_USAGE, "%s: %s", row->name, envoi_error_name(rc));
    cr_expect_eq(detail, row->detail, "%s: %s (%s)", row->name, envoi_error_detail_name(detail),
                 envoi_session_error(s));
}

Test(details, of_settings_and_connect)
{
    struct envoi_library *library;

    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    for (size_t i = 0; i < sizeof unconnected / sizeof unconnected[0]; i++) {
        struct envoi_session *s;

        cr_assert_eq(envoi_session_new(library, &s), ENVOI_OK);
        expect(s, &unconnected[i]);
        if (strncmp(unconnected[i].name, "connect", 7) && strncmp(unconnected[i].name, "adopt", 5)) {
            cr_expect_eq(envoi_session_connect(s, "/none"), ENVOI_E_USAGE, "%s sticks", unconnected[i].name);
            cr_expect_eq(envoi_session_error_detail(s), unconnected[i].detail, "%s sticks", unconnected[i].name);
        }
        cr_expect_eq(envoi_session_connect(s, "/none"), ENVOI_E_CONNECT);
        cr_expect_eq(envoi_session_error_detail(s), ENVOI_DETAIL_NONE);
        expect(s, &unconnected[0]);
        cr_expect_eq(envoi_session_noop(s), ENVOI_E_DISCONNECTED);
        cr_expect_eq(envoi_session_error_detail(s), ENVOI_DETAIL_NONE, "the cause was another one's");
        envoi_session_free(s);
    }
    envoi_library_free(library);
}

Test(details, of_the_library)
{
    struct envoi_library *library;
    struct envoi_session *s;

    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    cr_assert_eq(envoi_session_new(library, &s), ENVOI_OK);
    cr_assert_eq(envoi_library_set_min_tls(library, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_connect(s, "/none"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_error_detail(s), ENVOI_DETAIL_RANGE);
    cr_assert_eq(envoi_library_set_min_tls(library, 0x0303), ENVOI_OK);
    cr_assert_eq(envoi_library_set_module_directory(library, "here"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_connect(s, "/none"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_error_detail(s), ENVOI_DETAIL_FORM);
    envoi_session_free(s);
    envoi_library_free(library);
}

/* ---- on a connection ---- */

static struct envoi_message *message; /* without anything */

static int send_nothing(struct envoi_session *s)
{
    return envoi_session_send(s, message);
}

static int send_without_content(struct envoi_session *s)
{
    cr_assert_eq(envoi_message_add_recipient(message, "you@example.net"), ENVOI_OK);
    return envoi_session_send(s, message);
}

static int send_bad_options(struct envoi_session *s)
{
    int rc;

    cr_assert_eq(envoi_message_set_options(message, "A=b\r\nC"), ENVOI_E_USAGE);
    rc = envoi_session_send(s, message);
    cr_assert_eq(envoi_message_reset(message, "me@example.org"), ENVOI_OK);
    return rc;
}

static int sendmail_bad_options(struct envoi_session *s)
{
    return envoi_session_sendmail(s, "me@example.org", (const char *const[]){"a@example.net", NULL}, "x", 1, "RET=a=b",
                                  NULL, NULL);
}

SETTER(connect_again, envoi_session_connect(s, "127.0.0.1"))
SETTER(ehlo_empty, envoi_session_ehlo(s, ""))
SETTER(ehlo_control, envoi_session_ehlo(s, "a\r\nRSET"))
SETTER(ehlo_long, envoi_session_ehlo(s, long_text(256)))
SETTER(helo_long_too, envoi_session_helo(s, long_text(256)))
SETTER(ehlo_blank, envoi_session_ehlo(s, "a b"))
SETTER(auth_null, envoi_session_auth(s, NULL))
SETTER(auth_name, envoi_session_auth(s, "not a name"))
SETTER(auth_with_null, envoi_session_auth_with(s, "X", 1, NULL, NULL))
SETTER(docmd_null, envoi_session_docmd(s, NULL, NULL))
SETTER(docmd_verb, envoi_session_docmd(s, "NO OP", NULL))
SETTER(docmd_own, envoi_session_docmd(s, "DATA", NULL))
SETTER(docmd_control, envoi_session_docmd(s, "NOOP", "a\r\nDATA"))
SETTER(docmd_long, envoi_session_docmd(s, "NOOP", long_text(5000)))
SETTER(verify_null, envoi_session_verify(s, NULL))
SETTER(rcpt_null, envoi_session_rcpt(s, NULL, NULL))
SETTER(mail_options_control, envoi_session_mail(s, "me@example.org", "A=\n"))
SETTER(mail_options_form, envoi_session_mail(s, "me@example.org", "A=b=c"))
SETTER(mail_options_xtext, envoi_session_mail(s, "me@example.org", "ENVID=a+b"))
SETTER(mail_options_long, envoi_session_mail(s, "me@example.org", long_text(901)))
SETTER(data_null, envoi_session_data(s, NULL, 1))
SETTER(send_null, envoi_session_send(s, NULL))
SETTER(sendmail_null, envoi_session_sendmail(s, "me@example.org", NULL, "x", 1, NULL, NULL, NULL))

static const struct row connected[] = {
    ROW(connect_again, ORDER),
    ROW(ehlo_empty, EMPTY),
    ROW(ehlo_control, CONTROL),
    ROW(ehlo_long, LENGTH),
    ROW(helo_long_too, LENGTH),
    ROW(ehlo_blank, FORM),
    ROW(auth_null, MISSING),
    ROW(auth_name, MECHANISM),
    ROW(auth_with_null, MISSING),
    ROW(docmd_null, MISSING),
    ROW(docmd_verb, FORM),
    ROW(docmd_own, OWN_CALL),
    ROW(docmd_control, CONTROL),
    ROW(docmd_long, LENGTH),
    ROW(verify_null, MISSING),
    ROW(rcpt_null, MISSING),
    ROW(mail_options_control, CONTROL),
    ROW(mail_options_form, FORM),
    ROW(mail_options_xtext, FORM),
    ROW(mail_options_long, LENGTH),
    ROW(data_null, MISSING),
    ROW(send_null, MISSING),
    ROW(send_nothing, NO_RECIPIENT),
    ROW(send_bad_options, CONTROL),
    ROW(send_without_content, NO_CONTENT),
    ROW(sendmail_null, MISSING),
    ROW(sendmail_bad_options, FORM),
};

static void of_a_child(struct envoi_session *s)
{
    pid_t pid = fork();
    int status = -1;

    if (!pid)
        _exit(envoi_session_noop(s) == ENVOI_E_USAGE && envoi_session_error_detail(s) == ENVOI_DETAIL_FORKED ? 0 : 1);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_expect_eq(status, 0);
}

Test(details, of_verbs)
{
    static const char *const script[] = {"> 220 here", "< EHLO ",  "> 250 here", "< NOOP",   "> 250 ok",
                                         "< MAIL ",    "> 250 ok", "< RCPT ",    "> 250 ok", "< DATA",
                                         "> 354 go",   "eof",      NULL};
    struct envoi_library *library;
    struct envoi_session *s;
    struct server *server = server_start(script);
    const char *wrong;

    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    cr_assert_eq(envoi_session_new(library, &s), ENVOI_OK);
    cr_assert_eq(envoi_message_new("me@example.org", &message), ENVOI_OK);
    cr_assert_eq(envoi_session_set_tls(s, ENVOI_TLS_OFF), ENVOI_OK);
    cr_assert_eq(envoi_session_connect(s, server_where(server)), ENVOI_OK);
    for (size_t i = 0; i < sizeof connected / sizeof connected[0]; i++)
        expect(s, &connected[i]);
    of_a_child(s);
    cr_expect_eq(envoi_session_ehlo(s, NULL), ENVOI_OK);
    cr_expect_eq(envoi_session_noop(s), ENVOI_OK);
    cr_expect_eq(envoi_session_error_detail(s), ENVOI_DETAIL_NONE);

    /* in a blocking call nobody can give the content later */
    cr_assert_eq(envoi_message_set_callback(message, again, NULL, NULL, -1), ENVOI_OK);
    cr_expect_eq(envoi_session_send(s, message), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_error_detail(s), ENVOI_DETAIL_CALLBACK);

    cr_assert_eq(envoi_session_set_watch(s, watch, NULL), ENVOI_OK);
    cr_expect_eq(envoi_session_sendmail(s, "a@example.org", (const char *const[]){NULL}, "", 0, NULL, NULL, NULL),
                 ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_error_detail(s), ENVOI_DETAIL_ORDER);
    cr_assert_eq(envoi_session_set_watch(s, NULL, NULL), ENVOI_OK);
    cr_expect_eq(envoi_session_adopt_fd(s, -1, -1, "mail.example.org"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_error_detail(s), ENVOI_DETAIL_DESCRIPTOR);
    envoi_message_free(message);
    envoi_session_free(s);
    envoi_library_free(library);
    wrong = server_stop(server);
    cr_expect_null(wrong, "%s", wrong ? wrong : "");
}

/* ---- of a message ---- */

Test(details, of_messages)
{
    static const struct {
        const char *text;
        int detail;
    } addresses[] = {
        {"a@b@", ENVOI_DETAIL_FORM},
        {"a@b\r\nRSET", ENVOI_DETAIL_CONTROL},
        {"\"a\tb\"@example.org\n", ENVOI_DETAIL_CONTROL},
        {"a\x01@example.org", ENVOI_DETAIL_CONTROL},
        {"", ENVOI_DETAIL_EMPTY},
        {"<>", ENVOI_DETAIL_EMPTY},
    };
    struct envoi_message *m;

    cr_assert_eq(envoi_message_new("me@example.org", &m), ENVOI_OK);
    cr_expect_eq(envoi_message_error_detail(m), ENVOI_DETAIL_NONE);
#define EXPECT(call, name)                                                                                             \
    do {                                                                                                               \
        cr_expect_eq(call, ENVOI_E_USAGE, #call);                                                                      \
        cr_expect_eq(envoi_message_error_detail(m), ENVOI_DETAIL_##name, #call);                                       \
        cr_expect_str_neq(envoi_message_error(m), envoi_error_text(ENVOI_E_USAGE), #call);                             \
        cr_assert_eq(envoi_message_reset(m, NULL), ENVOI_OK);                                                          \
        cr_assert_eq(envoi_message_add_recipient(m, "you@example.net"), ENVOI_OK);                                     \
    } while (0)
    EXPECT(envoi_message_add_recipient(m, NULL), MISSING);
    EXPECT(envoi_message_add_recipient_with(m, "a@example.org", "A\tB\n"), CONTROL);
    EXPECT(envoi_message_set_options(m, "=x"), FORM);
    EXPECT(envoi_message_set_options(m, long_text(901)), LENGTH);
    EXPECT(envoi_message_set_body(m, 9), RANGE);
    EXPECT(envoi_message_set_data(m, NULL, 1), MISSING);
    EXPECT(envoi_message_set_callback(m, NULL, NULL, NULL, 0), MISSING);
    EXPECT(envoi_message_set_fd(m, -1), RANGE);
    EXPECT(envoi_message_set_dsn(m, 9, NULL), RANGE);
    EXPECT(envoi_message_set_dsn(m, 0, "a\nb"), FORM);
    EXPECT(envoi_message_set_recipient_dsn(m, 5, 0, NULL), RANGE);
    EXPECT(envoi_message_set_recipient_dsn(m, 0, 0xff, NULL), RANGE);
    EXPECT(envoi_message_set_dsn(m, 0, long_text(101)), LENGTH);
    EXPECT(envoi_message_set_hold_for(m, -1), RANGE);
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        cr_expect_eq(envoi_message_reset(m, NULL), ENVOI_OK);
        cr_expect_eq(envoi_message_add_recipient(m, addresses[i].text), ENVOI_E_ADDRESS, "%s", addresses[i].text);
        cr_expect_eq(envoi_message_error_detail(m), addresses[i].detail, "%s: %s", addresses[i].text,
                     envoi_error_detail_name(envoi_message_error_detail(m)));
    }
    envoi_message_free(m);
}

/* ---- the list ---- */

Test(details, have_names_and_texts)
{
#define NAMED(name, number, text)                                                                                      \
    cr_expect_str_eq(envoi_error_detail_name(number), "ENVOI_DETAIL_" #name);                                          \
    cr_expect_str_eq(envoi_error_detail_text(number), text);
    ENVOI_DETAIL_MAP(NAMED)
    cr_expect_str_eq(envoi_error_detail_name(-1), "ENVOI_DETAIL_?");
    cr_expect_str_empty(envoi_error_detail_text(999));
    cr_expect_eq(envoi_session_error_detail(NULL), ENVOI_DETAIL_NONE);
    cr_expect_eq(envoi_message_error_detail(NULL), ENVOI_DETAIL_NONE);
}
