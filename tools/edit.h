/* SPDX-License-Identifier: MIT */
/* The header of a mail: where it ends, who is named in it, and what is changed. It is edited as a text in memory, which
 * HEADER_MAX (header.h) bounds; the body is not touched. */
#ifndef TOOL_EDIT_H
#define TOOL_EDIT_H

#include "accounts/addresses.h"
#include <stddef.h>

enum from_rule { FROM_AUTO, FROM_ALWAYS, FROM_NEVER };

struct edit {
    enum from_rule rule;
    const char *from;      /* the address in a From that is added or set */
    const char *name;      /* the name in it; NULL: none */
    const char *domain;    /* local names become addresses of this domain; NULL: they stay */
    const char *id_domain; /* behind the @ of a Message-ID that is added */
};

/* Finds the end of the header of text[0..len): *header is its length without the empty line behind it, and *body the
 * offset of the body. A line that is no field ends it too, and belongs to the body. If no field has a name that mail
 * uses, all is body. Returns 1, or 0: more octets are needed, and there are some (`whole` is 0). */
int edit_find_end(const char *text, size_t len, int whole, size_t *header, size_t *body);

/* Of text[0..len), a header without its empty line. Each returns 0, or an exit code with *fault filled. */

/* Calls tell() for each address of To, Cc and Bcc; or of Resent-To, Resent-Cc and Resent-Bcc of the first block of
 * Resent- fields, if there is one, as that is the transmission at hand (RFC 5322 section 3.6.6). */
int edit_recipients(const char *text, size_t len, address_fn *tell, void *ctx, struct fault *fault);
/* Copies the first address of From into *out, which the caller frees; NULL: there is none, or From cannot be read. */
int edit_sender(const char *text, size_t len, char **out, struct fault *fault);
/* Writes the new header, with its empty line, into *out, which the caller frees. Removes Bcc, Resent-Bcc, Return-Path
 * and Content-Length; adds Date, From and Message-ID where they are missing. */
int edit_write(const char *text, size_t len, const struct edit *edit, char **out, size_t *out_len, struct fault *fault);

#endif
