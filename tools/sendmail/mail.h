/* SPDX-License-Identifier: MIT */
/* The mail as it is read and sent: the edited header, and the body, which goes through. */
#ifndef SENDMAIL_MAIL_H
#define SENDMAIL_MAIL_H

#include "accounts/fault.h"
#include "edit.h"
#include "sendmail/source.h"
#include <stddef.h>
#include <stdint.h>

struct envoi_message;

struct mail {
    struct source *source;
    char *head; /* what was read already: the header, and some of the body */
    size_t len;
    size_t header; /* octets of the header, without the empty line */
    size_t body;   /* offset of the body in the head */
    int whole;     /* the head has it all */
    char *edited;  /* the new header */
    size_t edited_len;
    size_t at;       /* octets that were given of the new header and the head */
    uint64_t octets; /* that were given since the last rewind */
    int error;       /* errno of a failed read */
};

/* Each returns 0, or an exit code with *fault filled. */

/* Reads the header, and leaves out the line of a mailbox file before it. */
int mail_read(struct mail *mail, struct source *source, struct fault *fault);
int mail_edit(struct mail *mail, const struct edit *edit, struct fault *fault);
/* Makes it the content of the message. */
int mail_attach(struct mail *mail, struct envoi_message *message, struct fault *fault);
/* Writes it to a descriptor. A reader that is gone is no fault: it says itself why. */
int mail_write(struct mail *mail, int fd, struct fault *fault);
void mail_free(struct mail *mail);

#endif
