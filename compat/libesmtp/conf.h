/* SPDX-License-Identifier: MIT */
/* The administrator's libesmtp.conf. Its one key so far:
 *
 *   login-in-clear: HOST ...   servers to which a password may go without TLS; the key may be there more than once */
#ifndef LIBESMTP_CONF_H
#define LIBESMTP_CONF_H

#include <stdbool.h>

/* Is `host` such a server? A file that is not there names none. 1; 0: the file cannot be used, and the error is set. */
int conf_allows_clear(const char *path, const char *host, bool *allowed);

#endif
