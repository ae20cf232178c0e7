/* SPDX-License-Identifier: MIT */
#include "connection.h"

#include "accounts/exit_code.h"
#include "secret.h"
#include <envoi/envoi.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ENVOI_LOG_WARNING: this level and lower ones are always shown. */
#define LOUD 1

static void log_line(void *ctx, int level, const char *text)
{
    const struct options *options = ctx;

    if (level <= LOUD || options->trace)
        complain("%s%s", level <= LOUD ? "warning: " : "", text);
}

/* Options that name a file. It is read in the handshake only, where a wrong name would look like a failure of TLS. */
static const struct {
    const char *option;
    size_t where;
} files[] = {
    {"--ca", offsetof(struct options, ca)},
    {"--cert", offsetof(struct options, cert)},
    {"--key", offsetof(struct options, key)},
};

static const char *text_at(const struct options *options, size_t where)
{
    return *(const char *const *)(const void *)((const char *)options + where);
}

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

static int check_files(const struct options *options, struct fault *fault)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = text_at(options, files[i].where);
        int error = path ? check_file(path) : 0;

        if (error)
            return fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM, "%s: cannot read '%s': %s", files[i].option, path,
                             strerror(error));
    }
    return 0;
}

int connection_blame_file(const struct options *options, struct fault *fault)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = text_at(options, files[i].where);
        size_t len = path ? strlen(path) : 0;
        struct fault before = *fault;

        /* "PATH: no certificate can be read": the texts of the library begin so. */
        if (!len || strncmp(fault->text, path, len) != 0 || fault->text[len] != ':')
            continue;
        return fault_set(fault, EXIT_CONFIG, before.error, "%s: %s", files[i].option, before.text);
    }
    return fault->exit;
}

/* The library takes absolute paths only, but a user may give relative ones. */
static int absolute(const char *option, const char *path, char **out, struct fault *fault)
{
    *out = path ? realpath(path, NULL) : NULL;
    if (path && !*out)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM, "%s: '%s': %s", option, path, strerror(errno));
    return 0;
}

static int set_directories(const struct options *options, struct envoi_library *library, struct fault *fault)
{
    char *descriptors = NULL, *modules = NULL;
    int rc = absolute("--plugins-d", options->plugins_d, &descriptors, fault);
    int error = ENVOI_OK;

    if (!rc)
        rc = absolute("--module-dir", options->module_dir, &modules, fault);
    if (!rc && descriptors)
        error = envoi_library_set_vendor_directory(library, descriptors);
    else if (!rc)
        error = envoi_library_use_user_descriptors(library);
    if (!rc && error)
        rc = fault_from_setter(fault, "--plugins-d", descriptors ? descriptors : "the user's own", error);
    if (!rc && modules && (error = envoi_library_set_module_directory(library, modules)))
        rc = fault_from_setter(fault, "--module-dir", modules, error);
    free(descriptors);
    free(modules);
    return rc;
}

int connection_library(const struct options *options, int talk, struct envoi_library **out, struct fault *fault)
{
    int error = envoi_library_new(out);
    int rc;

    if (error)
        return fault_set(fault, EXIT_LOCAL, error, "%s", envoi_error_text(error));
    /* The options outlive the library, and log_line() does not change them. */
    if (talk)
        envoi_library_set_log(*out, log_line, (void *)(uintptr_t)options);
    rc = check_files(options, fault);
    if (!rc)
        rc = set_directories(options, *out, fault);
    if (!rc && options->ca && (error = envoi_library_set_ca_file(*out, options->ca)))
        rc = fault_from_setter(fault, "--ca", options->ca, error);
    return rc;
}

/* Options with a setter of the session each. */
static const struct {
    const char *option;
    size_t where;
    int (*set)(struct envoi_session *session, const char *value);
} setters[] = {
    {"--helo", offsetof(struct options, helo), envoi_session_set_helo_name},
    {"--source", offsetof(struct options, source), envoi_session_set_source_address},
    {"--tls-backend", offsetof(struct options, tls_backend), envoi_session_set_tls_backend},
    {"--tls-name", offsetof(struct options, tls_name), envoi_session_set_tls_name},
    {"--mechanism", offsetof(struct options, mechanisms), envoi_session_set_mechanisms},
};

static int set_texts(const struct options *options, struct envoi_session *session, struct fault *fault)
{
    for (size_t i = 0; i < sizeof setters / sizeof *setters; i++) {
        const char *value = text_at(options, setters[i].where);
        int error = value ? setters[i].set(session, value) : ENVOI_OK;

        if (error)
            return fault_from_setter(fault, setters[i].option, value, error);
    }
    return 0;
}

static int set_client_certificate(const struct options *options, struct envoi_session *session, struct fault *fault)
{
    static struct secret passphrase;
    int error, rc;

    if (!options->cert)
        return 0;
    error = envoi_session_set_client_certificate(session, options->cert, options->key);
    if (error)
        return fault_from_setter(fault, "--cert", options->cert, error);
    if (!options->passphrase_file)
        return 0;
    rc = secret_from_file(&passphrase, "--passphrase-file", options->passphrase_file, options->timeout, fault);
    if (!rc && (error = envoi_session_set_passphrase(session, passphrase.text)))
        rc = fault_from_setter(fault, "--passphrase-file", options->passphrase_file, error);
    secret_wipe(&passphrase);
    return rc;
}

static int set_security(const struct options *options, struct envoi_session *session, int verify, struct fault *fault)
{
    int error = envoi_session_set_tls(session, options->tls);

    if (!error)
        error = envoi_session_set_tls_verify(session, verify);
    if (error)
        return fault_from_setter(fault, "--tls", "", error);
    for (size_t i = 0; verify && i < options->pins.count; i++)
        if ((error = envoi_session_add_pin(session, options->pins.items[i])))
            return fault_from_setter(fault, "--pin", options->pins.items[i], error);
    if (verify && options->trust) {
        error = strcmp(options->trust, "pin") ? ENVOI_E_USAGE : envoi_session_set_pin_trust(session, 1);
        if (error)
            return fault_from_setter(fault, "--trust", options->trust, error);
    }
    return set_client_certificate(options, session, fault);
}

int connection_session(const struct options *options, struct envoi_library *library, int verify,
                       struct envoi_session **out, struct fault *fault)
{
    int error = envoi_session_new(library, out);
    int rc;

    if (error)
        return fault_set(fault, EXIT_LOCAL, error, "%s", envoi_error_text(error));
    error = envoi_session_set_lmtp(*out, options->lmtp > 0);
    if (!error)
        error = envoi_session_allow_cleartext_auth(*out, options->allow_cleartext_auth > 0);
    if (!error && options->timeout)
        error = envoi_session_set_timeout(*out, ENVOI_PHASE_NONE, options->timeout);
    if (!error && options->trace)
        error = envoi_session_set_trace(*out, options->trace > 1 ? 2 : 1, NULL, NULL);
    if (error)
        return fault_set(fault, EXIT_USAGE, error, "%s", envoi_error_text(error));
    rc = set_texts(options, *out, fault);
    return rc ? rc : set_security(options, *out, verify, fault);
}

static const char *default_port(const struct options *options)
{
    if (options->lmtp)
        return "24";
    return options->tls == ENVOI_TLS_IMPLICIT ? "465" : "587";
}

int connection_server(const struct options *options, const char *host, char server[SERVER_MAX], struct fault *fault)
{
    const char *colon = strchr(host, ':');
    const char *bracket = *host == '[' ? strchr(host, ']') : NULL;
    int v6 = !bracket && colon && strchr(colon + 1, ':');
    int has_port = bracket ? bracket[1] == ':' : colon && !v6;
    const char *port = options->port ? options->port : default_port(options);
    int n;

    if (!*host)
        return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "the host is empty; is a variable not set?");
    if (options->port && (*host == '/' || has_port))
        return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "--port: '%s' %s", host,
                         *host == '/' ? "is a socket and has no port" : "has a port already");
    if (*host == '/' || has_port)
        n = snprintf(server, SERVER_MAX, "%s", host);
    else
        n = snprintf(server, SERVER_MAX, v6 ? "[%s]:%s" : "%s:%s", host, port);
    if (n < 0 || n >= SERVER_MAX)
        return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "the host is too long");
    return 0;
}
