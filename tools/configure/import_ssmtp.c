/* SPDX-License-Identifier: MIT */
/* ssmtp: "Key=value" lines, one account. */
#include "configure/import.h"

#include <string.h>

static const struct import_rule rules[] = {
    {"mailhub", IMPORT_HOST, NULL},
    {"port", IMPORT_PORT, NULL},
    {"hostname", IMPORT_HELO, NULL},
    {"root", IMPORT_LOCAL, NULL},
    {"rewritedomain", IMPORT_DOMAIN, NULL},
    {"fromlineoverride", IMPORT_OVERRIDE, NULL},
    {"usetls", IMPORT_TLS, NULL},
    {"usestarttls", IMPORT_STARTTLS, NULL},
    {"tlscert", IMPORT_CERT, NULL},
    {"tlskey", IMPORT_KEY, NULL},
    {"tls_ca_file", IMPORT_CA, NULL},
    {"tls_ca_dir", IMPORT_NONE, "`ca` takes one file; without it the certificates of the system are trusted"},
    {"authuser", IMPORT_USER, NULL},
    {"authpass", IMPORT_PASSWORD, NULL},
    {"authmethod", IMPORT_AUTH, NULL},
    {"usetlscert", IMPORT_NONE, NULL},
    {"minuserid", IMPORT_NONE, "there is no such limit"},
    {"debug", IMPORT_NONE, "see --trace"},
    {.name = NULL},
};

static int ssmtp_read(struct imported *i)
{
    char *rest = i->text, *text;
    struct import_old *now = import_begin(i, 1, "ssmtp", &i->defaults);

    for (int line = 1; (text = import_line(&rest)); line++) {
        size_t len = strcspn(text, " \t=:");
        char *value = text + len + strspn(text + len, " \t=:");

        if (!*text || *text == '#')
            continue;
        text[len] = '\0';
        import_set(i, &import_ssmtp, now, line, text, import_trim(value));
    }
    return 0;
}

/* UseSTARTTLS alone means TLS, too. */
static const char *ssmtp_tls_of(const struct import_old *old)
{
    const char *tls = old->text[IMPORT_TLS], *starttls = old->text[IMPORT_STARTTLS];

    if (starttls && import_yes(starttls))
        return "required";
    return tls && import_yes(tls) ? "implicit" : "off";
}

static int ssmtp_logs_in(const struct import_old *old)
{
    return old->text[IMPORT_USER] != NULL;
}

static const char *const places[] = {"/etc/ssmtp/ssmtp.conf", NULL};

const struct import_dialect import_ssmtp = {
    .name = "ssmtp.conf",
    .places = places,
    .port = "25",
    .ignores_case = 1,
    .read = ssmtp_read,
    .tls = ssmtp_tls_of,
    .logs_in = ssmtp_logs_in,
    .rules = rules,
};
