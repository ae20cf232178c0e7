/* SPDX-License-Identifier: MIT */
/* Dialogues with the server: what the client sends, what comes back, and what the owner is told. */
#include "server/smtp_server.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An owner that writes down each call. An address that begins with a digit is answered with it and "50", one that
 * begins with "later" is refused after the content only, and "lost" has no verdict. */
struct owner {
    char told[4096];
    char recipients[16][64];
    size_t count;
};

static void note(struct owner *o, const char *what, const char *text)
{
    size_t len = strlen(o->told);

    (void)snprintf(o->told + len, sizeof o->told - len, "%s%s", what, text);
}

static void refuse_by_name(const char *address, struct smtp_reply *reply)
{
    if (*address >= '4' && *address <= '5')
        smtp_reply_set(reply, (*address - '0') * 100 + 50, "", "not %s", address);
}

static void on_mail(void *ctx, const char *sender, const char *options, struct smtp_reply *reply)
{
    note(ctx, "M:", sender);
    note(ctx, options ? " " : "", options ? options : "");
    note(ctx, ";", "");
    refuse_by_name(sender, reply);
}

static void on_recipient(void *ctx, const char *address, const char *options, struct smtp_reply *reply)
{
    struct owner *o = ctx;

    note(o, "R:", address);
    note(o, options ? " " : "", options ? options : "");
    note(o, ";", "");
    refuse_by_name(address, reply);
    if (reply->code == 250)
        (void)snprintf(o->recipients[o->count++], sizeof *o->recipients, "%s", address);
}

static void on_begin(void *ctx, struct smtp_reply *reply)
{
    struct owner *o = ctx;

    note(o, "D:", "");
    if (!strcmp(o->recipients[0], "full"))
        smtp_reply_set(reply, 452, "4.3.1", "no room");
}

static void on_content(void *ctx, const void *data, size_t len)
{
    char text[1024];

    (void)snprintf(text, sizeof text, "%.*s", (int)len, (const char *)data);
    note(ctx, "", text);
}

static void on_deliver(void *ctx)
{
    note(ctx, ";!;", "");
}

static void on_verdict(void *ctx, size_t recipient, struct smtp_reply *reply)
{
    struct owner *o = ctx;
    const char *name = o->recipients[recipient];

    smtp_reply_set(reply, 250, "2.0.0", "%s has it", name);
    if (!strncmp(name, "later", 5))
        smtp_reply_set(reply, 451, "4.4.1", "%s:\r\nnot now", name);
    if (!strcmp(name, "lost"))
        *reply = (struct smtp_reply){0};
}

static void on_reset(void *ctx)
{
    ((struct owner *)ctx)->count = 0;
}

static const struct smtp_server_calls calls = {on_mail,    on_recipient, on_begin, on_content,
                                               on_deliver, on_verdict,   on_reset};

#define HELLO                                                                                                          \
    "250-me\r\n250-PIPELINING\r\n250-SIZE 40\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 "                       \
    "ENHANCEDSTATUSCODES\r\n"
#define L     "LHLO x\r\n"
#define E     "EHLO x\r\n"
#define OK_M  "250 2.1.0 ok\r\n"
#define OK_R  "250 2.1.5 ok\r\n"
#define GO    "354 end with a line that has a dot alone\r\n"
#define FROM  "MAIL FROM:<a>\r\n"
#define TO    "RCPT TO:<b>\r\n"
#define BEGUN L FROM TO "DATA\r\n"
#define BEGAN HELLO OK_M OK_R GO
#define BYE   "221 2.0.0 bye\r\n"
#define TEN   "XXXXXXXXXX"

static const struct dialogue {
    const char *title;
    int lmtp;
    const char *client, *server, *told;
} dialogues[] = {
    {"one message", 1, BEGUN "Hi\r\n.\r\nQUIT\r\n", BEGAN "250 2.0.0 b has it\r\n" BYE, "M:a;R:b;D:Hi\r\n;!;"},
    {"a verdict for each recipient", 1, L FROM TO "RCPT TO:<5no>\r\nRCPT TO:<later>\r\nRCPT TO:<c>\r\nDATA\r\n.\r\n",
     HELLO OK_M OK_R "550 5.0.0 not 5no\r\n" OK_R OK_R GO
                     "250 2.0.0 b has it\r\n451 4.4.1 later:  not now\r\n250 2.0.0 c has it\r\n",
     "M:a;R:b;R:5no;R:later;R:c;D:;!;"},
    {"SMTP: the first that fails", 0, E FROM TO "RCPT TO:<later>\r\nRCPT TO:<later2>\r\nDATA\r\n.\r\n",
     HELLO OK_M OK_R OK_R OK_R GO "451 4.4.1 later:  not now\r\n", "M:a;R:b;R:later;R:later2;D:;!;"},
    {"SMTP: all have it", 0, E FROM TO "RCPT TO:<c>\r\nDATA\r\n.\r\n", HELLO OK_M OK_R OK_R GO "250 2.0.0 b has it\r\n",
     "M:a;R:b;R:c;D:;!;"},
    {"no verdict: the connection ends", 1, L FROM TO "RCPT TO:<lost>\r\nRCPT TO:<c>\r\nDATA\r\n.\r\nNOOP\r\n",
     HELLO OK_M OK_R OK_R OK_R GO "250 2.0.0 b has it\r\n", "M:a;R:b;R:lost;R:c;D:;!;"},
    {"any case", 1, "lhlo x\r\nmail from: <a>\r\nrcpt to:<b>\r\nrset\r\nnoop x\r\nvrfy b\r\nquit\r\n",
     HELLO OK_M OK_R "250 2.0.0 ok\r\n250 2.0.0 ok\r\n252 2.5.0 send a message, and it is tried\r\n" BYE, "M:a;R:b;"},
    {"parameters", 1,
     L "MAIL FROM:<> SIZE=40 RET=HDRS BODY=8BITMIME SMTPUTF8  ENVID=x\r\n"
       "RCPT TO:<b> NOTIFY=NEVER ORCPT=rfc822;b\r\n",
     HELLO OK_M OK_R, "M: RET=HDRS SMTPUTF8 ENVID=x;R:b NOTIFY=NEVER ORCPT=rfc822;b;"},
    {"wrong parameters", 1,
     L "MAIL FROM:<a> AUTH=<>\r\nMAIL FROM:<a> SIZE=41\r\nMAIL FROM:<a> SIZE=x\r\nMAIL FROM:<a> SMTPUTF8=1\r\n"
       "MAIL FROM:<a> BODY=BINARYMIME\r\nMAIL FROM:<a> NOTIFY=NEVER\r\n",
     HELLO
     "555 5.5.4 unknown parameter AUTH\r\n552 5.3.4 the message is too large\r\n501 5.5.4 wrong value of SIZE\r\n"
     "501 5.5.4 wrong value of SMTPUTF8\r\n501 5.5.4 wrong value of BODY\r\n555 5.5.4 unknown parameter NOTIFY\r\n",
     ""},
    {"parameters of DSN", 1,
     L "MAIL FROM:<a> RET=ALL\r\nMAIL FROM:<a> RET=full\r\nRCPT TO:<b> NOTIFY=NEVER,DELAY\r\nRCPT TO:<b> NOTIFY=\r\n"
       "RCPT TO:<b> NOTIFY=success,DELAY\r\nRCPT TO:<b> NOTIFY=DELAYS\r\nRCPT TO:<b> NOTIFY=DELAY,\r\n",
     HELLO "501 5.5.4 wrong value of RET\r\n" OK_M
           "501 5.5.4 wrong value of NOTIFY\r\n501 5.5.4 wrong value of NOTIFY\r\n" OK_R
           "501 5.5.4 wrong value of NOTIFY\r\n501 5.5.4 wrong value of NOTIFY\r\n",
     "M:a RET=full;R:b NOTIFY=success,DELAY;"},
    {"paths", 1,
     L "MAIL FROM:a\r\nMAIL <a>\r\nMAIL FROM:<a\r\nMAIL FROM:<a>x\r\nMAIL FROM:<\"a>\\\"b\"@c>\r\nRCPT TO:<>\r\n",
     HELLO "501 5.5.4 it takes FROM:<ADDRESS>\r\n501 5.5.4 it takes FROM:<ADDRESS>\r\n501 5.5.4 it takes "
           "FROM:<ADDRESS>\r\n501 5.5.4 it takes FROM:<ADDRESS>\r\n" OK_M "501 5.1.3 the recipient is empty\r\n",
     "M:\"a>\\\"b\"@c;"},
    {"the order", 1, FROM L TO "DATA\r\n" FROM FROM "DATA\r\n",
     "503 5.5.1 LHLO comes first\r\n" HELLO "503 5.5.1 MAIL comes first\r\n503 5.5.1 there is no recipient\r\n" OK_M
     "503 5.5.1 there is a sender already\r\n503 5.5.1 there is no recipient\r\n",
     "M:a;"},
    {"SMTP is no LMTP", 0, L FROM "HELO\r\nHELO x\r\nDATA x\r\nEXPN\r\n\r\n",
     "500 5.5.1 no such command\r\n503 5.5.1 EHLO comes first\r\n501 5.5.4 a name is missing\r\n250 me\r\n501 5.5.4 "
     "DATA takes no argument\r\n500 5.5.1 no such command\r\n500 5.5.1 no such command\r\n",
     ""},
    {"LMTP is no SMTP", 1, E "HELO x\r\nLHLO \r\n",
     "500 5.5.1 no such command\r\n500 5.5.1 no such command\r\n501 5.5.4 a name is missing\r\n", ""},
    {"a refused sender", 1, L "MAIL FROM:<4x>\r\n" TO, HELLO "450 4.0.0 not 4x\r\n503 5.5.1 MAIL comes first\r\n",
     "M:4x;"},
    {"too many recipients", 1, L FROM TO TO TO TO TO,
     HELLO OK_M OK_R OK_R OK_R OK_R "452 4.5.3 too many recipients\r\n", "M:a;R:b;R:b;R:b;R:b;"},
    {"no room for content", 1, L FROM "RCPT TO:<full>\r\nDATA\r\nNOOP\r\n",
     HELLO OK_M OK_R "452 4.3.1 no room\r\n250 2.0.0 ok\r\n", "M:a;R:full;D:"},
    {"a second message", 1, BEGUN "1\r\n.\r\n" FROM TO "DATA\r\n2\r\n.\r\nRCPT TO:<c>\r\n",
     BEGAN "250 2.0.0 b has it\r\n" OK_M OK_R GO "250 2.0.0 b has it\r\n503 5.5.1 MAIL comes first\r\n",
     "M:a;R:b;D:1\r\n;!;M:a;R:b;D:2\r\n;!;"},
    /* ---- the end of the content ---- */
    {"dots", 1, BEGUN "..\r\n...a\r\n.b\r\nc.\r\n.\r\n", BEGAN "250 2.0.0 b has it\r\n",
     "M:a;R:b;D:.\r\n..a\r\nb\r\nc.\r\n;!;"},
    {"LF . LF is no end", 1, BEGUN "a\n.\nMAIL FROM:<x>\r\n.\r\n", BEGAN "250 2.0.0 b has it\r\n",
     "M:a;R:b;D:a\n.\nMAIL FROM:<x>\r\n;!;"},
    {"LF . CR LF is no end", 1, BEGUN "a\n.\r\nMAIL\r\n.\r\n", BEGAN "250 2.0.0 b has it\r\n",
     "M:a;R:b;D:a\n.\r\nMAIL\r\n;!;"},
    {"CR LF . LF is no end", 1, BEGUN "a\r\n.\nMAIL\r\n.\r\n", BEGAN "250 2.0.0 b has it\r\n",
     "M:a;R:b;D:a\r\n\nMAIL\r\n;!;"},
    {"CR . CR is no end", 1, BEGUN "a\r.\rMAIL\r\n.\r\n", BEGAN "250 2.0.0 b has it\r\n",
     "M:a;R:b;D:a\r.\rMAIL\r\n;!;"},
    {"CR LF . CR CR LF is no end", 1, BEGUN "a\r\n.\r\r\nMAIL\r\n.\r\n", BEGAN "250 2.0.0 b has it\r\n",
     "M:a;R:b;D:a\r\n\r\r\nMAIL\r\n;!;"},
    {"CR CR LF begins a line", 1, BEGUN "a\r\r\n.\r\n", BEGAN "250 2.0.0 b has it\r\n", "M:a;R:b;D:a\r\r\n;!;"},
    {"the connection ends before the dot", 1, BEGUN "a\r\n.\r", BEGAN, "M:a;R:b;D:a\r\n"},
    {"40 octets", 1, BEGUN TEN TEN TEN "XXXXXXXX\r\n.\r\n", BEGAN "250 2.0.0 b has it\r\n",
     "M:a;R:b;D:" TEN TEN TEN "XXXXXXXX\r\n;!;"},
    {"41 octets, for two", 1, L FROM TO TO "DATA\r\n" TEN TEN TEN TEN "X\r\n.\r\nNOOP\r\n",
     HELLO OK_M OK_R OK_R GO
     "552 5.3.4 the message is larger than 40 octets\r\n552 5.3.4 the message is larger than 40 "
     "octets\r\n250 2.0.0 ok\r\n",
     NULL},
    /* ---- lines ---- */
    {"a command that ends with LF", 1, "LHLO x\nNOOP\r\n", "500 5.5.2 a line ends with CR LF\r\n250 2.0.0 ok\r\n", ""},
    {"a control character", 1, "NOOP a\tb\r\nNOOP \rx\r\n",
     "500 5.5.2 a control character in a command\r\n500 5.5.2 a control character in a command\r\n", ""},
    {"octets in UTF-8", 1, L "MAIL FROM:<\303\244> SMTPUTF8\r\n", HELLO OK_M, "M:\303\244 SMTPUTF8;"},
};

/* Plays a dialogue in pieces of this many octets. */
static void play(const struct dialogue *d, size_t piece)
{
    struct owner owner = {0};
    struct smtp_server_settings settings = {"me", d->lmtp, 40, 4, &calls, &owner};
    struct smtp_server *server = smtp_server_new(&settings);
    char expected[4096];
    const char *out;
    size_t len;

    cr_assert(server);
    (void)snprintf(expected, sizeof expected, "220 me %s\r\n%s", d->lmtp ? "LMTP" : "ESMTP", d->server);
    for (size_t at = 0, left = strlen(d->client); left > 0; at += len, left -= len) {
        len = left < piece ? left : piece;
        smtp_server_feed(server, d->client + at, len);
    }
    out = smtp_server_output(server, &len);
    cr_assert(len == strlen(expected) && !memcmp(out, expected, len), "%s, in pieces of %zu: %.*s", d->title, piece,
              (int)len, out);
    if (d->told)
        cr_assert_str_eq(owner.told, d->told, "%s, in pieces of %zu: the owner was told %s", d->title, piece,
                         owner.told);
    smtp_server_free(server);
}

Test(smtp_server, dialogues, .timeout = 30)
{
    for (size_t i = 0; i < sizeof dialogues / sizeof *dialogues; i++)
        for (size_t piece = 1; piece <= 4096; piece = piece < 8 ? piece + 1 : piece * 8)
            play(&dialogues[i], piece);
}

/* A client that talks only nonsense is sent away, and a line has a limit. */
Test(smtp_server, bounds, .timeout = 10)
{
    struct owner owner = {0};
    struct smtp_server_settings settings = {"me", 1, 40, 4, &calls, &owner};
    struct smtp_server *server = smtp_server_new(&settings);
    char *line = calloc(1, 20000);
    const char *out;
    size_t len, count = 0;

    memset(line, 'x', 19990);
    for (; !smtp_server_is_over(server) && count < 100; count++) {
        smtp_server_feed(server, line, 19990);
        smtp_server_feed(server, "\r\n", 2);
    }
    cr_assert_eq(count, 20);
    out = smtp_server_output(server, &len);
    cr_assert(strstr(out, "500 5.5.2 the line is too long\r\n421 4.3.2 too many errors\r\n"));
    smtp_server_sent(server, len);
    smtp_server_feed(server, "NOOP\r\n", 6);
    smtp_server_close(server, "once more");
    (void)smtp_server_output(server, &len);
    cr_assert_eq(len, 0);
    smtp_server_free(server);
    free(line);
}

/* What an owner says is one line, whatever it is. */
Test(smtp_server, reply, .timeout = 10)
{
    struct smtp_reply reply;
    char text[600];

    memset(text, 'a', sizeof text);
    memcpy(text, "1\r\n2\t3\1", 7);
    memcpy(text + SMTP_REPLY_TEXT - 3, "\303\244\303\244", 4);
    text[sizeof text - 1] = '\0';
    smtp_reply_set(&reply, 550, "5.7.1", "%s", text);
    cr_assert_eq(strlen(reply.text), SMTP_REPLY_TEXT - 3);
    cr_assert(!strncmp(reply.text, "1  2 3 aaa", 10), "%s", reply.text);
}
