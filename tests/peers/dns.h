/* SPDX-License-Identifier: MIT */
/* A name server in a thread, on UDP and TCP at 127.0.0.1. */
#ifndef TEST_DNS_H
#define TEST_DNS_H

#define DNS_ROW_MAX 12 /* addresses or records of one kind */

struct dns_row {
    const char *name;
    const char *a[DNS_ROW_MAX]; /* addresses; none: an answer without records */
    const char *aaaa[DNS_ROW_MAX];
    const char *srv[DNS_ROW_MAX]; /* "PRIORITY WEIGHT PORT HOST"; the root is "." */
    int srv_more;                 /* so many more, "1 0 NUMBER many.example", with numbers from 1 */
    const char *mx[DNS_ROW_MAX];  /* "PREFERENCE HOST" */
    const char *cname;            /* comes first in each answer */
    int silent;                   /* 1: no answer at all */
    int silent_a;                 /* 1: no answer to questions for A */
    int silent_aaaa;              /* ... for AAAA */
    int a_first;                  /* 1: questions for AAAA are answered after those for A */
    int hold_a;    /* 1: questions for A are answered when dns_release() says so; a name server holds one kind only */
    int hold_aaaa; /* ... for AAAA */
    int rcode;     /* instead of an answer: 2 SERVFAIL, 5 REFUSED ... */
    int truncated; /* 1: by UDP only the word that the answer is too long, by TCP all of it */
};

/* Starts it with rows up to one without a name; other names do not exist. Returns "127.0.0.1:PORT". */
const char *dns_start(const struct dns_row *rows);
/* How many questions came so far. */
int dns_questions(void);
/* How often a name was asked for. */
int dns_asked(const char *name);
/* Answers the held question now, and later ones at once: with their records, or with an RCODE alone (2: SERVFAIL, 3:
 * NXDOMAIN). Waits for such a question first. */
#define DNS_RECORDS 0
void dns_release(int rcode);
void dns_stop(void);

#endif
