/* SPDX-License-Identifier: MIT */
/* The server's side of SMTP (RFC 5321) and LMTP (RFC 2033) without I/O, for programs that take mail from this machine.
 * It reads octets, calls its owner for each step of a transaction, and collects the replies. It announces SIZE,
 * 8BITMIME, SMTPUTF8, DSN, PIPELINING and ENHANCEDSTATUSCODES.
 *
 * Only CR LF . CR LF ends the content, and a command whose line ends otherwise is refused, so that nobody can hide a
 * second message in the first. */
#ifndef SERVER_SMTP_SERVER_H
#define SERVER_SMTP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#define SMTP_REPLY_TEXT 400

/* A reply of the owner. All zero: it has none, and the connection ends without one, so that the client knows that it
 * knows nothing. */
struct smtp_reply {
    int code;
    char enhanced[16]; /* RFC 3463; "": that of the code's class */
    char text[SMTP_REPLY_TEXT];
};

/* Fills in a reply. Line ends and control characters of the text become blanks, and it is cut if it is too long. */
void smtp_reply_set(struct smtp_reply *reply, int code, const char *enhanced, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The owner. Texts are borrowed for the call. Whatever *reply says at first is sent if it is left alone. */
struct smtp_server_calls {
    /* The sender, "" for <>, and its parameters, as envoi_message_set_options() takes them: without SIZE and BODY,
     * which the content says itself. NULL: there are none. A reply that is not 2yz refuses it. */
    void (*mail)(void *ctx, const char *sender, const char *options, struct smtp_reply *reply);
    /* The same for a recipient. */
    void (*recipient)(void *ctx, const char *address, const char *options, struct smtp_reply *reply);
    /* DATA: the content begins. A reply that is not 354 refuses it. */
    void (*begin)(void *ctx, struct smtp_reply *reply);
    /* A piece of the content, without the dots of the transfer. Its line ends are as they came. */
    void (*content)(void *ctx, const void *data, size_t len);
    /* The content is complete: now the owner does with it what it is there for. It is not called for content that is
     * too long. */
    void (*deliver)(void *ctx);
    /* Afterwards: the result for an accepted recipient, by its number from 0. LMTP sends all of them, SMTP the first
     * that is not 2yz. */
    void (*verdict)(void *ctx, size_t recipient, struct smtp_reply *reply);
    /* The transaction is over: the owner forgets it. It may be called when there is none. */
    void (*reset)(void *ctx);
};

struct smtp_server_settings {
    const char *name; /* for the greeting */
    int lmtp;
    uint64_t size_max; /* octets of content */
    size_t recipients_max;
    const struct smtp_server_calls *calls;
    void *ctx;
};

struct smtp_server;

/* Makes a server, with its greeting as the first reply. The settings are borrowed until smtp_server_free(). NULL:
 * memory ran out. */
struct smtp_server *smtp_server_new(const struct smtp_server_settings *settings);
/* Calls reset(). NULL: does nothing. */
void smtp_server_free(struct smtp_server *server);
/* Reads octets of the client, in pieces of any length. After the end of the dialogue they are ignored. */
void smtp_server_feed(struct smtp_server *server, const void *data, size_t len);
/* Ends the dialogue with a reply 421 of this text. */
void smtp_server_close(struct smtp_server *server, const char *text);
/* The replies that were not yet sent; borrowed until the next call. *len may be 0. */
const char *smtp_server_output(const struct smtp_server *server, size_t *len);
/* So many octets of them were sent. */
void smtp_server_sent(struct smtp_server *server, size_t len);
/* 1: the dialogue is over. Once the output is sent the connection is to be closed. */
int smtp_server_is_over(const struct smtp_server *server);

#endif
