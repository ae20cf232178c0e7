/* SPDX-License-Identifier: MIT */
#include "status.h"

#include "text.h"

#include <envoi/envoi.h>
#include <stdlib.h>
#include <string.h>

/* collectd cuts the last two octets off without a look. */
#define EMPTY "\r\n"
static char empty[] = EMPTY; /* the text where there is no memory for one */

void status_reset(struct smtp_status *status)
{
    if (status->text != empty)
        free(status->text);
    *status = (struct smtp_status){0};
}

const smtp_status_t *status_show(struct smtp_status *status)
{
    if (!status->text && !(status->text = strdup(EMPTY)))
        status->text = empty;
    return status;
}

/* Reads one to `most` digits; returns the place behind them, NULL: there are none, or more. */
static const char *status_digits(const char *at, int most, int *value)
{
    int digits = 0;

    for (*value = 0; *at >= '0' && *at <= '9' && digits <= most; at++, digits++)
        *value = *value * 10 + (*at - '0');
    return digits && digits <= most ? at : NULL;
}

/* Reads the triplet at the begin of a line (RFC 3463 section 2). Returns where the text behind it begins; NULL: there
 * is none. */
static const char *status_triplet(const char *line, struct smtp_status *found)
{
    const char *at = status_digits(line, 1, &found->enh_class);

    if (at && *at == '.')
        at = status_digits(at + 1, 3, &found->enh_subject);
    else
        return NULL;
    if (at && *at == '.')
        at = status_digits(at + 1, 3, &found->enh_detail);
    else
        return NULL;
    return at && (*at == '\0' || *at == ' ') ? at : NULL;
}

/* Adds one line to the text; returns whether a triplet is missing. */
static bool status_add_line(struct smtp_status *status, struct text *t, const char *line, bool enhanced)
{
    struct smtp_status found = {0};
    const char *rest = enhanced ? status_triplet(line, &found) : NULL;

    if (rest && !status->enh_class) {
        status->enh_class = found.enh_class;
        status->enh_subject = found.enh_subject;
        status->enh_detail = found.enh_detail;
    }
    line = rest ? rest : line;
    text_add_all(t, line + strspn(line, " \t"), "\r\n", (char *)NULL);
    return enhanced && !rest;
}

static void status_finish(struct smtp_status *status, struct text *t)
{
    if (!t->len)
        text_add(t, EMPTY, strlen(EMPTY));
    text_add(t, "", 1);
    if (t->failed)
        text_free(t); /* status_show() has a text */
    status->text = t->data;
}

/* RFC 2034 section 3: the other replies have no triplet. */
static bool status_has_triplet(int code)
{
    return code / 100 == 2 || code / 100 == 4 || code / 100 == 5;
}

bool status_take(struct smtp_status *status, const struct envoi_reply *reply, bool enhanced)
{
    struct text t = {0};
    bool missing = false;

    status_reset(status);
    status->code = envoi_reply_code(reply);
    enhanced = enhanced && status_has_triplet(status->code);
    for (size_t i = 0; i < envoi_reply_lines(reply); i++)
        missing = status_add_line(status, &t, envoi_reply_line(reply, i, NULL), enhanced) || missing;
    status_finish(status, &t);
    return missing;
}

void status_set(struct smtp_status *status, int code, const char *text, bool enhanced)
{
    struct text t = {0};

    status_reset(status);
    status->code = code;
    (void)status_add_line(status, &t, text, enhanced);
    status_finish(status, &t);
}
