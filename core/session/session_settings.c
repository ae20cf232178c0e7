/* SPDX-License-Identifier: MIT */
/* envoi_session_set_*: each checks its arguments, and either changes the setting or leaves it and notes a sticky
 * error. */
#include "base/mem.h"
#include "base/sasl_name.h"
#include "base/text.h"
#include "session/session.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define PASSWORD_TRIES_MAX 32u

#define CHUNK_MIN 512u
#define CHUNK_MAX (64u << 20)

/* ---- common steps ---- */

/* ENVOI_OK if the settings may be changed now. */
static int setting_allowed(struct envoi_session *s, const char *what)
{
    if (!s)
        return ENVOI_E_USAGE;
    if (s->verb != VERB_NONE || s->depth)
        return session_stick(s, ENVOI_E_BUSY, ENVOI_DETAIL_NONE, "%s: cannot be set while an operation is in progress",
                             what);
    return ENVOI_OK;
}

/* The same, for a setting that the next login may depend on. */
static int setting_begin(struct envoi_session *s, const char *what)
{
    int rc = setting_allowed(s, what);

    if (!rc && engine_authenticated(s->engine))
        s->settings.altered = true;
    return rc;
}

/* The same, for a setting that the next connect depends on. */
static int setting_begin_route(struct envoi_session *s, const char *what)
{
    int rc = setting_allowed(s, what);

    if (!rc)
        s->settings.altered = true;
    return rc;
}

static int setting_wrong(struct envoi_session *s, int detail, const char *what, const char *why)
{
    return session_stick(s, ENVOI_E_USAGE, detail, "%s: %s", what, why);
}

static int setting_check_line(struct envoi_session *s, const char *what, const char *text)
{
    if (text && !text_is_line(text, strlen(text)))
        return setting_wrong(s, ENVOI_DETAIL_CONTROL, what, "a line end or a control character");
    return ENVOI_OK;
}

static int setting_store(struct envoi_session *s, const char *what, char **slot, const char *text)
{
    if (mem_replace(slot, text))
        return session_stick(s, ENVOI_E_MEMORY, ENVOI_DETAIL_NONE, "%s: %s", what, envoi_error_text(ENVOI_E_MEMORY));
    return ENVOI_OK;
}

static int setting_store_secret(struct envoi_session *s, const char *what, char **slot, const char *text)
{
    char *old = *slot;
    int rc;

    *slot = NULL;
    if ((rc = setting_store(s, what, slot, text)))
        *slot = old;
    else
        mem_free_secret(old);
    return rc;
}

static int setting_line(struct envoi_session *s, const char *what, char **slot, const char *text)
{
    int rc = setting_begin(s, what);

    if (rc || (rc = setting_check_line(s, what, text)))
        return rc;
    return setting_store(s, what, slot, text);
}

static int setting_flag(struct envoi_session *s, const char *what, bool *flag, int on)
{
    int rc = setting_begin(s, what);

    if (!rc)
        *flag = on != 0;
    return rc;
}

/* ---- the connection ---- */

int envoi_session_set_lmtp(struct envoi_session *session, int on)
{
    return setting_flag(session, "LMTP", session ? &session->settings.lmtp : NULL, on);
}

/* Printable ASCII without a blank, such as an address literal. */
static bool setting_is_helo_name(const char *name)
{
    for (; *name; name++)
        if ((unsigned char)*name <= ' ' || (unsigned char)*name >= 0x7f)
            return false;
    return true;
}

/* An address goes out as a literal (RFC 5321 section 4.1.3). Returns room, or NULL if it is no address. */
static const char *setting_address_literal(const char *name, char *room, size_t cap)
{
    struct in6_addr address;
    bool v4 = inet_pton(AF_INET, name, &address) == 1;

    if (!v4 && inet_pton(AF_INET6, name, &address) != 1)
        return NULL;
    (void)snprintf(room, cap, v4 ? "[%s]" : "[IPv6:%s]", name);
    return room;
}

int envoi_session_set_helo_name(struct envoi_session *session, const char *name)
{
    static const char what[] = "EHLO name";
    char literal[INET6_ADDRSTRLEN + sizeof "[IPv6:]"];
    struct envoi_errctx why;
    char *normal = NULL;
    int rc = setting_begin(session, what);

    if (rc || (rc = setting_check_line(session, what, name)))
        return rc;
    if (name && setting_address_literal(name, literal, sizeof literal))
        name = literal;
    if (!name || (name[0] == '[' && setting_is_helo_name(name)))
        return setting_store(session, what, &session->settings.helo_name, name);
    if ((rc = host_normalise(name, strlen(name), &why, &normal, NULL)))
        return session_stick(session, rc, why.detail, "%s: %s", what, why.text);
    mem_free(session->settings.helo_name);
    session->settings.helo_name = normal;
    return ENVOI_OK;
}

int envoi_session_set_timeout(struct envoi_session *session, int phase, int64_t milliseconds)
{
    int rc = setting_allowed(session, "time-out");

    if (rc)
        return rc;
    if (settings_set_timeout(&session->settings, phase, milliseconds))
        return setting_wrong(session, ENVOI_DETAIL_RANGE, "time-out",
                             "no such phase, or a negative time that is not ENVOI_TIMEOUT_NEVER");
    return ENVOI_OK;
}

int64_t envoi_session_timeout(const struct envoi_session *session, int phase)
{
    return session && phase > ENVOI_PHASE_NONE && phase < ENVOI_PHASES ? session->settings.timeouts[phase] : 0;
}

int envoi_session_set_watch(struct envoi_session *session, envoi_watch_fn *watch, void *ctx)
{
    int rc = setting_begin(session, "watch function");

    if (rc)
        return rc;
    if (session->fd >= 0)
        return session_stick(session, ENVOI_E_BUSY, ENVOI_DETAIL_NONE, "watch function: cannot be set while connected");
    session->watch = (struct watch){.tell = watch, .ctx = ctx};
    session->settings.nonblocking = watch != NULL;
    return ENVOI_OK;
}

int envoi_session_set_source_address(struct envoi_session *session, const char *address)
{
    struct envoi_errctx why;
    struct endpoint source = {0};
    int rc = setting_begin_route(session, "source address");

    if (rc)
        return rc;
    if (address && (rc = target_address(address, &why, &source)))
        return session_stick(session, rc, why.detail, "source address: %s", why.text);
    session->source = source;
    return ENVOI_OK;
}

int envoi_session_set_dial(struct envoi_session *session, envoi_dial_fn *dial, void *ctx)
{
    int rc = setting_begin_route(session, "dial callback");

    if (rc)
        return rc;
    session->dial = dial;
    session->dial_ctx = ctx;
    return ENVOI_OK;
}

int envoi_session_set_interrupt_callback(struct envoi_session *session, envoi_interrupt_fn *callback, void *ctx)
{
    int rc = setting_allowed(session, "interrupt callback");

    if (rc)
        return rc;
    session->on_signal = callback;
    session->on_signal_ctx = ctx;
    return ENVOI_OK;
}

int envoi_session_set_trace(struct envoi_session *session, int level, envoi_trace_fn *trace, void *ctx)
{
    if (!session)
        return ENVOI_E_USAGE;
    if (level < 0 || level > 2)
        return setting_wrong(session, ENVOI_DETAIL_RANGE, "trace", "the level is 0, 1 or 2");
    session->trace = (struct trace){level, trace, ctx};
    engine_set_trace_level(session->engine, level);
    return ENVOI_OK;
}

/* ---- TLS ---- */

int envoi_session_set_tls(struct envoi_session *session, int tls)
{
    int rc = setting_begin(session, "TLS");

    if (rc)
        return rc;
    if (tls < ENVOI_TLS_DEFAULT || tls > ENVOI_TLS_IMPLICIT)
        return setting_wrong(session, ENVOI_DETAIL_RANGE, "TLS", "not one of ENVOI_TLS_*");
    session->settings.tls = tls;
    return ENVOI_OK;
}

static bool setting_is_plugin_id(const char *id)
{
    size_t len = strlen(id);

    return len > 0 && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

int envoi_session_set_tls_backend(struct envoi_session *session, const char *id)
{
    int rc = setting_begin(session, "TLS backend");

    if (rc)
        return rc;
    if (id && !setting_is_plugin_id(id))
        return setting_wrong(session, ENVOI_DETAIL_FORM, "TLS backend", "not the id of a plugin");
    return setting_store(session, "TLS backend", &session->tls_backend, id);
}

int envoi_session_set_tls_name(struct envoi_session *session, const char *name)
{
    struct envoi_errctx why;
    char *normal = NULL;
    bool is_ip = false;
    int rc = setting_begin(session, "TLS name");

    if (rc)
        return rc;
    if (name && (rc = host_or_ip_normalise(name, &why, &normal, &is_ip)))
        return session_stick(session, rc, why.detail, "TLS name: %s", why.text);
    mem_free(session->settings.tls_name);
    session->settings.tls_name = normal;
    session->settings.tls_name_is_ip = is_ip;
    return ENVOI_OK;
}

int envoi_session_set_tls_verify(struct envoi_session *session, int on)
{
    return setting_flag(session, "TLS verification", session ? &session->settings.tls_verify : NULL, on);
}

int envoi_session_dangerously_ignore_tls_name(struct envoi_session *session, int on)
{
    return setting_flag(session, "TLS name", session ? &session->settings.tls_ignore_name : NULL, on);
}

int envoi_session_set_tls_sni(struct envoi_session *session, const char *name)
{
    struct envoi_errctx why;
    char *normal = NULL;
    int rc = setting_begin(session, "name to send");

    if (rc)
        return rc;
    if (name && (rc = host_normalise(name, strlen(name), &why, &normal, NULL)))
        return session_stick(session, rc, why.detail, "name to send: %s", why.text);
    mem_free(session->settings.tls_sni);
    session->settings.tls_sni = normal;
    return ENVOI_OK;
}

int envoi_session_set_ca_file(struct envoi_session *session, const char *path)
{
    return setting_line(session, "CA file", session ? &session->settings.ca_file : NULL, path);
}

/* Copies a text that is not terminated. A NUL octet shows that it is no PEM; one at the end is forgiven. */
static int setting_pem(struct envoi_session *s, const char *what, const void *pem, size_t len, char **out)
{
    *out = NULL;
    if (!pem && len) /* a file that could not be read must not mean another trust */
        return setting_wrong(s, ENVOI_DETAIL_MISSING, what, "a length without a text");
    if (!pem)
        return ENVOI_OK;
    if (len && !((const char *)pem)[len - 1])
        len--;
    if (memchr(pem, '\0', len))
        return session_stick(s, ENVOI_E_TLS, ENVOI_DETAIL_NONE, "%s: this is no PEM, it has a NUL octet", what);
    if (!(*out = mem_strndup(pem, len)))
        return session_stick(s, ENVOI_E_MEMORY, ENVOI_DETAIL_NONE, "%s: %s", what, envoi_error_text(ENVOI_E_MEMORY));
    return ENVOI_OK;
}

int envoi_session_set_ca_pem(struct envoi_session *session, const void *pem, size_t len)
{
    static const char what[] = "CA certificates";
    char *copy;
    int rc = setting_begin(session, what);

    if (rc || (rc = setting_pem(session, what, pem, len, &copy)))
        return rc;
    mem_free(session->settings.ca_pem);
    session->settings.ca_pem = copy;
    return ENVOI_OK;
}

int envoi_session_set_system_trust(struct envoi_session *session, int on)
{
    int rc = setting_begin(session, "system's CA certificates");

    if (!rc)
        session->settings.system_trust = on != 0;
    return rc;
}

int envoi_session_set_pin_trust(struct envoi_session *session, int on)
{
    int rc = setting_begin(session, "trust in pins");

    if (rc)
        return rc;
    if (on && !session->settings.pin_count)
        return setting_wrong(session, ENVOI_DETAIL_ORDER, "trust in pins", "no pin is set");
    session->settings.pin_trust = on != 0;
    return ENVOI_OK;
}

static int pin_hex_digit(char c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *at = c ? strchr(digits, text_upper(c)) : NULL;

    return at ? (int)(at - digits) : -1;
}

static bool pin_parse(const char *text, uint8_t pin[32])
{
    if (strlen(text) != 64)
        return false;
    for (size_t i = 0; i < 32; i++) {
        int high = pin_hex_digit(text[2 * i]), low = pin_hex_digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        pin[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

int envoi_session_add_pin(struct envoi_session *session, const char *sha256)
{
    struct settings *set;
    uint8_t pin[32];
    void *more;
    int rc = setting_begin(session, "pin");

    if (rc)
        return rc;
    set = &session->settings;
    if (!sha256) {
        mem_free(set->pins);
        set->pins = NULL;
        set->pin_count = 0;
        return ENVOI_OK;
    }
    if (!pin_parse(sha256, pin))
        return setting_wrong(session, ENVOI_DETAIL_FORM, "pin", "not the 64 hexadecimal digits of a SHA-256");
    if (!(more = mem_realloc(set->pins, (set->pin_count + 1) * sizeof pin)))
        return session_stick(session, ENVOI_E_MEMORY, ENVOI_DETAIL_NONE, "pin: %s", envoi_error_text(ENVOI_E_MEMORY));
    set->pins = more;
    memcpy(set->pins[set->pin_count++], pin, sizeof pin);
    return ENVOI_OK;
}

/* Takes the four texts over: two of a kind are NULL. */
static void setting_client(struct settings *set, char *cert_file, char *key_file, char *cert_pem, char *key_pem)
{
    mem_free(set->cert_file);
    mem_free(set->key_file);
    mem_free_secret(set->cert_pem);
    mem_free_secret(set->key_pem);
    set->cert_file = cert_file;
    set->key_file = key_file;
    set->cert_pem = cert_pem;
    set->key_pem = key_pem;
}

int envoi_session_set_client_certificate(struct envoi_session *session, const char *cert_file, const char *key_file)
{
    static const char what[] = "client certificate";
    char *cert = NULL, *key = NULL;
    int rc = setting_begin(session, what);

    if (rc || (rc = setting_check_line(session, what, cert_file)) || (rc = setting_check_line(session, what, key_file)))
        return rc;
    if (key_file && !cert_file)
        return setting_wrong(session, ENVOI_DETAIL_CONFLICT, what, "a key without a certificate");
    if ((rc = setting_store(session, what, &cert, cert_file)))
        return rc;
    if ((rc = setting_store(session, what, &key, key_file))) {
        mem_free(cert);
        return rc;
    }
    setting_client(&session->settings, cert, key, NULL, NULL);
    return ENVOI_OK;
}

int envoi_session_set_client_certificate_pem(struct envoi_session *session, const void *cert, size_t cert_len,
                                             const void *key, size_t key_len)
{
    static const char what[] = "client certificate";
    char *cert_copy, *key_copy;
    int rc = setting_begin(session, what);

    if (rc)
        return rc;
    if (key && !cert)
        return setting_wrong(session, ENVOI_DETAIL_CONFLICT, what, "a key without a certificate");
    if ((rc = setting_pem(session, what, cert, cert_len, &cert_copy)))
        return rc;
    if ((rc = setting_pem(session, "key of the client certificate", key, key_len, &key_copy))) {
        mem_free_secret(cert_copy);
        return rc;
    }
    setting_client(&session->settings, NULL, NULL, cert_copy, key_copy);
    return ENVOI_OK;
}

int envoi_session_set_passphrase(struct envoi_session *session, const char *passphrase)
{
    int rc = setting_begin(session, "passphrase");

    if (rc || (rc = setting_check_line(session, "passphrase", passphrase)))
        return rc;
    return setting_store_secret(session, "passphrase", &session->settings.passphrase, passphrase);
}

/* ---- login ---- */

/* Changes the user and one secret, or neither. */
static int setting_login(struct envoi_session *s, const char *what, const char *user, char **slot, const char *secret)
{
    char *copy = NULL;
    int rc = setting_check_line(s, "user", user);

    if (rc || (rc = setting_check_line(s, what, secret)))
        return rc;
    if ((rc = setting_store(s, "user", &copy, user)))
        return rc;
    if ((rc = setting_store_secret(s, what, slot, secret))) {
        mem_free(copy);
        return rc;
    }
    mem_free(s->settings.user);
    s->settings.user = copy;
    return ENVOI_OK;
}

int envoi_session_set_password(struct envoi_session *session, const char *user, const char *password)
{
    int rc = setting_begin(session, "password");

    return rc ? rc : setting_login(session, "password", user, &session->settings.password, password);
}

int envoi_session_set_token(struct envoi_session *session, const char *user, const char *token)
{
    int rc = setting_begin(session, "token");

    return rc ? rc : setting_login(session, "token", user, &session->settings.token, token);
}

int envoi_session_set_authzid(struct envoi_session *session, const char *authzid)
{
    return setting_line(session, "authorization identity", session ? &session->settings.authzid : NULL, authzid);
}

int envoi_session_set_credential_callback(struct envoi_session *session, envoi_credential_fn *callback, void *ctx)
{
    int rc = setting_begin(session, "credential callback");

    if (rc)
        return rc;
    session->settings.credential = callback;
    session->settings.credential_ctx = ctx;
    return ENVOI_OK;
}

/* "*", or a SASL name (RFC 4422 section 3.1), with or without "!" before it. */
static bool setting_is_mechanism_word(const char *word, size_t len)
{
    if (len == 1 && word[0] == '*')
        return true;
    if (len && word[0] == '!') {
        word++;
        len--;
    }
    return sasl_name_is_valid(word, len);
}

int envoi_session_set_mechanisms(struct envoi_session *session, const char *names)
{
    static const char what[] = "mechanisms";
    const char *list = names, *word;
    size_t len, count = 0;
    int rc = setting_begin(session, what);

    if (rc || (rc = setting_check_line(session, what, names)))
        return rc;
    while (list && (list = text_word(list, &word, &len))) {
        if (!setting_is_mechanism_word(word, len))
            return setting_wrong(session, ENVOI_DETAIL_MECHANISM, what, "not a list of SASL names");
        count++;
    }
    if (names && !count)
        return setting_wrong(session, ENVOI_DETAIL_EMPTY, what, "an empty list");
    if ((rc = setting_store(session, what, &session->settings.mechanisms, names)))
        return rc;
    if (session->settings.mechanisms)
        text_to_upper(session->settings.mechanisms);
    return ENVOI_OK;
}

int envoi_session_allow_cleartext_auth(struct envoi_session *session, int on)
{
    return setting_flag(session, "cleartext login", session ? &session->settings.cleartext_auth : NULL, on);
}

int envoi_session_allow_unannounced_auth(struct envoi_session *session, int on)
{
    return setting_flag(session, "login without announcement", session ? &session->settings.unannounced_auth : NULL,
                        on);
}

int envoi_session_allow_docmd_auth(struct envoi_session *session, int on)
{
    return setting_flag(session, "AUTH by docmd", session ? &session->settings.docmd_auth : NULL, on);
}

int envoi_session_set_password_tries(struct envoi_session *session, unsigned times)
{
    int rc = setting_begin(session, "password tries");

    if (rc)
        return rc;
    if (times < 1 || times > PASSWORD_TRIES_MAX)
        return setting_wrong(session, ENVOI_DETAIL_RANGE, "password tries", "not a number from 1 to 32");
    session->settings.password_tries = times;
    return ENVOI_OK;
}

int envoi_session_set_security_layer(struct envoi_session *session, unsigned min_ssf, unsigned max_ssf)
{
    int rc = setting_begin(session, "security layer");

    if (rc)
        return rc;
    if (min_ssf > max_ssf)
        return setting_wrong(session, ENVOI_DETAIL_CONFLICT, "security layer", "the least strength is above the most");
    session->settings.min_ssf = min_ssf;
    session->settings.max_ssf = max_ssf;
    return ENVOI_OK;
}

int envoi_session_allow_blocking_mechanisms(struct envoi_session *session, int on)
{
    return setting_flag(session, "blocking mechanisms", session ? &session->settings.blocking_mechanisms : NULL, on);
}

int envoi_session_set_ignored_extensions(struct envoi_session *session, const char *names)
{
    static const char what[] = "ignored extensions";
    const char *rest = names;
    size_t len;
    int rc = setting_begin(session, what);

    if (rc)
        return rc;
    for (; rest && *(rest += strspn(rest, ", \t")); rest += len)
        if (!(len = text_keyword_length(rest, strcspn(rest, ", \t"))) || !strchr(", \t", rest[len]))
            return setting_wrong(session, ENVOI_DETAIL_FORM, what, "not a list of keywords of EHLO");
    if ((rc = setting_store(session, what, &session->settings.ignored_extensions, names)))
        return rc;
    for (char *c = session->settings.ignored_extensions; c && *c; c++)
        if (*c == ',')
            *c = ' ';
    return ENVOI_OK;
}

int envoi_session_set_chunking(struct envoi_session *session, size_t octets, int wait)
{
    int rc = setting_allowed(session, "chunking");

    if (rc)
        return rc;
    if (octets && (octets < CHUNK_MIN || octets > CHUNK_MAX))
        return setting_wrong(session, ENVOI_DETAIL_RANGE, "chunking", "a chunk has between 512 octets and 64 MiB");
    session->settings.chunk_size = octets;
    session->settings.chunk_waits = wait;
    return ENVOI_OK;
}
