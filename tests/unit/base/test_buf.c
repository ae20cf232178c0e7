/* SPDX-License-Identifier: MIT */
#include "../../support/blocks.h"
#include "base/buf.h"

#include <criterion/criterion.h>
#include <envoi/error.h>
#include <stdint.h>
#include <string.h>

#define SECRET "correct horse battery"

static struct buf b;

TestSuite(buf, .init = blocks_install, .timeout = 20);

static void append(const char *text)
{
    cr_assert_eq(buf_append_text(&b, text), ENVOI_OK, "\"%s\"", text);
}

static void holds(const char *text)
{
    cr_assert_eq(b.len, strlen(text), "%zu octets, not those of \"%s\"", b.len, text);
    cr_assert(!b.len || memcmp(buf_head(&b), text, b.len) == 0, "\"%s\" is not there", text);
}

static void is_freed(void)
{
    buf_free(&b);
    cr_assert_eq(blocks_alive(), 0);
}

Test(buf, begins_empty)
{
    buf_init(&b, 0, false);
    cr_assert_null(buf_head(&b));
    cr_assert_eq(buf_append(&b, NULL, 0), ENVOI_OK);
    append("");
    cr_assert_eq(blocks_alive(), 0, "there is no memory before there are octets");
    buf_reset(&b);
    buf_free(&b);
    append("again");
    holds("again");
    is_freed();
}

/* Appended and consumed in pieces of all sizes, against a count of what went in and what came out. */
Test(buf, first_in_first_out)
{
    for (int secret = 0; secret < 2; secret++) {
        uint8_t in = 0, out = 0, piece[700];
        unsigned random = 1;

        buf_init(&b, 0, secret);
        for (int round = 0; round < 20000; round++) {
            size_t len = (random = random * 1103515245 + 12345) >> 16 & 511;

            if (random >> 8 & 1 && b.len < 5000) {
                for (size_t i = 0; i < len; i++)
                    piece[i] = in++;
                cr_assert_eq(buf_append(&b, piece, len), ENVOI_OK);
            } else {
                len = len < b.len ? len : b.len;
                for (size_t i = 0; i < len; i++)
                    cr_assert_eq(buf_head(&b)[i], out++);
                buf_consume(&b, len);
            }
            cr_assert_eq((uint8_t)(in - out), (uint8_t)b.len);
        }
        is_freed();
    }
}

Test(buf, reserve_and_commit)
{
    uint8_t *at = NULL;

    buf_init(&b, 0, false);
    append("ab");
    cr_assert_eq(buf_reserve(&b, 1000, &at), ENVOI_OK);
    memset(at, 'x', 1000);
    holds("ab");
    memcpy(at, "cd", 2);
    buf_commit(&b, 2);
    append("e");
    holds("abcde");
    is_freed();
}

/* A queue that is drained as fast as it is filled needs no more memory, wherever its octets stand. */
Test(buf, memory_does_not_grow)
{
    buf_init(&b, 0, false);
    append("0123456789");
    for (int i = 0; i < 10000; i++) {
        append("0123456789");
        buf_consume(&b, 10);
    }
    holds("0123456789");
    cr_assert_eq(blocks_asked(), 1);
    is_freed();
}

Test(buf, grows)
{
    char text[1001] = "";

    memset(text, 'y', 1000);
    buf_init(&b, 0, false);
    append("0123456789");
    buf_consume(&b, 4);
    append(text);
    cr_assert_eq(memcmp(buf_head(&b), "456789yy", 8), 0);
    cr_assert_eq(b.len, 1006);
    cr_assert_eq(blocks_alive(), 1, "the old memory is freed");
    is_freed();
}

Test(buf, limit_counts_what_is_held)
{
    buf_init(&b, 10, false);
    append("0123456789");
    buf_consume(&b, 4);
    append("abcd");
    holds("456789abcd");
    cr_assert_eq(buf_append(&b, "!", 1), ENVOI_E_PROTOCOL);
    holds("456789abcd");
    buf_reset(&b);
    append("0123456789");
    is_freed();
}

Test(buf, limit_counts_what_is_held_where_there_is_no_room)
{
    uint8_t octets[256] = {0};

    buf_init(&b, sizeof octets, false);
    cr_assert_eq(buf_append(&b, octets, sizeof octets), ENVOI_OK);
    cr_assert_eq(b.cap, sizeof octets);
    buf_consume(&b, 100);
    cr_assert_eq(buf_append(&b, octets, 100), ENVOI_OK);
    cr_assert_eq(buf_append(&b, octets, 1), ENVOI_E_PROTOCOL);
    is_freed();
}

Test(buf, limit_holds_where_there_is_room)
{
    uint8_t *at = NULL;

    buf_init(&b, 10, false);
    append("0");
    cr_assert_gt(b.cap, 20, "memory for more");
    cr_assert_eq(buf_append(&b, "0123456789", 10), ENVOI_E_PROTOCOL);
    buf_free(&b);
    cr_assert_eq(b.limit, 10, "the limit outlives the memory");
    cr_assert_eq(buf_reserve(&b, 11, &at), ENVOI_E_PROTOCOL);
    cr_assert_null(at);
    is_freed();
}

Test(buf, sizes_that_cannot_be)
{
    uint8_t *at;

    buf_init(&b, 0, false);
    append("x");
    cr_assert_eq(buf_reserve(&b, SIZE_MAX, &at), ENVOI_E_MEMORY);
    buf_reset(&b);
    cr_assert_eq(buf_reserve(&b, SIZE_MAX / 2 + 2, &at), ENVOI_E_MEMORY);
    is_freed();
}

/* ---- the failure that is remembered ---- */

/* Nothing can be appended, be it ever so short, and what was there before is still there. */
static void has_failed(int code, const char *held)
{
    uint8_t *at;

    for (int i = 0; i < 3; i++) {
        cr_assert_eq(buf_failed(&b), code);
        cr_assert_eq(buf_append(&b, "x", 1), code);
        cr_assert_eq(buf_append_text(&b, "xy"), code);
        cr_assert_eq(buf_reserve(&b, 1, &at), code);
        holds(held);
    }
}

Test(buf, limit_is_remembered)
{
    buf_init(&b, 10, false);
    append("0123");
    cr_assert_eq(buf_append(&b, "0123456", 7), ENVOI_E_PROTOCOL);
    has_failed(ENVOI_E_PROTOCOL, "0123");
    buf_consume(&b, 2);
    has_failed(ENVOI_E_PROTOCOL, "23");
    buf_consume(&b, 2);
    has_failed(ENVOI_E_PROTOCOL, "");
    buf_reset(&b);
    cr_assert_eq(buf_failed(&b), ENVOI_OK);
    append("0123456789");
    is_freed();
}

/* The first code stays: a failure of another kind, or memory that is there again, does not change it. */
Test(buf, want_of_memory_is_remembered)
{
    static const uint8_t many[1500];

    buf_init(&b, 1500, false);
    append("0123");
    blocks_fail(1, false);
    cr_assert_eq(buf_append(&b, many, 1000), ENVOI_E_MEMORY);
    cr_assert_eq(blocks_asked(), 1);
    cr_assert_eq(buf_append(&b, many, sizeof many), ENVOI_E_MEMORY);
    has_failed(ENVOI_E_MEMORY, "0123");
    cr_assert_eq(blocks_asked(), 1, "a buffer that has failed asks for no memory");
    buf_free(&b);
    cr_assert_eq(buf_failed(&b), ENVOI_OK);
    cr_assert_eq(buf_append(&b, many, 1000), ENVOI_OK);
    is_freed();
}

Test(buf, first_octets_without_memory)
{
    buf_init(&b, 0, false);
    blocks_fail(1, false);
    cr_assert_eq(buf_append(&b, "x", 1), ENVOI_E_MEMORY);
    has_failed(ENVOI_E_MEMORY, "");
    cr_assert_null(buf_head(&b));
    is_freed();
}

/* ---- secrets ---- */

static bool is_held(void)
{
    return blocks_hold(SECRET, strlen(SECRET), NULL, 0);
}

static void put_secret(bool secret)
{
    buf_init(&b, 0, secret);
    blocks_add_secret(SECRET, strlen(SECRET));
    append("before");
    append(SECRET);
    cr_assert(is_held());
}

/* Or the tests below would show nothing. */
Test(buf, what_is_no_secret_stays_in_memory)
{
    put_secret(false);
    buf_consume(&b, b.len);
    cr_assert(is_held());
    is_freed();
    cr_assert_not_null(blocks_leaked());
}

Test(buf, consumed_secret_is_wiped)
{
    put_secret(true);
    buf_consume(&b, 6);
    holds(SECRET);
    buf_consume(&b, strlen(SECRET));
    cr_assert_not(is_held());
    is_freed();
    cr_assert_null(blocks_leaked());
}

Test(buf, reset_wipes)
{
    put_secret(true);
    buf_consume(&b, 3);
    buf_reset(&b);
    cr_assert_eq(b.len, 0);
    cr_assert_not(is_held());
    is_freed();
}

Test(buf, free_wipes)
{
    put_secret(true);
    is_freed();
    cr_assert_null(blocks_leaked());
    cr_assert(b.secret, "and the next ones are secrets as well");
}

Test(buf, growth_leaves_no_copy)
{
    static const uint8_t many[3000];

    put_secret(true);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(buf_append(&b, many, sizeof many), ENVOI_OK);
    cr_assert(is_held());
    cr_assert_null(blocks_leaked());
    buf_consume(&b, 6 + strlen(SECRET));
    cr_assert_not(is_held());
    is_freed();
}

/* The octets move to the front when there is room there and none behind them. */
Test(buf, move_leaves_no_copy)
{
    uint8_t filler[200] = {0}, *at;

    buf_init(&b, 0, true);
    cr_assert_eq(buf_append(&b, filler, sizeof filler), ENVOI_OK);
    append(SECRET);
    buf_consume(&b, sizeof filler);
    blocks_fail(1, true);
    cr_assert_eq(buf_reserve(&b, sizeof filler, &at), ENVOI_OK, "it should have moved");
    holds(SECRET);
    buf_consume(&b, strlen(SECRET));
    cr_assert_not(is_held());
    is_freed();
}

/* Octets that were reserved and not committed are wiped too, though a failure takes their room away. */
Test(buf, failure_leaves_no_copy)
{
    uint8_t *at;

    buf_init(&b, 1000, true);
    blocks_add_secret(SECRET, strlen(SECRET));
    append("x");
    cr_assert_eq(buf_reserve(&b, 100, &at), ENVOI_OK);
    memcpy(at, SECRET, strlen(SECRET));
    cr_assert_eq(buf_reserve(&b, 1000, &at), ENVOI_E_PROTOCOL);
    cr_assert_not(is_held());
    is_freed();
    cr_assert_null(blocks_leaked());
}
