/* SPDX-License-Identifier: MIT */
/* A server may send any octets, so they are cleaned before they are shown or passed on. */
#ifndef ACCOUNTS_TEXT_H
#define ACCOUNTS_TEXT_H

#include <stdbool.h>

/* Returns a copy in valid UTF-8, to be freed, or NULL if memory ran out. An octet that is no UTF-8 becomes U+FFFD, a
 * line feed becomes `newline`, a tab a blank, any other control character "?". NULL counts as "". */
char *text_clean(const char *text, char newline);
/* Is it valid UTF-8 without control characters, so that text_clean() would not change it? */
bool text_is_clean(const char *text);

#endif
