/* SPDX-License-Identifier: MIT */
/* The replies that a connection owes its client. Each may go out at its own time, in order. */
#ifndef BENCH_SINK_REPLIES_H
#define BENCH_SINK_REPLIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct owed {
    int64_t due; /* nanoseconds of CLOCK_MONOTONIC */
    size_t end;  /* where it ends in the text */
};

struct replies {
    char *text;
    size_t len, room, sent;
    struct owed *list;
    size_t head, count, list_room;
};

void replies_free(struct replies *replies);
/* Owes one more; `text` has its CR LF. Memory that is not to be had ends the program: it only measures. */
void replies_add(struct replies *replies, int64_t due, const char *text, size_t len);
bool replies_none(const struct replies *replies);
/* What may go out now. */
size_t replies_ready(const struct replies *replies, int64_t now, const char **text);
/* So much of it went out. */
void replies_sent(struct replies *replies, size_t len);
/* When the next one may go out; -1: none is owed. */
int64_t replies_due(const struct replies *replies);

#endif
