/* SPDX-License-Identifier: MIT */
/* Sets a library object, a session and a pool from the values of an account: the one place that knows which key is
 * which setter. */
#ifndef ACCOUNTS_APPLY_H
#define ACCOUNTS_APPLY_H

#include "accounts/values.h"

struct envoi_library;
struct envoi_pool;
struct envoi_session;
struct fault;

#define APPLY_SERVER_MAX 512

/* Each function returns 0, or an exit code with *fault filled. */

/* Checks that values which exclude or need one another fit: --key needs --cert, a password needs a user. */
int apply_check(const struct values *values, struct fault *fault);
/* Looks whether the files of certificates can be read, and sets the CA file. */
int apply_library(const struct values *values, struct envoi_library *library, struct fault *fault);
/* Sets all but what needs a secret: the login and the passphrase. Without `verify` neither the certificate of the
 * server nor its pins are checked. */
int apply_session(const struct values *values, struct envoi_session *session, int verify, struct fault *fault);
/* Sets how many connections a pool has, and the rates of a route. */
int apply_route(const struct values *values, struct envoi_pool *pool, size_t route, struct fault *fault);
/* Joins a host and the port of the values as envoi_session_connect() takes them. */
int apply_server(const struct values *values, const char *host, char server[APPLY_SERVER_MAX], struct fault *fault);
/* Do both name one host, whatever their ports? */
int apply_is_same_host(const char *a, const char *b);
/* If the failure is about a file of a value, which is read in the handshake, it is one of the configuration, and the
 * value is named. Returns the exit code. */
int apply_blame_file(const struct values *values, struct fault *fault);
/* Stores the failure of a setter, with the place of the value and what it takes. Returns the exit code. */
int apply_setter_failed(const struct value *value, int error, struct fault *fault);
/* How many values name a source of the login's secret: 0 or 1, and more on a command line that gives several. */
size_t apply_count_secrets(const struct values *values);

#endif
