/* SPDX-License-Identifier: MIT */
/* From the options to a library object and a session. */
#ifndef TOOL_CONNECTION_H
#define TOOL_CONNECTION_H

#include "fault.h"
#include "options.h"

struct envoi_library;
struct envoi_session;

#define SERVER_MAX 512

/* Each returns 0, or an exit code with the fault noted. */

/* Makes the library object with its plugins and its trust. With `talk` its warnings go to standard error. */
int connection_library(const struct options *options, int talk, struct envoi_library **out, struct fault *fault);
/* Makes a session with all settings but the login; not connected. Without `verify` the certificate of the server is not
 * checked, and pins are not either. */
int connection_session(const struct options *options, struct envoi_library *library, int verify,
                       struct envoi_session **out, struct fault *fault);
/* Puts host and port together as envoi_session_connect() takes them. */
int connection_server(const struct options *options, const char *host, char server[SERVER_MAX], struct fault *fault);

#endif
