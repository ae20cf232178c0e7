/* SPDX-License-Identifier: MIT */
/* When and how the server delivers, and for whom: the application's wishes, numbers and words, become parameters of
 * MAIL and RCPT. Delivery status notifications have a file of their own, dsn.c. */
#include "base/buf.h"
#include "message/message.h"
#include "message/parameters.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SECONDS_MAX  999999999 /* nine digits, in all of these extensions */
#define PRIORITY_MAX 9
#define TIME_MAX     32 /* octets of a date and time in text, NUL included */
#define WORD_MAX     64
#define YEAR_0       INT64_C(-62167219200) /* its first second */
#define YEAR_9999    INT64_C(253402300799) /* its last */

/* "2026-12-01T08:00:00Z" (RFC 3339, in UTC). False: a year that has not four digits. A time_t may end in 2038, so the
 * calendar is reckoned here: years begin in March, so that the leap day is their last. */
static bool format_time(char text[TIME_MAX], int64_t when)
{
    const int64_t day = 86400, era_days = 146097 /* 400 years */;
    int64_t since, days, of_era, year_of_era, of_year, month;

    if (when < YEAR_0 || when > YEAR_9999)
        return false;
    since = when - YEAR_0 + (era_days - 60) * day; /* 1 March of the year -400 */
    days = since / day;
    of_era = days % era_days;
    year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / (era_days - 1)) / 365;
    of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    month = (5 * of_year + 2) / 153;
    (void)snprintf(text, TIME_MAX, "%04d-%02d-%02dT%02d:%02d:%02dZ",
                   (int)(days / era_days * 400 - 400 + year_of_era + (month >= 10)),
                   (int)(month < 10 ? month + 3 : month - 9), (int)(of_year - (153 * month + 2) / 5 + 1),
                   (int)(since / 3600 % 24), (int)(since / 60 % 60), (int)(since % 60));
    return true;
}

/* Replaces the parameters with these names by one; format NULL: by none. */
static __attribute__((format(printf, 4, 5))) int replace(struct envoi_message *m, char **options,
                                                         const char *const *names, const char *format, ...)
{
    char word[WORD_MAX] = "";
    struct envoi_errctx why;
    struct buf words;
    va_list args;
    int rc;

    fault_clear(&why);
    if (format) {
        va_start(args, format);
        (void)vsnprintf(word, sizeof word, format, args);
        va_end(args);
    }
    buf_init(&words, 0, false);
    rc = buf_append_text(&words, word);
    if (!rc)
        rc = parameters_replace(options, names, &words, &why);
    buf_free(&words);
    return message_refuse(m, rc, &why);
}

/* ---- of MAIL ---- */

int envoi_message_set_deliver_by(struct envoi_message *message, int64_t seconds, int mode, int trace)
{
    static const char *const names[] = {"BY", NULL};
    int rc = message_check(message);

    if (rc)
        return rc;
    if (mode == ENVOI_DELIVER_BY_UNSAID)
        return replace(message, &message->options, names, NULL);
    if ((mode != ENVOI_DELIVER_BY_RETURN && mode != ENVOI_DELIVER_BY_NOTIFY) || seconds > SECONDS_MAX ||
        seconds < (mode == ENVOI_DELIVER_BY_RETURN ? 1 : -SECONDS_MAX))
        return message_misuse(message, ENVOI_DETAIL_RANGE);
    return replace(message, &message->options, names, "BY=%lld;%s%s", (long long)seconds,
                   mode == ENVOI_DELIVER_BY_RETURN ? "R" : "N", trace ? "T" : "");
}

/* One of the two replaces the other (RFC 4865 section 4). */
static const char *const holds[] = {"HOLDFOR", "HOLDUNTIL", NULL};

int envoi_message_set_hold_for(struct envoi_message *message, int64_t seconds)
{
    int rc = message_check(message);

    if (rc)
        return rc;
    if (seconds < 0 || seconds > SECONDS_MAX)
        return message_misuse(message, ENVOI_DETAIL_RANGE);
    return replace(message, &message->options, holds, seconds ? "HOLDFOR=%lld" : NULL, (long long)seconds);
}

int envoi_message_set_hold_until(struct envoi_message *message, int64_t when)
{
    char text[TIME_MAX];
    int rc = message_check(message);

    if (rc)
        return rc;
    if (when < 0 || !format_time(text, when))
        return message_misuse(message, ENVOI_DETAIL_RANGE);
    return replace(message, &message->options, holds, when ? "HOLDUNTIL=%s" : NULL, text);
}

int envoi_message_set_mt_priority(struct envoi_message *message, int priority)
{
    static const char *const names[] = {"MT-PRIORITY", NULL};
    int rc = message_check(message);

    if (rc)
        return rc;
    if (priority == ENVOI_MT_PRIORITY_UNSAID)
        return replace(message, &message->options, names, NULL);
    if (priority < -PRIORITY_MAX || priority > PRIORITY_MAX)
        return message_misuse(message, ENVOI_DETAIL_RANGE);
    return replace(message, &message->options, names, "MT-PRIORITY=%d", priority);
}

/* RFC 4954 section 5: AUTH=<> is "not known, or not to be told". */
static int append_submitter(struct buf *words, const char *submitter, struct envoi_errctx *why)
{
    struct address address;
    int rc = address_parse(submitter, true, why, &address);

    if (rc)
        return rc;
    buf_append_text(words, "AUTH=");
    if (*address_path(&address))
        parameters_xtext(words, address_path(&address));
    else
        buf_append_text(words, "<>");
    address_free(&address);
    return buf_failed(words);
}

int envoi_message_set_submitter(struct envoi_message *message, const char *submitter)
{
    static const char *const names[] = {"AUTH", NULL};
    struct envoi_errctx why;
    struct buf words;
    int rc = message_check(message);

    if (rc)
        return rc;
    fault_clear(&why);
    buf_init(&words, 0, false);
    if (submitter)
        rc = append_submitter(&words, submitter, &why);
    if (!rc)
        rc = parameters_replace(&message->options, names, &words, &why);
    buf_free(&words);
    return message_refuse(message, rc, &why);
}

/* ---- of RCPT ---- */

int envoi_message_set_recipient_valid_since(struct envoi_message *message, size_t index, int64_t since, int otherwise)
{
    static const char *const names[] = {"RRVS", NULL};
    static const char *const words[] = {
        [ENVOI_RRVS_UNSAID] = "", [ENVOI_RRVS_CONTINUE] = ";C", [ENVOI_RRVS_REJECT] = ";R"};
    char text[TIME_MAX];
    int rc = message_check(message);

    if (rc)
        return rc;
    if (index >= message->count || otherwise < ENVOI_RRVS_UNSAID || otherwise > ENVOI_RRVS_REJECT || since < 0 ||
        !format_time(text, since))
        return message_misuse(message, ENVOI_DETAIL_RANGE);
    message->special = true;
    return replace(message, &message->recipients[index].options, names, since ? "RRVS=%s%s" : NULL, text,
                   words[otherwise]);
}
