/* SPDX-License-Identifier: MIT */
#include "digest.h"

#include <string.h>
#include <strings.h>

/* The octets of a token (RFC 2616 section 2.2). Cyrus ends a name at the first other octet and goes on: it takes
 * "nonce(=" for a nonce. */
static const char token[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";

/* The part of a challenge that is not parsed yet. */
struct digest_text {
    const char *at;
    size_t len;
};

static void digest_skip(struct digest_text *text, size_t len)
{
    text->at += len;
    text->len -= len;
}

/* Returns how many of the first octets are in `set`, or with `negated`: are not in it. */
static size_t digest_span(const struct digest_text *text, const char *set, int negated)
{
    size_t n = 0;

    while (n < text->len && (text->at[n] && strchr(set, text->at[n]) != NULL) != negated)
        n++;
    return n;
}

/* Skips the value after a "=": a token or a quoted string. Returns 0 if it is neither. */
static int digest_value(struct digest_text *text)
{
    size_t n = 1;

    if (!text->len || text->at[0] != '"') {
        n = digest_span(text, "\", \t\r\n", 1);
        digest_skip(text, n);
        return n > 0;
    }
    while (n < text->len && text->at[n] != '"')
        n += text->at[n] == '\\' ? 2 : 1;
    if (n >= text->len)
        return 0;
    digest_skip(text, n + 1);
    return 1;
}

/* Skips one `name=value` and returns its name. Returns 0 if there is none. */
static int digest_next(struct digest_text *text, const char **name, size_t *len)
{
    *name = text->at;
    *len = digest_span(text, token, 0);
    digest_skip(text, *len);
    digest_skip(text, digest_span(text, " \t\r\n", 0));
    if (!*len || !text->len || text->at[0] != '=')
        return 0;
    digest_skip(text, 1);
    digest_skip(text, digest_span(text, " \t\r\n", 0));
    if (!digest_value(text))
        return 0;
    digest_skip(text, digest_span(text, " \t\r\n", 0));
    return !text->len || text->at[0] == ',';
}

const char *bridge_digest_check(const char *in, size_t len)
{
    struct digest_text text = {in, len};
    int nonces = 0;

    for (;;) {
        const char *name;
        size_t n;

        digest_skip(&text, digest_span(&text, ", \t\r\n", 0));
        if (!text.len)
            break;
        if (!digest_next(&text, &name, &n))
            return "the server's challenge is no list of directives";
        nonces += n == 5 && strncasecmp(name, "nonce", 5) == 0;
    }
    /* RFC 2831 section 2.1.1: exactly one nonce. If there are two, Cyrus 2.1.28 leaks the first. */
    return nonces == 1 ? NULL : "the server's challenge has no nonce, or more than one";
}
