/* SPDX-License-Identifier: MIT */
/* The program envoi-compose, which makes a message of a text and files, or makes one 7-bit. */
#ifndef TOOL_MAKE_H
#define TOOL_MAKE_H

#include "fault.h"
#include "options.h"

/* Do the options ask for a message to be made? Then the operand is its text. */
int make_is_wanted(const struct options *options);
/* Each opens the message at its beginning: *out is a file without a name, which the caller closes. Returns 0, or an
 * exit code with *fault filled. */

/* Makes a message of what the options say, from this sender. */
int make_message(const struct options *options, const char *from, int *out, struct fault *fault);
/* Makes the message 7-bit that is read from `in`. */
int make_7bit(int in, int *out, struct fault *fault);
/* Makes an empty file without a name. */
int make_file(int *out, struct fault *fault);

#endif
