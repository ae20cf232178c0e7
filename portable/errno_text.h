/* SPDX-License-Identifier: MIT */
#ifndef PORTABLE_ERRNO_TEXT_H
#define PORTABLE_ERRNO_TEXT_H

/* An errno in words, in English where the C library can. Never NULL. It may be overwritten by the next call of the same
 * thread. */
const char *errno_text(int number);
/* The same as the C library itself would print it, in the locale of the process. */
const char *errno_text_of_libc(int number);

#endif
