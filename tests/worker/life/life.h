/* SPDX-License-Identifier: MIT */
/* A worker with a broker and two SMTP servers of the tests, all in one thread, and clocks that the test puts forward. No
 * test sleeps. */
#ifndef TESTS_WORKER_LIFE_H
#define TESTS_WORKER_LIFE_H

#include "accounts/accounts.h"
#include "tests/worker/life/fake_broker.h"
#include "tests/worker/life/fake_smtp.h"
#include "worker/clock.h"
#include "worker/config.h"
#include "worker/metrics.h"
#include "worker/worker.h"

#include <criterion/criterion.h>

/* The accounts of a test are "one" and "two", with a server each. */
struct life {
    struct fake_broker *broker;
    struct fake_smtp smtp[2];
    struct worker *worker;
    struct config *config;
    struct metrics *metrics;
    struct accounts *accounts;
    struct loop loop; /* of the servers until there is a worker */
    char folder[64], accounts_file[96], secret_file[96];
    int exit; /* what the last step returned */
};

extern struct life life;

/* Makes all of it; the worker has connected to the broker. `account` are further lines of "one", `worker` those of [worker];
 * they may be "". */
void life_begin(const char *account, const char *worker);
void life_end(void);
/* One step of the worker, which waits no more than a moment. */
void life_step(void);
/* Steps until nothing more happens. */
void life_rest(void);
/* Puts the clocks forward. */
void life_pass(int64_t ms);
/* The content of the file that is the account's secret. */
void life_write_secret(const char *secret);

/* Steps until the condition is true. */
#define life_until(condition)                                                                                          \
    do {                                                                                                               \
        for (int life_steps = 0; !(condition); life_steps++) {                                                         \
            cr_assert_lt(life_steps, 2000, "it never came to that: %s", #condition);                                   \
            life_step();                                                                                               \
        }                                                                                                              \
    } while (0)

/* Adds jobs: to one recipient by account "one"; to several by an account. Returns its number. */
size_t life_job(const char *id, const char *to);
size_t life_job_of(const char *id, const char *account, const char *const *to, size_t count);
#define LIFE_TO(...) ((const char *const[]){__VA_ARGS__}), sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

/* The last publication with that key. */
const struct broker_message *life_last(const char *routing_key);
/* The recipients of a copy, joined by blanks. */
const char *life_to(const struct broker_message *copy);
const char *life_text(const struct broker_message *copy, const char *header);
int64_t life_number(const struct broker_message *copy, const char *header);
/* Does the text of the metrics have this line? */
int life_counts(const char *line);

#endif
