/* SPDX-License-Identifier: MIT */
/* The servers that an autoconfig file names (draft-ietf-mailmaint-autoconfig), XML that a domain offers. */
#ifndef CONFIGURE_AUTOCONFIG_H
#define CONFIGURE_AUTOCONFIG_H

#include "configure/candidate.h"
#include <stddef.h>

struct fault;

#define AUTOCONFIG_MAX   ((size_t)64 * 1024)
#define AUTOCONFIG_DEPTH 16

/* Adds the outgoing servers with TLS, in the order of the file. The text may hold anything: it is no longer than
 * AUTOCONFIG_MAX, has no document type (and so no entities of its own), and its elements are not nested deeper than
 * AUTOCONFIG_DEPTH; otherwise it is refused. `path` is for errors. Returns 0, or the exit code with *fault filled. */
int autoconfig_parse(struct candidates *c, const char *path, const char *text, size_t len, const char *domain,
                     struct fault *fault);
/* The same with a file, "-" for standard input. */
int autoconfig_read(struct candidates *c, const char *path, const char *domain, struct fault *fault);

#endif
