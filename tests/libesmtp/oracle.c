/* SPDX-License-Identifier: MIT */
/* oracle SERVER [COMMANDS HOME]: a program of libESMTP that does what a file or its standard input says, line by line,
 * and prints all that the library tells it. It is run with libESMTP and with envoi's drop-in, and the two outputs are compared.
 * README.md has the commands. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIBESMTP_ENABLE_DEPRECATED_SYMBOLS
#include "auth-client.h"
#include "libesmtp.h"

#define LINE 4096

static smtp_session_t session;
static smtp_message_t message;
static smtp_recipient_t recipient;
static auth_context_t context;
static const char *server;
static char user[64], password[64];
static int quit;        /* the answer to each event that asks; -1: what the library has put there */
static int sizes;       /* 1: prints how long each line of content is */
static int raw;         /* 1: tells no text from an empty one */
static char *kept[256]; /* texts that the library borrows */
static size_t kept_count;

static void failed(const char *what)
{
    char text[512] = "";

    /* As syslog-ng does: what is returned is not looked at. */
    (void)smtp_strerror(smtp_errno(), text, sizeof text);
    printf("%s: 0, error %d: %s\n", what, smtp_errno(), text);
}

static void check(const char *what, int result)
{
    if (!result)
        failed(what);
}

static char *keep(const char *text)
{
    if (kept_count == sizeof kept / sizeof *kept)
        abort();
    return kept[kept_count++] = strdup(text);
}

/* ---- callbacks ---- */

static void print_status(const char *what, const char *whose, const smtp_status_t *status)
{
    const char *text = status->text;

    printf("%s%s%s: %d (%d.%d.%d) ", what, *whose ? " " : "", whose, status->code, status->enh_class,
           status->enh_subject, status->enh_detail);
    if (!raw && (!text || !strcmp(text, "\r\n")))
        text = "(no text)";
    if (!text)
        printf("NULL");
    for (; text && *text; text++) {
        if (*text == '\r' || *text == '\n')
            printf("%s", *text == '\r' ? "\\r" : "\\n");
        else
            putchar(*text);
    }
    putchar('\n');
}

static void on_event(smtp_session_t s, int number, void *arg, ...)
{
    const char *name, *cipher;
    smtp_recipient_t r;
    smtp_message_t m;
    va_list list;
    int *ok, bits;

    va_start(list, arg);
    switch (number) {
    case SMTP_EV_MAILSTATUS:
        name = va_arg(list, char *);
        m = va_arg(list, smtp_message_t);
        print_status("event MAIL", name ? name : "", smtp_reverse_path_status(m));
        break;
    case SMTP_EV_RCPTSTATUS:
        name = va_arg(list, char *);
        r = va_arg(list, smtp_recipient_t);
        print_status("event RCPT", name, smtp_recipient_status(r));
        break;
    case SMTP_EV_MESSAGEDATA:
        (void)va_arg(list, smtp_message_t);
        bits = va_arg(list, int);
        if (sizes)
            printf("event content %d\n", bits);
        break;
    case SMTP_EV_MESSAGESENT:
        m = va_arg(list, smtp_message_t);
        print_status("event sent", "", smtp_message_transfer_status(m));
        break;
    case SMTP_EV_SYNTAXWARNING:
    case SMTP_EV_EXTNA_DSN:
    case SMTP_EV_EXTNA_CHUNKING:
    case SMTP_EV_EXTNA_ETRN:
        ok = va_arg(list, int *);
        printf("event %d, quit is %d\n", number, *ok);
        if (quit >= 0)
            *ok = quit;
        break;
    case SMTP_EV_ETRNSTATUS:
        bits = va_arg(list, int);
        printf("event ETRN %d %s\n", bits, va_arg(list, char *));
        break;
    case SMTP_EV_STARTTLS_OK:
        (void)va_arg(list, void *);
        cipher = va_arg(list, char *);
        bits = va_arg(list, int);
        printf("event TLS, %s, %d bits\n", *cipher ? "a cipher" : "no cipher", bits);
        break;
    case SMTP_EV_INVALID_PEER_CERTIFICATE:
        (void)va_arg(list, long);
        ok = va_arg(list, int *);
        printf("event %d, ok is %d\n", number, *ok);
        if (quit >= 0)
            *ok = quit;
        break;
    case SMTP_EV_NO_PEER_CERTIFICATE:
    case SMTP_EV_WRONG_PEER_CERTIFICATE:
        ok = va_arg(list, int *);
        printf("event %d, ok is %d\n", number, *ok);
        if (quit >= 0)
            *ok = quit;
        break;
    default:
        printf("event %d\n", number);
    }
    va_end(list);
}

static void on_monitor(const char *buf, int len, int writing, void *arg)
{
    static const char marks[] = "<>h";

    for (int i = 0; i < len; i++) {
        if (i == 0 || buf[i - 1] == '\n')
            printf("monitor %c ", marks[writing]);
        if (buf[i] == '\n')
            printf("\n");
        else if (buf[i] != '\r')
            putchar(buf[i]);
    }
    if (len && buf[len - 1] != '\n')
        printf("\n");
}

static int on_interact(auth_client_request_t request, char **result, int fields, void *arg)
{
    for (int i = 0; i < fields; i++) {
        if (request[i].flags & AUTH_USER)
            result[i] = *user ? user : NULL;
        else if (request[i].flags & AUTH_PASS)
            result[i] = *password ? password : NULL;
        else
            return 0;
    }
    return 1;
}

/* As esmtp's: it can be read once, and asserts that it is rewound before. */
static const char *once(void **ctx, int *len, void *arg)
{
    static bool given;

    if (!len) {
        printf("rewound%s\n", *ctx ? " again" : "");
        given = false;
        return NULL;
    }
    if (!*ctx)
        *ctx = malloc(16);
    *len = given ? 0 : (int)strlen(arg);
    given = true;
    return arg;
}

static const char *broken(void **ctx, int *len, void *arg)
{
    if (len) {
        *len = 0;
        errno = EIO;
    }
    return NULL;
}

static void show_recipient(smtp_recipient_t r, const char *mailbox, void *arg)
{
    print_status("recipient", mailbox, smtp_recipient_status(r));
    printf("recipient %s: %s\n", mailbox, smtp_recipient_check_complete(r) ? "complete" : "not complete");
}

static void show_message(smtp_message_t m, void *arg)
{
    print_status("reverse path", "", smtp_reverse_path_status(m));
    print_status("transfer", "", smtp_message_transfer_status(m));
    smtp_enumerate_recipients(m, show_recipient, NULL);
}

/* ---- commands ---- */

/* Takes a word off the text; "NULL" is NULL. */
static char *word(char **text)
{
    char *begin = *text + strspn(*text, " ");
    char *end = begin + strcspn(begin, " ");

    *text = *end ? end + 1 : end;
    *end = '\0';
    return strcmp(begin, "NULL") ? begin : NULL;
}

/* \r, \n, \0xx (octal, three digits) and \\ in a text. */
static char *unescape(char *text)
{
    char *to = text;

    for (char *at = text; *at; at++) {
        if (*at != '\\')
            *to++ = *at;
        else if (*++at == 'r')
            *to++ = '\r';
        else if (*at == 'n')
            *to++ = '\n';
        else if (isdigit((unsigned char)*at)) {
            *to++ = (char)((at[0] - '0') << 6 | (at[1] - '0') << 3 | (at[2] - '0'));
            at += 2;
        } else
            *to++ = *at;
    }
    *to = '\0';
    return text;
}

static long number(char **text)
{
    char *begin = word(text);

    return begin ? strtol(begin, NULL, 0) : 0;
}

static void do_session(char *text)
{
    session = smtp_create_session();
    check("server", smtp_set_server(session, server));
    check("hostname", smtp_set_hostname(session, "client.example"));
    smtp_set_eventcb(session, on_event, NULL);
    quit = -1;
}

static void do_server(char *text)
{
    check("server", smtp_set_server(session, text));
}
static void do_hostname(char *text)
{
    check("hostname", smtp_set_hostname(session, word(&text)));
}
static void do_destroy(char *text)
{
    check("destroy", smtp_destroy_session(session));
}
static void do_quit(char *text)
{
    quit = (int)number(&text);
}
static void do_sizes(char *text)
{
    sizes = 1;
}

static void do_raw(char *text)
{
    raw = 1;
}
static void do_monitor(char *text)
{
    smtp_set_monitorcb(session, on_monitor, NULL, (int)number(&text));
}
static void do_require_all(char *text)
{
    smtp_option_require_all_recipients(session, 1);
}
static void do_message(char *text)
{
    message = smtp_add_message(session);
}
static void do_from(char *text)
{
    check("from", smtp_set_reverse_path(message, word(&text)));
}
static void do_envid(char *text)
{
    check("envid", smtp_dsn_set_envid(message, text));
}
static void do_ret(char *text)
{
    check("ret", smtp_dsn_set_ret(message, (enum ret_flags)number(&text)));
}
static void do_notify(char *text)
{
    check("notify", smtp_dsn_set_notify(recipient, (enum notify_flags)number(&text)));
}
static void do_size(char *text)
{
    check("size", smtp_size_set_estimate(message, (unsigned long)number(&text)));
}
static void do_body(char *text)
{
    check("body", smtp_8bitmime_set_body(message, (enum e8bitmime_body)number(&text)));
}
static void do_broken(char *text)
{
    check("content", smtp_set_messagecb(message, broken, NULL));
}
static void do_forget(char *text)
{
    check("forget", smtp_recipient_reset_status(recipient));
}

static void do_tls(char *text)
{
    check("tls", smtp_starttls_enable(session, (enum starttls_option)number(&text)));
}

static void do_to(char *text)
{
    if (!(recipient = smtp_add_recipient(message, text)))
        failed("to");
}

static void do_orcpt(char *text)
{
    char *type = word(&text);

    check("orcpt", smtp_dsn_set_orcpt(recipient, type, text));
}

static void do_by(char *text)
{
    long time = number(&text);
    long mode = number(&text);

    check("by", smtp_deliverby_set_mode(message, time, (enum by_mode)mode, (int)number(&text)));
}

static void do_timeout(char *text)
{
    int which = (int)number(&text);

    printf("timeout %#x: %ld\n", (unsigned)which, smtp_set_timeout(session, which, number(&text)));
}

static void do_text(char *text)
{
    check("text", smtp_set_message_str(message, keep(unescape(text))));
}

static void do_once(char *text)
{
    check("once", smtp_set_messagecb(message, once, keep(unescape(text))));
}

static void do_file(char *text)
{
    FILE *file = tmpfile();

    fputs(unescape(text), file);
    check("file", smtp_set_message_fp(message, file));
}

/* A field with one text, or with a phrase and a mailbox. */
static void do_header(char *text)
{
    char *name = word(&text);

    check("header", smtp_set_header(message, name, strcmp(text, "NULL") ? unescape(text) : NULL));
}

static void do_mailbox(char *text)
{
    char *name = word(&text), *phrase = word(&text);

    check("mailbox", smtp_set_header(message, name, phrase, word(&text)));
}

static void do_date(char *text)
{
    time_t when = number(&text);

    check("date", smtp_set_header(message, "Date", &when));
}

static void do_option(char *text)
{
    char *name = word(&text);
    long option = number(&text);

    check("option", smtp_set_header_option(message, name, (enum header_option)option, (int)number(&text)));
}

static void do_login(char *text)
{
    char *name = word(&text), *secret = word(&text);

    context = auth_create_context();
    auth_set_mechanism_flags(context, (unsigned)number(&text), 0);
    auth_set_interact_cb(context, on_interact, NULL);
    snprintf(user, sizeof user, "%s", name ? name : "");
    snprintf(password, sizeof password, "%s", secret ? unescape(secret) : "");
    check("login", smtp_auth_set_context(session, context));
}

static int on_passphrase(char *buf, int len, int rwflag, void *arg)
{
    return snprintf(buf, (size_t)len, "%s", (char *)arg);
}

static void do_passphrase(char *text)
{
    check("passphrase", smtp_starttls_set_password_cb(on_passphrase, keep(text)));
}

static void do_etrn(char *text)
{
    char *option = word(&text);

    if (!smtp_etrn_add_node(session, option ? *option : 0, text))
        failed("etrn");
}

static void show_etrn(smtp_etrn_node_t node, int option, const char *domain, void *arg)
{
    print_status("etrn", domain, smtp_etrn_node_status(node));
}

static void do_start(char *text)
{
    int result;

    result = smtp_start_session(session);
    if (result)
        printf("start: %d\n", result);
    else
        failed("start");
    smtp_enumerate_messages(session, show_message, NULL);
    smtp_etrn_enumerate_nodes(session, show_etrn, NULL);
}

/* The number of the failure that start left behind, also where it returned 1. */
static void do_error(char *text)
{
    failed("error");
}

static void do_strerror(char *text)
{
    char small[64] = "not filled";

    (void)smtp_strerror((int)number(&text), small, sizeof small);
    printf("strerror: %s\n", small);
}

static void do_version(char *text)
{
    char small[16];

    for (int i = 0; i < 3; i++)
        if (smtp_version(small, sizeof small, i))
            printf("version: %s\n", small);
    printf("version, too small: %d\n", smtp_version(small, 3, 0));
}

static void release(void *data)
{
    printf("released %s\n", (char *)data);
}

static void do_data(char *text)
{
    static char texts[][24] = {"of the session", "no more", "of the message", "of the recipient, first",
                               "of the recipient"};

    smtp_set_application_data_release(session, texts[0], release);
    printf("swapped: %s\n", (char *)smtp_set_application_data(session, texts[1]));
    smtp_message_set_application_data_release(message, texts[2], release);
    smtp_recipient_set_application_data_release(recipient, texts[3], release);
    smtp_recipient_set_application_data_release(recipient, texts[4], release);
    printf("got: %s\n", (char *)smtp_recipient_get_application_data(recipient));
}

/* Calls that are refused. */
static void do_wrong(char *text)
{
    check("create message", smtp_add_message(NULL) != NULL);
    check("start", smtp_start_session(NULL));
    check("header", smtp_set_header(message, NULL));
    check("resent", smtp_set_resent_headers(message, 1));
    check("return path", smtp_set_header(message, "Return-Path", "x"));
    check("content type", smtp_set_header(message, "Content-Type", "x"));
    check("received", smtp_set_header_option(message, "Received", Hdr_PROHIBIT, 1));
    check("prohibit date", smtp_set_header_option(message, "Date", Hdr_PROHIBIT, 1));
    check("by", smtp_deliverby_set_mode(message, 0, By_RETURN, 0));
    check("timeout", smtp_set_timeout(session, 77, 1000) != 0);
    check("password callback", smtp_starttls_set_password_cb(NULL, NULL));
    printf("status of nothing: %s\n", smtp_recipient_status(NULL) ? "there" : "NULL");
    printf("interaction: %d\n", auth_client_enabled(NULL));
}

static const struct {
    const char *name;
    void (*run)(char *text);
} commands[] = {
    {"session", do_session},
    {"server", do_server},
    {"hostname", do_hostname},
    {"destroy", do_destroy},
    {"quit", do_quit},
    {"monitor", do_monitor},
    {"tls", do_tls},
    {"require-all", do_require_all},
    {"message", do_message},
    {"from", do_from},
    {"to", do_to},
    {"orcpt", do_orcpt},
    {"envid", do_envid},
    {"ret", do_ret},
    {"notify", do_notify},
    {"size", do_size},
    {"body", do_body},
    {"by", do_by},
    {"timeout", do_timeout},
    {"text", do_text},
    {"once", do_once},
    {"file", do_file},
    {"broken", do_broken},
    {"header", do_header},
    {"mailbox", do_mailbox},
    {"date", do_date},
    {"option", do_option},
    {"login", do_login},
    {"etrn", do_etrn},
    {"start", do_start},
    {"error", do_error},
    {"strerror", do_strerror},
    {"version", do_version},
    {"data", do_data},
    {"wrong", do_wrong},
    {"forget", do_forget},
    {"sizes", do_sizes},
    {"raw", do_raw},
    {"passphrase", do_passphrase},
};

static int run(char *line)
{
    char *text = line, *name;

    text[strcspn(text, "\n")] = '\0';
    name = word(&text);
    for (size_t i = 0; name && i < sizeof commands / sizeof *commands; i++)
        if (!strcmp(commands[i].name, name)) {
            commands[i].run(text);
            return 0;
        }
    fprintf(stderr, "oracle: no such command: %s\n", line);
    return 1;
}

int main(int argc, char **argv)
{
    static char line[LINE];
    int wrong = 0;

    if (argc != 2 && argc != 4)
        return 64;
    if (argc == 4 && (!freopen(argv[2], "r", stdin) || setenv("HOME", argv[3], 1)))
        return 66;
    server = argv[1];
    auth_client_init();
    while (fgets(line, sizeof line, stdin))
        wrong |= run(line);
    if (context)
        auth_destroy_context(context);
    auth_client_exit();
    while (kept_count)
        free(kept[--kept_count]);
    return wrong;
}
