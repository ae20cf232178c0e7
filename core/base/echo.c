/* SPDX-License-Identifier: MIT */
#include "base/echo.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#include <envoi/error.h>
#include <stdlib.h>
#include <string.h>

/* Shorter secrets occur in texts by chance. */
#define SECRET_LEAST 4
/* A piece is one octet shorter than its secret, so that one may be missing, and at most this long. */
#define WINDOW_MAX   8
/* Of a long secret, a token say, not each piece is kept but one for so many octets. */
#define LONG         256
#define STRIDE       4

/* ---- pieces ---- */

/* Blanks and line ends do not count: the secret may be spread over several words and lines. */
static bool echo_passes_over(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0';
}

static uint64_t echo_hash(const struct echo *echo, const char *piece, size_t window)
{
    return hash_add(&echo->key, echo->key.begin, piece, window);
}

static int echo_compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static bool echo_knows(const struct echo_secret *s, uint64_t hash)
{
    return bsearch(&hash, s->pieces, s->count, sizeof hash, echo_compare);
}

/* ---- remember ---- */

/* Adds the pieces of a text that is in capitals and has nothing in it that is passed over. */
static int echo_add(struct echo *echo, const char *text, size_t len)
{
    struct echo_secret s = {.window = len - 1 < WINDOW_MAX ? len - 1 : WINDOW_MAX}, *list;
    size_t stride = len > LONG ? STRIDE : 1;

    if (s.window < SECRET_LEAST)
        s.window = SECRET_LEAST;
    hash_draw_key(&echo->key);
    if (!(list = mem_realloc(echo->list, (echo->count + 1) * sizeof *list)))
        return ENVOI_E_MEMORY;
    echo->list = list;
    if (!(s.pieces = mem_alloc((len / stride + 1) * sizeof *s.pieces)))
        return ENVOI_E_MEMORY;
    for (size_t at = 0; at + s.window <= len; at += stride)
        s.pieces[s.count++] = echo_hash(echo, text + at, s.window);
    qsort(s.pieces, s.count, sizeof *s.pieces, echo_compare);
    for (size_t i = 0; i < echo->count; i++)
        if (list[i].count == s.count && memcmp(list[i].pieces, s.pieces, s.count * sizeof *s.pieces) == 0) {
            mem_free(s.pieces); /* known from an earlier mechanism or login */
            return ENVOI_OK;
        }
    list[echo->count++] = s;
    return ENVOI_OK;
}

int echo_remember(struct echo *echo, const void *secret, size_t len)
{
    char *text = mem_alloc(len + 1);
    const char *from = secret;
    size_t n = 0;
    int rc = ENVOI_OK;

    if (!text)
        return ENVOI_E_MEMORY;
    for (size_t i = 0; i < len; i++)
        if (!echo_passes_over(from[i]))
            text[n++] = text_upper(from[i]);
    if (n >= SECRET_LEAST)
        rc = echo_add(echo, text, n);
    mem_wipe(text, len);
    mem_free(text);
    return rc;
}

static void echo_put_hex(struct buf *b, const uint8_t *secret, size_t len)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < len; i++) {
        buf_append(b, digits + (secret[i] >> 4), 1);
        buf_append(b, digits + (secret[i] & 15), 1);
    }
}

int echo_remember_all(struct echo *echo, const void *secret, size_t len)
{
    const uint8_t *octets = secret;
    struct buf b;
    int rc = echo_remember(echo, secret, len);

    if (len < SECRET_LEAST)
        return rc;
    buf_init(&b, 0, true);
    echo_put_hex(&b, octets, len);
    if (!rc && !(rc = buf_failed(&b)))
        rc = echo_remember(echo, buf_head(&b), b.len);
    /* In base64 at each of the three places that it may have in a group: the groups that depend on it alone. */
    for (size_t from = 0; !rc && from < 3; from++) {
        size_t whole = (len - from) / 3 * 3;

        buf_reset(&b);
        if (!(rc = base64_encode(&b, octets + from, whole)))
            rc = echo_remember(echo, buf_head(&b), b.len);
    }
    buf_free(&b);
    return rc;
}

/* ---- redact ---- */

/* Stars each piece of one secret. `recent` has the last octets that count, and `where` their places. */
static void echo_cover(const struct echo *echo, const struct echo_secret *s, const char *text, size_t len, bool *stars)
{
    char recent[WINDOW_MAX];
    size_t where[WINDOW_MAX], n = 0;

    for (size_t i = 0; i < len; i++) {
        if (echo_passes_over(text[i]))
            continue;
        if (n == s->window) {
            memmove(recent, recent + 1, n - 1);
            memmove(where, where + 1, (n - 1) * sizeof *where);
            n--;
        }
        recent[n] = text_upper(text[i]);
        where[n++] = i;
        if (n == s->window && echo_knows(s, echo_hash(echo, recent, n)))
            for (size_t k = 0; k < n; k++)
                stars[where[k]] = true;
    }
}

void echo_redact(const struct echo *echo, char *text, size_t len)
{
    bool *stars = echo->count && len ? mem_zalloc(len) : NULL;

    if (!echo->count || !len)
        return;
    for (size_t i = 0; stars && i < echo->count; i++)
        echo_cover(echo, &echo->list[i], text, len, stars);
    for (size_t i = 0; i < len; i++) /* without memory all of it is covered */
        if (stars ? stars[i] : !echo_passes_over(text[i]))
            text[i] = '*';
    mem_free(stars);
}

void echo_free(struct echo *echo)
{
    for (size_t i = 0; i < echo->count; i++)
        mem_free(echo->list[i].pieces);
    mem_free(echo->list);
    *echo = (struct echo){0};
}

int echo_remember_words(struct echo *echo, const uint8_t *response, size_t len)
{
    size_t from = 0;
    int rc = 0;

    for (size_t i = 0; !rc && i <= len; i++)
        if (i == len || response[i] < ' ') {
            if (i > from)
                rc = echo_remember_all(echo, response + from, i - from);
            from = i + 1;
        }
    return rc;
}

void echo_move(struct echo *to, struct echo *from)
{
    *to = *from;
    *from = (struct echo){0};
}
