/* SPDX-License-Identifier: MIT */
#include "accounts/secret.h"

#include "accounts/exit_code.h"
#include "portable/memory.h"
#include "portable/self.h"

#include <envoi/envoi.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void secret_forbid_core_dump(void)
{
    self_hide();
}

void secret_wipe(struct secret *secret)
{
    memory_wipe(secret, sizeof *secret);
}

struct secret *secret_new(const struct secret_request *request, struct fault *fault)
{
    struct secret *secret = calloc(1, sizeof *secret);

    if (!secret)
        fault_set(fault, EXIT_LOCAL, ENVOI_E_MEMORY, "%s: %s", request->where, envoi_error_text(ENVOI_E_MEMORY));
    return secret;
}

void secret_free(struct secret *secret)
{
    if (secret)
        secret_wipe(secret);
    free(secret);
}

int secret_refuse(struct secret *secret, const struct secret_request *request, struct fault *fault, const char *format,
                  ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (secret)
        secret_wipe(secret);
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM, "%s: %s", request->where, text);
}

static int64_t secret_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t secret_deadline(const struct secret_request *request)
{
    return secret_now() + (request->timeout ? request->timeout : SECRET_TIMEOUT_MS);
}

int secret_time_left(int64_t deadline)
{
    int64_t left = deadline - secret_now();

    if (left <= 0)
        return 0;
    return left < INT_MAX ? (int)left : INT_MAX;
}

/* Waits for octets or the end. Returns 0, or an errno: ETIMEDOUT. */
static int secret_wait(int fd, int64_t deadline)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    int n;

    do {
        int left = secret_time_left(deadline);

        if (!left)
            return ETIMEDOUT;
        n = poll(&ready, 1, left);
    } while (n == 0 || (n < 0 && errno == EINTR));
    return n < 0 ? errno : 0;
}

int secret_read(struct secret *secret, int fd, int64_t deadline)
{
    ssize_t n;
    int rc;

    secret->len = 0;
    for (;;) {
        if ((rc = secret_wait(fd, deadline)))
            return rc;
        /* Room for one octet more than SECRET_MAX, to see that it is too long. */
        n = read(fd, secret->text + secret->len, sizeof secret->text - secret->len);

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            return 0;
        secret->len += (size_t)n;
        if (secret->len > SECRET_MAX)
            return EFBIG;
    }
}

const char *secret_read_error(int error)
{
    if (error == ETIMEDOUT)
        return "it did not end in time; --timeout gives it longer";
    return error == EFBIG ? "it is too long for a secret" : strerror(error);
}

/* Octets that no secret has; an editor puts the first two in front of a file. */
static const struct {
    const char *octets;
    size_t len;
    int first; /* only at the beginning */
    const char *text;
} unwanted[] = {
    {"\xef\xbb\xbf", 3, 1, "it begins with a byte order mark; save it without one"},
    {"\xff\xfe", 2, 1, "it is UTF-16; save it as UTF-8"},
    {"\xfe\xff", 2, 1, "it is UTF-16; save it as UTF-8"},
    {"", 1, 0, "a secret has no NUL octet"},
    {"\n", 1, 0, "a secret is one line, and there are more"},
    {"\r", 1, 0, "a secret has no carriage return; does a line end in CR alone?"},
};

int secret_finish(struct secret *secret, const struct secret_request *request, const char *more, struct fault *fault)
{
    if (secret->len > 0 && secret->text[secret->len - 1] == '\n') {
        secret->len--;
        if (secret->len > 0 && secret->text[secret->len - 1] == '\r')
            secret->len--;
    }
    /* The line end is wiped as well, so no octet after the text is a part of the secret. */
    memory_wipe(secret->text + secret->len, sizeof secret->text - secret->len);
    for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++) {
        const void *found = memory_find(secret->text, secret->len, unwanted[i].octets, unwanted[i].len);

        if (found && (found == secret->text || !unwanted[i].first))
            return secret_refuse(secret, request, fault, "%s%s", unwanted[i].text,
                                 *unwanted[i].octets == '\n' ? more : "");
    }
    return 0;
}
