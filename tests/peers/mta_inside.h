/* SPDX-License-Identifier: MIT */
/* The inside of the server: mta.c has connections and octets, mta_talk.c the commands, mta_faults.c the faults,
 * mta_ledger.c the ledger. */
#ifndef POOL_MTA_INSIDE_H
#define POOL_MTA_INSIDE_H

#include "mta.h"

#include <pthread.h>

#define MTA_DOMAINS 64

enum mode {
    COMMANDS,
    DATA,
    BDAT,
};

/* Where something may go wrong. */
enum stage {
    AT_GREETING,
    AT_HELLO,
    AT_MAIL,
    AT_RCPT,
    AT_DATA,
    AT_CHUNK,
    AT_CONTENT,
    AT_RSET,
    AT_QUIT,
    STAGES,
};

/* Faults. The first ones happen instead of the command, the others after it is done. */
enum fault {
    FAULT_NONE,
    FAULT_DEFER,   /* 4yz */
    FAULT_REFUSE,  /* 5yz */
    FAULT_GOODBYE, /* 421, and the end */
    FAULT_DROP,    /* the end without a word */
    FAULT_DONE,    /* from here on: it is done */
    FAULT_CUT,     /* the end in front of the reply */
    FAULT_HALF,    /* the end within the reply */
    FAULT_LOSE,    /* the end, with all replies that have not left yet */
    FAULT_SLEEP,   /* goes on after a while; the reply is sent before or after it */
    FAULTS,
};

struct peer {
    struct peer *next, *prev;
    int fd;
    char *in;
    size_t len;
    char out[16384];
    size_t out_len, reply_at; /* where the last reply begins */
    enum mode mode;
    size_t chunk; /* octets of a BDAT that are to come */
    bool last;
    bool pipelining, chunking; /* announced to it */
    bool mail, limited;        /* limited: LIMITS was announced to it */
    long sender;               /* the number in it, -1: none */
    long user;                 /* the number of the user who is logged in, 0: none */
    size_t rcpts[1024], rcpt_count, asked;
    char domains[MTA_DOMAINS][64];
    size_t domain_count;
    char *content;
    size_t content_len, content_room;
    unsigned mails, messages;
    bool untold;             /* the answer to a content has not left yet */
    bool mute, dying, waits; /* waits: the answer to a content is held back */
    bool reset;              /* dying with a RST */
    enum fault after;        /* the fault after the command is done */
    bool asleep, holds;      /* nothing is read; ... nor written */
    int64_t awake_at;
    long fuse; /* octets that it takes before it ends; -1: never */
    int64_t since;
};

struct mta {
    struct mta_config config;
    size_t mail_max, rcpt_max, domain_max;
    pthread_t thread;
    pthread_mutex_t lock;
    int listener, epoll, stop;
    int holder; /* keeps the port while the server is down */
    bool restart_due;
    int64_t up_at; /* while it is down */
    struct peer *peers;
    size_t open, sleepers;
    uint64_t random;
    struct mta_report report;
    char where[32];
    uint16_t port;
};

bool ledger_add(struct ledger *l, size_t message, size_t recipient);

int64_t mta_now(void);
void mta_wrong(struct mta *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
void mta_say(struct peer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void mta_flush(struct peer *p);

/* ---- mta_talk.c ---- */
void mta_take_line(struct mta *m, struct peer *p, char *line);
/* The content has come whole. */
void mta_take_content(struct mta *m, struct peer *p);
/* A chunk has come whole that is not the last one, or not wanted. */
void mta_take_chunk(struct mta *m, struct peer *p);
void mta_answer_content(struct mta *m, struct peer *p);

/* ---- mta_faults.c ---- */
unsigned mta_chance(struct mta *m, unsigned below);
/* True: there is a fault, and the command has its answer. False: do the command; a fault may follow. */
bool mta_goes_wrong(struct mta *m, struct peer *p, enum stage stage);
/* Makes the fault after the command that was done, if there is one. */
void mta_after(struct mta *m, struct peer *p);
/* Decides the faults of a new connection. */
void mta_draw(struct mta *m, struct peer *p);

#endif
