/* SPDX-License-Identifier: MIT */
#include "accounts/apply.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"

#include <envoi/envoi.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_option(const struct value *value)
{
    return !strcmp(value->place, VALUES_COMMAND_LINE);
}

int apply_setter_failed(const struct value *value, int error, struct fault *fault)
{
    int exit = exit_code_of_error(error, ENVOI_PHASE_NONE, 0);
    const char *wants = vocabulary_word(value->key)->wants;
    char label[VALUES_LABEL], shown[TEXT_QUOTED];

    /* A wrong value in a file is no wrong command line. */
    if (exit == EXIT_USAGE && !is_option(value))
        exit = EXIT_CONFIG;
    values_label(value, label);
    text_quote(value->text, shown);
    if (error == ENVOI_E_USAGE && wants)
        return fault_set(fault, exit, error, "%s %s: it takes %s", label, shown, wants);
    return fault_set(fault, exit, error, "%s %s: %s", label, shown, envoi_error_text(error));
}

/* ---- values that belong together ---- */

size_t apply_count_secrets(const struct values *values)
{
    size_t count = 0;

    for (size_t i = 0; i < values->count; i++)
        count += vocabulary_word(values->items[i].key)->slot == KEY_PASSWORD_FILE;
    return count;
}

/* Does the list of mechanisms name none? A named mechanism is a login, even without a user: by a Kerberos ticket, say.
 * */
static int names_none(const char *list)
{
    for (const char *word = list + strspn(list, " "); *word; word += strspn(word, " ")) {
        if (*word != '!' && *word != '*')
            return 0;
        word += strcspn(word, " ");
    }
    return 1;
}

/* "--key needs --cert"; in a file both are without the dashes. */
static int refuse_alone(const struct value *value, const char *needs, enum key key, struct fault *fault)
{
    char label[VALUES_LABEL];

    return fault_set(fault, is_option(value) ? EXIT_USAGE : EXIT_CONFIG, ENVOI_E_USAGE, "%s %s %s%s",
                     values_label(value, label), needs, is_option(value) ? "--" : "", vocabulary_word(key)->name);
}

int apply_check(const struct values *values, struct fault *fault)
{
    const struct value *mechanism = values_find(values, KEY_MECHANISM);
    const struct value *secret = NULL;

    if (!values_find(values, KEY_CERT))
        for (size_t i = 0; i < values->count; i++)
            if (vocabulary_word(values->items[i].key)->with == KEY_CERT)
                return refuse_alone(&values->items[i], "needs", KEY_CERT, fault);
    for (size_t i = 0; i < values->count; i++) {
        const struct value *value = &values->items[i];
        char label[VALUES_LABEL], other[VALUES_LABEL];

        if (vocabulary_word(value->key)->slot != KEY_PASSWORD_FILE)
            continue;
        if (secret)
            return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "%s and %s exclude one another",
                             values_label(secret, label), values_label(value, other));
        secret = value;
    }
    if (secret && !values_find(values, KEY_USER))
        return refuse_alone(secret, "needs", KEY_USER, fault);
    if (mechanism && !values_find(values, KEY_USER) && names_none(mechanism->text))
        return refuse_alone(mechanism, "must name a mechanism, because there is no", KEY_USER, fault);
    return 0;
}

/* ---- the library object ---- */

/* Files that are read in the handshake only, where a wrong name would look like a failure of TLS. */
static const enum key files[] = {KEY_CA, KEY_CERT, KEY_KEY};

/* Returns 0, or the errno that reading the file would meet. */
static int check_file(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int error = 0;

    if (fd < 0 || fstat(fd, &status) < 0)
        error = errno;
    else if (S_ISDIR(status.st_mode))
        error = EISDIR;
    if (fd >= 0)
        close(fd);
    return error;
}

int apply_library(const struct values *values, struct envoi_library *library, struct fault *fault)
{
    const struct value *ca = values_find(values, KEY_CA);
    int error;

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const struct value *value = values_find(values, files[i]);
        char label[VALUES_LABEL];

        if (value && (error = check_file(value->text)))
            return fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM, "%s: cannot read '%s': %s", values_label(value, label),
                             value->text, strerror(error));
    }
    error = ca ? envoi_library_set_ca_file(library, ca->text) : ENVOI_OK;
    return error ? apply_setter_failed(ca, error, fault) : 0;
}

int apply_blame_file(const struct values *values, struct fault *fault)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const struct value *value = values_find(values, files[i]);
        size_t len = value ? strlen(value->text) : 0;
        struct fault before = *fault;
        char label[VALUES_LABEL];

        /* "PATH: no certificate can be read": the texts of the library begin so. */
        if (!len || strncmp(fault->text, value->text, len) != 0 || fault->text[len] != ':')
            continue;
        return fault_set(fault, EXIT_CONFIG, before.error, "%s: %s", values_label(value, label), before.text);
    }
    return fault->exit;
}

/* ---- the session ---- */

static int set_lmtp(struct envoi_session *session, const char *value)
{
    return envoi_session_set_lmtp(session, vocabulary_flag(value));
}

static int set_cleartext(struct envoi_session *session, const char *value)
{
    return envoi_session_allow_cleartext_auth(session, vocabulary_flag(value));
}

static int set_timeout(struct envoi_session *session, const char *value)
{
    return envoi_session_set_timeout(session, ENVOI_PHASE_NONE, vocabulary_milliseconds(value));
}

static int set_tls(struct envoi_session *session, const char *value)
{
    return envoi_session_set_tls(session, vocabulary_tls(value));
}

static int set_trust(struct envoi_session *session, const char *value)
{
    return strcmp(value, "pin") ? ENVOI_E_USAGE : envoi_session_set_pin_trust(session, 1);
}

/* Keys with a setter of the session each. `verifies`: it is left out where nothing is verified. */
static const struct {
    enum key key;
    int verifies;
    int (*set)(struct envoi_session *session, const char *value);
} setters[] = {
    {KEY_LMTP, 0, set_lmtp},
    {KEY_ALLOW_CLEARTEXT_AUTH, 0, set_cleartext},
    {KEY_TIMEOUT, 0, set_timeout},
    {KEY_HELO, 0, envoi_session_set_helo_name},
    {KEY_SOURCE, 0, envoi_session_set_source_address},
    {KEY_TLS_BACKEND, 0, envoi_session_set_tls_backend},
    {KEY_TLS_NAME, 0, envoi_session_set_tls_name},
    {KEY_MECHANISM, 0, envoi_session_set_mechanisms},
    {KEY_TLS, 0, set_tls},
    {KEY_WITHOUT, 0, envoi_session_set_ignored_extensions},
    {KEY_PIN, 1, envoi_session_add_pin},
    {KEY_TRUST, 1, set_trust},
};

int apply_session(const struct values *values, struct envoi_session *session, int verify, struct fault *fault)
{
    const struct value *cert = values_find(values, KEY_CERT);
    int error = envoi_session_set_tls_verify(session, verify);

    if (error)
        return fault_set(fault, EXIT_LOCAL, error, "%s", envoi_error_text(error));
    for (size_t i = 0; i < sizeof setters / sizeof *setters; i++) {
        const struct value *value = setters[i].verifies && !verify ? NULL : values_find(values, setters[i].key);

        for (; value; value = values_next(values, value))
            if ((error = setters[i].set(session, value->text)))
                return apply_setter_failed(value, error, fault);
    }
    if (cert && (error = envoi_session_set_client_certificate(session, cert->text, values_text(values, KEY_KEY))))
        return apply_setter_failed(cert, error, fault);
    return 0;
}

/* ---- the pool ---- */

static const struct {
    enum key key;
    int rate;
} rates[] = {
    {KEY_MESSAGE_RATE, ENVOI_POOL_RATE_MESSAGES},
    {KEY_RECIPIENT_RATE, ENVOI_POOL_RATE_RECIPIENTS},
    {KEY_CONNECTION_RATE, ENVOI_POOL_RATE_CONNECTIONS},
};

int apply_route(const struct values *values, struct envoi_pool *pool, size_t route, struct fault *fault)
{
    const struct value *value = values_find(values, KEY_CONNECTIONS);
    struct rate rate;
    int error;

    if (value && (error = envoi_pool_set_limit(pool, ENVOI_POOL_CONNECTIONS, vocabulary_number(value->text))))
        return apply_setter_failed(value, error, fault);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        if (!(value = values_find(values, rates[i].key)))
            continue;
        vocabulary_rate(value->text, &rate);
        if ((error = envoi_pool_set_rate(pool, route, rates[i].rate, rate.count, rate.period_ms, rate.burst)))
            return apply_setter_failed(value, error, fault);
    }
    return 0;
}

/* ---- the server ---- */

static const char *default_port(const struct values *values)
{
    if (vocabulary_flag(values_text(values, KEY_LMTP)))
        return "24";
    return vocabulary_tls(values_text(values, KEY_TLS)) == ENVOI_TLS_IMPLICIT ? "465" : "587";
}

int apply_is_same_host(const char *a, const char *b)
{
    const char *hosts[] = {a, b};
    size_t lens[2];

    for (int i = 0; i < 2; i++) {
        const char *colon = strchr(hosts[i], ':');

        if (*hosts[i] == '[')
            lens[i] = strcspn(++hosts[i], "]");
        else
            lens[i] =
                *hosts[i] == '/' || !colon || strchr(colon + 1, ':') ? strlen(hosts[i]) : (size_t)(colon - hosts[i]);
    }
    return lens[0] == lens[1] && !strncasecmp(hosts[0], hosts[1], lens[0]);
}

int apply_server(const struct values *values, const char *host, char server[APPLY_SERVER_MAX], struct fault *fault)
{
    const char *colon = strchr(host, ':');
    const char *bracket = *host == '[' ? strchr(host, ']') : NULL;
    int v6 = !bracket && colon && strchr(colon + 1, ':');
    int has_port = bracket ? bracket[1] == ':' : colon && !v6;
    const struct value *port = values_find(values, KEY_PORT);
    char label[VALUES_LABEL];
    int n;

    if (!*host)
        return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "the host is empty; is a variable not set?");
    if (port && (*host == '/' || has_port))
        return fault_set(fault, is_option(port) ? EXIT_USAGE : EXIT_CONFIG, ENVOI_E_USAGE, "%s: '%s' %s",
                         values_label(port, label), host,
                         *host == '/' ? "is a socket and has no port" : "has a port already");
    if (*host == '/' || has_port)
        n = snprintf(server, APPLY_SERVER_MAX, "%s", host);
    else
        n = snprintf(server, APPLY_SERVER_MAX, v6 ? "[%s]:%s" : "%s:%s", host,
                     port ? port->text : default_port(values));
    if (n < 0 || n >= APPLY_SERVER_MAX)
        return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "the host is too long");
    return 0;
}
