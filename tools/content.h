/* SPDX-License-Identifier: MIT */
/* The message to send: a descriptor that is read when the library pulls. The progress bar counts its octets. */
#ifndef TOOL_CONTENT_H
#define TOOL_CONTENT_H

#include "accounts/header.h"
#include "fault.h"
#include "options.h"
#include "progress.h"
#include <envoi/envoi.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct content {
    int fd;
    int regular; /* a regular file: its size is known and it can be read again */
    int whole;   /* head has all of the message, so it can be read again as well */
    char *head;  /* octets that were read from fd already, and are sent first; NULL: none */
    size_t head_len, head_pos;
    off_t start;   /* offset in fd of the octets after head */
    int64_t size;  /* of head and the octets after it, -1: unknown */
    uint64_t done; /* octets given to the library since the last rewind */
    int error;     /* errno of a failed read */
    struct progress progress;
};

/* Opens the message; NULL and "-" mean standard input. Returns 0, or an exit code with *fault filled. */
int content_open(struct content *content, const char *path, struct fault *fault);
/* The message is in this file, which content_close() closes. */
void content_open_file(struct content *content, int fd);
/* Reads the header section. It is refused if it is none; the line of a mailbox file before it is left out. With
 * --read-recipients calls tell() for each recipient and removes Bcc, as --drop-bcc does; see header.h. Of Bcc in other
 * messages it warns. With --add-missing Date, Message-ID and From are added, from this sender. Of a pipe all is read
 * then, so that the library can look at it before it sends, and send it again. */
int content_read_header(struct content *content, const struct options *options, const char *from, address_fn *tell,
                        void *ctx, struct fault *fault);
/* Has the whole message encoded anew, so that it is 7-bit. */
int content_downgrade(struct content *content, struct fault *fault);
/* Makes it the content of the message. */
int content_attach(struct content *content, struct envoi_message *message);
void content_close(struct content *content);

#endif
