/* SPDX-License-Identifier: MIT */
/* The header section of a message: is it one, who is named in it, and Bcc. */
#ifndef ACCOUNTS_HEADER_H
#define ACCOUNTS_HEADER_H

#include "accounts/addresses.h"
#include "accounts/fault.h"
#include <stddef.h>

/* A longer header section is treated as an error. */
#define HEADER_MAX (1024 * 1024)

/* Returns the offset of the body, which is after the first empty line, or 0 if more octets are needed. Line ends are CR
 * LF, LF and CR, as in the library. `whole`: there are no more octets, and without an empty line the result is
 * `len`. */
size_t header_end(const char *text, size_t len, int whole);

/* Returns the length of a first line that begins with "From " and belongs to a mailbox file, not to the message; 0 if
 * there is none. */
size_t header_mailbox_line(const char *text, size_t len);

/* Is text[0..len) a header section, maybe with something behind it? It begins with an empty line, or with fields of
 * which one at least has a name that mail uses. `must`: not with an empty line. Returns 0, or an exit code with *fault
 * filled. */
int header_check(const char *text, size_t len, int must, struct fault *fault);

/* One field of a header section. */
struct header_field {
    const char *name;
    size_t name_len;
    size_t value; /* offset of what follows the colon */
    size_t end;   /* offset of the next field; the value has its line ends */
};

/* Takes the field that begins at text[at]. Returns 1; 0 if there is none: an empty line, another line, or the end; -1
 * if that, or where the field ends, is not known without more octets, and there are more (`whole` is 0). */
int header_next(const char *text, size_t len, int whole, size_t at, struct header_field *field);
/* Has the field this name, in capitals or not? */
int header_field_is(const struct header_field *field, const char *name);
/* Is it the name of a field that mail has? */
int header_is_known(const char *name, size_t len);
/* Returns 1 if one of the fields names recipients who are not to be seen. */
int header_has_bcc(const char *text, size_t len);

/* Reads the fields of text[0..len), a header section with its empty line. Calls tell() for each address of To, Cc and
 * Bcc; NULL: it is not called. Removes the Bcc fields in place and sets *kept to the new length. Returns 0, or an exit
 * code with *fault filled: a line is no field, or, with tell(), a field is no address list, or there is a Resent-
 * field, which names the recipients of another transmission. */
int header_read(char *text, size_t len, size_t *kept, address_fn *tell, void *ctx, struct fault *fault);

#endif
