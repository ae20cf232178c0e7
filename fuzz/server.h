/* SPDX-License-Identifier: MIT */
/* The server's end of the wire, for the target engine: it reads what the client says as RFC 5321, 2033, 3030 and 3207
 * have it, matches the replies that the input makes it give, and keeps a ledger of what it so became responsible for.
 * It shares nothing with the engine but the layers of tests/support. */
#ifndef FUZZ_SERVER_H
#define FUZZ_SERVER_H

#include "fuzz.h"

#include "support/bytes.h"

/* What a heard command is. */
enum heard_kind {
    HEARD_GREETING, /* nothing was said: the server speaks first */
    HEARD_OTHER,
    HEARD_MAIL,
    HEARD_RCPT,
    HEARD_RSET,
    HEARD_DATA,
    HEARD_CONTENT, /* all of it, up to the dot */
    HEARD_BDAT,    /* with its chunk */
    HEARD_STARTTLS,
    HEARD_AUTH, /* and the responses */
};

struct heard {
    enum heard_kind kind;
    bool by_verb;   /* a verb of the application's is behind it, no message */
    bool last;      /* of BDAT */
    bool layered;   /* AUTH: a mechanism that brings a security layer */
    size_t replies; /* of the content: how many came */
    char *path;
    struct fuzz_bytes content;
};

/* One message for one recipient, for which a 2yz was said after the last octet of the content had come. */
struct delivery {
    char *sender, *recipient;
    struct fuzz_bytes content;
    bool chunked;
    bool claimed; /* the client knows */
};

/* What the server wants to know of the application. */
struct server_app {
    /* May the client say this line, that is none of the engine's own commands? */
    bool (*may_say)(void *ctx, const char *line);
    /* Is a verb at work that is a line of its own, or the verb data? */
    bool (*by_verb)(void *ctx);
    /* Does the login at work bring a layer, if the mechanism has one? */
    bool (*layers)(void *ctx);
    /* One response of AUTH, not decoded; safe: who reads the wire cannot read it. */
    void (*response)(void *ctx, const char *text, bool safe);
    /* A content that a verb sent. */
    void (*verb_content)(void *ctx, const struct fuzz_bytes *content);
    void (*delivered)(void *ctx, const struct delivery *delivery);
    void *ctx;
};

struct server {
    struct server_app app;
    bool lmtp;
    bool tls;                     /* from here on records */
    bool layer;                   /* ... and packets */
    bool goodbye;                 /* the client's closing alert came */
    bool broken;                  /* it said what is no reply, or what nothing was asked for: nothing counts any more */
    struct bytes up, up_sasl;     /* from the client, not yet opened */
    struct bytes down, down_sasl; /* to the client, likewise */
    /* listening */
    enum { LISTENS_COMMAND, LISTENS_CONTENT, LISTENS_CHUNK, LISTENS_RESPONSE } listens;
    struct fuzz_bytes line;
    size_t chunk_left;
    unsigned dot; /* how far the line is one that is a dot */
    bool auth_layered;
    struct heard *queue;
    size_t first, count, room;
    /* speaking */
    struct fuzz_bytes said; /* the line at hand */
    char code[4];           /* of the lines before it that belong to the same reply; "": none */
    /* the transaction, as far as it is answered */
    bool mail, chunk_refused;
    char *sender;
    char **recipients;
    size_t recipient_count;
    size_t verb_accepted;
    struct fuzz_bytes chunks;
    struct delivery *deliveries;
    size_t delivery_count;
};

void server_free(struct server *s);
/* A new connection; what was delivered is kept. */
void server_begin(struct server *s, bool implicit_tls);
/* Octets that left the client. */
void server_hear(struct server *s, const void *data, size_t len);
/* Octets that are going to the client now. Aborts over nothing: a server may say anything. */
void server_say(struct server *s, const void *data, size_t len);
/* How many of len octets may go in one piece: no more than to the end of a record. */
size_t server_piece(const struct server *s, const uint8_t *data, size_t len);

#endif
