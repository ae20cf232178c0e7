/* SPDX-License-Identifier: MIT */
#include "settings/settings.h"

#include "base/mem.h"
#include "base/text.h"
#include "message/content.h"

#include <envoi/plugin.h>
#include <string.h>

#define PASSWORD_TRIES 2
#define SECOND         INT64_C(1000)
#define MINUTE         (60 * SECOND)
/* A bound, so that adding it to the time cannot overflow. */
#define LONGEST        (INT64_MAX / 4)

static const struct row {
    const char *name;
    int64_t timeout;
} phases[ENVOI_PHASES] = {
    [ENVOI_PHASE_NONE] = {"none", 0},
    [ENVOI_PHASE_DNS] = {"DNS", 30 * SECOND},
    [ENVOI_PHASE_CONNECT] = {"connect", 30 * SECOND},
    [ENVOI_PHASE_TLS] = {"TLS", 60 * SECOND},
    [ENVOI_PHASE_GREETING] = {"greeting", 5 * MINUTE},
    [ENVOI_PHASE_EHLO] = {"EHLO", 5 * MINUTE},
    [ENVOI_PHASE_STARTTLS] = {"STARTTLS", 2 * MINUTE},
    [ENVOI_PHASE_AUTH] = {"AUTH", 2 * MINUTE},
    [ENVOI_PHASE_MAIL] = {"MAIL", 5 * MINUTE},
    [ENVOI_PHASE_RCPT] = {"RCPT", 5 * MINUTE},
    [ENVOI_PHASE_DATA] = {"DATA", 2 * MINUTE},
    [ENVOI_PHASE_CONTENT] = {"content", 3 * MINUTE},
    [ENVOI_PHASE_FINAL] = {"end of content", 10 * MINUTE},
    [ENVOI_PHASE_COMMAND] = {"command", 5 * MINUTE},
    [ENVOI_PHASE_QUIT] = {"QUIT", 5 * SECOND},
    [ENVOI_PHASE_ANSWER] = {"credential", 5 * MINUTE},
};

const char *envoi_phase_name(int phase)
{
    return phase >= 0 && phase < ENVOI_PHASES ? phases[phase].name : "?";
}

void settings_init(struct settings *s)
{
    *s = (struct settings){.tls = ENVOI_TLS_DEFAULT,
                           .tls_verify = true,
                           .system_trust = -1,
                           .chunk_size = CONTENT_BLOCK,
                           .password_tries = PASSWORD_TRIES};
    (void)settings_set_timeout(s, ENVOI_PHASE_NONE, 0);
}

void settings_free(struct settings *s)
{
    mem_free(s->helo_name);
    mem_free(s->tls_backend);
    mem_free(s->tls_name);
    mem_free(s->pins);
    mem_free(s->cert_file);
    mem_free(s->key_file);
    mem_free_secret(s->passphrase);
    mem_free(s->ca_file);
    mem_free(s->ca_pem);
    mem_free_secret(s->cert_pem);
    mem_free_secret(s->key_pem);
    mem_free(s->tls_sni);
    mem_free(s->user);
    mem_free_secret(s->password);
    mem_free_secret(s->token);
    mem_free(s->authzid);
    mem_free(s->mechanisms);
    mem_free(s->ignored_extensions);
    memset(s, 0, sizeof *s);
}

int settings_copy(struct settings *to, const struct settings *from)
{
    static const size_t texts[] = {
        offsetof(struct settings, helo_name),
        offsetof(struct settings, tls_backend),
        offsetof(struct settings, tls_name),
        offsetof(struct settings, cert_file),
        offsetof(struct settings, key_file),
        offsetof(struct settings, passphrase),
        offsetof(struct settings, user),
        offsetof(struct settings, password),
        offsetof(struct settings, token),
        offsetof(struct settings, authzid),
        offsetof(struct settings, mechanisms),
        offsetof(struct settings, ca_file),
        offsetof(struct settings, ca_pem),
        offsetof(struct settings, cert_pem),
        offsetof(struct settings, key_pem),
        offsetof(struct settings, tls_sni),
        offsetof(struct settings, ignored_extensions),
    };
    size_t size = from->pin_count * sizeof from->pins[0];
    int rc = ENVOI_OK;

    *to = *from;
    to->pins = NULL;
    to->nonblocking = false;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *(char **)((char *)to + texts[i]) = NULL;
    for (size_t i = 0; !rc && i < sizeof texts / sizeof texts[0]; i++)
        rc = mem_replace((char **)((char *)to + texts[i]), *(char *const *)((const char *)from + texts[i]));
    if (!rc && size && !(to->pins = mem_alloc(size)))
        rc = ENVOI_E_MEMORY;
    if (to->pins)
        memcpy(to->pins, from->pins, size);
    else
        to->pin_count = 0;
    return rc;
}

int settings_set_timeout(struct settings *s, int phase, int64_t milliseconds)
{
    int first = phase == ENVOI_PHASE_NONE ? 1 : phase;
    int last = phase == ENVOI_PHASE_NONE ? ENVOI_PHASES - 1 : phase;

    if (phase < 0 || phase >= ENVOI_PHASES || milliseconds < ENVOI_TIMEOUT_NEVER)
        return ENVOI_E_USAGE;
    if (milliseconds > LONGEST)
        milliseconds = LONGEST;
    for (int i = first; i <= last; i++)
        s->timeouts[i] = milliseconds ? milliseconds : phases[i].timeout;
    return ENVOI_OK;
}

uint32_t settings_verify(const struct settings *s)
{
    if (!s->tls_verify)
        return ENVOI_VERIFY_NONE;
    if (s->pin_trust)
        return ENVOI_VERIFY_PIN;
    return s->tls_ignore_name ? ENVOI_VERIFY_CHAIN : ENVOI_VERIFY_ALL;
}

bool settings_have_client_certificate(const struct settings *s)
{
    return s->cert_file || s->cert_pem;
}

bool settings_ask_for_tls(const struct settings *s)
{
    return settings_have_client_certificate(s) || s->pin_count || s->tls_name || s->tls_sni || s->ca_file || s->ca_pem;
}

/* Naming a mechanism asks for a login: EXTERNAL and GSSAPI need no other setting. */
static bool names_mechanism(const char *list)
{
    const char *word;
    size_t len;

    while ((list = text_word(list, &word, &len)))
        if (*word != '!' && *word != '*')
            return true;
    return false;
}

bool settings_have_login(const struct settings *s)
{
    return s->user || s->password || s->token || s->authzid || s->credential ||
           (s->mechanisms && names_mechanism(s->mechanisms));
}

const char *settings_credential(const struct settings *s, uint32_t id)
{
    switch (id) {
    case ENVOI_CRED_AUTHID:
        return s->user;
    case ENVOI_CRED_AUTHZID:
        return s->authzid;
    case ENVOI_CRED_PASSWORD:
        return s->password;
    case ENVOI_CRED_TOKEN:
        return s->token;
    default:
        return NULL;
    }
}
