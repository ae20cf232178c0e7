/* SPDX-License-Identifier: MIT */
#include "message/parameters.h"

#include "base/mem.h"
#include "base/text.h"

#include <envoi/error.h>
#include <stdio.h>
#include <string.h>

#define ESCAPED_MAX 16

/* esmtp-param = esmtp-keyword ["=" esmtp-value] (RFC 5321 section 4.1.2). */
static bool is_parameter(const char *word, size_t len)
{
    size_t n = text_keyword_length(word, len);

    if (!n || (n < len && (word[n] != '=' || n + 1 == len)))
        return false;
    for (n++; n < len; n++)
        if ((unsigned char)word[n] < 33 || word[n] == '=' || word[n] == 0x7f)
            return false;
    return true;
}

static bool is_hex(char c)
{
    return text_is_digit(c) || (c >= 'A' && c <= 'F');
}

/* Is the value of a parameter with this name xtext (RFC 3461 section 4, RFC 4954 section 5)? */
static bool is_xtext_name(const char *name, size_t len)
{
    if (len == 4)
        return text_equal_n(name, "AUTH", 4);
    return len == 5 && (text_equal_n(name, "ENVID", 5) || text_equal_n(name, "ORCPT", 5));
}

/* xtext is printable US-ASCII, and a "+" begins two hexadecimal digits, in upper case. */
static bool is_broken_xtext(const char *word, size_t len)
{
    const char *equals = memchr(word, '=', len);
    size_t name = equals ? (size_t)(equals - word) : len;

    if (!equals || !is_xtext_name(word, name))
        return false;
    for (size_t i = name + 1; i < len; i++)
        if ((unsigned char)word[i] >= 0x80 ||
            (word[i] == '+' && !(i + 2 < len && is_hex(word[i + 1]) && is_hex(word[i + 2]))))
            return true;
    return false;
}

int parameters_check(const char *options, struct envoi_errctx *fault)
{
    const char *word;
    size_t len;

    if (!options)
        return ENVOI_OK;
    if (strlen(options) > PARAMETERS_MAX)
        return fault_misuse(fault, ENVOI_DETAIL_LENGTH, 0, "the options are longer than %d octets", PARAMETERS_MAX);
    if (!text_is_line(options, strlen(options)) || !text_is_all_safe(options, strlen(options)))
        return fault_misuse(fault, ENVOI_DETAIL_CONTROL, 0,
                            "the options hold a line end or a control character, or are not UTF-8");
    while ((options = text_word(options, &word, &len)))
        if (!is_parameter(word, len))
            return fault_misuse(fault, ENVOI_DETAIL_FORM, 0, "\"%.*s\" is not a parameter (NAME or NAME=VALUE)",
                                (int)(len > 60 ? 60 : len), word);
        else if (is_broken_xtext(word, len))
            return fault_misuse(
                fault, ENVOI_DETAIL_FORM, 0,
                "\"%.*s\": a \"+\" is written +2B there, a \"=\" +3D, and only US-ASCII stands there (RFC 3461)",
                (int)(len > 60 ? 60 : len), word);
    return ENVOI_OK;
}

/* ---- setting some of them ---- */

static bool is_one_of(const char *word, size_t len, const char *const *names)
{
    for (; *names; names++) {
        size_t n = strlen(*names);

        if (len >= n && text_equal_n(word, *names, n) && (len == n || word[n] == '='))
            return true;
    }
    return false;
}

int parameters_replace(char **options, const char *const *names, const struct buf *words, struct envoi_errctx *fault)
{
    const char *rest = *options, *word;
    struct buf all;
    size_t len;
    int rc;

    buf_init(&all, 0, false);
    while (rest && (rest = text_word(rest, &word, &len)))
        if (!is_one_of(word, len, names)) {
            buf_append_text(&all, all.len ? " " : "");
            buf_append(&all, word, len);
        }
    buf_append_text(&all, all.len && words->len ? " " : "");
    buf_append(&all, buf_head(words), words->len);
    buf_append(&all, "", 1);
    rc = buf_failed(&all) ? buf_failed(&all) : parameters_check((const char *)buf_head(&all), fault);
    if (!rc)
        rc = mem_replace(options, all.len > 1 ? (const char *)buf_head(&all) : NULL);
    buf_free(&all);
    return rc;
}

void parameters_escape(struct buf *out, const char *before, unsigned c, const char *after)
{
    char text[ESCAPED_MAX];

    (void)snprintf(text, sizeof text, "%s%02X%s", before, c, after);
    buf_append_text(out, text);
}

void parameters_xtext(struct buf *out, const char *text)
{
    for (; *text; text++)
        if (parameters_is_xchar((unsigned char)*text))
            buf_append(out, text, 1);
        else
            parameters_escape(out, "+", (unsigned char)*text, "");
}
