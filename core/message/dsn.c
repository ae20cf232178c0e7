/* SPDX-License-Identifier: MIT */
/* Delivery status notifications (RFC 3461): the application's wishes become parameters of MAIL and RCPT. */
#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"
#include "message/message.h"
#include "message/parameters.h"

#include <stdio.h>
#include <string.h>

#define ENVID_MAX   100 /* octets of its xtext (RFC 3461 section 4) */
#define ORCPT_MAX   500 /* octets of address type and xtext */
#define NOTIFY_ALL  (ENVOI_NOTIFY_SUCCESS | ENVOI_NOTIFY_FAILURE | ENVOI_NOTIFY_DELAY)
#define ESCAPED_MAX 16

static void dsn_escape(struct buf *out, const char *before, unsigned c, const char *after)
{
    char text[ESCAPED_MAX];

    (void)snprintf(text, sizeof text, "%s%02X%s", before, c, after);
    buf_append_text(out, text);
}

static bool is_xchar(unsigned c)
{
    return c > 32 && c < 127 && c != '+' && c != '=';
}

/* RFC 3461 section 4: other characters are "+" and two hexadecimal digits. */
static void dsn_xtext(struct buf *out, const char *text)
{
    for (; *text; text++)
        if (is_xchar((unsigned char)*text))
            buf_append(out, text, 1);
        else
            dsn_escape(out, "+", (unsigned char)*text, "");
}

/* RFC 6533 section 3, in the form that needs no SMTPUTF8. */
static void dsn_unicode(struct buf *out, const char *text)
{
    size_t len = strlen(text), n;
    uint32_t c = 0;

    for (; len && (n = utf8_take(text, len, &c)); text += n, len -= n)
        if (is_xchar(c) && c != '\\')
            buf_append(out, text, 1);
        else
            dsn_escape(out, "\\x{", c, "}");
}

static bool dsn_is_named(const char *word, size_t len, const char *name)
{
    return len > strlen(name) && word[strlen(name)] == '=' && text_equal_n(word, name, strlen(name));
}

/* Replaces the parameters with the two names among the options. */
static int dsn_replace(char **options, const char *const names[2], const struct buf *words)
{
    const char *rest = *options, *word;
    struct buf all;
    size_t len;
    int rc;

    buf_init(&all, 0, false);
    while (rest && (rest = text_word(rest, &word, &len)))
        if (!dsn_is_named(word, len, names[0]) && !dsn_is_named(word, len, names[1])) {
            buf_append_text(&all, all.len ? " " : "");
            buf_append(&all, word, len);
        }
    buf_append_text(&all, all.len && words->len ? " " : "");
    buf_append(&all, buf_head(words), words->len);
    buf_append(&all, "", 1);
    rc = buf_failed(&all) ? buf_failed(&all) : parameters_check((const char *)buf_head(&all), NULL);
    if (!rc)
        rc = mem_replace(options, all.len > 1 ? (const char *)buf_head(&all) : NULL);
    buf_free(&all);
    return rc;
}

/* ---- of the message ---- */

static bool dsn_is_printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 32 || (unsigned char)*text > 126)
            return false;
    return true;
}

static int dsn_envid(struct buf *words, const char *envid)
{
    size_t from;

    if (!*envid || !dsn_is_printable(envid))
        return ENVOI_E_USAGE;
    buf_append_text(words, words->len ? " ENVID=" : "ENVID=");
    from = words->len;
    dsn_xtext(words, envid);
    if (buf_failed(words))
        return ENVOI_E_MEMORY;
    return words->len - from > ENVID_MAX ? ENVOI_E_USAGE : ENVOI_OK;
}

int envoi_message_set_dsn(struct envoi_message *message, int ret, const char *envid)
{
    static const char *const names[2] = {"RET", "ENVID"};
    static const char *const values[] = {
        [ENVOI_RET_UNSAID] = "", [ENVOI_RET_FULL] = "RET=FULL", [ENVOI_RET_HEADERS] = "RET=HDRS"};
    struct buf words;
    int rc = message_check(message);

    if (rc)
        return rc;
    if (ret < ENVOI_RET_UNSAID || ret > ENVOI_RET_HEADERS)
        return message_misuse(message, ENVOI_DETAIL_RANGE);
    buf_init(&words, 0, false);
    rc = buf_append_text(&words, values[ret]);
    if (!rc && envid)
        rc = dsn_envid(&words, envid);
    if (!rc)
        rc = dsn_replace(&message->options, names, &words);
    buf_free(&words);
    return message_stick_as(message, rc, ENVOI_DETAIL_FORM);
}

/* ---- of a recipient ---- */

static int dsn_notify(struct buf *words, unsigned notify)
{
    static const char *const names[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};
    const char *before = "NOTIFY=";

    if (notify != ENVOI_NOTIFY_NEVER && (notify & ~NOTIFY_ALL))
        return ENVOI_E_USAGE;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (notify & 1u << i) {
            buf_append_text(words, before);
            buf_append_text(words, names[i]);
            before = ",";
        }
    return buf_failed(words);
}

static int dsn_orcpt(struct buf *words, const char *orcpt)
{
    struct address address;
    size_t from;
    int rc = address_parse(orcpt, false, NULL, &address);

    if (rc)
        return rc;
    buf_append_text(words, words->len ? " ORCPT=" : "ORCPT=");
    from = words->len;
    buf_append_text(words, address.utf8 ? "utf-8;" : "rfc822;");
    (address.utf8 ? dsn_unicode : dsn_xtext)(words, address_path(&address));
    address_free(&address);
    if (buf_failed(words))
        return ENVOI_E_MEMORY;
    return words->len - from > ORCPT_MAX ? ENVOI_E_USAGE : ENVOI_OK;
}

int envoi_message_set_recipient_dsn(struct envoi_message *message, size_t index, unsigned notify, const char *orcpt)
{
    static const char *const names[2] = {"NOTIFY", "ORCPT"};
    struct buf words;
    int rc = message_check(message);

    if (rc)
        return rc;
    if (index >= message->count)
        return message_misuse(message, ENVOI_DETAIL_RANGE);
    buf_init(&words, 0, false);
    rc = dsn_notify(&words, notify);
    if (!rc && orcpt)
        rc = dsn_orcpt(&words, orcpt);
    if (!rc)
        rc = dsn_replace(&message->recipients[index].options, names, &words);
    message->special = true;
    buf_free(&words);
    return message_stick_as(message, rc, ENVOI_DETAIL_FORM);
}
