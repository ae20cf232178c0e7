/* SPDX-License-Identifier: MIT */
/* Whether an account can send: its stages are a function of the time since which it fails. */
#ifndef WORKER_BREAKER_H
#define WORKER_BREAKER_H

#include <stdint.h>

enum breaker_stage {
    BREAKER_WORKS,
    BREAKER_FAILS, /* its jobs wait here, one of them tries */
    /* For 60 s: if no other account works, the worker takes no more jobs; otherwise those of this one go back. */
    BREAKER_RESTS,
    /* For 5 min: they go back in any case, and one at a time is tried. */
    BREAKER_PROBES,
};

#define BREAKER_RESTS_AFTER  INT64_C(60000)
#define BREAKER_PROBES_AFTER INT64_C(300000)

/* All zero: it works. Times are those of clock_ms(). */
struct breaker {
    int fails;
    int64_t since; /* when it failed first */
    int error;     /* ENVOI_E_*, as it was logged last; 0: none was */
};

enum breaker_stage breaker_stage(const struct breaker *breaker, int64_t now);
/* When the next stage begins; -1: there is none. */
int64_t breaker_deadline(const struct breaker *breaker, int64_t now);
/* Returns 1 if that was not known before. */
int breaker_failed(struct breaker *breaker, int64_t now);
/* The server has answered to a message. Returns 1 if it had failed before. */
int breaker_worked(struct breaker *breaker);

#endif
