/* SPDX-License-Identifier: MIT */
/* A secret in memory: a password, a token or a passphrase. It is never in argv or the environment. */
#ifndef ACCOUNTS_SECRET_H
#define ACCOUNTS_SECRET_H

#include "accounts/fault.h"
#include <stddef.h>
#include <stdint.h>

#define SECRET_MAX        65535
/* How long a program, or a pipe that is named as a file, may take if there is no timeout: somebody may have to type the
 * passphrase of a password store. */
#define SECRET_TIMEOUT_MS 120000

/* Too large for the stack. Wipe it as soon as the library has its copy. */
struct secret {
    char text[SECRET_MAX + 1];
    size_t len;
    int64_t expires; /* seconds since 1970; 0: its source does not say */
};

/* What a source needs to know. All but the source's own value may be NULL where it does not use them. */
struct secret_request {
    const char *where; /* begins each error: "--password-file", or "/etc/envoi/accounts.conf:7: password-file" */
    const char *value; /* of the option or key: a file, a command, an ID */
    const char *host;  /* the account's first server, as HOST:PORT */
    const char *user;
    int64_t timeout; /* milliseconds; 0: SECRET_TIMEOUT_MS */
};

/* From now on no core dump of this program is written, and others cannot read its memory. */
void secret_forbid_core_dump(void);
void secret_wipe(struct secret *secret);
/* Returns an empty secret for secret_free(), or NULL with *fault filled. */
struct secret *secret_new(const struct secret_request *request, struct fault *fault);
/* Wipes and frees it. NULL: does nothing. */
void secret_free(struct secret *secret);
/* Wipes the secret and stores a failure, "WHERE: " before the text. Returns the exit code. */
int secret_refuse(struct secret *secret, const struct secret_request *request, struct fault *fault, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));
/* The monotonic time by which a request must be done, in milliseconds. */
int64_t secret_deadline(const struct secret_request *request);
/* Milliseconds to then, 0 to INT_MAX. */
int secret_time_left(int64_t deadline);
/* Reads to the end. Returns 0, or an errno: EFBIG if it is longer than SECRET_MAX, ETIMEDOUT. */
int secret_read(struct secret *secret, int fd, int64_t deadline);
/* Words for the errno of secret_read(). */
const char *secret_read_error(int error);
/* Removes one line end and refuses what no secret has. `more` is added if there is more than one line. The text is then
 * NUL-terminated and contains no other NUL. Returns 0, or the exit code with *fault filled. */
int secret_finish(struct secret *secret, const struct secret_request *request, const char *more, struct fault *fault);

#endif
