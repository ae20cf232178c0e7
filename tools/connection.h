/* SPDX-License-Identifier: MIT */
/* Makes a library object and a session from the options. */
#ifndef TOOL_CONNECTION_H
#define TOOL_CONNECTION_H

#include "fault.h"
#include "options.h"

struct envoi_library;
struct envoi_session;

#define SERVER_MAX 512

/* Each function returns 0, or an exit code with *fault filled. */

/* Makes the library object, with the directories of plugins and the CA file. With `talk` its warnings, and with --trace
 * all of its log, go to standard error. */
int connection_library(const struct options *options, int talk, struct envoi_library **out, struct fault *fault);
/* Makes a session with all settings but the login; not connected. Without `verify` neither the certificate of the
 * server nor its pins are checked. */
int connection_session(const struct options *options, struct envoi_library *library, int verify,
                       struct envoi_session **out, struct fault *fault);
/* If the failure is about a file of an option, which is read in the handshake, it is one of the configuration, and the
 * option is named. Returns the exit code. */
int connection_blame_file(const struct options *options, struct fault *fault);
/* Joins host and port as envoi_session_connect() takes them. */
int connection_server(const struct options *options, const char *host, char server[SERVER_MAX], struct fault *fault);

#endif
