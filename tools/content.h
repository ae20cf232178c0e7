/* SPDX-License-Identifier: MIT */
/* The message that is sent: a descriptor, read as the library asks for it, watched by the progress bar. */
#ifndef TOOL_CONTENT_H
#define TOOL_CONTENT_H

#include "fault.h"
#include "header.h"
#include "progress.h"
#include <envoi/envoi.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct content {
    int fd;
    int regular; /* a regular file: its size is known and it can be read again */
    char *head;  /* sent before what fd has; NULL: nothing */
    size_t head_len, head_pos;
    off_t start;   /* where the rest begins in fd */
    int64_t size;  /* of head and rest, -1: unknown */
    uint64_t done; /* octets given since the last rewind */
    int error;     /* errno of a read that failed */
    struct progress progress;
};

/* Opens the message: NULL and "-" stand for standard input. Returns 0, or an exit code with the fault noted. */
int content_open(struct content *content, const char *path, struct fault *fault);
/* Reads the header section, tells its recipients and drops its Bcc; see header.h. */
int content_read_recipients(struct content *content, header_address_fn *tell, void *ctx, struct fault *fault);
/* Hands it to the message. */
int content_attach(struct content *content, struct envoi_message *message);
void content_close(struct content *content);

#endif
