/* SPDX-License-Identifier: MIT */
/* The exchanges and queues of a worker, as a table. Their names begin with `prefix` of [worker]. */
#ifndef WORKER_TOPOLOGY_H
#define WORKER_TOPOLOGY_H

#include <stddef.h>

#define TOPOLOGY_NAME 256

enum topology_role {
    TOPOLOGY_JOBS,    /* jobs that may be sent now */
    TOPOLOGY_WAIT,    /* one queue per delay; when the time is over its jobs go back to the jobs */
    TOPOLOGY_DEAD,    /* jobs that will not be sent, each with its reason */
    TOPOLOGY_UNKNOWN, /* jobs that may have been delivered: for a person */
    TOPOLOGY_RESULTS,
};

/* The exchange and the routing key by which a message gets into the queue of a role. `delay` is the index in the
 * delays of the configuration, for TOPOLOGY_WAIT. */
struct topology_address {
    char exchange[TOPOLOGY_NAME];
    char routing_key[TOPOLOGY_NAME];
    char queue[TOPOLOGY_NAME];
};

struct config;

void topology_address(const struct config *config, enum topology_role role, size_t delay,
                      struct topology_address *address);

#endif
