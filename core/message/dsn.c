/* SPDX-License-Identifier: MIT */
/* Delivery status notifications (RFC 3461): the application's wishes become parameters of MAIL and RCPT. */
#include "base/buf.h"
#include "base/utf8.h"
#include "message/message.h"
#include "message/parameters.h"

#include <string.h>

#define ENVID_MAX  100 /* octets of its xtext (RFC 3461 section 4) */
#define ORCPT_MAX  500 /* octets of address type and xtext */
#define NOTIFY_ALL (ENVOI_NOTIFY_SUCCESS | ENVOI_NOTIFY_FAILURE | ENVOI_NOTIFY_DELAY)

/* RFC 6533 section 3, in the form that needs no SMTPUTF8. */
static void dsn_unicode(struct buf *out, const char *text)
{
    size_t len = strlen(text), n;
    uint32_t c = 0;

    for (; len && (n = utf8_take(text, len, &c)); text += n, len -= n)
        if (parameters_is_xchar(c) && c != '\\')
            buf_append(out, text, 1);
        else
            parameters_escape(out, "\\x{", c, "}");
}

/* ---- of the message ---- */

static bool dsn_is_printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 32 || (unsigned char)*text > 126)
            return false;
    return true;
}

static int dsn_envid(struct buf *words, const char *envid, struct envoi_errctx *why)
{
    size_t from;

    if (!*envid || !dsn_is_printable(envid))
        return fault_misuse(why, ENVOI_DETAIL_FORM, 0,
                            "the envelope identifier is empty, or holds other characters than printable US-ASCII");
    buf_append_text(words, words->len ? " ENVID=" : "ENVID=");
    from = words->len;
    parameters_xtext(words, envid);
    if (buf_failed(words))
        return ENVOI_E_MEMORY;
    if (words->len - from <= ENVID_MAX)
        return ENVOI_OK;
    return fault_misuse(why, ENVOI_DETAIL_LENGTH, 0, "the envelope identifier is longer than %d octets when encoded",
                        ENVID_MAX);
}

int envoi_message_set_dsn(struct envoi_message *message, int ret, const char *envid)
{
    static const char *const names[] = {"RET", "ENVID", NULL};
    static const char *const values[] = {
        [ENVOI_RET_UNSAID] = "", [ENVOI_RET_FULL] = "RET=FULL", [ENVOI_RET_HEADERS] = "RET=HDRS"};
    struct envoi_errctx why;
    struct buf words;
    int rc = message_check(message);

    if (rc)
        return rc;
    if (ret < ENVOI_RET_UNSAID || ret > ENVOI_RET_HEADERS)
        return message_misuse(message, ENVOI_DETAIL_RANGE);
    fault_clear(&why);
    buf_init(&words, 0, false);
    rc = buf_append_text(&words, values[ret]);
    if (!rc && envid)
        rc = dsn_envid(&words, envid, &why);
    if (!rc)
        rc = parameters_replace(&message->options, names, &words, &why);
    buf_free(&words);
    return message_refuse(message, rc, &why);
}

/* ---- of a recipient ---- */

static int dsn_notify(struct buf *words, unsigned notify, struct envoi_errctx *why)
{
    static const char *const names[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};
    const char *before = "NOTIFY=";

    if (notify != ENVOI_NOTIFY_NEVER && (notify & ~NOTIFY_ALL))
        return fault_misuse(why, ENVOI_DETAIL_RANGE, 0, "NOTIFY is NEVER alone, or some of SUCCESS, FAILURE and DELAY");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (notify & 1u << i) {
            buf_append_text(words, before);
            buf_append_text(words, names[i]);
            before = ",";
        }
    return buf_failed(words);
}

static int dsn_orcpt(struct buf *words, const char *orcpt, struct envoi_errctx *why)
{
    struct address address;
    size_t from;
    int rc = address_parse(orcpt, false, why, &address);

    if (rc)
        return rc;
    buf_append_text(words, words->len ? " ORCPT=" : "ORCPT=");
    from = words->len;
    buf_append_text(words, address.utf8 ? "utf-8;" : "rfc822;");
    (address.utf8 ? dsn_unicode : parameters_xtext)(words, address_path(&address));
    address_free(&address);
    if (buf_failed(words))
        return ENVOI_E_MEMORY;
    if (words->len - from <= ORCPT_MAX)
        return ENVOI_OK;
    return fault_misuse(why, ENVOI_DETAIL_LENGTH, 0, "the original recipient is longer than %d octets when encoded",
                        ORCPT_MAX);
}

int envoi_message_set_recipient_dsn(struct envoi_message *message, size_t index, unsigned notify, const char *orcpt)
{
    static const char *const names[] = {"NOTIFY", "ORCPT", NULL};
    struct envoi_errctx why;
    struct buf words;
    int rc = message_check(message);

    if (rc)
        return rc;
    if (index >= message->count)
        return message_misuse(message, ENVOI_DETAIL_RANGE);
    fault_clear(&why);
    buf_init(&words, 0, false);
    rc = dsn_notify(&words, notify, &why);
    if (!rc && orcpt)
        rc = dsn_orcpt(&words, orcpt, &why);
    if (!rc)
        rc = parameters_replace(&message->recipients[index].options, names, &words, &why);
    message->special = true;
    buf_free(&words);
    return message_refuse(message, rc, &why);
}
