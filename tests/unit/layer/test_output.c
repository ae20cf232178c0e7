/* SPDX-License-Identifier: MIT */
/* The output: what is lent to the wire, and what is gathered for the records of a layer. */
#include "../../support/blocks.h"
#include "layer/output.h"

#include <criterion/criterion.h>
#include <envoi/error.h>
#include <stdio.h>
#include <string.h>

#define MOST 64

static struct output o;
static uint8_t block[MOST];
static char content[1000];

static void setup(void)
{
    blocks_install();
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (char)('a' + i % 26);
    cr_assert_eq(output_init(&o), ENVOI_OK);
}

static void teardown(void)
{
    output_free(&o);
    cr_assert_eq(blocks_alive(), 0);
}

TestSuite(output, .init = setup, .fini = teardown, .timeout = 30);

static void add_text(const char *command)
{
    size_t from = o.text.len;

    cr_assert(output_has_room(&o));
    cr_assert_eq(buf_append_text(&o.text, command), ENVOI_OK);
    output_add_text(&o, from, true);
}

static void add_content(size_t from, size_t len)
{
    cr_assert(output_has_room(&o));
    output_lend(&o, content + from, len);
}

/* What is gathered is `text`, copied or not, and leaves. */
static void gathers(const char *text, bool copied)
{
    struct iovec got = output_gather(&o, block, MOST);

    cr_assert_eq(got.iov_len, strlen(text), "%zu octets: %.*s", got.iov_len, (int)got.iov_len, (char *)got.iov_base);
    cr_assert_eq(memcmp(got.iov_base, text, got.iov_len), 0, "%.*s", (int)got.iov_len, (char *)got.iov_base);
    cr_assert_eq(got.iov_base == block, copied);
    output_drained(&o, got.iov_len, 1);
}

Test(output, nothing_waits)
{
    cr_assert_eq(output_gather(&o, block, MOST).iov_len, 0);
}

Test(output, commands_lie_together)
{
    add_text("MAIL\r\n");
    add_text("RCPT\r\n");
    gathers("MAIL\r\nRCPT\r\n", false);
    cr_assert_eq(o.count, 0);
}

Test(output, a_message_is_one_record)
{
    add_text("MAIL\r\n");
    add_text("BDAT 10\r\n");
    add_content(0, 10);
    add_text("RSET\r\n");
    gathers("MAIL\r\nBDAT 10\r\nabcdefghijRSET\r\n", true);
    cr_assert_eq(o.count, 0);
}

/* Only the octets that share a record with others are copied. */
Test(output, what_fills_a_record_is_lent)
{
    struct iovec got;

    add_text("BDAT 900\r\n");
    add_content(0, 900);
    add_text("RSET\r\n");
    got = output_gather(&o, block, MOST);
    cr_assert(got.iov_base == block && got.iov_len == MOST);
    output_drained(&o, MOST, 1);
    for (size_t at = MOST - 10; at + MOST <= 900; at += MOST) {
        got = output_gather(&o, block, MOST);
        cr_assert(got.iov_base == content + at && got.iov_len == MOST, "at %zu", at);
        output_drained(&o, MOST, 1);
    }
    got = output_gather(&o, block, MOST);
    cr_assert(got.iov_base == block && got.iov_len == (10 + 900 + 6) % MOST);
    cr_assert_eq(memcmp(block + got.iov_len - 6, "RSET\r\n", 6), 0);
}

Test(output, the_last_octets_are_lent)
{
    add_content(0, 10);
    gathers("abcdefghij", false);
}

/* An empty piece, such as the chunk of an empty message, is no gap. */
Test(output, empty_pieces)
{
    add_text("BDAT 0\r\n");
    add_content(0, 0);
    add_text("RSET\r\n");
    gathers("BDAT 0\r\nRSET\r\n", false);
    cr_assert_eq(o.count, 0);
}

/* After AGAIN a transport gets the same octets, and not fewer, whatever has been added. */
Test(output, the_same_octets_again)
{
    uint8_t before[MOST];

    add_text("EHLO\r\n");
    for (size_t i = 0; i < 40; i++) {
        struct iovec first = output_gather(&o, block, MOST), again;

        memcpy(before, first.iov_base, first.iov_len);
        if (i % 3)
            add_content(i, i);
        else
            add_text("RSET\r\n");
        again = output_gather(&o, block, MOST);
        cr_assert_geq(again.iov_len, first.iov_len);
        cr_assert_leq(again.iov_len, MOST);
        cr_assert_eq(memcmp(again.iov_base, before, first.iov_len), 0, "step %zu", i);
        if (i % 5 == 4)
            output_drained(&o, again.iov_len / 2, 1);
    }
}

/* Neither a copy on the stack nor one in a record with other octets. */
Test(output, a_login_is_not_copied)
{
    add_text("AUTH PLAIN c2VjcmV0\r\n");
    o.text.secret = true;
    add_content(0, 10);
    add_text("RSET\r\n");
    memset(block, 0, sizeof block);
    gathers("AUTH PLAIN c2VjcmV0\r\n", false);
    gathers("abcdefghij", false);
    gathers("RSET\r\n", false);
    cr_assert_not(o.text.secret);
    for (size_t i = 0; i < sizeof block; i++)
        cr_assert_eq(block[i], 0);
}

/* The ring grows while its beginning is anywhere, and keeps the order. */
Test(output, the_ring_grows)
{
    for (unsigned head = 0; head < OUTPUT_PIECES_MIN; head++) {
        char want[4 * OUTPUT_PIECES_MIN + 1] = "";
        struct iovec pieces[4 * OUTPUT_PIECES_MIN];

        output_clear(&o);
        output_shrink(&o, 0);
        for (unsigned i = 0; i < head; i++) {
            add_content(0, 1);
            output_drained(&o, 1, 1);
        }
        cr_assert_eq(o.head, head);
        for (unsigned i = 0; i < 3 * OUTPUT_PIECES_MIN; i++) {
            add_content(i, 1);
            want[i] = content[i];
        }
        cr_assert_gt(o.room, OUTPUT_PIECES_MIN);
        cr_assert_eq(output_drain(&o, pieces, 4 * OUTPUT_PIECES_MIN), 3 * OUTPUT_PIECES_MIN);
        for (unsigned i = 0; want[i]; i++)
            cr_assert_eq(*(char *)pieces[i].iov_base, want[i], "head %u, piece %u", head, i);
    }
}

Test(output, memory_goes_back)
{
    for (int i = 0; i < 100; i++)
        add_text("RCPT TO:<somebody@example.net>\r\n");
    output_drained(&o, o.octets, 1);
    output_shrink(&o, o.text.cap);
    cr_assert_gt(o.text.cap, 0, "not more than is kept");
    cr_assert_eq(o.room, OUTPUT_PIECES_MIN);
    output_shrink(&o, o.text.cap - 1);
    cr_assert_eq(o.text.cap, 0);
    add_text("NOOP\r\n");
    gathers("NOOP\r\n", false);
}

Test(output, no_memory_to_grow_or_to_shrink)
{
    while (o.count + 5 <= o.room)
        add_content(0, 1);
    blocks_fail(1, false);
    cr_assert_not(output_has_room(&o));
    cr_assert_eq(o.room, OUTPUT_PIECES_MIN);
    cr_assert(output_has_room(&o));
    cr_assert_gt(o.room, OUTPUT_PIECES_MIN);
    output_clear(&o);
    blocks_fail(1, false);
    output_shrink(&o, 0);
    blocks_fail(0, false);
    cr_assert_gt(o.room, OUTPUT_PIECES_MIN, "the larger ring stays");
    add_content(0, 3);
    gathers("abc", false);
}
