/* SPDX-License-Identifier: MIT */
/* The header section of a message, for --read-recipients: finds the recipients and removes Bcc. */
#ifndef TOOL_HEADER_H
#define TOOL_HEADER_H

#include "fault.h"
#include <stddef.h>

/* A longer header section is treated as an error. */
#define HEADER_MAX (1024 * 1024)

/* Called for each address. Returns 0, or an exit code with *fault filled, which ends the reading. */
typedef int header_address_fn(void *ctx, const char *address, struct fault *fault);

/* Returns the offset of the body, which is after the first empty line, or 0 if more octets are needed. Line ends are CR
 * LF, LF and CR, as in the library. `whole`: there are no more octets, and without an empty line the result is
 * `len`. */
size_t header_end(const char *text, size_t len, int whole);

/* Reads the fields of text[0..len), a header section with its empty line. Calls tell() for each address of To, Cc and
 * Bcc. Removes the Bcc fields in place and sets *kept to the new length. Returns 0, or an exit code with *fault filled:
 * a field is no address list, or there is a Resent- field, which names the recipients of another transmission. */
int header_read(char *text, size_t len, size_t *kept, header_address_fn *tell, void *ctx, struct fault *fault);

#endif
