/* SPDX-License-Identifier: MIT */
/* Bounds on memory that no dialogue reaches. */
#include "engine/engine.h"
#include "layer/output.h"
#include "message/message.h"

#include <criterion/criterion.h>
#include <envoi/error.h>
#include <envoi/message.h>
#include <stdio.h>
#include <string.h>

/* As if they were there: a million of them would take their time. */
Test(bounds, recipients, .timeout = 10)
{
    struct envoi_message *m;

    cr_assert_eq(envoi_message_new("me@example.org", &m), ENVOI_OK);
    cr_assert_eq(envoi_message_add_recipient(m, "a@example.net"), ENVOI_OK);
    size_t room = m->room;
    m->count = m->room = RECIPIENTS_MAX;
    cr_assert_eq(envoi_message_add_recipient(m, "b@example.net"), ENVOI_E_USAGE);
    m->room = RECIPIENTS_MAX + 1;
    cr_assert_eq(envoi_message_add_recipient(m, "b@example.net"), ENVOI_E_USAGE, "there is room, and yet");
    m->count = 1;
    m->room = room;
    cr_assert_eq(envoi_message_add_recipient(m, "b@example.net"), ENVOI_OK);
    cr_assert_eq(envoi_message_recipients(m), 2);
    envoi_message_free(m);
}

/* Commands of one size until there is no room. */
static unsigned fill(struct output *o, size_t size)
{
    static const char text[2000];
    unsigned count = 0;

    cr_assert_eq(output_init(o), ENVOI_OK);
    while (output_has_room(o)) {
        size_t from = o->text.len;

        cr_assert_lt(count++, 100000, "there is always room");
        cr_assert_eq(buf_append(&o->text, text, size), ENVOI_OK);
        output_add_text(o, from, true);
    }
    return count;
}

Test(bounds, queued_output, .timeout = 10)
{
    struct output o;

    fill(&o, 1500);
    cr_expect(o.octets >= OUTPUT_LIMIT && o.octets < OUTPUT_LIMIT + 1500, "%zu octets", o.octets);
    output_free(&o);
    cr_expect_leq(fill(&o, 6), OUTPUT_PIECES_MAX);
    cr_expect_lt(o.octets, OUTPUT_LIMIT);
    /* What has left makes room. */
    output_drained(&o, o.octets, 1);
    cr_expect(output_has_room(&o));
    output_free(&o);
}

/* Commands that lie in one piece are counted as they leave, also octet by octet; content stands between them. */
Test(bounds, commands_that_have_left, .timeout = 10)
{
    static const char *const lines[] = {"RSET\r\n", "MAIL\r\n", "RCPT\r\n"};
    struct iovec pieces[4];

    for (size_t step = 1; step <= 40; step++) {
        unsigned left = 0;
        struct output o;

        cr_assert_eq(output_init(&o), ENVOI_OK);
        for (size_t i = 0; i < 5; i++) {
            size_t from = o.text.len;

            cr_assert_eq(buf_append(&o.text, lines[i % 3], 6), ENVOI_OK);
            output_add_text(&o, from, i != 2);
            if (i == 2) { /* the head of a command that ends with content */
                output_lend(&o, "content\r\n", 9);
                output_end_command(&o, NULL);
            }
        }
        cr_assert_eq(output_drain(&o, pieces, 4), 3u);
        cr_assert_eq(pieces[0].iov_len, 18u);
        for (size_t gone = 0, n; gone < 39; gone += n) {
            static const unsigned ends[] = {6, 12, 27, 33, 39};
            unsigned whole = 0;

            n = gone + step < 39 ? step : 39 - gone;
            left += output_drained(&o, n, 1);
            while (whole < 5 && ends[whole] <= gone + n)
                whole++;
            cr_expect_eq(left, whole, "step %zu: %zu octets have left", step, gone + n);
        }
        cr_expect_eq(o.commands + o.count + o.octets, 0u);
        output_free(&o);
    }
}
