/* SPDX-License-Identifier: MIT */
#include "tls.h"

#include "conf.h"
#include "error.h"
#include "files.h"
#include "objects.h"
#include "places.h"
#include "portable/memory.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PASSPHRASE_MAX 1024

/* ---- the setters ---- */

int smtp_starttls_enable(smtp_session_t session, enum starttls_option how)
{
    if (!session)
        return error_set(SMTP_ERR_INVAL);
    session->tls_said = true;
    session->tls = how;
    return 1;
}

struct ssl_ctx_st;
int smtp_starttls_set_ctx(smtp_session_t session, struct ssl_ctx_st *ctx);

/* TLS is a plugin here, which need not be OpenSSL. */
int smtp_starttls_set_ctx(smtp_session_t session, struct ssl_ctx_st *ctx)
{
    return session && !ctx ? 1 : error_set(SMTP_ERR_INVAL);
}

/* ---- the passphrase: one callback for the process, as in libESMTP ---- */

static pthread_mutex_t passphrase_lock = PTHREAD_MUTEX_INITIALIZER;
static smtp_starttls_passwordcb_t passphrase_callback;
static void *passphrase_arg;

int smtp_starttls_set_password_cb(smtp_starttls_passwordcb_t cb, void *arg)
{
    if (!cb)
        return error_set(SMTP_ERR_INVAL);
    (void)pthread_mutex_lock(&passphrase_lock);
    passphrase_callback = cb;
    passphrase_arg = arg;
    (void)pthread_mutex_unlock(&passphrase_lock);
    return 1;
}

int tls_ask_passphrase(struct smtp_session *s)
{
    char passphrase[PASSPHRASE_MAX + 1] = "";
    smtp_starttls_passwordcb_t callback;
    void *arg;
    int len, rc = ENVOI_OK;

    (void)pthread_mutex_lock(&passphrase_lock);
    callback = passphrase_callback;
    arg = passphrase_arg;
    (void)pthread_mutex_unlock(&passphrase_lock);
    len = callback ? callback(passphrase, PASSPHRASE_MAX, 0, arg) : 0;
    if (len > 0 && len <= PASSPHRASE_MAX) {
        passphrase[len] = '\0';
        rc = envoi_session_set_passphrase(s->envoi, passphrase);
    }
    memory_wipe(passphrase, sizeof passphrase);
    return rc;
}

/* ---- the plan ---- */

static bool tls_is_loopback(const char *host)
{
    size_t len = strlen(host);
    struct in_addr v4;

    if (!strcasecmp(host, "localhost") || (len > 10 && !strcasecmp(host + len - 10, ".localhost")))
        return true; /* RFC 6761 section 6.3 */
    return !strcmp(host, "[::1]") || (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
}

/* Without a word of the program there is TLS where a password goes out, and on the port that has no other. */
static int tls_policy_unsaid(const struct tls_plan *plan, bool login, bool implicit)
{
    if (login && !plan->clear)
        return ENVOI_TLS_REQUIRED;
    return implicit ? ENVOI_TLS_OPPORTUNISTIC : ENVOI_TLS_OFF;
}

/* "If possible" with a password means required, except where the password may go in clear. There envoi is not told of
 * the wish, because it would require TLS: tls_start() sends STARTTLS. */
static int tls_policy_enabled(const struct tls_plan *plan, bool login, bool implicit)
{
    if (login && !plan->clear)
        return ENVOI_TLS_REQUIRED;
    return login && !implicit ? ENVOI_TLS_OFF : ENVOI_TLS_OPPORTUNISTIC;
}

int tls_plan(struct smtp_session *s, bool login, struct tls_plan *plan)
{
    bool implicit = !strcmp(s->port, "465");

    *plan = (struct tls_plan){.loopback = tls_is_loopback(s->host)};
    plan->clear = plan->loopback;
    if (login && !plan->clear && !conf_allows_clear(places.conf, s->host, &plan->clear))
        return 0;
    if (!s->tls_said)
        plan->policy = tls_policy_unsaid(plan, login, implicit);
    else if (s->tls == Starttls_ENABLED)
        plan->policy = tls_policy_enabled(plan, login, implicit);
    else
        plan->policy = s->tls == Starttls_DISABLED ? ENVOI_TLS_OFF : ENVOI_TLS_REQUIRED;
    plan->required = plan->policy == ENVOI_TLS_REQUIRED;
    plan->starttls = plan->required || (s->tls_said && s->tls == Starttls_ENABLED);
    return 1;
}

int tls_check_peer(struct smtp_session *s, const struct tls_plan *plan)
{
    const char *peer = envoi_session_peer(s->envoi);

    if (!plan->loopback || !strncmp(peer, "127.", 4) || !strncmp(peer, "[::1]", 5))
        return 1;
    return error_set_text(ENVOI_E_TLS, "%s is at %s, which is not this machine; nothing was sent", s->host, peer);
}

/* ---- STARTTLS ---- */

static int tls_cipher_bits(const char *cipher)
{
    static const struct {
        const char *part;
        int bits;
    } known[] = {{"AES_256", 256}, {"AES256", 256}, {"AES-256", 256}, {"CHACHA20", 256},
                 {"AES_128", 128}, {"AES128", 128}, {"AES-128", 128}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strstr(cipher, known[i].part))
            return known[i].bits;
    return 0;
}

void tls_tell_failure(struct smtp_session *s, int rc)
{
    /* The numbers of OpenSSL and GnuTLS for a certificate of another name. */
    enum { OPENSSL_OTHER_NAME = 62, GNUTLS_OTHER_NAME = 1 << 14 };
    int64_t number = envoi_session_error_library_code(s->envoi);
    char name[] = "";
    int ok = 0;

    if (rc != ENVOI_E_CERTIFICATE)
        return;
    if (number == OPENSSL_OTHER_NAME || number == GNUTLS_OTHER_NAME)
        EVENT(s, SMTP_EV_WRONG_PEER_CERTIFICATE, &ok, name, NULL);
    else
        EVENT(s, SMTP_EV_INVALID_PEER_CERTIFICATE, (long)number, &ok, NULL);
}

/* There is no SSL object to show. */
static void tls_tell_success(struct smtp_session *s)
{
    char cipher[128];

    (void)snprintf(cipher, sizeof cipher, "%s", envoi_session_tls_cipher(s->envoi));
    EVENT(s, SMTP_EV_STARTTLS_OK, NULL, cipher, tls_cipher_bits(cipher));
}

int tls_start(struct smtp_session *s, const struct tls_plan *plan)
{
    int rc;

    if (*envoi_session_tls_backend(s->envoi)) { /* from the first octet */
        tls_tell_success(s);
        return 1;
    }
    if (!plan->starttls)
        return 1;
    if (!envoi_session_has_extension(s->envoi, "STARTTLS")) {
        if (!plan->required)
            return 1;
        EVENT(s, SMTP_EV_EXTNA_STARTTLS, NULL);
        return error_set_text(ENVOI_E_TLS, "TLS is required%s, but %s does not announce STARTTLS; nothing was sent",
                              s->tls_said && s->tls == Starttls_REQUIRED ? "" : " for a login", s->host);
    }
    if (!files_apply(s))
        return 0;
    rc = envoi_session_starttls(s->envoi);
    tls_tell_failure(s, rc);
    if (!rc)
        tls_tell_success(s);
    if (!rc)
        rc = envoi_session_ehlo_or_helo_if_needed(s->envoi);
    return rc ? error_set_envoi(s->envoi, rc) : 1;
}
