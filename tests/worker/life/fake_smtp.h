/* SPDX-License-Identifier: MIT */
/* An SMTP server in the loop of the worker, so that a test has one thread. What it says to a recipient depends on the
 * local part:
 *
 *     refuse...  550        defer...   450        drop...   closes instead of an answer
 *     lost...    takes the content and closes without an answer
 *     held...    takes the content and answers when fake_smtp_release() is called */
#ifndef TESTS_WORKER_LIFE_FAKE_SMTP_H
#define TESTS_WORKER_LIFE_FAKE_SMTP_H

#include "worker/loop.h"
#include <stddef.h>
#include <stdint.h>

#define FAKE_SMTP_PEERS      16
#define FAKE_SMTP_RECIPIENTS 64
#define FAKE_SMTP_TAKEN      16384

struct fake_smtp;

struct fake_peer {
    struct fake_smtp *smtp;
    int fd; /* -1: free */
    char in[65536];
    size_t len;
    int has_content;
    int is_lost, is_held; /* what its recipients ask for */
    int waits;            /* the answer to a content is held */
    char to[FAKE_SMTP_RECIPIENTS][64];
    size_t to_count;
    char content[16384];
    size_t content_len;
};

struct fake_smtp {
    struct loop *loop;
    int listener; /* -1: nobody listens */
    uint16_t port;
    const char *greeting; /* instead of "220 here" */
    const char *mail;     /* the reply to MAIL, instead of 250 */
    const char *password; /* AUTH PLAIN is announced, and this one is right; NULL: no AUTH */
    const char *says;     /* to a wrong one, instead of 535 */
    unsigned connections, logins, wrong_logins, contents;
    struct fake_peer peers[FAKE_SMTP_PEERS];
    char taken[FAKE_SMTP_TAKEN][64]; /* recipients, in order */
    size_t taken_count;
    char message_id[256]; /* of the last message */
};

/* Opens a port, that of the last time if there was one. */
void fake_smtp_listen(struct fake_smtp *smtp, struct loop *loop);
/* Nobody listens any more, and all connections are closed. */
void fake_smtp_close(struct fake_smtp *smtp);
/* Closes the connections alone. */
void fake_smtp_hang_up(struct fake_smtp *smtp);
/* Answers to the contents that are held. */
void fake_smtp_release(struct fake_smtp *smtp);
/* How many contents are held. */
size_t fake_smtp_held(const struct fake_smtp *smtp);
/* How often a recipient was taken. */
size_t fake_smtp_count(const struct fake_smtp *smtp, const char *to);

#endif
