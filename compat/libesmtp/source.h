/* SPDX-License-Identifier: MIT */
/* The program's message callback, read line by line. It is rewound once, before the first line, and read once: that is
 * all that the programs can do. */
#ifndef LIBESMTP_SOURCE_H
#define LIBESMTP_SOURCE_H

#include "libesmtp.h"
#include "text.h"

#include <stdbool.h>

struct source {
    smtp_messagecb_t read;
    void *arg;
    void *ctx;      /* the callback's own, made by malloc(3) */
    const char *at; /* octets that were not taken yet */
    size_t left;
    bool ended;
    int error; /* errno behind the last octet; 0: the message is whole */
};

void source_begin(struct source *s, smtp_messagecb_t read, void *arg);
void source_end(struct source *s);
/* Adds a line, whose end becomes CR LF, also if the message ends without one. A line of more than `max` octets comes in
 * pieces. Returns false at the end of the message. */
bool source_line(struct source *s, struct text *line, size_t max);
/* Adds what the callback has, as it is. Returns false at the end of the message. */
bool source_block(struct source *s, struct text *out);
/* The octet that comes next; -1: the end. */
int source_peek(struct source *s);

#endif
