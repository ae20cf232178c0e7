/* SPDX-License-Identifier: MIT */
#include "connection.h"

#include "accounts/exit_code.h"
#include "accounts/secret_source.h"
#include <envoi/envoi.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ENVOI_LOG_WARNING: this level and lower ones are always shown. */
#define LOUD 1

static void log_line(void *ctx, int level, const char *text)
{
    const struct options *options = ctx;

    if (level <= LOUD || options->trace)
        complain("%s%s", level <= LOUD ? "warning: " : "", text);
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

int connection_library(const struct options *options, const struct values *values, int talk, struct envoi_library **out,
                       struct fault *fault)
{
    int error = envoi_library_new(out);
    int rc;

    if (error)
        return fault_set(fault, EXIT_LOCAL, error, "%s", envoi_error_text(error));
    /* The options outlive the library, and log_line() does not change them. */
    if (talk)
        envoi_library_set_log(*out, log_line, (void *)(uintptr_t)options);
    rc = set_directories(options, *out, fault);
    return rc ? rc : apply_library(values, *out, fault);
}

static int set_passphrase(const struct values *values, struct envoi_session *session, struct fault *fault)
{
    const struct value *file = values_find(values, KEY_PASSPHRASE_FILE);
    static struct secret passphrase;
    struct secret_request request;
    char label[VALUES_LABEL];
    int error, rc;

    if (!file)
        return 0;
    secret_source_ask(&request, values, file, NULL, label);
    rc = secret_source_of(file->key)->fetch(&passphrase, &request, fault);
    if (!rc && (error = envoi_session_set_passphrase(session, passphrase.text)))
        rc = apply_setter_failed(file, error, fault);
    secret_wipe(&passphrase);
    return rc;
}

int connection_session(const struct options *options, const struct values *values, struct envoi_library *library,
                       int verify, struct envoi_session **out, struct fault *fault)
{
    int error = envoi_session_new(library, out);
    int rc;

    if (!error && options->trace)
        error = envoi_session_set_trace(*out, options->trace > 1 ? 2 : 1, NULL, NULL);
    if (error)
        return fault_set(fault, EXIT_LOCAL, error, "%s", envoi_error_text(error));
    rc = apply_session(values, *out, verify, fault);
    return rc ? rc : set_passphrase(values, *out, fault);
}

/* Failures after which another host may be better: there is no connection, or the greeting says no. */
static int may_try_next(int error)
{
    return envoi_error_class(error) == ENVOI_CLASS_NETWORK || error == ENVOI_E_GREETING;
}

int connection_connect(const struct values *values, struct envoi_session *session, char server[APPLY_SERVER_MAX],
                       struct fault *fault)
{
    const struct value *host = values_find(values, KEY_HOST), *next;

    for (;; host = next) {
        int error = envoi_session_connect(session, server);
        char before[APPLY_SERVER_MAX];

        next = values_next(values, host);
        if (!error)
            return 0;
        fault_from_session(fault, session, error);
        if (!next || !may_try_next(error))
            return apply_blame_file(values, fault);
        memcpy(before, server, sizeof before);
        if (apply_server(values, next->text, server, fault))
            return fault->exit;
        complain("warning: %s: %s; now %s is tried", before, fault->text, server);
        *fault = (struct fault){0};
    }
}
