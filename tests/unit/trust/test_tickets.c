/* SPDX-License-Identifier: MIT */
#include "../../support/blocks.h"
#include "base/mem.h"
#include "trust/tickets.h"

#include <criterion/criterion.h>
#include <envoi/library.h>
#include <stdio.h>
#include <string.h>

TestSuite(tickets, .timeout = 20);

static struct tickets t;

static struct buf key_of(const char *text)
{
    struct buf key;

    buf_init(&key, 0, true);
    ticket_key_add_text(&key, text);
    cr_assert_eq(buf_failed(&key), ENVOI_OK);
    return key;
}

static void keep_as(const char *where, const char *ticket, int64_t born, bool lasting)
{
    struct buf key = key_of(where);

    tickets_keep(&t, &key, ticket, strlen(ticket), born, lasting);
    buf_free(&key);
}

static void keep(const char *where, const char *ticket, int64_t born)
{
    keep_as(where, ticket, born, false);
}

static struct ticket_loan loan;

/* The ticket as text, "" for none. */
static const char *take(const char *where, int64_t now)
{
    static char text[128];
    struct buf key = key_of(where), out;
    bool taken;

    buf_init(&out, 0, true);
    taken = tickets_take(&t, &key, now, &out, &loan);
    cr_expect_eq(taken, out.len > 0);
    snprintf(text, sizeof text, "%.*s", (int)out.len, taken ? (const char *)buf_head(&out) : "");
    buf_free(&out);
    buf_free(&key);
    return text;
}

Test(tickets, each_is_taken_once_the_newest_first)
{
    cr_assert_eq(tickets_init(&t), ENVOI_OK);
    cr_expect_str_eq(take("a", 0), "");
    keep("a", "one", 10);
    keep("b", "two", 20);
    keep("a", "three", 30);
    cr_expect_str_eq(take("a", 40), "three");
    cr_expect_eq(loan.born, 30);
    cr_expect_eq(loan.number, 0);
    cr_expect_str_eq(take("a", 40), "one");
    cr_expect_str_eq(take("a", 40), "");
    cr_expect_str_eq(take("c", 40), "");
    cr_expect_str_eq(take("b", 40), "two");
    tickets_free(&t);
}

static void renew(uint64_t number, const char *ticket)
{
    tickets_renew(&t, number, ticket, strlen(ticket));
}

Test(tickets, lasting_ones_are_lent)
{
    uint64_t number;

    cr_assert_eq(tickets_init(&t), ENVOI_OK);
    keep("a", "once", 10);
    keep_as("a", "often", 20, true);
    cr_expect_str_eq(take("a", 40), "often");
    cr_expect_neq(number = loan.number, 0u);
    cr_expect_str_eq(take("a", 40), "often");
    cr_expect_eq(loan.number, number);
    cr_expect_eq(loan.born, 20);
    renew(number, "renewed"); /* however often it is, it does not become younger, and stays one */
    renew(number, "renewed once more");
    cr_expect_str_eq(take("a", 40), "renewed once more");
    cr_expect_eq(loan.number, number);
    cr_expect_eq(loan.born, 20);
    cr_expect_str_eq(take("a", 20 + TICKET_AGE_MAX), "");
    cr_expect_eq(loan.number, 0u);
    cr_expect_null(t.first, "one that is too old stays");
    tickets_free(&t);
}

Test(tickets, what_served_nobody_is_dropped)
{
    uint64_t number;

    cr_assert_eq(tickets_init(&t), ENVOI_OK);
    keep_as("b", "of another", 0, true);
    keep("a", "once", 0);
    keep_as("a", "often", 0, true);
    cr_expect_str_eq(take("a", 0), "often");
    number = loan.number;
    tickets_drop(&t, 0);
    renew(0, "nothing");
    renew(number, "");
    tickets_drop(&t, number);
    tickets_drop(&t, number);
    renew(number, "too late");
    cr_expect_str_eq(take("a", 0), "once");
    cr_expect_str_eq(take("a", 0), "");
    cr_expect_str_eq(take("b", 0), "of another");
    tickets_switch(&t, false);
    renew(loan.number, "switched off meanwhile");
    tickets_switch(&t, true);
    cr_expect_str_eq(take("b", 0), "");
    tickets_free(&t);
}

Test(tickets, none_is_older_than_a_day)
{
    cr_assert_eq(tickets_init(&t), ENVOI_OK);
    keep("a", "old", 1000);
    cr_expect_str_eq(take("a", 1000 + TICKET_AGE_MAX), "");
    keep("a", "old", 1000);
    cr_expect_str_eq(take("a", 999 + TICKET_AGE_MAX), "old");
    keep("a", "young", 2000);
    keep("a", "old", 1000);
    cr_expect_str_eq(take("a", 1000 + TICKET_AGE_MAX), "young", "an old one stands in the way of a younger one");
    tickets_free(&t);
}

Test(tickets, there_are_bounds)
{
    char text[32];

    cr_assert_eq(tickets_init(&t), ENVOI_OK);
    for (int i = 0; i < TICKETS_OF_ONE + 5; i++) {
        snprintf(text, sizeof text, "%d", i);
        keep("one server", text, 0);
    }
    for (int i = TICKETS_OF_ONE + 4; i >= 5; i--) {
        snprintf(text, sizeof text, "%d", i);
        cr_expect_str_eq(take("one server", 0), text);
    }
    cr_expect_str_eq(take("one server", 0), "");
    for (int i = 0; i <= TICKETS_MAX; i++) {
        snprintf(text, sizeof text, "server %d", i);
        keep(text, "x", 0);
    }
    cr_expect_str_eq(take("server 0", 0), "", "the oldest gives way");
    cr_expect_str_eq(take("server 1", 0), "x");
    snprintf(text, sizeof text, "server %d", TICKETS_MAX);
    cr_expect_str_eq(take(text, 0), "x");
    tickets_free(&t);
}

Test(tickets, some_are_not_kept)
{
    static char large[TICKET_OCTETS_MAX + 1];
    struct buf key = key_of("a"), none;

    cr_assert_eq(tickets_init(&t), ENVOI_OK);
    buf_init(&none, 0, true);
    tickets_keep(&t, &none, "x", 1, 0, false); /* a connection whose key could not be made */
    tickets_keep(&t, &key, "", 0, 0, false);
    tickets_keep(&t, &key, large, sizeof large, 0, false);
    cr_expect_null(t.first);
    buf_free(&key);
    tickets_free(&t);
}

Test(tickets, switched_off)
{
    cr_assert_eq(tickets_init(&t), ENVOI_OK);
    keep("a", "x", 0);
    tickets_switch(&t, false);
    cr_expect_str_eq(take("a", 0), "");
    keep("a", "y", 0);
    cr_expect_str_eq(take("a", 0), "");
    tickets_switch(&t, true);
    cr_expect_str_eq(take("a", 0), "");
    keep("a", "z", 0);
    cr_expect_str_eq(take("a", 0), "z");
    tickets_free(&t);
}

/* However texts are cut: other fields, another key. */
Test(tickets, keys)
{
    static const char *const fields[][2] = {{"ab", "c"},   {"a", "bc"}, {"", "abc"},
                                            {NULL, "abc"}, {"abc", ""}, {"abc", NULL}};
    enum { COUNT = sizeof fields / sizeof fields[0] };
    struct buf keys[COUNT];

    for (size_t i = 0; i < COUNT; i++) {
        buf_init(&keys[i], 0, true);
        ticket_key_add_text(&keys[i], fields[i][0]);
        ticket_key_add_text(&keys[i], fields[i][1]);
        cr_assert_eq(buf_failed(&keys[i]), ENVOI_OK);
        for (size_t k = 0; k < i; k++)
            cr_expect(keys[i].len != keys[k].len || memcmp(buf_head(&keys[i]), buf_head(&keys[k]), keys[i].len) != 0,
                      "%zu and %zu", i, k);
    }
    for (size_t i = 0; i < COUNT; i++)
        buf_free(&keys[i]);
}

Test(tickets, nothing_is_left_behind)
{
    blocks_install();
    blocks_add_secret("the ticket", 10);
    blocks_add_secret("the passphrase", 14);
    cr_assert_eq(tickets_init(&t), ENVOI_OK);
    for (int i = 0; i < TICKETS_OF_ONE + 3; i++) /* some are pushed out */
        keep("the passphrase", "the ticket", 0);
    cr_expect_str_eq(take("the passphrase", 0), "the ticket");
    cr_expect_str_eq(take("the passphrase", TICKET_AGE_MAX), "", "all are too old");
    keep("the passphrase", "the ticket", 0);
    tickets_switch(&t, false);
    keep("the passphrase", "the ticket", 0);
    tickets_switch(&t, true);
    keep_as("the passphrase", "the ticket", 0, true);
    cr_expect_str_eq(take("the passphrase", 0), "the ticket");
    renew(loan.number, "the ticket");
    tickets_drop(&t, loan.number);
    keep("the passphrase", "the ticket", 0);
    tickets_free(&t);
    cr_expect_null(blocks_leaked(), "%s", blocks_leaked());
    cr_expect_eq(blocks_alive(), 0u);
}

Test(tickets, without_memory)
{
    struct buf key, out;

    blocks_install();
    key = key_of("a");
    cr_assert_eq(tickets_init(&t), ENVOI_OK);
    blocks_fail(1, true);
    tickets_keep(&t, &key, "x", 1, 0, false);
    blocks_fail(0, false);
    cr_expect_null(t.first);
    tickets_keep(&t, &key, "x", 1, 0, false);
    buf_init(&out, 0, true);
    blocks_fail(1, true);
    cr_expect_not(tickets_take(&t, &key, 0, &out, &loan));
    blocks_fail(0, false);
    cr_expect_eq(out.len, 0u);
    tickets_keep(&t, &key, "lent", 4, 0, true);
    blocks_fail(1, true);
    cr_expect_not(tickets_take(&t, &key, 0, &out, &loan));
    cr_expect_eq(loan.number, 0u);
    blocks_fail(0, false);
    buf_reset(&out); /* it remembers that it failed */
    cr_expect(tickets_take(&t, &key, 0, &out, &loan));
    blocks_fail(1, true);
    tickets_renew(&t, loan.number, "new", 3);
    blocks_fail(0, false);
    buf_reset(&out);
    cr_expect(tickets_take(&t, &key, 0, &out, &loan), "the old one is there as long as there is no other");
    buf_free(&out);
    buf_free(&key);
    tickets_free(&t);
    cr_expect_eq(blocks_alive(), 0u);
}
