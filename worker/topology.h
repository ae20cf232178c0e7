/* SPDX-License-Identifier: MIT */
/* The exchanges and queues of a worker, as a table. Their names begin with `prefix` of [worker]. */
#ifndef WORKER_TOPOLOGY_H
#define WORKER_TOPOLOGY_H

#include <stddef.h>
#include <stdint.h>

#define TOPOLOGY_NAME      256
#define TOPOLOGY_ARGUMENTS 8

enum topology_role {
    TOPOLOGY_JOBS,    /* jobs that may be sent now */
    TOPOLOGY_WAIT,    /* one queue per delay; when the time is over its jobs go back to the jobs */
    TOPOLOGY_DEAD,    /* jobs that will not be sent, each with its reason */
    TOPOLOGY_UNKNOWN, /* jobs that may have been delivered: for a person */
    TOPOLOGY_RESULTS,
};

/* The exchange and the routing key by which a message gets into a queue. */
struct topology_address {
    char exchange[TOPOLOGY_NAME];
    char routing_key[TOPOLOGY_NAME];
    char queue[TOPOLOGY_NAME];
};

struct config;

/* `delay` is the index in the delays of the configuration, for TOPOLOGY_WAIT. */
void topology_address(const struct config *config, enum topology_role role, size_t delay,
                      struct topology_address *address);

struct topology_exchange {
    char name[TOPOLOGY_NAME];
    const char *type; /* "direct" */
};

struct topology_argument {
    const char *name;         /* "x-overflow" */
    char text[TOPOLOGY_NAME]; /* "": the value is the number */
    int64_t number;
};

struct topology_queue {
    enum topology_role role;
    const char *purpose; /* a few words for a person */
    struct topology_address address;
    struct topology_argument arguments[TOPOLOGY_ARGUMENTS];
    size_t argument_count;
};

/* All of them, in the order in which they can be declared. The index runs from 0; they return 0 behind the last one.
 * */
int topology_exchange(const struct config *config, size_t index, struct topology_exchange *exchange);
int topology_queue(const struct config *config, size_t index, struct topology_queue *queue);

#endif
