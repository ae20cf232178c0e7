/* SPDX-License-Identifier: MIT */
/* The arguments of MAIL and RCPT: a path and its parameters (RFC 5321 section 4.1.1.2). */
#ifndef SERVER_SMTP_PATH_H
#define SERVER_SMTP_PATH_H

#include <stdint.h>

struct smtp_reply;

enum smtp_path_kind { SMTP_PATH_SENDER = 1, SMTP_PATH_RECIPIENT = 2 };

struct smtp_path {
    const char *address; /* what is between < and >; whether it is an address the library says */
    const char *options; /* without SIZE and BODY; NULL: there are none */
};

/* Takes an argument apart, in place. `word` begins it: "FROM:". Returns 0, or -1 with the reply: the syntax is wrong, a
 * parameter is not known, or SIZE is larger than size_max. */
int smtp_path_read(char *argument, const char *word, enum smtp_path_kind kind, uint64_t size_max,
                   struct smtp_path *path, struct smtp_reply *reply);

#endif
