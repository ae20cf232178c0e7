/* SPDX-License-Identifier: MIT */
/* msmtp: "key value" lines; `defaults` and `account` begin sections. */
#include "configure/import.h"

#include <string.h>
#include <strings.h>

#define HEADER_FIELD "the header is the business of the program that writes the message"

static const struct import_rule rules[] = {
    {"host", IMPORT_HOST, NULL},
    {"port", IMPORT_PORT, NULL},
    {"socket", IMPORT_SOCKET, NULL},
    {"protocol", IMPORT_LMTP, NULL},
    {"domain", IMPORT_HELO, NULL},
    {"timeout", IMPORT_TIMEOUT, NULL},
    {"connect_timeout", IMPORT_TIMEOUT, NULL},
    {"source_ip", IMPORT_SOURCE, NULL},
    {"from", IMPORT_FROM, NULL},
    {"auth", IMPORT_AUTH, NULL},
    {"user", IMPORT_USER, NULL},
    {"password", IMPORT_PASSWORD, NULL},
    {"passwordeval", IMPORT_PASSWORD_COMMAND, NULL},
    {"tls", IMPORT_TLS, NULL},
    {"tls_starttls", IMPORT_STARTTLS, NULL},
    {"tls_certcheck", IMPORT_CHECK, NULL},
    {"tls_trust_file", IMPORT_CA, NULL},
    {"tls_cert_file", IMPORT_CERT, NULL},
    {"tls_key_file", IMPORT_KEY, NULL},
    {"tls_host_override", IMPORT_TLS_NAME, NULL},
    {"dsn_notify", IMPORT_NOTIFY, NULL},
    {"dsn_return", IMPORT_RET, NULL},
    {"aliases", IMPORT_ALIASES, NULL},
    {"set_from_header", IMPORT_FROM_HEADER, NULL},
    {"allow_from_override", IMPORT_OVERRIDE, NULL},
    {"tls_fingerprint", IMPORT_NONE, "`pin` wants the SHA-256 of the key; `envoi probe HOST` shows it"},
    {"tls_crl_file", IMPORT_NONE, "there is no key for revocation lists"},
    {"tls_priorities", IMPORT_NONE, "the policy of the system decides"},
    {"tls_min_dh_prime_bits", IMPORT_NONE, "the policy of the system decides"},
    {"tls_force_sslv3", IMPORT_NONE, "TLS 1.2 is the least"},
    {"tls_nocertcheck", IMPORT_NONE, "certificates are always checked"},
    {"proxy_host", IMPORT_NONE, "there is no proxy"},
    {"proxy_port", IMPORT_NONE, "there is no proxy"},
    {"ntlmdomain", IMPORT_NONE, "there is no key for it"},
    {"auto_from", IMPORT_NONE, "`from` names the sender"},
    {"maildomain", IMPORT_NONE, "`from` names the sender"},
    {"from_full_name", IMPORT_NONE, HEADER_FIELD},
    {"set_date_header", IMPORT_NONE, HEADER_FIELD},
    {"set_msgid_header", IMPORT_NONE, HEADER_FIELD},
    {"add_missing_from_header", IMPORT_NONE, HEADER_FIELD},
    {"add_missing_date_header", IMPORT_NONE, HEADER_FIELD},
    {"undisclosed_recipients", IMPORT_NONE, HEADER_FIELD},
    {"remove_bcc_headers", IMPORT_NONE, "see --drop-bcc and --keep-bcc of envoi send"},
    {"keepbcc", IMPORT_NONE, "see --drop-bcc and --keep-bcc of envoi send"},
    {"logfile", IMPORT_NONE, "there is no log file"},
    {"logfile_time_format", IMPORT_NONE, "there is no log file"},
    {"syslog", IMPORT_NONE, "there is no log"},
    {.name = NULL},
};

static char *msmtp_unquote(char *text)
{
    size_t len = strlen(text);

    if (len < 2 || text[0] != '"' || text[len - 1] != '"')
        return text;
    text[len - 1] = '\0';
    return text + 1;
}

/* Lays what one account sets over another one. */
static void msmtp_overlay(struct import_old *to, const struct import_old *from)
{
    for (int f = 0; f < IMPORT_FIELDS; f++)
        if (from->text[f]) {
            to->text[f] = from->text[f];
            to->lines[f] = from->lines[f];
        }
}

/* "account NAME : OTHER, ..."; NULL: too many. "account default : NAME" names the default. */
static struct import_old *msmtp_begin_account(struct imported *i, int line, char *text)
{
    char *bases = strchr(text, ':'), *name = import_trim(bases ? strsep(&text, ":") : text);
    struct import_old *old;

    if (!strcmp(name, "default"))
        snprintf(i->chosen, sizeof i->chosen, "%s", bases ? import_trim(bases + 1) : name);
    if (!strcmp(name, "default") && bases && import_find(i, i->chosen))
        return import_find(i, i->chosen); /* it is the same under another name */
    if (!(old = import_begin(i, line, name, &i->defaults)))
        return NULL;
    for (char *rest = bases ? bases + 1 : NULL, *base; rest && (base = strsep(&rest, ","));) {
        const struct import_old *from = import_find(i, import_trim(base));

        if (from)
            msmtp_overlay(old, from);
        else
            import_note(i, line, "account", "there is no account of the name behind the colon");
    }
    return old;
}

static int msmtp_read(struct imported *i)
{
    char *rest = i->text, *text;
    struct import_old *now = &i->defaults;

    for (int line = 1; (text = import_line(&rest)); line++) {
        size_t len = strcspn(text, " \t");
        char *name = text, *value = text[len] ? import_trim(text + len + 1) : text + len;

        if (!*text || *text == '#')
            continue;
        text[len] = '\0';
        value = msmtp_unquote(value);
        if (!strcmp(name, "defaults")) {
            i->defaults = (struct import_old){0};
            now = &i->defaults;
        } else if (!strcmp(name, "account")) {
            if (!(now = msmtp_begin_account(i, line, value)))
                return -1;
        } else if (!strcmp(name, "eval")) {
            import_note(i, line, name, "is not run; write what it prints, or say KEY-env = VARIABLE");
        } else if (!strcmp(name, "tls_trust_file") && !strcmp(value, "system")) {
            now->text[IMPORT_CA] = NULL;
        } else {
            import_set(i, &import_msmtp, now, line, name, value);
        }
    }
    return 0;
}

static int msmtp_is_on(const char *text)
{
    return text && import_yes(text);
}

static const char *msmtp_tls_of(const struct import_old *old)
{
    if (!msmtp_is_on(old->text[IMPORT_TLS]))
        return "off";
    return old->text[IMPORT_STARTTLS] && !import_yes(old->text[IMPORT_STARTTLS]) ? "implicit" : "required";
}

static int msmtp_logs_in(const struct import_old *old)
{
    return old->text[IMPORT_AUTH] && strcasecmp(old->text[IMPORT_AUTH], "off") != 0;
}

static const char *const places[] = {"~/.msmtprc", "~/.config/msmtp/config", "/etc/msmtprc", NULL};

const struct import_dialect import_msmtp = {
    .name = "msmtprc",
    .places = places,
    .port = "25",
    .read = msmtp_read,
    .tls = msmtp_tls_of,
    .logs_in = msmtp_logs_in,
    .keyless = "password-keyring",
    .rules = rules,
};
