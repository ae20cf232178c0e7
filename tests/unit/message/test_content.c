/* SPDX-License-Identifier: MIT */
/* The content on its way to the wire against a slow and simple model of it. */
#include "../../support/bytes.h"
#include "message/content.h"

#include <criterion/criterion.h>
#include <envoi/error.h>
#include <stdlib.h>
#include <string.h>

/* The model: lines, whatever ends them, each followed by CR LF; dots doubled; the dot at the end. */
static void model(struct bytes *out, const char *text, size_t len, enum content_mode mode)
{
    bool at_start = true;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '\r' || c == '\n') {
            if (c == '\r' && i + 1 < len && text[i + 1] == '\n')
                i++;
            bytes_add_text(out, "\r\n");
            at_start = true;
            continue;
        }
        if (c == '.' && at_start && mode == CONTENT_DOT)
            bytes_add_text(out, ".");
        bytes_add(out, &c, 1);
        at_start = false;
    }
    if (!at_start)
        bytes_add_text(out, "\r\n");
    if (mode == CONTENT_DOT)
        bytes_add_text(out, ".\r\n");
}

/* A source that gives pieces cut by a mask: bit i set: a piece ends behind octet i. */
struct pieces {
    const char *text;
    size_t len, at;
    unsigned mask;
    unsigned again, calls;
};

static int pieces_pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    struct pieces *p = ctx;
    size_t n = 0;

    if (p->again && ++p->calls % p->again)
        return ENVOI_E_AGAIN;
    while (p->at < p->len && n < cap) {
        ((char *)buf)[n++] = p->text[p->at++];
        if (p->mask >> ((p->at - 1) & 31) & 1)
            break;
    }
    *len = n;
    return ENVOI_OK;
}

static int pieces_rewind(void *ctx)
{
    ((struct pieces *)ctx)->at = 0;
    return ENVOI_OK;
}

static void run(struct content *c, enum content_mode mode, size_t block_max, struct bytes *out)
{
    struct content_chunk chunk = {0};

    cr_assert_eq(content_begin(c, mode, block_max), ENVOI_OK);
    while (!chunk.last) {
        int rc = content_next(c, &chunk);
        if (rc == ENVOI_E_AGAIN)
            continue;
        cr_assert_eq(rc, ENVOI_OK);
        size_t total = 0;
        for (size_t i = 0; i < chunk.count; i++) {
            bytes_add(out, chunk.pieces[i].iov_base, chunk.pieces[i].iov_len);
            total += chunk.pieces[i].iov_len;
        }
        cr_assert_eq(total, chunk.total);
        c->gone_at = 1; /* it has left the engine */
        cr_assert_lt(out->len, 10000000u);
    }
}

static void same(const struct bytes *should, const struct bytes *is, const char *text, size_t len, const char *how,
                 unsigned number)
{
    struct bytes a = {0}, b = {0}, t = {0};

    if (should->len == is->len && (!is->len || memcmp(should->data, is->data, is->len) == 0))
        return;
    bytes_add_quoted(&t, text, len, 100);
    bytes_add_quoted(&a, should->data, should->len, 200);
    bytes_add_quoted(&b, is->data, is->len, 200);
    cr_assert(false, "%s %s %u: should be %s and is %s", bytes_text(&t), how, number, bytes_text(&a), bytes_text(&b));
}

static void check_memory(const char *text, size_t len, enum content_mode mode, size_t block_max, bool look,
                         const struct bytes *should)
{
    struct content_measure measure;
    struct bytes is = {0};
    struct content c;

    content_init(&c);
    c.source.memory = (const uint8_t *)text;
    c.source.size = (int64_t)len;
    if (look) {
        cr_assert_eq(content_measure(&c, mode, true, &measure), ENVOI_OK);
        cr_assert(measure.known);
        if (mode == CONTENT_PLAIN)
            cr_assert_eq(measure.size, should->len, "the size of %zu octets is told as %llu, not %zu", len,
                         (unsigned long long)measure.size, should->len);
    }
    run(&c, mode, block_max, &is);
    same(should, &is, text, len, look ? "looked at, from memory by" : "from memory by", (unsigned)block_max);
    content_free(&c);
    bytes_free(&is);
}

static void check_pieces(const char *text, size_t len, enum content_mode mode, unsigned mask, unsigned again, bool look,
                         const struct bytes *should)
{
    struct pieces pieces = {.text = text, .len = len, .mask = mask};
    struct content_measure measure;
    struct bytes is = {0};
    struct content c;

    content_init(&c);
    c.source.pull = pieces_pull;
    c.source.rewind = pieces_rewind;
    c.source.ctx = &pieces;
    c.source.size = mask & 1 ? (int64_t)len : -1;
    if (look) {
        cr_assert_eq(content_measure(&c, mode, true, &measure), ENVOI_OK);
        if (mode == CONTENT_PLAIN)
            cr_assert_eq(measure.size, should->len);
    }
    pieces.again = again;
    run(&c, mode, CONTENT_BLOCK, &is);
    same(should, &is, text, len, "in pieces by mask", mask);
    content_free(&c);
    bytes_free(&is);
}

static void check_text(const char *text, size_t len, bool every_mask)
{
    static const enum content_mode modes[] = {CONTENT_DOT, CONTENT_PLAIN};
    static const unsigned masks[] = {0, 0xffffffff, 0x55555555, 0xaaaaaaaa, 0x24924924};

    for (size_t m = 0; m < 2; m++) {
        struct bytes should = {0};
        bytes_add(&should, "", 0);
        model(&should, text, len, modes[m]);
        for (size_t block = 1; block <= len && block < 5; block++)
            check_memory(text, len, modes[m], block, false, &should);
        check_memory(text, len, modes[m], 2, true, &should);
        check_memory(text, len, modes[m], CONTENT_BLOCK, true, &should);
        for (size_t i = 0; i < sizeof masks / sizeof masks[0] && !every_mask; i++)
            check_pieces(text, len, modes[m], masks[i], 0, false, &should);
        for (unsigned mask = 0; mask < 1u << len && every_mask; mask++) {
            check_pieces(text, len, modes[m], mask, 0, mask % 2, &should);
            check_pieces(text, len, modes[m], mask, 2, false, &should);
        }
        bytes_free(&should);
    }
}

/* All texts of the octets that matter, up to a length, number by number. */
static void check_all(size_t longest, bool every_mask)
{
    static const char octets[] = "\r\n.a";
    char text[16];

    for (size_t len = 0; len <= longest; len++)
        for (unsigned number = 0; number < 1u << (2 * len); number++) {
            for (size_t i = 0; i < len; i++)
                text[i] = octets[number >> (2 * i) & 3];
            check_text(text, len, every_mask);
        }
}

/* faults: 47, 48 */
Test(content, every_text_of_five, .timeout = 120)
{
    check_all(5, false);
}

/* faults: 47, 48 */
Test(content, every_split_of_every_text_of_four, .timeout = 120)
{
    check_all(4, true);
}

/* Texts longer than all buffers, the tricky places moved over every edge. */
/* faults: 48 */
Test(content, across_the_blocks, .timeout = 120)
{
    static const char *const tricky[] = {"\r\n.\r\n", "\n.\n", "\r.\r", "\r\r\n", "\n\r", "\r\n..", "..", "\r"};

    for (size_t t = 0; t < sizeof tricky / sizeof tricky[0]; t++)
        for (size_t shift = 0; shift < 6; shift++)
            for (unsigned end = 0; end < 2; end++) {
                struct bytes text = {0}, should = {0};
                for (size_t i = 0; i < CONTENT_BLOCK - shift; i++)
                    bytes_add(&text, i % 71 == 70 ? "\n" : "x", 1);
                bytes_add_text(&text, tricky[t]);
                for (size_t i = 0; end && i < CONTENT_BLOCK; i++)
                    bytes_add(&text, i % 50 == 49 ? "\r" : ".", 1);
                model(&should, (const char *)text.data, text.len, CONTENT_DOT);
                check_memory((const char *)text.data, text.len, CONTENT_DOT, CONTENT_BLOCK, true, &should);
                check_memory((const char *)text.data, text.len, CONTENT_DOT, 4096, false, &should);
                check_pieces((const char *)text.data, text.len, CONTENT_DOT, 0, 0, true, &should);
                check_pieces((const char *)text.data, text.len, CONTENT_DOT, 0x80000000, 3, false, &should);
                bytes_free(&text);
                bytes_free(&should);
            }
}

Test(content, binary_is_left_alone, .timeout = 20)
{
    static const char text[] = "a\0\n.\r\n.\r\rb";
    struct bytes should = {0};

    bytes_add(&should, text, sizeof text - 1);
    for (size_t block = 1; block < 12; block++)
        check_memory(text, sizeof text - 1, CONTENT_BINARY, block, false, &should);
    bytes_free(&should);
}

/* ---- what is refused ---- */

static int drive(struct content *c)
{
    struct content_chunk chunk = {0};
    int rc = content_begin(c, CONTENT_DOT, CONTENT_BLOCK);

    while (rc == ENVOI_OK && !chunk.last) {
        rc = content_next(c, &chunk);
        c->gone_at = 1;
    }
    return rc;
}

/* faults: 50 */
Test(content, nul_is_refused_wherever_it_is, .timeout = 20)
{
    for (size_t at = 0; at < 40; at++) {
        struct content_measure measure;
        struct content c;
        char text[40];
        memset(text, 'x', sizeof text);
        text[at] = '\0';
        content_init(&c);
        c.source.memory = (const uint8_t *)text;
        c.source.size = sizeof text;
        cr_assert_eq(content_measure(&c, CONTENT_DOT, true, &measure), ENVOI_OK);
        cr_expect(measure.has_nul);
        content_free(&c);
        content_init(&c);
        c.source.memory = (const uint8_t *)text;
        c.source.size = sizeof text;
        cr_expect_eq(drive(&c), ENVOI_E_CONTENT, "NUL at %zu", at);
        content_free(&c);
    }
}

/* faults: 51 */
Test(content, a_source_of_another_size_is_broken, .timeout = 20)
{
    for (int64_t said = 0; said < 20; said++) {
        struct pieces pieces = {.text = "0123456789", .len = 10, .mask = 0x249};
        struct content c;
        content_init(&c);
        c.source.pull = pieces_pull;
        c.source.ctx = &pieces;
        c.source.size = said;
        cr_expect_eq(drive(&c), said == 10 ? ENVOI_OK : ENVOI_E_CONTENT, "said %lld", (long long)said);
        content_free(&c);
    }
}

/* It was looked at, and has become shorter or longer by the time it is sent. */
/* faults: 51 */
Test(content, a_source_that_changes_is_broken, .timeout = 20)
{
    static char text[CONTENT_BLOCK + 100];

    memset(text, 'x', sizeof text);
    for (size_t len = sizeof text - 2; len <= sizeof text; len++) {
        struct pieces pieces = {.text = text, .len = sizeof text - 1};
        struct content_measure measure;
        struct content c;
        content_init(&c);
        c.source.pull = pieces_pull;
        c.source.rewind = pieces_rewind;
        c.source.ctx = &pieces;
        cr_assert_eq(content_measure(&c, CONTENT_DOT, true, &measure), ENVOI_OK);
        pieces.len = len;
        cr_expect_eq(drive(&c), len == sizeof text - 1 ? ENVOI_OK : ENVOI_E_CONTENT, "%zu", len);
        content_free(&c);
    }
}

static int liar_pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    (void)ctx;
    (void)buf;
    *len = cap + 1;
    return ENVOI_OK;
}

/* faults: 51, 78 */
Test(content, a_source_that_gives_more_than_fits_is_broken, .timeout = 20)
{
    struct content c;

    content_init(&c);
    c.source.pull = liar_pull;
    cr_expect_eq(drive(&c), ENVOI_E_CONTENT);
    content_free(&c);
}

static int failing_pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    int *left = ctx;

    (void)cap;
    if (!(*left)--)
        return ENVOI_E_SYSTEM;
    *(char *)buf = 'x';
    *len = 1;
    return ENVOI_OK;
}

/* faults: 51 */
Test(content, a_source_that_fails, .timeout = 20)
{
    for (int calls = 0; calls < 10; calls++) {
        int left = calls;
        struct content c;
        content_init(&c);
        c.source.pull = failing_pull;
        c.source.ctx = &left;
        cr_expect_eq(drive(&c), ENVOI_E_CONTENT);
        content_free(&c);
    }
}

Test(content, once_is_once, .timeout = 20)
{
    struct pieces pieces = {.text = "0123456789", .len = 10};
    struct content c;

    content_init(&c);
    c.source.pull = pieces_pull;
    c.source.ctx = &pieces;
    c.source.size = 10;
    cr_expect_eq(drive(&c), ENVOI_OK);
    cr_expect_eq(drive(&c), ENVOI_E_CONTENT);
    c.source.rewind = pieces_rewind;
    cr_expect_eq(drive(&c), ENVOI_OK);
    content_free(&c);
}

static void count_release(void *ctx)
{
    ++*(int *)ctx;
}

Test(content, the_source_is_released_once, .timeout = 20)
{
    int released = 0;
    struct content c;

    content_init(&c);
    c.source.release = count_release;
    c.source.ctx = &released;
    content_idle(&c);
    cr_expect_eq(released, 0);
    content_free(&c);
    cr_expect_eq(released, 1);
    content_free(&c);
    cr_expect_eq(released, 1);
}

/* A block that needs no repair is lent where it lies. */
Test(content, regular_memory_is_not_copied, .timeout = 20)
{
    struct bytes text = {0};
    struct content c;
    struct content_chunk chunk = {0};
    struct content_measure measure;

    for (int i = 0; i < 20000; i++)
        bytes_add_text(&text, "a regular line\r\n");
    content_init(&c);
    c.source.memory = text.data;
    c.source.size = (int64_t)text.len;
    cr_assert_eq(content_measure(&c, CONTENT_DOT, true, &measure), ENVOI_OK);
    cr_assert_eq(content_begin(&c, CONTENT_DOT, CONTENT_BLOCK), ENVOI_OK);
    while (!chunk.last) {
        cr_assert_eq(content_next(&c, &chunk), ENVOI_OK);
        for (size_t i = 0; i < chunk.count; i++) {
            const uint8_t *at = chunk.pieces[i].iov_base;
            cr_expect(chunk.pieces[i].iov_len <= 5 || (at >= text.data && at < text.data + text.len));
        }
    }
    cr_expect_null(c.output);
    cr_expect_null(c.input);
    content_free(&c);
    bytes_free(&text);
}
