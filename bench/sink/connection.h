/* SPDX-License-Identifier: MIT */
/* One client of the sink: its octets, its replies, its counters. The dialogue is in dialogue.c. */
#ifndef BENCH_SINK_CONNECTION_H
#define BENCH_SINK_CONNECTION_H

#include "content.h"
#include "counters.h"
#include "replies.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

/* What all connections share. */
struct sink {
    SSL_CTX *tls;         /* NULL: no STARTTLS */
    bool chunking;        /* announced */
    bool pipelining;      /* announced */
    int64_t delay;        /* nanoseconds that each reply is held */
    const char **refused; /* local parts, NULL-terminated */
    struct model model;
    struct tally tally;
    /* The live connections, linked. */
    struct connection *first;
};

#define CONNECTION_BLOCK (256 * 1024)

enum state {
    STATE_COMMAND,
    STATE_DATA,     /* content up to the dot */
    STATE_BDAT,     /* content of a known length */
    STATE_STARTTLS, /* the handshake begins when the reply is out */
    STATE_QUIT,     /* the end comes when the reply is out */
};

struct connection {
    struct sink *sink;
    struct connection *next;
    int fd;
    SSL *ssl;
    bool shaking;    /* the handshake is not over */
    bool idle;       /* every reply is delivered, and the client is not in the middle of anything */
    bool control;    /* it asked for the counters, and does not count itself */
    bool writing;    /* the socket took less than was given */
    unsigned events; /* asked of epoll */
    enum state state;
    int64_t arrived; /* when the octets that are being looked at came */
    struct replies replies;
    struct counters counters;
    /* the transaction */
    bool mail, chunk_last, content_begun;
    uint64_t recipients, chunk_left;
    uint8_t before[2]; /* the last two octets of the content so far */
    struct content content;
    /* received, not looked at yet */
    size_t held;
    uint8_t block[CONNECTION_BLOCK];
};

struct connection *connection_new(struct sink *sink, int fd, int64_t now);
void connection_free(struct connection *connection);
/* Reads what there is and sends what may go. False: it is over. */
bool connection_step(struct connection *connection, bool readable, int64_t now);
/* Owes a reply. */
void connection_reply(struct connection *connection, const char *text);

#endif
