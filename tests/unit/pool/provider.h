/* SPDX-License-Identifier: MIT */
/* A provider of mail that throttles its customers, and a clock that the test turns: clock_now() is its own. Server and
 * pool take turns in one thread, and when neither has anything to do the clock goes on to the pool's deadline. */
#ifndef POOL_PROVIDER_H
#define POOL_PROVIDER_H

#include <envoi/envoi.h>
#include <stdbool.h>

#define PROVIDER_LOG_MAX 4096

struct provider_rules {
    size_t connections; /* further ones are greeted with 421; 0: any number */
    size_t messages;    /* so many in `window` milliseconds; 0: any number */
    int64_t window;
    const char *too_fast; /* the reply to one too many */
    bool behind_content;  /* it comes there, and not to MAIL */
    bool hangs_up;        /* and the connection is closed behind it */
    bool always;          /* every message is one too many */
    bool refuses_login;   /* AUTH is announced, and refused */
    int64_t takes;        /* milliseconds from the content to its reply */
};

/* A message that was accepted. */
struct provider_entry {
    int64_t at;
    size_t connection; /* its number, from 0 */
    unsigned account;  /* that it came from */
    char subject[16];
};

struct provider {
    struct provider_rules rules;
    struct provider_entry log[PROVIDER_LOG_MAX];
    size_t accepted;
    size_t refused;     /* messages that were too fast */
    size_t turned_away; /* connections that were greeted with 421 */
    size_t connections; /* that were greeted with 220 */
    size_t at_once, most_at_once;
    int64_t first_turned_away, last_turned_away;
};

/* Account of a dial function: its provider and its number. */
struct provider_account {
    struct provider *provider;
    unsigned number;
};

/* The dial function of a prototype; ctx: a struct provider_account. */
int provider_dial(void *ctx, const char *host, unsigned port, int *in, int *out);
/* The watch function of the pool. */
void provider_watch(void *ctx, int fd, unsigned events);
/* Runs the pool until nothing is to be done any more, or the time has come. Returns whether all is done. */
bool provider_run(struct envoi_pool *pool, int64_t until);
/* Closes all connections, and begins another day. */
void provider_reset(void);
int64_t provider_now(void);
/* The most messages that were accepted in any so many milliseconds. */
size_t provider_burst(const struct provider *p, int64_t window);

#endif
