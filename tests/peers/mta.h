/* SPDX-License-Identifier: MIT */
/* A server in a thread that takes mail over many connections and keeps a ledger of the messages that it took, with
 * which the client's claims are compared. The first line of a message is "Message-ID: <NUMBER>", the local part of a
 * recipient begins with "rNUMBER"; one with ".refuse" after it is refused, one with ".defer" deferred. A sender that
 * begins with "mNUMBER" has to be that of the message. */
#ifndef POOL_MTA_H
#define POOL_MTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How often each recipient of each message was taken. */
struct ledger;
struct ledger *ledger_new(size_t messages, size_t recipients);
void ledger_free(struct ledger *l);
unsigned ledger_count(const struct ledger *l, size_t message, size_t recipient);
/* The checksum of a body. If a message has a field "X-Sum: HEXADECIMAL", the server compares the two. */
uint64_t ledger_sum(const char *text, size_t len);

struct mta_config {
    struct ledger *ledger;
    uint16_t port; /* 0: any */
    bool no_pipelining, no_chunking;
    bool no_bdat;         /* CHUNKING is announced, and BDAT not known: the chunk is read as commands */
    const char *limits;   /* "MAILMAX=5": announced, and held against the client */
    size_t takes;         /* so many recipients in one transaction, and says 452 to the others; 0: 1024 */
    const char *greeting; /* instead of 220 */
    unsigned hangs;       /* this many of the first connections are never greeted */
    unsigned full;        /* ... and this many of those after them get a 421 */
    unsigned late_ms;     /* the greeting is delayed by this time */
    const char *hello;    /* instead of 250, to EHLO */
    bool hello_ends;      /* the reply to EHLO is the last one */
    bool auth; /* PLAIN is announced and demanded; the messages of "u1" have odd numbers, of "u2" even ones */
    const char *auth_reply; /* instead of 235 */
    const char *mechanisms; /* announced instead of PLAIN */
    bool auth_ends;         /* the connection is closed behind a reply to AUTH that is no 235 */
    unsigned close_after;   /* so many messages on a connection, then it is closed without a word; 0: never */
    unsigned goodbye_after; /* ... then the next MAIL is answered with 421 */
    unsigned silent_after;  /* ... then nothing is answered any more */
    unsigned strict_after; /* after this many messages, commands sent in one go after a content are refused; 0: never */
    bool cut_content;      /* the content is taken and the connection closed before the answer, once per connection */
    unsigned idle_ms;      /* an idle connection is closed */
    unsigned gate;         /* no content is answered before so many connections are open at once */
    unsigned faults;       /* per mille of commands that go wrong in some way */
    unsigned sleep_ms;     /* ... and the longest sleep then; 0: it never sleeps */
    unsigned long_sleep_ms; /* one sleep of ten lasts this long; 0: none does */
    unsigned restarts;      /* in a million messages: all connections end, and for up to 20 ms no port listens */
    bool random_extensions; /* each connection is offered PIPELINING and CHUNKING or not */
    uint64_t seed;
};

struct mta_report {
    size_t connections, most_at_once, messages, logins;
    size_t most_messages; /* on one connection */
    size_t faults, restarts;
    char wrong[256]; /* the first thing that the client did wrong; "": nothing */
};

struct mta;
struct mta *mta_start(const struct mta_config *config);
/* "127.0.0.1:PORT" */
const char *mta_where(const struct mta *m);
uint16_t mta_port(const struct mta *m);
/* As of now. */
struct mta_report mta_report(struct mta *m);
/* Closes all connections and ends. */
struct mta_report mta_stop(struct mta *m);

#endif
