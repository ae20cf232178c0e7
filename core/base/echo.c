/* SPDX-License-Identifier: MIT */
#include "base/echo.h"

#include "base/text.h"

#include <string.h>

/* Shorter secrets, and shorter fragments, occur in texts by chance. */
#define SECRET_LEAST 4
#define PIECE_LEAST  8

int echo_remember(struct buf *said, const void *secret, size_t len)
{
    buf_append(said, secret, len);
    return buf_append(said, "", 1); /* secrets are separated by NUL */
}

static void echo_cover(char *text, size_t len, const char *secret, size_t secret_len)
{
    char *end = text + len, *at = text;

    for (; (at = memmem(at, (size_t)(end - at), secret, secret_len)); at += secret_len)
        memset(at, '*', secret_len);
}

static bool is_base64(char c)
{
    return text_is_alpha(c) || text_is_digit(c) || (c && strchr("+/=", c));
}

/* Masks fragments too: every run of PIECE_LEAST or more base64 characters that occurs in a secret. */
static void echo_cover_pieces(char *text, size_t len, const void *said, size_t said_len)
{
    for (size_t from = 0, to; from < len; from = to + 1) {
        for (to = from; to < len && is_base64(text[to]);)
            to++;
        if (to - from >= PIECE_LEAST && memmem(said, said_len, text + from, to - from))
            memset(text + from, '*', to - from);
    }
}

void echo_redact(const struct buf *said, char *text, size_t len)
{
    const char *head = (const char *)buf_head(said);

    for (size_t at = 0, n; at < said->len; at += n + 1) {
        n = strnlen(head + at, said->len - at);
        if (n >= SECRET_LEAST)
            echo_cover(text, len, head + at, n);
    }
    if (said->len)
        echo_cover_pieces(text, len, head, said->len);
}
