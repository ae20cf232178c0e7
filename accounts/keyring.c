/* SPDX-License-Identifier: MIT */
#include "accounts/keyring.h"

#include "accounts/child.h"
#include "accounts/exit_code.h"

#include <stdio.h>
#include <string.h>

#define NO_PROGRAM "there is no secret-tool in $PATH; it is in the package libsecret-tools"

/* The host without port and brackets, as msmtp has it. */
static const char *host_alone(const char *host, char *room, size_t size)
{
    const char *begin = *host == '[' ? host + 1 : host;
    const char *end = *host == '[' ? strchr(host, ']') : strrchr(host, ':');

    if (*host == '/' || !end)
        end = begin + strlen(begin);
    snprintf(room, size, "%.*s", (int)(end - begin), begin);
    return room;
}

static int keyring_run(int store, const struct secret *input, const struct secret_request *request,
                       struct secret *answer, int *code, struct fault *fault)
{
    char host[512], label[1024];
    const char *const lookup[] = {"secret-tool", "lookup", "--",   "host",        host,
                                  "service",     "smtp",   "user", request->user, NULL};
    const char *const keep[] = {"secret-tool", "store", label,  "--",          "host", host,
                                "service",     "smtp",  "user", request->user, NULL};

    if (!child_exists("secret-tool"))
        return secret_refuse(answer, request, fault, NO_PROGRAM);
    host_alone(request->host, host, sizeof host);
    snprintf(label, sizeof label, "--label=smtp: %s at %s", request->user, host);
    return child_run(store ? keep : lookup, input, request, answer, code, fault);
}

int keyring_fetch(struct secret *secret, const struct secret_request *request, struct fault *fault)
{
    int code = 0, rc = keyring_run(0, NULL, request, secret, &code, fault);

    if (rc)
        return rc;
    if (code || !secret->len)
        return secret_refuse(secret, request, fault,
                             "the keyring has no password for %s at %s (exit code %d of secret-tool)", request->user,
                             request->host, code);
    return secret_finish(secret, request, "", fault);
}

int keyring_check(const struct secret_request *request, struct fault *fault)
{
    return child_exists("secret-tool") ? 0 : secret_refuse(NULL, request, fault, NO_PROGRAM);
}

int keyring_store(const struct secret *secret, const struct secret_request *request, struct fault *fault)
{
    struct secret *answer = secret_new(request, fault);
    int code = 0, rc = answer ? keyring_run(1, secret, request, answer, &code, fault) : fault->exit;

    secret_free(answer);
    if (!rc && code)
        return secret_refuse(NULL, request, fault, "secret-tool cannot store the password (exit code %d)", code);
    return rc;
}
