/* SPDX-License-Identifier: MIT */
/* esmtp: "keyword = value" lines; `identity` begins an account, and what stands before the first one is the default
 * account. */
#include "configure/import.h"

#include <string.h>

static const struct import_rule rules[] = {
    {"hostname", IMPORT_HOST, NULL},
    {"username", IMPORT_USER, NULL},
    {"password", IMPORT_PASSWORD, NULL},
    {"starttls", IMPORT_STARTTLS, NULL},
    {"certificate_passphrase", IMPORT_PASSPHRASE, NULL},
    {"helo", IMPORT_HELO, NULL},
    {"qualifydomain", IMPORT_DOMAIN, NULL},
    {"preconnect", IMPORT_NONE, "no command is run before connecting"},
    {"postconnect", IMPORT_NONE, "no command is run after connecting"},
    {"mda", IMPORT_NONE, "there is no local delivery"},
    {"force_mda", IMPORT_NONE, "there is no local delivery"},
    {"message_id", IMPORT_NONE, "the header is the business of the program that writes the message"},
    {"force", IMPORT_NONE, "`from` names the sender"},
    {.name = NULL},
};

/* The value, in place: without quotes, and what \ means in them put in. */
static char *esmtp_value_of(char *text)
{
    char quote = *text, *to = text;

    if (quote != '"' && quote != '\'')
        return import_trim(text);
    for (const char *from = text + 1; *from && *from != quote; from++) {
        if (*from == '\\' && from[1])
            from++;
        *to++ = *from;
    }
    *to = '\0';
    return text;
}

/* Cuts a comment off: a "#" outside of quotes. */
static void esmtp_cut_comment(char *text)
{
    char quote = '\0';

    for (; *text; text++) {
        if (quote && *text == '\\' && text[1])
            text++;
        else if (quote && *text == quote)
            quote = '\0';
        else if (!quote && (*text == '"' || *text == '\''))
            quote = *text;
        else if (!quote && *text == '#') {
            *text = '\0';
            return;
        }
    }
}

static int esmtp_read(struct imported *i)
{
    char *rest = i->text, *text;
    struct import_old *now = import_begin(i, 1, "esmtp", &i->defaults);

    for (int line = 1; (text = import_line(&rest)); line++) {
        size_t len;
        char *value;

        esmtp_cut_comment(text);
        text = import_trim(text);
        len = strcspn(text, " \t=");
        value = text + len + strspn(text + len, " \t");
        value += *value == '=' ? 1 + strspn(value + 1, " \t") : 0;
        if (!*text)
            continue;
        text[len] = '\0';
        value = esmtp_value_of(value);
        if (!strcmp(text, "default")) {
            snprintf(i->chosen, sizeof i->chosen, "%s", now->name);
        } else if (!strcmp(text, "identity")) {
            if (!(now = import_begin(i, line, value, &i->defaults)))
                return -1;
            now->text[IMPORT_FROM] = value;
            now->lines[IMPORT_FROM] = line;
        } else {
            import_set(i, &import_esmtp, now, line, text, value);
        }
    }
    /* An account before the first identity that has no server is none. */
    if (i->old_count > 1 && !i->old[0].text[IMPORT_HOST])
        memmove(i->old, i->old + 1, --i->old_count * sizeof *i->old);
    if (!*i->chosen)
        snprintf(i->chosen, sizeof i->chosen, "%s", i->old[0].name);
    return 0;
}

static const char *esmtp_tls_of(const struct import_old *old)
{
    const char *starttls = old->text[IMPORT_STARTTLS];

    if (starttls && !strcmp(starttls, "required"))
        return "required";
    return starttls && !strcmp(starttls, "enabled") ? "opportunistic" : "off";
}

static int esmtp_logs_in(const struct import_old *old)
{
    return old->text[IMPORT_USER] != NULL;
}

static const char *const places[] = {"~/.esmtprc", "/etc/esmtprc", NULL};

const struct import_dialect import_esmtp = {
    .name = "esmtprc",
    .places = places,
    .port = "587",
    .read = esmtp_read,
    .tls = esmtp_tls_of,
    .logs_in = esmtp_logs_in,
    .rules = rules,
};
