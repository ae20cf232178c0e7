/* SPDX-License-Identifier: MIT */
/* The header section of a message, for --read-recipients: who is named in it, and the same without Bcc. */
#ifndef TOOL_HEADER_H
#define TOOL_HEADER_H

#include "fault.h"
#include <stddef.h>

/* A header section longer than this is taken for a mistake. */
#define HEADER_MAX (1024 * 1024)

/* Told each address. Returns 0, or an exit code with the fault noted, which ends the reading. */
typedef int header_address_fn(void *ctx, const char *address, struct fault *fault);

/* Where the body begins: after the first empty line; line ends are CR LF, LF and CR, as the library takes them. 0 when
 * more octets are needed to tell; `whole` says that there are no more, then it is `len` at the latest. */
size_t header_end(const char *text, size_t len, int whole);

/* Goes through the fields of text[0..len), a header section with the empty line after it. Tells the addresses of To, Cc
 * and Bcc, then takes the Bcc fields out, in place, and sets *kept to the new length. Returns 0, or an exit code with
 * the fault noted: a field that is no address list, or a Resent- field, whose meaning this is not. */
int header_read(char *text, size_t len, size_t *kept, header_address_fn *tell, void *ctx, struct fault *fault);

#endif
