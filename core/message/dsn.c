/* SPDX-License-Identifier: MIT */
/* Delivery status notifications (RFC 3461): parameters of MAIL and RCPT, made of what the application wishes. */
#include "base/mem.h"
#include "base/text.h"
#include "message/message.h"

#include <stdio.h>
#include <string.h>

#define ENVID_MAX   100 /* octets of its xtext (RFC 3461 section 4) */
#define ORCPT_MAX   500 /* octets of address type and xtext */
#define NOTIFY_ALL  (ENVOI_NOTIFY_SUCCESS | ENVOI_NOTIFY_FAILURE | ENVOI_NOTIFY_DELAY)
#define ESCAPED_MAX 16

static int append_escaped(struct buf *out, const char *before, unsigned c, const char *behind)
{
    char text[ESCAPED_MAX];

    (void)snprintf(text, sizeof text, "%s%02X%s", before, c, behind);
    return buf_append_text(out, text);
}

/* RFC 3461 section 4: what is not to be read as it is, as "+" and two digits. */
static int append_xtext(struct buf *out, const char *text)
{
    int rc = ENVOI_OK;

    for (; !rc && *text; text++)
        rc = *text > 32 && *text < 127 && *text != '+' && *text != '='
                 ? buf_append(out, text, 1)
                 : append_escaped(out, "+", (unsigned char)*text, "");
    return rc;
}

/* The next character of UTF-8 that is known to be valid. */
static unsigned next_character(const char **at)
{
    const unsigned char *p = (const unsigned char *)*at;
    unsigned more = *p < 0x80 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
    unsigned c = more ? *p & (0x3fu >> more) : *p;

    for (*at += more + 1; more; more--)
        c = c << 6 | (*++p & 0x3f);
    return c;
}

/* RFC 6533 section 3, in the form that needs no SMTPUTF8. */
static int append_unicode(struct buf *out, const char *text)
{
    int rc = ENVOI_OK;

    while (!rc && *text) {
        unsigned c = next_character(&text);
        char plain = (char)c;

        rc = c > 32 && c < 127 && c != '+' && c != '=' && c != '\\' ? buf_append(out, &plain, 1)
                                                                    : append_escaped(out, "\\x{", c, "}");
    }
    return rc;
}

static bool is_named(const char *word, size_t len, const char *name)
{
    return len > strlen(name) && word[strlen(name)] == '=' && text_equal_n(word, name, strlen(name));
}

/* Puts the words in place of those parameters among the options that have the two names. */
static int replace_words(char **options, const char *const names[2], const struct buf *words)
{
    const char *rest = *options, *word;
    struct buf all;
    size_t len;
    int rc = ENVOI_OK;

    buf_init(&all, 0, false);
    while (!rc && rest && (rest = text_word(rest, &word, &len)))
        if (!is_named(word, len, names[0]) && !is_named(word, len, names[1]))
            rc = (all.len ? buf_append(&all, " ", 1) : ENVOI_OK) || buf_append(&all, word, len);
    if (!rc && all.len && words->len)
        rc = buf_append(&all, " ", 1);
    if (!rc)
        rc = buf_append(&all, buf_head(words), words->len) || buf_append(&all, "", 1);
    rc = rc ? ENVOI_E_MEMORY : parameters_check((const char *)buf_head(&all), NULL);
    if (!rc)
        rc = mem_replace(options, all.len > 1 ? (const char *)buf_head(&all) : NULL);
    buf_free(&all);
    return rc;
}

/* ---- of the message ---- */

static bool is_printable(const char *text)
{
    for (; *text; text++)
        if (*text < 32 || *text == 127)
            return false;
    return true;
}

static int put_envid(struct buf *words, const char *envid)
{
    size_t from;
    int rc;

    if (!*envid || !is_printable(envid))
        return ENVOI_E_USAGE;
    rc = buf_append_text(words, words->len ? " ENVID=" : "ENVID=");
    from = words->len;
    if (!rc)
        rc = append_xtext(words, envid);
    return rc ? rc : words->len - from > ENVID_MAX ? ENVOI_E_USAGE : ENVOI_OK;
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
        return message_stick(message, ENVOI_E_USAGE);
    buf_init(&words, 0, false);
    rc = buf_append_text(&words, values[ret]);
    if (!rc && envid)
        rc = put_envid(&words, envid);
    if (!rc)
        rc = replace_words(&message->options, names, &words);
    buf_free(&words);
    return message_stick(message, rc);
}

/* ---- of a recipient ---- */

static int put_notify(struct buf *words, unsigned notify)
{
    static const char *const names[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};
    const char *before = "NOTIFY=";
    int rc = ENVOI_OK;

    if (notify != ENVOI_NOTIFY_NEVER && (notify & ~NOTIFY_ALL))
        return ENVOI_E_USAGE;
    for (size_t i = 0; !rc && i < sizeof names / sizeof names[0]; i++)
        if (notify & 1u << i) {
            rc = buf_append_text(words, before) || buf_append_text(words, names[i]);
            before = ",";
        }
    return rc ? ENVOI_E_MEMORY : ENVOI_OK;
}

static int put_orcpt(struct buf *words, const char *orcpt)
{
    struct address address;
    size_t from;
    int rc = address_parse(orcpt, false, NULL, &address);

    if (rc)
        return rc;
    rc = buf_append_text(words, words->len ? " ORCPT=" : "ORCPT=");
    from = words->len;
    if (!rc)
        rc = buf_append_text(words, address.utf8 ? "utf-8;" : "rfc822;");
    if (!rc)
        rc = (address.utf8 ? append_unicode : append_xtext)(words, address_path(&address));
    address_free(&address);
    return rc ? rc : words->len - from > ORCPT_MAX ? ENVOI_E_USAGE : ENVOI_OK;
}

int envoi_message_set_recipient_dsn(struct envoi_message *message, size_t index, unsigned notify, const char *orcpt)
{
    static const char *const names[2] = {"NOTIFY", "ORCPT"};
    struct buf words;
    int rc = message_check(message);

    if (rc)
        return rc;
    if (index >= message->count)
        return message_stick(message, ENVOI_E_USAGE);
    buf_init(&words, 0, false);
    rc = put_notify(&words, notify);
    if (!rc && orcpt)
        rc = put_orcpt(&words, orcpt);
    if (!rc)
        rc = replace_words(&message->recipients[index].options, names, &words);
    buf_free(&words);
    return message_stick(message, rc);
}
