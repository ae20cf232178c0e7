/* SPDX-License-Identifier: MIT */
/* The jobs in hand: those that the broker has delivered and that are not settled yet. There are few (`prefetch`), so
 * they are a list. */
#ifndef WORKER_JOBS_H
#define WORKER_JOBS_H

#include "worker/job.h"
#include "worker/plan.h"
#include "worker/topology.h"
#include <stddef.h>
#include <stdint.h>

struct outcome;
struct smtp;

/* The way of a job. Each file has one step of it: taking.c, sending.c, settling.c. */
enum hand_state {
    HAND_WAITS,   /* for its account */
    HAND_SENDING, /* in the pool */
    HAND_DONE,    /* out of the pool, with verdicts or without */
    HAND_SETTLES, /* its copies are being published; then it is acknowledged */
};

enum letter_state {
    LETTER_DUE,  /* to be published */
    LETTER_SENT, /* the broker has not confirmed it yet */
    LETTER_SAFE,
};

/* A publication: a copy of the job, or a result. */
struct letter {
    enum letter_state state;
    struct topology_address to;
    struct broker_message message;
    struct job_publication publication; /* of a copy: owns the message */
    char *body;                         /* of a result: likewise */
    enum topology_role role;
    const char *label; /* of the metric: the delay or the reason */
    uint64_t number;   /* LETTER_SENT */
    int64_t at;        /* LETTER_DUE: to be published; LETTER_SENT: the broker is late */
    int64_t pause;
};

#define HAND_LETTERS (PLAN_COPIES_MAX + 1)

struct hand {
    struct hand *next, *prev;
    enum hand_state state;
    uint64_t tag;
    int is_void;     /* the broker was lost: the tag means nothing, and what becomes of the job is remembered */
    struct job *job; /* NULL: it was invalid */
    struct envoi_message *message;
    struct smtp *smtp;

    /* HAND_SENDING */
    int64_t begun;      /* when it was submitted */
    uint64_t completed; /* what its account had completed then */
    int losses;         /* how often it was lost with its connection while the account worked for others */
    int was_tried;      /* it came back, because its account cannot send now */

    /* HAND_DONE */
    int result;  /* ENVOI_E_* */
    char *error; /* NULL: the text of the result */

    /* HAND_SETTLES */
    enum plan_cause cause;
    struct outcome *outcome;
    int is_own_fault;
    const char *word; /* of METRIC_JOBS */
    struct letter letters[HAND_LETTERS];
    size_t letter_count;
    int has_letters; /* 0: they are still to be made, at `letters_at` */
    int64_t letters_at;
    int was_told; /* the log says that a publication failed or is late */
};

/* All zero: none. */
struct jobs {
    struct hand *first, *last;
    size_t count;
};

/* Adds a job in HAND_WAITS. NULL: out of memory. */
struct hand *jobs_add(struct jobs *jobs, uint64_t tag);
/* Removes it and frees all that it has. Not while it is in a pool. */
void jobs_remove(struct jobs *jobs, struct hand *hand);
/* Puts it behind all others. */
void jobs_move_last(struct jobs *jobs, struct hand *hand);
void jobs_drop_letters(struct hand *hand);
/* The one with the same id, attempt and last; NULL: there is none. */
struct hand *jobs_find(const struct jobs *jobs, const struct job *job);
/* The letter that was published with this number, and its job; NULL: there is none. */
struct letter *jobs_find_letter(const struct jobs *jobs, uint64_t number, struct hand **hand);

#endif
