/* SPDX-License-Identifier: MIT */
/* The content of a message as it goes out: the header of the program's message, filtered; the fields that are missing;
 * and the body. */
#ifndef LIBESMTP_CONTENT_H
#define LIBESMTP_CONTENT_H

#include "objects.h"
#include "source.h"

struct content {
    struct smtp_message *message;
    struct source source;
    struct text line;    /* of the header of the program's message */
    struct text out;     /* what comes next */
    size_t sent;         /* octets of it that have gone */
    struct field *field; /* the last of the missing fields that was written */
    enum { CONTENT_NEW, CONTENT_HEADER, CONTENT_MISSING, CONTENT_BODY, CONTENT_END } state;
};

void content_begin(struct content *c, struct smtp_message *message);
void content_end(struct content *c);
/* An envoi_pull_fn. */
int content_pull(void *ctx, void *buf, size_t cap, size_t *len);

#endif
