/* SPDX-License-Identifier: MIT */
/* Servers of other protocols: a wrong port or host is the usual reason for a line that is no reply. */
#ifndef REPLY_STRANGER_H
#define REPLY_STRANGER_H

#include <stddef.h>

/* A remark about a line that is no reply: "this looks like an SSH server". NULL: it looks like nothing known. */
const char *stranger_of_line(const char *line, size_t len);
/* The same about a server that greets with a 220, knows no hello, and has this text in its greeting. */
const char *stranger_of_greeting(const char *text);

#endif
