/* SPDX-License-Identifier: MIT */
/* Where the octets of a mail come from. */
#ifndef SENDMAIL_SOURCE_H
#define SENDMAIL_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct source {
    int fd;
    int stops_at_dot; /* a line with a dot alone is the end */
    int ended;
    int in_line;   /* the octet before was no line feed */
    int64_t start; /* offset in a regular file; -1: it is none, and cannot be read again */
    int64_t size;  /* octets from there; -1: not known */
};

/* Returns the number of octets, 0 at the end, or -1 with errno. */
ssize_t source_read(struct source *source, char *buf, size_t cap);
/* A descriptor, from its position to its end. */
void source_of_file(struct source *source, int fd);
/* Standard input, to its end. On a terminal a lone dot is an end too, unless `ignore_dots`. */
void source_of_input(struct source *source, int ignore_dots);
/* Goes to the octet of this offset from the first one. Returns 0 or -1. */
int source_seek(struct source *source, int64_t offset);

#endif
