/* SPDX-License-Identifier: MIT */
/* Makes a library object and a session from the options, and from the values of the account below them. */
#ifndef TOOL_CONNECTION_H
#define TOOL_CONNECTION_H

#include "accounts/apply.h"
#include "fault.h"
#include "options.h"

struct envoi_library;
struct envoi_session;

/* Each function returns 0, or an exit code with *fault filled. */

/* Makes the library object, with the directories of plugins and the CA file. With `talk` its warnings, and with --trace
 * all of its log, go to standard error. */
int connection_library(const struct options *options, const struct values *values, int talk, struct envoi_library **out,
                       struct fault *fault);
/* Makes a session with all settings but the login; not connected. Without `verify` neither the certificate of the
 * server nor its pins are checked. */
int connection_session(const struct options *options, const struct values *values, struct envoi_library *library,
                       int verify, struct envoi_session **out, struct fault *fault);

/* Connects to the first host of the values that takes it. `server` is the first one, as apply_server() joins it, and
 * becomes the one that took it, or failed last. */
int connection_connect(const struct values *values, struct envoi_session *session, char server[APPLY_SERVER_MAX],
                       struct fault *fault);

#endif
