/* SPDX-License-Identifier: MIT */
#include "reply/reply.h"

#include <criterion/criterion.h>
#include <envoi/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Feeds text in pieces of `step` octets until a reply is whole or something fails. *left: octets that were not used. */
static int feed(struct reply_parser *p, const char *text, size_t len, size_t step, bool *complete, size_t *left)
{
    size_t used;
    int rc = ENVOI_OK;

    *complete = false;
    while (len && rc == ENVOI_OK && !*complete) {
        size_t part = len < step ? len : step;
        rc = reply_parse(p, text, part, &used, complete, NULL, NULL);
        if (rc == ENVOI_OK && !*complete)
            cr_assert_eq(used, part, "octets were left though the reply is not whole");
        text += used;
        len -= used;
    }
    *left = len;
    return rc;
}

struct sample {
    const char *text;
    int code; /* 0: no reply */
    const char *words, *enhanced;
};

static const struct sample samples[] = {
    {"250 ok\r\n", 250, "ok", ""},
    {"250\r\n", 250, "", ""},
    {"250 \r\n", 250, "", ""},
    {"250-\r\n250 \r\n", 250, "\n", ""},
    {"250-a\r\n250-b\r\n250 c\r\n", 250, "a\nb\nc", ""},
    {"250-a\r\n250\r\n", 250, "a\n", ""},
    {"250 ok\n", 250, "ok", ""},
    {"354 go\r\n", 354, "go", ""},
    {"599 x\r\n", 599, "x", ""},
    {"571 5.7.1 x\r\n", 571, "x", "5.7.1"},
    {"460 x\r\n", 460, "x", ""},
    {"499-a\r\n499 b\r\n", 499, "a\nb", ""},
    {"360 x\r\n", 0, NULL, NULL},
    {"559 x\r\n", 559, "x", ""},
    {"199 x\r\n", 0, NULL, NULL},
    {"600 x\r\n", 0, NULL, NULL},
    {"260 x\r\n", 0, NULL, NULL},
    {"25 x\r\n", 0, NULL, NULL},
    {"2500 x\r\n", 0, NULL, NULL},
    {"250x\r\n", 0, NULL, NULL},
    {"250\tx\r\n", 0, NULL, NULL},
    {"250_x\r\n", 0, NULL, NULL},
    {" 250 x\r\n", 0, NULL, NULL},
    {"\r\n", 0, NULL, NULL},
    {"\n", 0, NULL, NULL},
    {"250-a\r\n251 b\r\n", 0, NULL, NULL},
    {"250-a\r\n\r\n250 b\r\n", 0, NULL, NULL},
    {"250 2.1.5 fine\r\n", 250, "fine", "2.1.5"},
    {"250 2.1.5\r\n", 250, "", "2.1.5"},
    {"250 2.123.123 x\r\n", 250, "x", "2.123.123"},
    {"250 2.1234.5 x\r\n", 250, "2.1234.5 x", ""},
    {"250 2.1.1234 x\r\n", 250, "2.1.1234 x", ""},
    {"250 2.1.5x\r\n", 250, "2.1.5x", ""},
    {"250 2.1. x\r\n", 250, "2.1. x", ""},
    {"250 2..1 x\r\n", 250, "2..1 x", ""},
    {"250 4.1.1 x\r\n", 250, "4.1.1 x", ""},
    {"550-5.1.1 a\r\n550 5.1.2 b\r\n", 550, "a\nb", "5.1.2"},
    {"250 a\rb\r\n", 0, NULL, NULL},
    {"250 a\r\r\n", 0, NULL, NULL},
    {"250-a\r250 b\r\n", 0, NULL, NULL},
    {"\r250 a\r\n", 0, NULL, NULL},
    {"220-a\r\n521 b\r\n", 521, "a\nb", ""},
    {"220-a\r\n421-b\r\n521 c\r\n", 521, "a\nb\nc", ""},
    {"220-a\r\n521-b\r\n220 c\r\n", 0, NULL, NULL},
    {"550-a\r\n250 b\r\n", 0, NULL, NULL},
    {"550-a\r\n354 b\r\n", 0, NULL, NULL},
    {"250-a\r\n354 b\r\n", 0, NULL, NULL},
    {"550-5.1.1 a\r\n450 4.1.1 b\r\n", 550, "a\n4.1.1 b", "5.1.1"},
    {"250-2.1.1 a\r\n550 5.1.1 b\r\n", 550, "2.1.1 a\nb", "5.1.1"},
    {"250 gr\xc3\xbc\xc3\x9f\r\n", 250, "gr\xc3\xbc\xc3\x9f", ""},
    {"250 2.0.0 \xfc\xc2\x9b\r\n", 250, "???", "2.0.0"},
    {"250 a\tb\r\n", 250, "a\tb", ""},
    {"\x16\x03\x01", 0, NULL, NULL},
    {"\x15\x03\x03\x00\x02\x02\x28", 0, NULL, NULL},
    {"250 a\x1b[1m\x7f\r\n", 250, "a?[1m?", ""},
};

/* What broke the reply can be read, up to where it broke. */
static void check_broken(const struct envoi_reply *r, const char *text)
{
    size_t n;
    const char *line = envoi_reply_line(r, 0, &n);

    cr_assert_eq(envoi_reply_code(r), ENVOI_E_PROTOCOL);
    cr_assert_eq(reply_class(r), 0);
    cr_assert_eq(envoi_reply_lines(r), 1u);
    cr_assert(memmem(text, strlen(text), line, n), "\"%s\" has no \"%s\"", text, line);
    cr_assert_eq(strlen(envoi_reply_text(r)), n);
    cr_assert_str_eq(envoi_reply_enhanced(r), "");
}

/* faults: F5, F7, F18, 26, 27, 28, 29 */
Test(reply, samples, .timeout = 20)
{
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        size_t len = strlen(samples[i].text);
        for (size_t step = 1; step <= len; step++) {
            struct reply_parser p;
            struct envoi_reply reply;
            bool complete;
            size_t left;
            reply_parser_init(&p, &reply);
            int rc = feed(&p, samples[i].text, len, step, &complete, &left);
            if (!samples[i].code) {
                cr_assert_eq(rc, ENVOI_E_PROTOCOL, "\"%s\" by %zu gives %d", samples[i].text, step, rc);
                cr_assert(p.problem[0]);
                check_broken(p.reply, samples[i].text);
            } else {
                cr_assert_eq(rc, ENVOI_OK, "\"%s\" by %zu: %s", samples[i].text, step, p.problem);
                cr_assert(complete);
                cr_assert_eq(left, 0u);
                cr_assert_eq(envoi_reply_code(p.reply), samples[i].code);
                cr_assert_str_eq(envoi_reply_text(p.reply), samples[i].words);
                cr_assert_str_eq(envoi_reply_enhanced(p.reply), samples[i].enhanced);
            }
            reply_parser_free(&p);
        }
    }
}

/* faults: 32 */
Test(reply, one_at_a_time, .timeout = 20)
{
    static const char text[] = "220 one\r\n250-two\r\n250 three\r\n354";
    struct reply_parser p;
    struct envoi_reply reply;
    size_t used, at = 0;
    bool complete;

    reply_parser_init(&p, &reply);
    cr_assert(!reply_parser_busy(&p));
    cr_assert_eq(reply_parse(&p, text, sizeof text - 1, &used, &complete, NULL, NULL), ENVOI_OK);
    cr_assert(complete);
    cr_assert_eq(used, 9u);
    at += used;
    cr_assert_eq(reply_parse(&p, text + at, sizeof text - 1 - at, &used, &complete, NULL, NULL), ENVOI_OK);
    cr_assert(complete);
    cr_assert_eq(envoi_reply_code(p.reply), 250);
    cr_assert_str_eq(envoi_reply_text(p.reply), "two\nthree");
    at += used;
    cr_assert_eq(reply_parse(&p, text + at, sizeof text - 1 - at, &used, &complete, NULL, NULL), ENVOI_OK);
    cr_assert(!complete);
    cr_assert(reply_parser_busy(&p));
    reply_parser_reset(&p);
    cr_assert(!reply_parser_busy(&p));
    reply_parser_free(&p);
}

/* faults: 29 */
Test(reply, nul, .timeout = 20)
{
    static const char text[] = "250 a\0b\r\n";

    for (size_t step = 1; step < sizeof text; step++) {
        struct reply_parser p;
        struct envoi_reply reply;
        bool complete;
        size_t left;
        reply_parser_init(&p, &reply);
        cr_assert_eq(feed(&p, text, sizeof text - 1, step, &complete, &left), ENVOI_E_PROTOCOL);
        reply_parser_free(&p);
    }
}

/* One line of `len` octets, line end included, then perhaps many more of them. */
static int feed_lines(size_t len, size_t lines, size_t step)
{
    struct reply_parser p;
    struct envoi_reply reply;
    bool complete = false;
    size_t left;
    int rc = ENVOI_OK;
    char *line = malloc(len);

    memset(line, 'x', len);
    memcpy(line, "250-", 4);
    line[len - 2] = '\r';
    line[len - 1] = '\n';
    reply_parser_init(&p, &reply);
    for (size_t i = 1; i <= lines && rc == ENVOI_OK; i++) {
        line[3] = i == lines ? ' ' : '-';
        rc = feed(&p, line, len, step, &complete, &left);
    }
    if (rc == ENVOI_OK)
        cr_assert(complete);
    reply_parser_free(&p);
    free(line);
    return rc;
}

/* faults: 23, 24 */
Test(reply, bounds, .timeout = 20)
{
    static const size_t steps[] = {1, 7, 4096, 1000000};

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        cr_expect_eq(feed_lines(REPLY_LINE_MAX, 1, steps[i]), ENVOI_OK);
        cr_expect_eq(feed_lines(REPLY_LINE_MAX + 1, 1, steps[i]), ENVOI_E_PROTOCOL);
        cr_expect_eq(feed_lines(20, REPLY_LINES_MAX, steps[i]), ENVOI_OK);
        cr_expect_eq(feed_lines(20, REPLY_LINES_MAX + 1, steps[i]), ENVOI_E_PROTOCOL);
        cr_expect_eq(feed_lines(4096, REPLY_OCTETS_MAX / 4096, steps[i]), ENVOI_OK);
        cr_expect_eq(feed_lines(4096, REPLY_OCTETS_MAX / 4096 + 1, steps[i]), ENVOI_E_PROTOCOL);
    }
}

/* A line without end is refused before its end, not stored until then. */
/* faults: 23 */
Test(reply, endless_line_costs_bounded_memory, .timeout = 20)
{
    struct reply_parser p;
    struct envoi_reply reply;
    char block[512];
    bool complete;
    size_t used, fed = 0;
    int rc = ENVOI_OK;

    memset(block, 'x', sizeof block);
    memcpy(block, "250 ", 4);
    reply_parser_init(&p, &reply);
    while (rc == ENVOI_OK && fed < 100 * sizeof block) {
        rc = reply_parse(&p, block, sizeof block, &used, &complete, NULL, NULL);
        fed += sizeof block;
        memset(block, 'x', 4);
    }
    cr_expect_eq(rc, ENVOI_E_PROTOCOL);
    cr_expect_leq(fed, REPLY_LINE_MAX + 2 * sizeof block);
    cr_expect_leq(p.line.cap, 2u * REPLY_LINE_MAX);
    reply_parser_free(&p);
}

static void count_line(void *ctx, const char *line, size_t len)
{
    size_t *total = ctx;

    for (size_t i = 0; i < len; i++)
        cr_assert(line[i] != '\r' && line[i] != '\n'); /* what else is in it is for whoever shows it */
    *total += len;
}

Test(reply, lines_for_the_trace, .timeout = 20)
{
    static const char text[] = "250-one\x1b\r\n250 two\r\n";
    struct reply_parser p;
    struct envoi_reply reply;
    size_t used, total = 0;
    bool complete;

    reply_parser_init(&p, &reply);
    cr_assert_eq(reply_parse(&p, text, sizeof text - 1, &used, &complete, count_line, &total), ENVOI_OK);
    cr_expect_eq(total, 15u);
    reply_parser_free(&p);
}

Test(reply, copy, .timeout = 20)
{
    struct reply_parser p;
    struct envoi_reply reply;
    struct envoi_reply copy;
    size_t left;
    bool complete;

    reply_parser_init(&p, &reply);
    reply_init(&copy);
    cr_assert_str_eq(envoi_reply_text(&copy), "");
    cr_assert_eq(envoi_reply_code(NULL), 0);
    cr_assert_str_eq(envoi_reply_text(NULL), "");
    cr_assert_str_eq(envoi_reply_enhanced(NULL), "");
    cr_assert_eq(feed(&p, "451 4.3.0 later\r\n", 17, 17, &complete, &left), ENVOI_OK);
    cr_assert_eq(reply_copy(&copy, p.reply), ENVOI_OK);
    reply_parser_free(&p);
    cr_expect_eq(envoi_reply_code(&copy), 451);
    cr_expect_eq(reply_class(&copy), 4);
    cr_expect_eq(envoi_reply_lines(&copy), 1u);
    cr_expect_str_eq(envoi_reply_line(&copy, 0, NULL), "4.3.0 later");
    cr_expect_str_eq(envoi_reply_text(&copy), "later");
    cr_expect_str_eq(envoi_reply_enhanced(&copy), "4.3.0");
    reply_free(&copy);
}

/* Every octet of every line, whatever the text makes of it. */
Test(reply, lines_as_they_came, .timeout = 20)
{
    char text[600] = "250-", last[] = "250 2.0.0 end\r\n";
    size_t at = 4, n, left;

    for (int i = 1; i < 256; i++)
        if (i != '\r' && i != '\n')
            text[at++] = (char)i;
    at += (size_t)snprintf(text + at, sizeof text - at, "\r\n%s", last);
    for (size_t step = 1; step <= at; step++) {
        struct reply_parser p;
        struct envoi_reply reply;
        bool complete;

        reply_parser_init(&p, &reply);
        cr_assert_eq(feed(&p, text, at, step, &complete, &left), ENVOI_OK);
        cr_assert(complete);
        cr_assert_eq(envoi_reply_lines(p.reply), 2u);
        cr_assert_eq(memcmp(envoi_reply_line(p.reply, 0, &n), text + 4, 253), 0);
        cr_assert_eq(n, 253u);
        cr_assert_str_eq(envoi_reply_line(p.reply, 1, &n), "2.0.0 end");
        cr_assert_eq(n, 9u);
        cr_assert_null(envoi_reply_line(p.reply, 2, &n));
        cr_assert_eq(n, 0u);
        cr_assert_null(envoi_reply_line(p.reply, SIZE_MAX, NULL));
        reply_parser_free(&p);
    }
    cr_assert_eq(envoi_reply_lines(NULL), 0u);
    cr_assert_null(envoi_reply_line(NULL, 0, &n));
}

/* A reply is read behind one of another kind, with nothing left over from it. */
Test(reply, one_behind_another, .timeout = 20)
{
    static const char *const replies[] = {"250 2.0.0 plain\r\n", "250-two\r\n250 lines\r\n", "250\r\n",
                                          "250 gr\xc3\xbc\xc3\x9f\r\n"};
    static const char *const texts[] = {"plain", "two\nlines", "", "gr\xc3\xbc\xc3\x9f"};
    struct reply_parser p;
    struct envoi_reply reply;
    bool complete;
    size_t left;

    reply_parser_init(&p, &reply);
    for (size_t i = 0; i < 16; i++)
        for (size_t k = i % 4, two = 0; two < 2; two++, k = i / 4) {
            cr_assert_eq(feed(&p, replies[k], strlen(replies[k]), 100, &complete, &left), ENVOI_OK);
            cr_assert_str_eq(envoi_reply_text(p.reply), texts[k]);
            cr_assert_eq(envoi_reply_lines(p.reply), k == 1 ? 2u : 1u);
            cr_assert_str_eq(envoi_reply_enhanced(p.reply), k == 0 ? "2.0.0" : "");
        }
    reply_parser_free(&p);
}
