/* SPDX-License-Identifier: MIT */
/* The bounds that a server announces for the values of parameters. */
#ifndef ENGINE_PARAMETER_BOUNDS_H
#define ENGINE_PARAMETER_BOUNDS_H

#include "reply/extensions.h"

/* Is the word, NAME=VALUE, beyond a bound that the server announces? *rule is then the beginning of a sentence about
 * the bound, which ends with the bound itself: *announced, of *len octets. A value that is not understood is for the
 * server to judge. */
bool parameter_is_beyond(const struct extensions *x, const char *word, size_t word_len, const char **rule,
                         const char **announced, size_t *len);

#endif
