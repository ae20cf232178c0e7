/* SPDX-License-Identifier: MIT */
/* A broker in memory with one queue of jobs: it delivers as many as it may, and those that are not settled again when it
 * was lost. What is published is kept for the test to look at. */
#ifndef TESTS_WORKER_LIFE_FAKE_BROKER_H
#define TESTS_WORKER_LIFE_FAKE_BROKER_H

#include "worker/broker.h"
#include "worker/room.h"
#include <stddef.h>
#include <stdint.h>

#define FAKE_JOBS         4096
#define FAKE_PUBLICATIONS 8192
#define FAKE_EVENTS       64

struct fake_job {
    struct broker_message message;
    struct room *room;
    uint64_t tag; /* by which it was delivered; 0: it waits */
    int64_t deliveries;
    int is_settled;
    enum broker_settlement settlement;
};

struct fake_publication {
    char exchange[64], routing_key[64];
    struct broker_message message;
    struct room *room;
    uint64_t number;
    int is_answered;
};

/* How it answers to a publication. */
enum fake_answer { FAKE_CONFIRMS, FAKE_WAITS, FAKE_RETURNS, FAKE_REFUSES };

struct fake_broker {
    struct broker broker;
    int open_exit; /* what open() returns */
    unsigned opened;
    int is_open;
    unsigned prefetch;     /* 0: it does not consume */
    unsigned most_at_once; /* jobs that were delivered and not settled */
    enum fake_answer answer;
    int publish_exit; /* what publish() returns */
    struct fake_job jobs[FAKE_JOBS];
    size_t job_count;
    struct fake_publication publications[FAKE_PUBLICATIONS];
    size_t publication_count;
    uint64_t last_tag, last_number;
    struct broker_event events[FAKE_EVENTS]; /* that come before any delivery */
    size_t event_count;
};

struct fake_broker *fake_broker_new(void);
/* Puts a job into the queue. Returns its number. */
size_t fake_add(struct fake_broker *fake, const struct broker_message *message);
/* The same with a mail: headers of the form message/rfc822. `more` are further headers. */
size_t fake_add_mail(struct fake_broker *fake, const char *id, const char *account, const char *const *to, size_t count,
                     const struct broker_header *more, size_t more_count);
/* The wait of a copy is over: the publication becomes a job. Returns its number. */
size_t fake_return_copy(struct fake_broker *fake, size_t publication);
/* Answers to all publications that wait for an answer. */
void fake_answer_all(struct fake_broker *fake, enum fake_answer answer);
/* The connection is lost; the next open() succeeds. */
void fake_lose(struct fake_broker *fake);
/* BROKER_BLOCKED, _UNBLOCKED or _CANCELLED. */
void fake_say(struct fake_broker *fake, enum broker_event_kind kind);
/* Jobs that were acknowledged, or delivered and not settled. */
size_t fake_settled(const struct fake_broker *fake);
size_t fake_in_hand(const struct fake_broker *fake);
/* Publications with this routing key; *last is the number of the last one. */
size_t fake_published(const struct fake_broker *fake, const char *routing_key, size_t *last);
/* The header of a message; NULL: it has none of that name. */
const struct broker_header *fake_header(const struct broker_message *message, const char *name);

#endif
