/* SPDX-License-Identifier: MIT */
/* What the sink counts, per connection and in total. */
#ifndef BENCH_SINK_COUNTERS_H
#define BENCH_SINK_COUNTERS_H

#include <stdint.h>
#include <stdio.h>

/* A round trip is counted when octets come from a client that had nothing more to wait for: every owed reply was
 * delivered and no command was under way. A client that sends on without waiting is counted too when the sink was
 * quicker than it, so the figure is never too small. */
#define COUNTERS(X)                                                                                                    \
    X(messages)    /* taken, content as expected */                                                                    \
    X(wrong)       /* taken, content not as expected */                                                                \
    X(recipients)  /* accepted */                                                                                      \
    X(refused)     /* commands answered 4yz or 5yz */                                                                  \
    X(commands)    /* all */                                                                                           \
    X(reads)       /* system calls that brought octets (with TLS: records) */                                          \
    X(round_trips) /* see above; those of TLS handshakes are left out */                                               \
    X(octets)      /* received, in the clear */                                                                        \
    X(content)     /* those of messages */

struct counters {
#define X(name) uint64_t name;
    COUNTERS(X)
#undef X
};

void counters_add(struct counters *to, const struct counters *more);
/* Writes a JSON object. */
void counters_print(const struct counters *counters, FILE *out);

/* All connections, those that are over and those that are not. */
struct tally {
    struct counters total; /* of those that are over */
    uint64_t connections;  /* of those that are over */
    struct counters *each; /* the first TALLY_EACH_MAX of them */
    size_t count;
};
#define TALLY_EACH_MAX 1000

void tally_take(struct tally *tally, const struct counters *over);
void tally_reset(struct tally *tally);
/* Writes one line of JSON; `live` and `live_count`: the sum of those that are not over. */
void tally_print(const struct tally *tally, const struct counters *live, uint64_t live_count, FILE *out);

#endif
