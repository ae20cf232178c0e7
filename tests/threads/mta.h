/* SPDX-License-Identifier: MIT */
/* A mail server in threads, one for each connection: STARTTLS (OpenSSL), AUTH, and a ledger of what it has
 * taken in. Each message has a line "N: <number>", under which it stands in the ledger. */
#ifndef TEST_MTA_H
#define TEST_MTA_H

#include <stdbool.h>

#define MTA_USER     "alice"
#define MTA_PASSWORD "s3cret pass"
#define MTA_LEDGER   4096u

/* What happened how often. */
enum mta_count {
    MTA_CONNECTIONS,
    MTA_HANDSHAKES, /* of TLS */
    MTA_RESUMED,    /* those that were abbreviated */
    MTA_LOGINS,
    MTA_MESSAGES,
    MTA_COUNTS,
};

struct mta;

/* On a free port of 127.0.0.1. The certificate is good.chain.pem of the transport conformance suite. */
struct mta *mta_start(void);
/* The same in a process of its own, for tests that fork: theirs has no threads then. */
struct mta *mta_start_apart(void);
/* "127.0.0.1:PORT" */
const char *mta_where(const struct mta *m);
unsigned mta_count(struct mta *m, enum mta_count what);
/* How often the message of this number was taken in. */
unsigned mta_taken(struct mta *m, unsigned number);
/* Resets each connection (RST) when the content of a message begins, from now on. */
void mta_set_rude(struct mta *m, bool rude);
/* Ends all connections and threads. */
void mta_stop(struct mta *m);

#endif
